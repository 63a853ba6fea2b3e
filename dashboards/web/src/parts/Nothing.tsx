// An empty, failed or partial state: what is so, why, and the next step.
import type { ReactNode } from "react";
import { Problem } from "@/api/client";
import { useLostSince } from "@/api/contact";
import { Button } from "./Button";
import css from "./Nothing.module.css";

export function Nothing({ what, why, children }: { what: string; why?: ReactNode; children?: ReactNode }) {
  return (
    <div className={css.nothing} role="status">
      <p className={css.what}>{what}</p>
      {why ? <p className={css.why}>{why}</p> : null}
      {children ? <div className={css.next}>{children}</div> : null}
    </div>
  );
}

/** What is shown in place of an answer that could not be had. */
export function Failed({ error, again }: { error: Error; again?: () => void }) {
  const title = error instanceof Problem && error.title ? error.title : "This could not be asked.";
  return (
    <Nothing what={title} why={error.message}>
      {again ? (
        <Button onClick={again}>
          Ask again
        </Button>
      ) : null}
    </Nothing>
  );
}

/** What is shown until an answer is there. */
export function Asking() {
  const lost = useLostSince();
  return (
    <p className={css.asking} role="status">
      {lost === undefined ? "Asking …" : "This was not asked before hoptrail went away. It is asked as soon as hoptrail answers."}
    </p>
  );
}
