import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { message } from "@/model/made";
import { type Body, pictureType, saidOf, unpacked, viewsOf } from "./body";

const body = (more: Partial<Body>): Body => ({ size: 5, truncated: false, encoding: "text", value: "hello", left_out: null, ...more });
const views = (more: Partial<Body>, encoding: string | null = null) => viewsOf(message([], { body: body(more), content_encoding: encoding }));

test("a body has the views that its form allows, the most useful first", () => {
  expect(views({ encoding: "json", value: {} })).toEqual(["json", "text", "hex"]);
  expect(views({})).toEqual(["text", "hex"]);
  expect(views({ encoding: "base64", value: "/9j/4AAQ" })).toEqual(["picture", "hex"]);
  expect(views({ encoding: "base64", value: "AAEC" })).toEqual(["hex"]);
  expect(views({ encoding: "base64", value: "H4sI" }, "gzip")).toEqual(["text", "hex"]);
  expect(views({ encoding: null, value: null, left_out: "not permitted" })).toEqual([]);
});

test("text that calls itself a picture is none", () => {
  expect(pictureType(body({ value: "<svg/>" }))).toBeNull();
});

const said = (more: Partial<Body> | null) => saidOf(message([], { body: more === null ? null : body(more) })) ?? "";

test("why a body is not there, or not whole, is said with how to get it", () => {
  expect(said(null)).toBe("This message has no body.");
  expect(said({ left_out: "not permitted" })).toContain("needs the scope payload");
  expect(said({ left_out: "not retained" })).toContain("retention has removed it");
  expect(said({ truncated: true, size: 9_000_000 })).toContain("Of the body's 9 MB only the beginning is in the log (HOPTRAIL_BODY_BYTES_MAX)");
  expect(said({})).toBe("");
});

test("a packed body is unpacked", async () => {
  const found = await unpacked(new Uint8Array(gzipSync("hello")), "gzip");
  expect([new TextDecoder().decode(found.bytes), found.cut]).toEqual(["hello", false]);
});

test("what is not packed as it says is refused", async () => {
  await expect(unpacked(new TextEncoder().encode("hello"), "gzip")).rejects.toThrow();
});
