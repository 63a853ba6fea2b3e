// Who did what when about a group or a retry, as the log has it.
import { useQuery } from "@tanstack/react-query";
import { useRefresh } from "@/app/preferences";
import { shown } from "@/model/names";
import { ofTotal } from "@/model/numbers";
import { byWhom } from "@/model/operators";
import { Asking, Failed } from "@/parts/Nothing";
import { Section } from "@/parts/Page";
import { Time } from "@/parts/Time";
import { trailQuery } from "./asks";
import css from "./DeadLetters.module.css";

export function Trail({ about }: { about: string }) {
  const { data, error, refetch } = useQuery(trailQuery(about, useRefresh()));
  return (
    <Section title="Who did what" facts={data ? `${ofTotal(data.items.length, data.total, "exact")}, newest first` : null}>
      {error ? <Failed error={error} again={() => void refetch()} /> : null}
      {!data && !error ? <Asking /> : null}
      {data?.items.length === 0 ? <p className="quiet">Nobody did anything about it yet.</p> : null}
      {data && data.items.length > 0 ? (
        <table className={css.pairs}>
          <caption className="unseen">Who did what</caption>
          <thead className="unseen">
            <tr>
              <th scope="col">When</th>
              <th scope="col">Who</th>
              <th scope="col">What</th>
              <th scope="col">Position in the log</th>
            </tr>
          </thead>
          <tbody>
            {data.items.map((deed) => (
              <tr key={deed.position}>
                <td>
                  <Time at={deed.at} digits={0} />
                </td>
                <td className={css.who}>{byWhom(deed.by)}</td>
                <td>{shown(deed.told)}</td>
                <td className={`number ${css.position}`}>
                  <code className="quiet">{deed.position}</code>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      ) : null}
    </Section>
  );
}
