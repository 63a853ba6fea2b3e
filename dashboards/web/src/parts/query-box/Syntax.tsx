// The query language in a few lines, each an example that can be tried.
import { Popover } from "../Popover";
import css from "./Help.module.css";

const LINES: readonly [string, string][] = [
  ["card declined", "both words, anywhere in a message"],
  ['"card declined"', "the words one after another"],
  ["decl*", "words that begin so"],
  ["queue:orders", "a field has a value"],
  ["state:(gone OR waiting)", "one of several values"],
  ["-type:ping", "not; also NOT type:ping"],
  ["error:*", "a field has any value"],
  ["latency_ms:>500", "beyond a number or a time"],
  ["published_at:[now-1h TO now]", "between; { } leave the ends out"],
  ["header.tenant:acme", "a header"],
  ["body.order.id:12", "a value in a JSON body"],
];

export function Syntax({ onTry }: { onTry: (q: string) => void }) {
  return (
    <Popover label="How to write a query" button="Syntax">
      {(close) => (
        <div className={css.help}>
          <dl className={css.syntax}>
            {LINES.map(([example, what]) => (
              <div key={example}>
                <dt>
                  <button
                    type="button"
                    className={css.open}
                    title="Search for this"
                    onClick={() => {
                      close();
                      onTry(example);
                    }}
                  >
                    <code>{example}</code>
                  </button>
                </dt>
                <dd>{what}</dd>
              </div>
            ))}
          </dl>
          <p className="quiet">
            Conditions side by side must all hold; OR gives alternatives, parentheses group. A backslash takes the meaning from the next character.
          </p>
        </div>
      )}
    </Popover>
  );
}
