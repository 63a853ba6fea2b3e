import { describe, expect, test } from "vitest";
import { conditions, tokens } from "./lucene";

const kinds = (text: string) => tokens(text).map((token) => `${token.kind} ${text.slice(token.from, token.to)}`);

const said = (text: string) => conditions(text)?.map((each) => `${each.negated ? "not " : ""}${each.field ?? "words"} ${each.values?.join("|") ?? "–"}`);

describe("the tokens of a query", () => {
  test.each<[string, string[]]>([
    ["", []],
    ["paid order", ["word paid", "word order"]],
    ["queue:orders", ["field queue:", "word orders"]],
    ['-type:"a b"', ["sign -", "field type:", 'phrase "a b"']],
    ["a AND NOT (b OR c)", ["word a", "operator AND", "operator NOT", "open (", "word b", "operator OR", "word c", "close )"]],
    ["latency_ms:>=5", ["field latency_ms:", "comparison >=", "word 5"]],
    ["published_at:[now-1h TO *]", ["field published_at:", "range [now-1h TO *]"]],
    ["queue:(a OR b:c)", ["field queue:", "open (", "word a", "operator OR", "word b:c", "close )"]],
    ["ANDES a-b", ["word ANDES", "word a-b"]],
    ['queue:"not closed', ["field queue:", 'phrase "not closed']],
    ["published_at:[now", ["field published_at:", "range [now"]],
  ])("%j", (text, expected) => expect(kinds(text)).toEqual(expected));

  test("a value knows its field, in a group of values too", () => {
    const words = tokens("queue:(a OR b) c").filter((token) => token.kind === "word");
    expect(words.map((token) => token.field)).toEqual(["queue", "queue", null]);
  });

  test("a quoted or escaped character does not end a token", () => {
    expect(kinds(String.raw`a\ b "c \" d"`)).toEqual([String.raw`word a\ b`, String.raw`phrase "c \" d"`]);
  });
});

describe("the conditions of a query", () => {
  test.each<[string, string[] | undefined]>([
    ["", []],
    ["paid", ["words –"]],
    ["state:gone AND -queue:a", ["state gone", "not queue a"]],
    ['queue:(a OR "b c") x', ["queue a|b c", "words –"]],
    ["NOT -queue:a", ["queue a"]],
    ["queue:a* latency_ms:>5 body.size:[1 TO 2]", ["queue –", "latency_ms –", "body.size –"]],
    ["(a OR b) AND c", ["words –", "words –"]],
    ["a OR b", undefined],
    ["a AND", undefined],
    ["(a", undefined],
    ["queue:", undefined],
    [") a", undefined],
  ])("%j", (text, expected) => expect(said(text)).toEqual(expected));
});
