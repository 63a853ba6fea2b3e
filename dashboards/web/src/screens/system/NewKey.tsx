// Makes an API key and shows it, this once.
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useId } from "react";
import { client, type Schemas, told } from "@/api/client";
import { Button } from "@/parts/Button";
import { CopyButton } from "@/parts/CopyButton";
import css from "./System.module.css";

type Scope = Schemas["KeyIn"]["scopes"][number];

const SCOPES: readonly [Scope, string][] = [
  ["metadata", "see everything but the bodies of messages"],
  ["payload", "see bodies, and search in them"],
  ["retry", "retry, move and archive dead letters, and write notes"],
  ["edit", "change messages before they are published again"],
  ["admin", "make keys, see settings, rebuild the views"],
];

export function NewKey({ onDone }: { onDone: () => void }) {
  const id = useId();
  const queries = useQueryClient();
  const make = useMutation({
    mutationFn: (body: Schemas["KeyIn"]) => told(client.POST("/api/v1/keys", { body })),
    onSuccess: () => void queries.invalidateQueries({ queryKey: ["keys"] }),
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const scopes = SCOPES.map(([scope]) => scope).filter((scope) => form.has(scope));
    make.mutate({ name: String(form.get("name") ?? "").trim(), scopes });
  };
  if (make.data) {
    return (
      <div className={css.form}>
        <p>This is the key. It is shown this once, and kept nowhere.</p>
        <code className={css.key}>{make.data.key}</code>
        <div className={css.act}>
          <CopyButton text={() => make.data.key} name="Copy the key" />
          <Button onClick={onDone}>Done</Button>
        </div>
      </div>
    );
  }
  return (
    <form className={css.form} onSubmit={submit}>
      <label htmlFor={id}>Name</label>
      <input id={id} name="name" required maxLength={100} placeholder="nightly report" autoComplete="off" />
      <fieldset>
        <legend>It may</legend>
        {SCOPES.map(([scope, what]) => (
          <label key={scope}>
            <input type="checkbox" name={scope} defaultChecked={scope === "metadata"} /> <strong>{scope}</strong>: {what}
          </label>
        ))}
      </fieldset>
      {make.error ? <p className={css.wrong}>{make.error.message}</p> : null}
      <div className={css.act}>
        <Button type="submit" kind="primary" disabled={make.isPending}>
          Make the key
        </Button>
      </div>
    </form>
  );
}
