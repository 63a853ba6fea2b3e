import { describe, expect, it } from "vitest";
import { type Arm, columnsOf, labelAt } from "./columns";

const COLUMNS = columnsOf(5, 1076, 112);
const arm = (kind: Arm["kind"], from: number): Arm => ({ kind, from, to: from + 20, self: false, copy: 0 });

describe("the label of a row", () => {
  it("stands on the right of where its line begins", () => expect(labelAt([arm("got", 400)], COLUMNS)).toEqual({ left: 410 }));

  it("of a death stands on the left where the right has no room for the names of queues, and the left has more", () => {
    expect(labelAt([arm("dead", 400)], COLUMNS)).toEqual({ left: 410 });
    expect(labelAt([arm("dead", 790)], COLUMNS)).toEqual({ right: 780 });
    expect(labelAt([arm("dead", 200)], columnsOf(1, 390, 112))).toEqual({ left: 210 });
  });
});
