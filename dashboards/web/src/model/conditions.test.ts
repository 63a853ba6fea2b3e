import { describe, expect, test } from "vitest";
import { held, toggleIs, toggleNot, without, withoutCondition } from "./conditions";

describe("adding and removing conditions", () => {
  test.each([
    ["", "state", "gone", "state:gone"],
    ["paid", "state", "gone", "paid AND state:gone"],
    ["a b", "state", "gone", "a b state:gone"],
    ["state:gone", "state", "waiting", "state:(gone OR waiting)"],
    ["state:(gone OR waiting) AND x", "state", "gone", "state:waiting AND x"],
    ["x AND state:gone", "state", "gone", "x"],
    ["-state:gone AND x", "state", "gone", "x AND state:gone"],
    ["a OR b", "queue", "x y", '(a OR b) AND queue:"x y"'],
    ["queue:a*", "queue", "b", "queue:a* AND queue:b"],
  ])("%j with %s %s toggled is %j", (query, field, value, expected) => expect(toggleIs(query, field, value)).toBe(expected));

  test.each([
    ["", "state", "gone", "-state:gone"],
    ["state:gone AND x", "state", "gone", "x AND -state:gone"],
    ["x AND -state:gone", "state", "gone", "x"],
    ["-state:(gone OR waiting)", "state", "gone", "-state:waiting"],
  ])("%j with %s %s toggled against is %j", (query, field, value, expected) => expect(toggleNot(query, field, value)).toBe(expected));

  test("what was toggled twice is as before", () => {
    const query = 'exchange:images AND "card declined"  -queue:audit';
    expect(toggleIs(toggleIs(query, "state", "gone"), "state", "gone")).toBe('exchange:images AND "card declined" AND -queue:audit');
  });

  test("what a query says of a value is known", () => {
    expect(held("queue:(a OR b) -state:gone", "queue", "b")).toBe("is");
    expect(held("queue:(a OR b) -state:gone", "state", "gone")).toBe("not");
    expect(held("queue:(a OR b) -state:gone", "state", "x")).toBeNull();
    expect(held("queue:a OR queue:b", "queue", "a")).toBeNull();
  });

  test("a field or one condition is taken out, the rest stays as typed", () => {
    expect(without('"a b" AND state:gone AND -state:x', "state")).toBe('"a b"');
    expect(without("a OR state:gone", "state")).toBe("a OR state:gone");
    expect(withoutCondition("a AND b AND c", 1)).toBe("a AND c");
  });
});
