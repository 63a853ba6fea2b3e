// Home: is capture healthy, what flows now, what is wrong, what changed lately.
import { useQuery } from "@tanstack/react-query";
import { useRef } from "react";
import { captureQuery } from "@/api/shared";
import { useRefresh } from "@/app/preferences";
import { AsOf } from "@/parts/AsOf";
import { Asking, Failed } from "@/parts/Nothing";
import { NothingCaptured } from "@/parts/NothingCaptured";
import { Page, Section } from "@/parts/Page";
import { useListKeys } from "@/parts/useListKeys";
import { Busiest } from "./Busiest";
import { Changes } from "./Changes";
import { Flow } from "./Flow";
import css from "./Home.module.css";
import { Wrong } from "./Wrong";

export default function Home() {
  const lists = useRef<HTMLDivElement>(null);
  useListKeys(lists);
  const { data: capture, error, refetch } = useQuery(captureQuery(useRefresh()));
  if (!capture) return error ? <Failed error={error} again={() => void refetch()} /> : <Asking />;
  const isQuiet = capture.published + capture.delivered + capture.dead_lettered === 0;
  return (
    <Page title="Home" name="Home">
      <AsOf shows="now" />
      <div ref={lists} className={css.columns}>
        <div>
          <Wrong capture={capture} />
          <Changes />
        </div>
        <div>
          {isQuiet ? (
            <Section title="What flows now">
              <NothingCaptured capture={capture} />
            </Section>
          ) : (
            <>
              <Flow capture={capture} />
              <Busiest />
            </>
          )}
        </div>
      </div>
    </Page>
  );
}
