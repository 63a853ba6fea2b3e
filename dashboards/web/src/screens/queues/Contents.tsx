// What is believed to be in a queue now, in its order, with why; drawn only where it is in view, and asked for page by page.
import { useInfiniteQuery } from "@tanstack/react-query";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef } from "react";
import { whileOnePage } from "@/api/asking";
import { client, type Schemas, told } from "@/api/client";
import { useRefresh } from "@/app/preferences";
import { exchangeName, shown } from "@/model/names";
import { ofTotal } from "@/model/numbers";
import { believedSaid } from "@/model/queues";
import type { Shade } from "@/model/state";
import { MEANING } from "@/model/state";
import { span } from "@/model/time";
import { Confidence } from "@/parts/Confidence";
import { MessageLink } from "@/parts/links";
import { Asking, Failed } from "@/parts/Nothing";
import { State } from "@/parts/State";
import { Time } from "@/parts/Time";
import css from "./Contents.module.css";

type Copy = Schemas["QueuedCopyOut"];
const ROW = 28;
const PAGE = 200;

export function Contents({ vhost, name, waiting }: { vhost: string; name: string; waiting: boolean }) {
  const refresh = useRefresh();
  const asked = useInfiniteQuery({
    queryKey: ["queue-contents", vhost, name, waiting],
    queryFn: ({ pageParam, signal }) =>
      told(client.GET("/api/v1/queues/{vhost}/{name}/contents", { params: { path: { vhost, name }, query: { waiting, limit: PAGE, cursor: pageParam } }, signal })),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    refetchInterval: whileOnePage(refresh),
  });
  if (asked.error && !asked.data) return <Failed error={asked.error} again={() => void asked.refetch()} />;
  if (!asked.data) return <Asking />;
  const copies = asked.data.pages.flatMap((page) => page.items);
  const [first] = asked.data.pages;
  if (!first || copies.length === 0) {
    return <p className="quiet">{waiting ? "Nothing is believed to wait in it." : "Nothing is believed to be in it."}</p>;
  }
  return (
    <>
      <p className="quiet">{ofTotal(copies.length, first.total, first.total_is)}, the next to be delivered first</p>
      {asked.isFetchNextPageError ? <Failed error={asked.error} again={() => void asked.refetch()} /> : null}
      {/* Who is at the end of the list would ask without end for what is refused. */}
      <Rows copies={copies} more={asked.hasNextPage && !asked.isFetching && !asked.isFetchNextPageError ? () => void asked.fetchNextPage() : undefined} />
    </>
  );
}

function Rows({ copies, more }: { copies: readonly Copy[]; more: (() => void) | undefined }) {
  const box = useRef<HTMLDivElement>(null);
  // oxlint-disable-next-line react/incompatible-library
  const rows = useVirtualizer({ count: copies.length, getScrollElement: () => box.current, estimateSize: () => ROW, overscan: 12 });
  const drawn = rows.getVirtualItems();
  const last = drawn.at(-1)?.index ?? 0;
  useEffect(() => {
    if (last >= copies.length - 1) more?.();
  }, [last, copies.length, more]);
  const above = drawn[0]?.start ?? 0;
  const below = rows.getTotalSize() - (drawn.at(-1)?.end ?? 0);
  return (
    // What is longer than the box is scrolled by keyboard too.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div ref={box} className={css.box} role="region" aria-label="Contents of the queue" tabIndex={0}>
      <table aria-rowcount={copies.length}>
        <thead>
          <tr>
            <th scope="col" className="number">
              #
            </th>
            <th scope="col">message</th>
            <th scope="col">came</th>
            <th scope="col" className="number">
              there for
            </th>
            <th scope="col">state</th>
            <th scope="col">type</th>
            <th scope="col">came by</th>
            <th scope="col" className="number">
              sure
            </th>
            <th scope="col">believed, for</th>
          </tr>
        </thead>
        <tbody>
          <Space height={above} />
          {drawn.map(({ index }) => {
            const copy = copies[index];
            return copy ? <CopyRow key={`${copy.uid} ${copy.position}`} copy={copy} number={index + 1} /> : null;
          })}
          <Space height={below} />
        </tbody>
      </table>
    </div>
  );
}

function Space({ height }: { height: number }) {
  return height > 0 ? (
    <tr aria-hidden="true" style={{ height }} />
  ) : null;
}

function CopyRow({ copy, number }: { copy: Copy; number: number }) {
  return (
    <tr aria-rowindex={number}>
      <td className="number">{number}</td>
      <td>
        <MessageLink uid={copy.uid} />
      </td>
      <td>
        <Time at={copy.enqueued_at} />
      </td>
      <td className="number">{span(copy.age_s * 1000)}</td>
      <td>{isShade(copy.state) ? <State state={copy.state} /> : shown(copy.state)}</td>
      <td>{shown(copy.type) || <span className="quiet">–</span>}</td>
      <td>
        {exchangeName(copy.exchange)} <span className="mono">{shown(copy.routing_key)}</span>
      </td>
      <td className="number">
        <Confidence of={copy.confidence} />
      </td>
      <td>{believedSaid(copy)}</td>
    </tr>
  );
}

function isShade(state: string): state is Shade {
  return Object.hasOwn(MEANING, state);
}
