// The state of capture in one sentence, which leads to its page.
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useLostSince } from "@/api/contact";
import { captureQuery } from "@/api/shared";
import { captureSentence } from "@/model/capture";
import { StateShape } from "@/parts/State";
import { useNow } from "./now";
import { usePreferences, useRefresh } from "./preferences";
import css from "./TopBar.module.css";

export function CaptureSentence() {
  const { data, error } = useQuery(captureQuery(useRefresh()));
  const { zone } = usePreferences();
  const now = useNow();
  const lost = useLostSince();
  if (lost !== undefined) return <span className={`${css.sentence} ${css.bad}`}>capture not known</span>;
  if (!data) return error ? <span className={`${css.sentence} ${css.bad}`}>{error.message}</span> : null;
  const said = captureSentence(data, now, zone);
  const text = error ? `capture not known: ${error.message}` : said.text;
  return (
    <Link to="/capture" className={said.bad || error ? `${css.sentence} ${css.bad}` : css.sentence} title={text}>
      <StateShape state={said.bad || error ? "not-captured" : "delivered"} /> {text}
    </Link>
  );
}
