// What only a person can decide about a retry: what became of messages that may have been published before a crash or a gap.
import { client, type Schemas } from "@/api/client";
import { shown } from "@/model/names";
import { answersTo } from "@/model/retry";
import { Allowed } from "@/parts/Allowed";
import { Button } from "@/parts/Button";
import css from "./Progress.module.css";
import { useDoing } from "./useDoing";

export function Question({ retry }: { retry: Pick<Schemas["RetryOut"], "id" | "why" | "remove"> }) {
  const answer = useDoing((unsure: "published" | "missing") => client.POST("/api/v1/retries/{id}/resume", { params: { path: { id: retry.id } }, body: { unsure } }));
  return (
    <section className={css.question} role="alert" aria-label="A decision is needed">
      <h2>It cannot know what became of some messages</h2>
      <p>{shown(retry.why.split(": resume with")[0])}.</p>
      <ul>
        {answersTo(retry).map((each) => (
          <li key={each.unsure}>
            <Allowed scope="retry" what={each.does}>
              <Button disabled={answer.isPending} onClick={() => answer.mutate(each.unsure)}>
                {each.does}
              </Button>
            </Allowed>{" "}
            {each.risk}
          </li>
        ))}
      </ul>
      <p>Or cancel the rest: nothing more is published.</p>
      {answer.error ? <p className={css.failed}>{answer.error.message}</p> : null}
    </section>
  );
}
