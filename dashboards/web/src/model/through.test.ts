import { expect, test } from "vitest";
import { edge } from "./made-graph";
import { throughOf } from "./through";

test("what comes to a node and what it gives are summed; what dies in it is not given", () => {
  const of = throughOf([
    edge("service:web", "exchange:/:orders", "publish", { rate_per_s: 3 }),
    edge("exchange:/:orders", "queue:/:a", "binding", { rate_per_s: 2 }),
    edge("exchange:/:more", "queue:/:a", "binding", { rate_per_s: 0.5 }),
    edge("queue:/:a", "service:mail", "deliver", { rate_per_s: 2 }),
    edge("queue:/:a", "exchange:/:dlx", "dead-letter", { rate_per_s: 1 }),
    edge("queue:/:a", "service:idle", "deliver", { rate_per_s: null }),
  ]);
  expect([of("service:web"), of("queue:/:a"), of("service:mail"), of("service:idle"), of("queue:/:other")]).toEqual([
    { into: 0, out: 3 }, { into: 2.5, out: 2 }, { into: 2, out: 0 }, { into: 0, out: 0 }, { into: 0, out: 0 },
  ]);
});
