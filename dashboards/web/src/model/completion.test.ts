import { describe, expect, test } from "vitest";
import { type Field, fieldsFor, placeAt, valuesFor } from "./completion";

const field = (name: string, more: Partial<Field> = {}): Field => ({ name, is_prefix: false, kind: "keyword", description: `what ${name} is`, values: null, counted: true, ...more });
const FIELDS = [field("queue"), field("publisher.service"), field("service"), field("header.", { is_prefix: true, counted: false }), field("published_at", { kind: "time" })];

/** Return the place in a query in which `|` stands for the caret. */
function at(written: string) {
  return placeAt(written.replace("|", ""), written.indexOf("|"));
}

const texts = (query: string) => {
  const place = placeAt(query, query.length);
  return place ? fieldsFor(place, FIELDS, ["header.tenant"], query).map((each) => each.text) : [];
};

const values = (query: string, of = FIELDS[0], counted = [{ value: "orders", count: 7 }, { value: "two pages", count: 1 }, { value: "big orders", count: 2 }]) => {
  const place = placeAt(query, query.length);
  return place ? valuesFor(place, of, counted, query) : [];
};

describe("what is typed at the caret", () => {
  test.each([
    ["|", "field", null, ""],
    ["que|", "field", null, "que"],
    ["a AND -que|", "field", null, "que"],
    ["(que|", "field", null, "que"],
    ["queue:|", "value", "queue", ""],
    ["queue:ord|ers x", "value", "queue", "ord"],
    ["queue:(a OR b|)", "value", "queue", "b"],
    ['queue:"two w|', "value", "queue", "two w"],
    ["queue:a |", "field", null, ""],
  ])("%j", (written, what, name, typed) => expect(at(written)).toMatchObject({ what, field: name, typed }));

  test.each(['"two w|ords"', "a AND|", "latency_ms:[1|"])("nothing is completed at %j", (written) => expect(at(written)).toBeNull());
});

describe("completing a field", () => {
  test("names that begin so go before names with a part that does", () => {
    expect(texts("ser")).toEqual(["service", "publisher.service"]);
    expect(texts("head")).toEqual(["header.", "header.tenant"]);
    expect(texts("zzz")).toEqual([]);
  });

  test("the name is put in place of what was typed, ready for its value", () => {
    const place = placeAt("a AND qu", 8);
    expect(place && fieldsFor(place, FIELDS, [], "a AND qu")[0]).toMatchObject({ insert: "a AND queue:", caret: 12 });
  });

  test("a beginning of names waits for the rest", () => {
    const place = placeAt("hea", 3);
    expect(place && fieldsFor(place, FIELDS, [], "hea")[0]).toMatchObject({ insert: "header.", caret: 7 });
  });
});

describe("completing a value", () => {
  test("values that begin so go first, each with how many messages have it", () => {
    expect(values("queue:ord").map((each) => [each.text, each.note])).toEqual([["orders", "7"], ["big orders", "2"]]);
  });

  test("a value that is no plain word is quoted, and the caret goes behind it", () => {
    expect(values("queue:two")[0]).toMatchObject({ insert: 'queue:"two pages" ', caret: 18 });
  });

  test("an open quote is closed", () => {
    expect(values('queue:"two')[0]?.insert).toBe('queue:"two pages" ');
  });

  test("values that the field can have are told where no message has them", () => {
    const state = field("state", { values: ["waiting", "gone"] });
    expect(values("state:", state, [{ value: "gone", count: 3 }]).map((each) => each.text)).toEqual(["gone", "waiting", "*"]);
  });

  test("a time is completed with spans", () => {
    expect(values("published_at:", FIELDS[4], []).map((each) => each.text)).toContain(">now-1h");
  });
});
