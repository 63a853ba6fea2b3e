import { onlineManager } from "@tanstack/react-query";
import { afterEach, expect, test, vi } from "vitest";
import { Problem, told } from "./client";
import { answered } from "./contact";

afterEach(() => {
  answered();
  vi.unstubAllGlobals();
});

const lost = () => told(Promise.reject(new TypeError("connection reset"))).catch((error: unknown) => error);

test("one answer that is lost while hoptrail is there is an error of its own", async () => {
  const probe = vi.fn(() => Promise.resolve(new Response("{}")));
  vi.stubGlobal("fetch", probe);
  const problems = await Promise.all([lost(), lost()]);

  expect(problems.map((each) => each instanceof Problem && each.message)).toEqual(Array(2).fill("hoptrail is there, but its answer to this did not come through."));
  expect(onlineManager.isOnline()).toBe(true);
  expect(probe).toHaveBeenCalledOnce();
});

test("when hoptrail does not even say that it is there, nothing more is asked of it", async () => {
  vi.stubGlobal("fetch", () => Promise.reject(new TypeError("refused")));

  await expect(lost()).resolves.toMatchObject({ status: 0, message: "hoptrail does not answer at this address. Is it running?" });
  expect(onlineManager.isOnline()).toBe(false);
});
