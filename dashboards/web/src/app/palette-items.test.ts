import { describe, expect, test } from "vitest";
import { toParam } from "@/model/names";
import { fit, nodeItems, offered } from "./palette-items";

const items = nodeItems(
  [
    { id: "service::modeler", kind: "service", vhost: "", name: "modeler" },
    { id: "queue:/:failed-images", kind: "queue", vhost: "/", name: "failed-images" },
    { id: "queue:b:images", kind: "queue", vhost: "b", name: "images" },
    { id: "exchange:/:", kind: "exchange", vhost: "/", name: "" },
  ],
  toParam,
);

describe("the command palette", () => {
  test("a beginning goes before a beginning of a word, before a part, before letters in order", () => {
    expect([fit("images", "im"), fit("failed-images", "im"), fit("failed-images", "ages"), fit("failed-images", "fim"), fit("images", "zz")]).toEqual([5, 4, 3, 2, 0]);
  });

  test("what fits best is offered first, and a search for the text last", () => {
    expect(offered(items, "images").map((item) => item.name)).toEqual(["images in b", "failed-images", "Search messages for images"]);
  });

  test("while nothing is typed all stand in their own order", () => {
    expect(offered(items, " ").map((item) => item.name)).toEqual(items.map((item) => item.name));
  });

  test("an id opens its message", () => {
    expect(offered([], "main-4711")[0]).toMatchObject({ to: "/messages/$uid", params: { uid: "main-4711" } });
  });

  test("the default exchange has an address without a name", () => {
    expect(items.find((item) => item.kind === "exchange")).toMatchObject({ name: "(default)", to: "/exchanges/$vhost", params: { vhost: "/" } });
  });
});
