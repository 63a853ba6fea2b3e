// Asks for a conversation, and works out what its views draw from.
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { captureQuery } from "@/api/shared";
import { useRefresh } from "@/app/preferences";
import { factsOf } from "./model/facts";
import { haystacks, matching } from "./model/find";
import { foldOf, signatures } from "./model/fold";
import { gapsWithin } from "./model/gaps";
import { conversationOf } from "./model/tree";
import { criticalPath } from "./model/waterfall";
import { outlineQuery } from "./asks";

/** A large conversation is asked for again less often: so many ms more for each message. */
const REFRESH_MS_PER_MESSAGE = 3;

export function useConversation(traceId: string, open: string | undefined, find: string | undefined) {
  const refreshMs = useRefresh();
  const capture = useQuery(captureQuery(refreshMs));
  const answer = useInfiniteQuery({
    ...outlineQuery(traceId),
    refetchInterval: ({ state }) => {
      const items = state.data?.pages.reduce((sum, page) => sum + page.items.length, 0) ?? 0;
      return refreshMs ? refreshMs + items * REFRESH_MS_PER_MESSAGE : false;
    },
  });
  const pages = answer.data?.pages;
  const conversation = useMemo(() => conversationOf((pages ?? []).flatMap((page) => page.items)), [pages]);
  const worked = useMemo(
    () => ({ marks: signatures(conversation), facts: factsOf(conversation), path: criticalPath(conversation) }),
    [conversation],
  );
  const folded = useMemo(() => foldOf(conversation, worked.marks, open === "all" ? "all" : new Set(open?.split(","))), [conversation, worked, open]);
  const sought = find !== undefined;
  const texts = useMemo(() => (sought ? haystacks(conversation.messages) : []), [conversation, sought]);
  const found = useMemo(() => matching(texts, find ?? ""), [texts, find]);
  const gaps = useMemo(
    () => gapsWithin(capture.data?.gaps ?? [], worked.facts.vhosts, conversation.started, conversation.ended),
    [capture.data, worked, conversation],
  );
  const last = pages?.at(-1);
  return { answer, capture: capture.data, conversation, ...worked, folded, found, gaps, total: last?.total ?? 0, totalIs: last?.total_is ?? ("exact" as const) };
}
