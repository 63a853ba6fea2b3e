import { describe, expect, test } from "vitest";
import { routeOf, routeWhole, type Way } from "./route";

const copy = (queue: string, ...services: (string | null)[]) => ({ queue, attempts: services.map((service) => ({ consumer: { service } })) });
const way = (more: Partial<Way>): Way => ({ exchange: "images", routing_keys: ["raw"], routed_queues: [], publisher: { service: "uploader" }, copies: [], ...more });
const said = (of: Way) => routeOf(of).map((stop) => stop.text).join(" → ");

describe("the route of a message as a line", () => {
  test.each<[string, Partial<Way>, string]>([
    ["delivered", { routed_queues: ["normalize"], copies: [copy("normalize", "normalizer")] }, "uploader → images:raw → normalize → normalizer"],
    ["not delivered", { routed_queues: ["normalize"], copies: [copy("normalize")] }, "uploader → images:raw → normalize"],
    ["to nobody", {}, "uploader → images:raw → no queue"],
    ["without a key", { routing_keys: [""], routed_queues: ["a"] }, "uploader → images → a"],
    ["through the default exchange", { exchange: "", routing_keys: ["a"], routed_queues: ["a"] }, "uploader → (default) → a"],
    ["from somebody unknown to somebody unknown", { publisher: { service: null }, routed_queues: ["a"], copies: [copy("a", null)] }, "? → images:raw → a → ?"],
    ["to many", { routed_queues: ["a", "b", "c"], copies: [copy("a", "x"), copy("b", "y"), copy("c", "x", "z")] }, "uploader → images:raw → a + 2 → x + 2"],
    ["to a queue that it was moved to", { routed_queues: ["a"], copies: [copy("a", "x"), copy("a.failed")] }, "uploader → images:raw → a + 1 → x"],
  ])("%s", (_, more, line) => expect(said(way(more))).toBe(line));

  test("every name is told where there is room", () => {
    const stops = routeOf(way({ routed_queues: ["a", "b"], copies: [copy("a", "x"), copy("b", "y", "z")] }));
    expect(routeWhole(stops)).toBe("uploader\n→ images:raw\n→ a, b\n→ x, y, z");
  });

  test("characters that hide are written out", () => {
    expect(said(way({ publisher: { service: "a\u202eb" } }))).toContain("a\\u{202e}b");
  });
});
