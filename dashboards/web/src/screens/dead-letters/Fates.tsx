// What became of dead letters: each state with its word and, where somebody has to act, its colour.
import { type Fate, FATE_MEANS, FATE_SAID, fatesOf, type Group, unfollowedSaid } from "@/model/deaths";
import css from "./DeadLetters.module.css";

const SHADE: Record<Fate, string> = {
  open: "dead-lettered", retrying: "waiting", "retried-and-dead-again": "dead-lettered", "retried-and-delivered": "delivered", "resolved-by-itself": "delivered", archived: "gone",
};

export function FateWord({ fate, said }: { fate: Fate; said?: string }) {
  return (
    <span className={css.fate} style={{ color: `var(--${SHADE[fate]})` }} title={FATE_MEANS[fate]}>
      {said ?? FATE_SAID[fate]}
    </span>
  );
}

export function Fates({ group }: { group: Group }) {
  const [fates, unfollowed] = [fatesOf(group), unfollowedSaid(group)];
  return (
    <>
      {fates.map((each, at) => (
        <span key={each.fate}>
          {at > 0 ? ", " : ""}
          <FateWord fate={each.fate} said={each.said} />
        </span>
      ))}
      {unfollowed === null ? null : (
        <span title="they died too long ago: the newest 200,000 dead letters are followed">
          {fates.length > 0 ? ", " : ""}
          {unfollowed}
        </span>
      )}
    </>
  );
}
