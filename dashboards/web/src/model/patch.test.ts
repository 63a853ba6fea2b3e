import { expect, test } from "vitest";
import { message } from "./made";
import { formOf, patchOf } from "./patch";

const one = message([], { type: "order", headers: { tries: 3, tenant: "acme", "x-death": [{ queue: "work" }] } });
const form = formOf(one, '{"id":7}');

test("a form that nobody changed is no edit", () => {
  expect(patchOf(one, '{"id":7}', form)).toBeNull();
});

test("only what was changed stands in the patch", () => {
  const changed = { properties: { ...form.properties, type: "", app_id: "mender" }, headers: '{"tries": 0, "new": {"a": 1}}', body: '{"id":8}' };
  expect(patchOf(one, '{"id":7}', changed)).toEqual({
    properties: { type: null, app_id: "mender" }, headers: { tries: 0, new: { a: 1 } }, remove_headers: ["tenant"], body: { text: '{"id":8}' },
  });
});

test("what the broker wrote about deaths is not offered for editing", () => {
  expect(form.headers).not.toContain("x-death");
});

test("a body that is no text stays as it is", () => {
  expect(patchOf(one, null, { ...formOf(one, null), headers: "{}" })).toEqual({ properties: {}, headers: {}, remove_headers: ["tries", "tenant"] });
});

test("headers that are no JSON object are refused", () => {
  expect(() => patchOf(one, null, { ...form, headers: "[1]" })).toThrow(SyntaxError);
  expect(() => patchOf(one, null, { ...form, headers: "{" })).toThrow(SyntaxError);
});
