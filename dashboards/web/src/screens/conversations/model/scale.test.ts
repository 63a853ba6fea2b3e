import { describe, expect, it } from "vitest";
import { randomOf } from "./generated";
import { heightOf, inSteps, middleOf, PAUSE_MAX, ROW, rowsWithin, ticks, toScale } from "./scale";

const timesOf = (seed: number, size: number) => {
  const random = randomOf(seed);
  return Float64Array.from({ length: size }, () => Math.floor(random() * 10_000)).toSorted();
};

describe("the rows of a sequence", () => {
  it.each([1, 2, 3, 4, 5])("to scale are never lower than a row nor higher than a pause may be, and in order (seed %i)", (seed) => {
    const { tops } = toScale(timesOf(seed, 60));
    for (let row = 1; row < tops.length; row += 1) {
      const height = (tops[row] ?? 0) - (tops[row - 1] ?? 0);
      expect(height).toBeGreaterThanOrEqual(ROW);
      expect(height).toBeLessThanOrEqual(PAUSE_MAX);
    }
  });

  it("to scale stand twice as far apart for twice the pause", () => {
    const { tops } = toScale(Float64Array.of(0, 1000, 3000));

    expect(((tops[2] ?? 0) - (tops[1] ?? 0)) / (tops[1] ?? 1)).toBeCloseTo(2, 1);
  });

  it("say where a pause was cut, and keep the others visible", () => {
    const scale = toScale(Float64Array.of(0, 1000, 2000, 10_000_000, 10_001_000));

    expect([...scale.cut]).toEqual([3]);
    expect((scale.tops[3] ?? 0) - (scale.tops[2] ?? 0)).toBe(PAUSE_MAX);
  });

  it.each([1, 2, 3])("put every time between the rows around it (seed %i)", (seed) => {
    const times = timesOf(seed, 40);
    for (const scale of [inSteps(times), toScale(times)]) {
      let last = 0;
      for (let time = 0; time < 11_000; time += 37) {
        const height = heightOf(scale, time);
        expect(height).toBeGreaterThanOrEqual(last);
        last = height;
      }
      expect(heightOf(scale, times[39] ?? 0)).toBe(middleOf(scale, 39));
    }
  });

  it("are found by what is seen of them", () => {
    const { tops } = inSteps(new Float64Array(10_000));

    expect(rowsWithin(tops, 28 * 100 + 5, 28 * 110)).toEqual([100, 111]);
    expect(rowsWithin(tops, 0, 10_000_000)).toEqual([0, 10_000]);
    expect(rowsWithin(inSteps(new Float64Array(0)).tops, 0, 500)).toEqual([0, 0]);
  });

  it.each([[0.5, 5], [37, 8], [61_000, 6], [1e9, 10], [1e12, 10]])("have ticks at round times over %d ms, at most %d and one at 0", (length, most) => {
    const found = ticks(length, most);

    expect(found.length).toBeLessThanOrEqual(most + 1);
    expect(found.length).toBeGreaterThan(1);
    expect(found.at(-1)).toBeLessThanOrEqual(length);
  });

  it("have one tick when nothing lasts", () => expect(ticks(0, 5)).toEqual([0]));
});
