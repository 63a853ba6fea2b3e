import { expect, test } from "vitest";
import { at, attempt, copy, inWords, message } from "./made";
import { candidates, reasonsOf, rivalsInWords } from "./why";

function told(one: ReturnType<typeof message>, about: string): string[] {
  const found = reasonsOf(one).find((group) => group.about === about)?.inferences ?? [];
  return found.map((each) => `${inWords(each.what, (time) => time.slice(17, 23))} ${each.why}${each.confidence === null ? "" : ` (${each.confidence})`}`);
}

const parent = { uid: "main-3", evidence: "traceparent", confidence: 0.855, rivals: 2, rival_uids: ["main-1", "main-2"] };

test("who published it and who was given it stand there once each, with evidence", () => {
  const one = message([copy("raw", { attempts: [attempt("ml", 12), attempt("ml", 13), attempt(null, 14)] })]);
  expect(told(one, "Who")).toEqual([
    "Published by image-uploader. client-provided name (0.95)",
    "Given from raw to ml. client-provided name (0.95)",
    "Given from raw to a connection without a known service (127.0.0.1:1 -> 127.0.0.1:2). nothing tells its name (0)",
  ]);
});

test("a cause has its evidence, its confidence and its rivals", () => {
  const one = message([], { parent, other_parents: [{ ...parent, uid: "main-4", confidence: 0.75, rivals: 0, rival_uids: [] }] });
  expect(told(one, "What caused it")).toEqual(["Caused by main-3. traceparent (0.855)", "Also had a part: main-4. traceparent (0.75)"]);
  expect(reasonsOf(one).flatMap((group) => group.inferences).find((each) => each.rivals)?.rivals).toMatchObject({ count: 2, likeliest: ["main-1", "main-2"] });
});

function others(rivals: number, likeliest: string[]): string {
  return inWords(rivalsInWords(rivals, likeliest), String);
}

test("the likeliest others are named, and the rest counted", () => {
  expect(others(0, [])).toBe("no other on the same evidence.");
  expect(others(1, [])).toBe("1 other on the same evidence.");
  expect(others(2, ["main-1", "main-2"])).toBe("2 others on the same evidence: main-1, main-2.");
  expect(others(1_004, ["main-1", "main-2", "main-3"])).toBe("1,004 others on the same evidence: main-1, main-2, main-3 and 1,001 more.");
  expect(rivalsInWords(1, ["main-1"])).toContainEqual({ uid: "main-1" });
});

test("that nothing tells what caused it is said too", () => {
  expect(told(message([]), "What caused it")).toEqual(["Nothing tells what caused it. no id, header or unfinished delivery names a cause"]);
});

test("a parent that changed is told with both sides and the reason", () => {
  const one = message([], { parent, parent_changes: [{ at: at(15), position: "88", before: null, after: parent, why: "a delivery was told late" }] });
  expect(told(one, "What caused it")[1]).toBe("Known since 15.000: main-3, before: nothing. a delivery was told late (position 88) (0.855)");
});

test("who else could have caused it is asked for among what the publisher was given before", () => {
  const one = message([], { trace_id: "t 1" });
  expect(candidates(one, parent)).toBe(`copies.attempts.consumer.service:image-uploader AND trace_id:"t 1" AND published_at:[* TO ${one.published_at}] AND -uid:main-10`);
  expect(candidates(one, { uid: "main-3", evidence: "single-unfinished-delivery" })).not.toContain("trace_id");
});

test("states that were concluded stand there with their cause", () => {
  const one = message([copy("raw", { state: "gone", cause: "two samples hold fewer", confidence: 0.9 })], { publish_observed: false, not_observed: "inside a gap" });
  expect(told(one, "What became of it")).toEqual(["The publish was not seen. inside a gap", "In raw: gone. two samples hold fewer (0.9)"]);
});

test("durations say what they rest on, and estimates that they are", () => {
  const one = message([copy("raw", { queue_wait_ms: 0.4, attempts: [attempt("ml", 12, { processing_ms: 7.7, processing_evidence: "its rejection" })] })], { end_to_end_ms: 33.2 });
  expect(told(one, "How long it took")).toEqual([
    "Waited in raw for 0.4 ms. from its coming to its first delivery, both seen live and without a gap",
    "Worked on for 7.7 ms (estimated) by ml. its rejection",
    "End to end 33 ms. from the publish that began its conversation to the last that is known of work on it",
  ]);
});
