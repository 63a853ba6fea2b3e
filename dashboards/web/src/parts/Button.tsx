// A button. `primary` is the one thing that a page or dialog is for; `danger` changes what cannot be taken back.
import type { ButtonHTMLAttributes } from "react";
import css from "./Button.module.css";

type Kind = "plain" | "primary" | "danger";

export function Button({ kind = "plain", className = "", ...rest }: ButtonHTMLAttributes<HTMLButtonElement> & { kind?: Kind }) {
  return <button type="button" {...rest} className={`${css.button} ${css[kind] ?? ""} ${className}`} />;
}
