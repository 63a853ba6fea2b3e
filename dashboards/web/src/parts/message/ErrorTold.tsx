// The error that a consumer told of when it gave a message back.
import { shown, type Text } from "@/model/names";
import css from "./Message.module.css";

export function ErrorTold({ error }: { error: Text | null }) {
  return error ? <p className={css.error}>{shown(error)}</p> : null;
}
