// With a time as of which the system is to be shown in the address: says whether a page shows it as of then, or as it is now.
import { useNavigate, useSearch } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { usePreferences } from "@/app/preferences";
import { timeSaid } from "@/model/range";
import { StateShape } from "./State";
import { Button } from "./Button";
import css from "./AsOf.module.css";

type Props = { shows: "then" | "now"; what?: string; children?: ReactNode };

/** *shows* is what the page does; *what* names what it shows, such as `the topology`; *children* say more. Nothing while the present is asked for. */
export function AsOf({ shows, what = "this page", children }: Props) {
  const { at } = useSearch({ from: "__root__" });
  const { zone } = usePreferences();
  const navigate = useNavigate();
  if (!at) return null;
  const then = timeSaid(at, zone);
  const subject = `${what.charAt(0).toUpperCase()}${what.slice(1)}`;
  return (
    <div className={shows === "now" ? `${css.told} ${css.other}` : css.told} role="status">
      <span>
        <StateShape state={shows === "now" ? "not-captured" : "waiting"} />
        {shows === "then" ? (
          <>
            {subject} as of <strong>{then}</strong>.
          </>
        ) : (
          <>
            {subject} is shown <strong>as of now</strong>, not as of {then}.
          </>
        )}
        {children ? <> {children}</> : null}
      </span>
      <Button onClick={() => void navigate({ to: ".", search: (before) => ({ ...before, at: undefined }) })}>Back to now</Button>
    </div>
  );
}
