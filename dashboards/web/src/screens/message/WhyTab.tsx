// Why we think so: every conclusion about the message with its evidence, how sure it is, and who else it could have been.
import type { Told } from "@/model/story";
import { type Inference, reasonsOf, rivalsInWords } from "@/model/why";
import { Confidence } from "@/parts/Confidence";
import { MessagesLink } from "@/parts/links";
import { Pieces } from "@/parts/message/Pieces";
import css from "./Message.module.css";

export function WhyTab({ message }: { message: Told }) {
  return reasonsOf(message).map((group) => (
    <section key={group.about} className={css.reasons}>
      <h2>{group.about}</h2>
      <div className={css.scroll}>
        <table className={`${css.wrap} ${css.fixed}`}>
          <caption className="unseen">{group.about}</caption>
          <thead>
            <tr>
              <th scope="col">What we think</th>
              <th scope="col" className={css.sure}>How sure</th>
              <th scope="col">Why</th>
            </tr>
          </thead>
          <tbody>
            {group.inferences.map((each, at) => (
              // oxlint-disable-next-line react/no-array-index-key
              <tr key={at}>
                <td>
                  <Pieces pieces={each.what} />
                </td>
                <td className={css.sure}>{each.confidence === null ? null : <Confidence of={each.confidence} />}</td>
                <td>
                  {each.why}
                  <Rivals of={each} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  ));
}

function Rivals({ of }: { of: Inference }) {
  if (!of.rivals) return null;
  const { count: rivals, likeliest, query } = of.rivals;
  return (
    <div className="quiet">
      <Pieces pieces={rivalsInWords(rivals, likeliest)} />
      {query ? (
        <>
          ; <MessagesLink q={query}>what its publisher was given before</MessagesLink>
        </>
      ) : null}
    </div>
  );
}
