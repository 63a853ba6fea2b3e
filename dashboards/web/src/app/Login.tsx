// Asks for an API key, where keys are set. The key is sent once, and neither kept nor sent again: a session stands for it.
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useEffect, useId } from "react";
import { client, told } from "@/api/client";
import { sessionQuery } from "@/api/shared";
import { Button } from "@/parts/Button";
import css from "./Login.module.css";

export function Login() {
  const id = useId();
  const queries = useQueryClient();
  const login = useMutation({
    mutationFn: (key: string) => told(client.POST("/api/v1/session", { body: { key } })),
    onSuccess: (session) => {
      // The query of the session stays, since the frame looks at it; what was refused before is forgotten.
      queries.removeQueries({ predicate: (query) => query.queryKey[0] !== "session" });
      queries.setQueryData(sessionQuery().queryKey, session);
    },
  });
  useEffect(() => {
    document.title = "Sign in · hoptrail";
  }, []);
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const key = String(new FormData(event.currentTarget).get("key") ?? "").trim();
    if (key) login.mutate(key);
  };
  return (
    <main className={css.login}>
      <h1>hoptrail</h1>
      <p>This hoptrail shows itself to those who have an API key.</p>
      <form onSubmit={submit}>
        <label htmlFor={id}>API key</label>
        <input id={id} name="key" type="password" autoComplete="current-password" required aria-invalid={login.isError || undefined} aria-describedby={`${id}-told`} />
        <Button type="submit" kind="primary" disabled={login.isPending}>
          Sign in
        </Button>
        <p id={`${id}-told`} className={css.told} role="alert">
          {login.error?.message}
        </p>
      </form>
      <p className="quiet">
        An administrator makes one with <code>hoptrail keys create</code>.
      </p>
    </main>
  );
}
