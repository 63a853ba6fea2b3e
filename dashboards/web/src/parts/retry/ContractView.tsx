// The dry run, and the button that carries it out: what is published where stands above the button and on it.
import { useState } from "react";
import { Problem } from "@/api/client";
import { contractOf, type Contract, missingIn, type Options, type Plan } from "@/model/contract";
import { count } from "@/model/numbers";
import { shown } from "@/model/names";
import { Button } from "@/parts/Button";
import { MessageLink } from "@/parts/links";
import css from "./Retry.module.css";
import type { usePlan } from "./usePlan";

type Props = { planned: ReturnType<typeof usePlan>; options: Options; nothing?: string | null; onClose: () => void };

/** *nothing* says why there is nothing to plan; null where there is something. */
export function ContractView({ planned, options, nothing = null, onClose }: Props) {
  const missing = nothing ?? missingIn(options);
  return (
    <section className={css.contract} aria-label="What will be done" aria-live="polite">
      <Body planned={planned} options={options} missing={missing} />
      <div className={css.buttons}>
        <Start planned={planned} options={options} blocked={missing !== null} />
        <Button onClick={onClose}>Do nothing</Button>
      </div>
    </section>
  );
}

function Body({ planned, options, missing }: { planned: Props["planned"]; options: Options; missing: string | null }) {
  if (missing) return <p className={css.headline}>{missing}</p>;
  if (planned.error) return <Refused error={planned.error} again={planned.again} />;
  if (!planned.plan) return <p className={css.headline}>Planning …</p>;
  return (
    <>
      {planned.failed ? <Failure error={planned.failed} /> : null}
      <Terms contract={contractOf(planned.plan, options)} plan={planned.plan} />
    </>
  );
}

function Refused({ error, again }: { error: Error; again: () => void }) {
  return (
    <>
      <p className={css.headline}>{error instanceof Problem && error.title ? error.title : "It cannot be planned."}</p>
      <p>{error.message}</p>
      <p>
        <Button onClick={again}>Plan again</Button>
      </p>
    </>
  );
}

function Failure({ error }: { error: Error }) {
  const another = error instanceof Problem && error.status === 409;
  return (
    <p className={css.warning}>
      {error.message}
      {another ? " Below is the plan as it is now." : ""}
    </p>
  );
}

function Terms({ contract, plan }: { contract: Contract; plan: Plan }) {
  return (
    <>
      <p className={css.headline}>{contract.headline}.</p>
      <ul className={css.terms}>
        {contract.routes.map((route) => (
          <li key={`${route.from} ${route.to} ${route.why}`}>
            <span className={css.count}>{count(route.messages)}</span> {route.from} → {route.to} <span className="quiet">{route.why}</span>
          </li>
        ))}
        {contract.refused.map((each) => (
          <li key={each.why} className={css.left}>
            <span className={css.count}>{count(each.messages)}</span> left out: {each.why}{" "}
            <span className={css.some}>
              {each.uids.map((uid) => (
                <MessageLink key={uid} uid={uid} />
              ))}
              {each.more > 0 ? `and ${count(each.more)} more` : ""}
            </span>
          </li>
        ))}
        {contract.unrestored.map((each) => (
          <li key={each.what}>
            <span className={css.count}>{count(each.messages)}</span> <code>{each.what}</code> cannot be as it was
          </li>
        ))}
      </ul>
      {plan.changes.length > 0 ? <Changes plan={plan} /> : null}
      {contract.terms.map((term) => (
        <p key={term}>{term}</p>
      ))}
      <p className="quiet">
        Vhost {shown(plan.vhost)}; plan <code>{plan.digest}</code>
      </p>
    </>
  );
}

function Changes({ plan }: { plan: Plan }) {
  return (
    <ul className={css.terms}>
      {plan.changes.map((change) => (
        <li key={change.what}>
          <strong>{change.what}</strong>
          <pre className={css.before}>
            <span className="unseen">before: </span>− {written(change.before)}
          </pre>
          <pre className={css.after}>
            <span className="unseen">after: </span>+ {written(change.after)}
          </pre>
        </li>
      ))}
    </ul>
  );
}

function written(value: unknown): string {
  if (value === null || value === undefined) return "nothing";
  return typeof value === "string" ? value.split("\n").map(shown).join("\n") : shown(JSON.stringify(value));
}

/** The button: it stands for the plan that is shown, and for no other. */
function Start({ planned, options, blocked }: { planned: Props["planned"]; options: Options; blocked: boolean }) {
  const [confirmed, setConfirmed] = useState("");
  const plan = blocked ? undefined : planned.plan;
  if (!plan || plan.messages === 0) {
    return (
      <Button kind="primary" disabled>
        Publish
      </Button>
    );
  }
  const { confirm, does } = contractOf(plan, options);
  const agreed = confirm === null || confirmed === plan.digest;
  return (
    <>
      {confirm ? (
        <label className={css.confirm}>
          <input type="checkbox" checked={confirmed === plan.digest} onChange={(event) => setConfirmed(event.target.checked ? plan.digest : "")} /> {confirm}
        </label>
      ) : null}
      <Button kind={plan.remove === "none" ? "primary" : "danger"} disabled={!agreed || planned.starting} onClick={() => planned.start(plan.digest)}>
        {planned.starting ? "Asking the collector …" : does}
      </Button>
    </>
  );
}
