import { onlineManager } from "@tanstack/react-query";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { answered, answers, isOwn, notAnswered, onceAnswering } from "./contact";

const there = { now: false };
const fetched = vi.fn(() => (there.now ? Promise.resolve(new Response("{}")) : Promise.reject(new TypeError("no answer"))));

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("fetch", fetched);
  fetched.mockClear();
  there.now = false;
});

afterEach(() => {
  answered();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

test("while hoptrail does not answer nothing is asked but whether it is back, and less often as time passes", async () => {
  notAnswered();
  expect(onlineManager.isOnline()).toBe(false);
  await vi.advanceTimersByTimeAsync(60_000);

  expect(fetched.mock.calls.length).toBeGreaterThan(5);
  expect(fetched.mock.calls.length).toBeLessThan(20);
});

test("what waits for hoptrail goes on once it answers, and nothing is asked any more", async () => {
  const then = vi.fn();
  notAnswered();
  onceAnswering(then);
  const taken = vi.fn();
  onceAnswering(taken)();
  await vi.advanceTimersByTimeAsync(3000);
  expect(then).not.toHaveBeenCalled();
  there.now = true;
  await vi.advanceTimersByTimeAsync(5000);
  const asked = fetched.mock.calls.length;
  await vi.advanceTimersByTimeAsync(60_000);

  expect([then.mock.calls.length, taken.mock.calls.length, fetched.mock.calls.length]).toEqual([1, 0, asked]);
  expect(onlineManager.isOnline()).toBe(true);
});

test("with hoptrail there, what waits for it goes on at once", async () => {
  there.now = true;
  expect(await answers()).toBe(true);
  const then = vi.fn();
  onceAnswering(then);

  expect(then).toHaveBeenCalledOnce();
});

test("an error of what stands before hoptrail is told from one of its own", () => {
  const gone = new Response(null, { status: 502 });
  expect(isOwn(gone, "<html>")).toBe(false);
  expect(isOwn(new Response(null, { status: 503 }), { type: "urn:hoptrail:problem:not-ready" })).toBe(true);
  expect(isOwn(new Response(null, { status: 404 }), undefined)).toBe(true);
});
