// Narrows a list by what its names contain; what is typed stands in the address.
import { useShortcut } from "@/app/keys";
import { useRef } from "react";
import css from "./NameFilter.module.css";

export function NameFilter({ label, value, onChange }: { label: string; value: string | undefined; onChange: (value: string | undefined) => void }) {
  const box = useRef<HTMLInputElement>(null);
  useShortcut("f", label, () => box.current?.focus());
  return (
    <input
      ref={box}
      type="text"
      className={css.filter}
      aria-label={label}
      placeholder={`${label} (f)`}
      autoComplete="off"
      spellCheck={false}
      defaultValue={value ?? ""}
      onChange={(event) => onChange(event.target.value || undefined)}
    />
  );
}
