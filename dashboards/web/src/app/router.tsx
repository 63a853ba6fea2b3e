// The addresses of the UI, and the screen behind each. Every screen is a file of its own that is fetched when it is opened.
import { createRootRoute, createRoute, createRouter, redirect, retainSearchParams } from "@tanstack/react-router";
import { lazy } from "@/app/lazy";
import { NotFound } from "@/app/NotFound";
import { KEPT, type Kept, kept, parseSearch, stringifySearch } from "@/app/search";
import { Shell } from "@/app/Shell";
import { ScreenFailed } from "@/app/ScreenFailed";
import { fixed } from "@/model/moment";
import { conversationSearch, conversationsSearch } from "@/screens/conversations/search";
import { deadLetterGroupSearch, deadLettersSearch } from "@/screens/dead-letters/search";
import { exchangeSearch } from "@/screens/exchanges/search";
import { messageSearch } from "@/screens/message/search";
import { messagesSearch } from "@/screens/messages/search";
import { queueSearch, queuesSearch } from "@/screens/queues/search";
import { serviceSearch, servicesSearch } from "@/screens/services/search";
import { systemSearch } from "@/screens/system/search";
import { topologySearch } from "@/screens/topology/search";
import { captureSearch } from "@/screens/capture/search";

/** Have a relative time, as of which the system is shown, stand in the address as the moment that it is now: who is given the address sees the same. */
function fixAt({ search: { at } }: { search: Kept }): void {
  const moment = at && fixed(at, Date.now());
  if (moment !== at) throw redirect({ to: ".", search: (before) => ({ ...before, at: moment }), replace: true });
}

const root = createRootRoute({
  component: Shell,
  notFoundComponent: NotFound,
  errorComponent: ScreenFailed,
  validateSearch: kept,
  beforeLoad: fixAt,
  search: { middlewares: [retainSearchParams([...KEPT])] },
});

const at = () => root;

const home = createRoute({ getParentRoute: at, path: "/", component: lazy(() => import("@/screens/home")) });
const messages = createRoute({ getParentRoute: at, path: "messages", validateSearch: messagesSearch, component: lazy(() => import("@/screens/messages")) });
const message = createRoute({ getParentRoute: at, path: "messages/$uid", validateSearch: messageSearch, component: lazy(() => import("@/screens/message")) });
const conversations = createRoute({
  getParentRoute: at, path: "conversations", validateSearch: conversationsSearch, component: lazy(() => import("@/screens/conversations/Conversations")),
});
const conversation = createRoute({
  getParentRoute: at, path: "conversations/$traceId", validateSearch: conversationSearch, component: lazy(() => import("@/screens/conversations/Conversation")),
});
const topology = createRoute({ getParentRoute: at, path: "topology", validateSearch: topologySearch, component: lazy(() => import("@/screens/topology")) });
const deadLetters = createRoute({
  getParentRoute: at, path: "dead-letters", validateSearch: deadLettersSearch, component: lazy(() => import("@/screens/dead-letters/DeadLetters")),
});
const deadLetterGroup = createRoute({
  getParentRoute: at, path: "dead-letters/$groupId", validateSearch: deadLetterGroupSearch, component: lazy(() => import("@/screens/dead-letters/DeadLetterGroup")),
});
const retries = createRoute({ getParentRoute: at, path: "retries", component: lazy(() => import("@/screens/dead-letters/Retries")) });
const retry = createRoute({ getParentRoute: at, path: "retries/$id", component: lazy(() => import("@/screens/dead-letters/Retry")) });
const queues = createRoute({ getParentRoute: at, path: "queues", validateSearch: queuesSearch, component: lazy(() => import("@/screens/queues/Queues")) });
const queue = createRoute({ getParentRoute: at, path: "queues/$vhost/$name", validateSearch: queueSearch, component: lazy(() => import("@/screens/queues/Queue")) });
const defaultExchange = createRoute({ getParentRoute: at, path: "exchanges/$vhost", validateSearch: exchangeSearch, component: lazy(() => import("@/screens/exchanges/DefaultExchange")) });
const exchange = createRoute({ getParentRoute: at, path: "exchanges/$vhost/$name", validateSearch: exchangeSearch, component: lazy(() => import("@/screens/exchanges/Exchange")) });
const services = createRoute({ getParentRoute: at, path: "services", validateSearch: servicesSearch, component: lazy(() => import("@/screens/services/Services")) });
const service = createRoute({ getParentRoute: at, path: "services/$name", validateSearch: serviceSearch, component: lazy(() => import("@/screens/services/Service")) });
const capture = createRoute({ getParentRoute: at, path: "capture", validateSearch: captureSearch, component: lazy(() => import("@/screens/capture")) });
const system = createRoute({ getParentRoute: at, path: "system", validateSearch: systemSearch, component: lazy(() => import("@/screens/system")) });
const login = createRoute({ getParentRoute: at, path: "login", component: lazy(() => import("@/screens/login")) });

const tree = root.addChildren([
  home, messages, message, conversations, conversation, topology, deadLetters, deadLetterGroup, retries, retry,
  queues, queue, defaultExchange, exchange, services, service, capture, system, login,
]);

export function makeRouter() {
  return createRouter({
    routeTree: tree,
    parseSearch,
    stringifySearch,
    defaultPreload: "intent",
    // Another name is another page, which begins with nothing of the one before.
    defaultRemountDeps: ({ params }) => params,
    scrollRestoration: true,
  });
}

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof makeRouter>;
  }
}
