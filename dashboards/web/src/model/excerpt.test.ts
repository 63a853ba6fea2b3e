import { describe, expect, test } from "vitest";
import { excerptOf } from "./excerpt";
import { pieces } from "./marks";

const body = (value: unknown, encoding = "json") => ({ size: 12, truncated: false, encoding, value, left_out: null });
const text = (line: ReturnType<typeof excerptOf>) => line.pieces.map((piece) => (piece.marked ? `[${piece.text}]` : piece.text)).join("");

describe("marks", () => {
  test("characters are counted as code points", () => {
    expect(pieces("a😀 card", [{ start: 3, end: 7 }])).toEqual([{ text: "a😀 ", marked: false }, { text: "card", marked: true }]);
  });

  test("a mark may begin and end the text", () => {
    expect(pieces("ab", [{ start: 0, end: 1 }, { start: 1, end: 2 }])).toEqual([{ text: "a", marked: true }, { text: "b", marked: true }]);
  });
});

describe("the first words of a message", () => {
  test("are those of its body on one line", () => {
    expect(text(excerptOf(body({ a: [1] }), []))).toBe('{"a":[1]}');
    expect(text(excerptOf(body("one\n two", "text"), []))).toBe("one two");
  });

  test("are those around what was found in the body", () => {
    const found = { field: "body", text: "the card declined", begins_at: 40, value_chars: 90, marks: [{ start: 4, end: 8 }] };
    expect(text(excerptOf(body("x", "text"), [{ ...found, field: "queue" }, found]))).toBe("… the [card] declined");
  });

  test("stand behind what was found elsewhere", () => {
    const line = excerptOf(body("x", "text"), [{ field: "header.tenant", text: "images", begins_at: 0, value_chars: 6, marks: [{ start: 0, end: 6 }] }]);
    expect([line.field, text(line)]).toEqual(["header.tenant", "[images]  x"]);
  });

  test("are not pushed away by what other columns tell", () => {
    expect(text(excerptOf(body("x", "text"), [{ field: "state", text: "gone", begins_at: 0, value_chars: 4, marks: [{ start: 0, end: 4 }] }]))).toBe("x");
  });

  test("say why there are none", () => {
    expect(text(excerptOf(null, []))).toBe("no body");
    expect(text(excerptOf({ ...body(null), size: 20_000, left_out: "large" }, []))).toBe("20 KB, too large for a list");
    expect(text(excerptOf(body("//79", "base64"), []))).toBe("12 B of bytes");
    expect(text(excerptOf({ ...body(null), left_out: "not permitted" }, []))).toBe("the key does not allow bodies");
  });
});
