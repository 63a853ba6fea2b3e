import { expect, test } from "vitest";
import { at, attempt, copy, died, inWords, message, party } from "./made";
import { storyOf, type Told } from "./story";
import { parts } from "./time";

function told(one: Told): string {
  return inWords(storyOf(one), (time) => parts(time, "utc", 3).clock);
}

const rejected = copy("raw", { state: "dead-lettered", attempts: [attempt("modeler", 12), attempt("modeler", 13), attempt("modeler", 14)], dead_letter: died("rejected", ["failed-images"]) });
const failed = copy("failed-images", { origin: "dead-letter", state: "waiting", confidence: 0.97, enqueued_at: at(14) });

test("a message that was rejected ends where it lies since when", () => {
  const normal = copy("ml", { state: "settled", attempts: [attempt("labeller", 11.6)] });
  expect(told(message([normal, rejected, failed], { state: "dead-lettered" }))).toBe(
    "Published by image-uploader to images at 10:02:11.532, routed to 2 queues; labeller got it from ml; " +
      "modeler got it 3 times from raw and rejected it; it lies in failed-images since 10:02:14.000.",
  );
});

test("what is concluded with less than 0.95 is probable", () => {
  expect(told(message([rejected, { ...failed, confidence: 0.9 }]))).toContain("it probably lies in failed-images since");
  expect(told(message([], { publisher: party("odd", 0.5), routed_queues: [] }))).toBe("Published probably by odd to images at 10:02:11.532, where it went is not seen.");
});

test("a copy that nobody was seen to be given is told so", () => {
  expect(told(message([copy("raw", { state: "waiting", confidence: 0.9 })]))).toBe(
    "Published by image-uploader to images at 10:02:11.532, routed to raw; no delivery from raw seen, it probably lies there since 10:02:11.532.",
  );
});

test("a publish that was not seen is told with the reason", () => {
  const one = message([copy("raw", { attempts: [attempt("modeler", 12)] })], { publish_observed: false, not_observed: "before capture", routed_queues: [], publisher: party(null) });
  expect(told(one)).toBe("The publish was not seen, because it was sent before capture began; it was first met at 10:02:11.532; modeler got it.");
});

test("a message that no queue got is told so", () => {
  expect(told(message([], { state: "unroutable", routed_queues: [] }))).toBe("Published by image-uploader to images at 10:02:11.532, but no queue got it.");
});

test("rounds of a retry queue are counted, also where only the newest copies are kept", () => {
  const first = copy("work", { state: "dead-lettered", attempts: [attempt("ml", 12)], dead_letter: died("rejected", ["later"]) });
  const later = copy("later", { origin: "dead-letter", state: "dead-lettered", dead_letter: died("expired", ["work"], { timer: true }) });
  const again = copy("work", { origin: "inferred", state: "settled", attempts: [attempt("ml", 14)] });
  expect(told(message([first, later, again], { retry_rounds: 1 }))).toContain("ml got it 2 times and rejected it, it came back once by way of later");
  expect(told(message([first, later, again], { retry_rounds: 80 }))).toContain("it came back 80 times by way of later");
});

test("a delay before the work is no failure", () => {
  const delay = copy("delay", { state: "dead-lettered", dead_letter: died("expired", ["work"], { timer: true }) });
  const work = copy("work", { origin: "dead-letter", attempts: [attempt("ml", 14)] });
  expect(told(message([delay, work]))).toContain("; it waited as a delay in delay; ml got it from work.");
});

test("each kind of death has its own words", () => {
  for (const [reason, words] of [["expired", "it expired in raw"], ["maxlen", "a full raw pushed it out"], ["delivery_limit", "it came back to raw more often than its delivery limit allows"], ["odd", "it died in raw (odd)"]] as const) {
    expect(told(message([copy("raw", { state: "dead-lettered", dead_letter: died(reason, ["failed-images"]) }), failed]))).toContain(`; ${words}; it lies in failed-images since`);
  }
});

test("a dead letter that no queue takes goes nowhere", () => {
  expect(told(message([copy("raw", { state: "dead-lettered", attempts: [attempt("ml", 12)], dead_letter: died("rejected", []) })]))).toContain("ml got it and rejected it; it went nowhere from there.");
});

test("a copy that is gone is told with its cause", () => {
  expect(told(message([copy("raw", { state: "gone", confidence: 0.9, cause: "its queue was emptied" })]))).toContain("; it is probably gone from raw (its queue was emptied).");
});

test("failures between the first queue and the last are told in order", () => {
  const old = copy("old", { origin: "dead-letter", state: "dead-lettered", attempts: [attempt("mender", 13)], dead_letter: died("rejected", ["archive"]) });
  const archive = copy("archive", { origin: "dead-letter", attempts: [attempt("archiver", 15)] });
  const work = copy("work", { state: "dead-lettered", attempts: [attempt("ml", 12)], dead_letter: died("rejected", ["old"]) });
  expect(told(message([work, old, archive]))).toContain("; ml got it and rejected it; mender got it from old and rejected it; archiver got it from archive.");
});

test("of many queues the worst are told, and how many more there are", () => {
  const fine = ["a", "b", "c", "d"].map((queue) => copy(queue, { attempts: [attempt("ml", 12)] }));
  const sentence = told(message([...fine, rejected, failed]));
  expect(sentence).toContain("routed to 5 queues; 2 more queues with nothing worse; ");
  expect(sentence.endsWith("it lies in failed-images since 10:02:14.000.")).toBe(true);
});

test("a copy that a retry of hoptrail published names the message it was made from", () => {
  const retried = message([copy("raw", { attempts: [attempt("ml", 12)] })], { exchange: "", publisher: party("hoptrail"), parent: { uid: "main-3", evidence: "hoptrail retry", confidence: 1, rivals: 0, rival_uids: [] } });
  expect(told(retried)).toBe("Published by hoptrail for a retry of main-3 at 10:02:11.532, sent to raw; ml got it.");
});
