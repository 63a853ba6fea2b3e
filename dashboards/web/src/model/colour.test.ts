import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { colourIndex, serviceColour } from "./colour";

const tokens = readFileSync("src/styles/tokens.css", "utf8");

function luminance(hex: string): number {
  const channels = [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255);
  const [r = 0, g = 0, b = 0] = channels.map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(one: string, other: string): number {
  const [high = 0, low = 0] = [luminance(one), luminance(other)].toSorted((a, b) => b - a);
  return (high + 0.05) / (low + 0.05);
}

function theme(name: string): Map<string, string> {
  const block = tokens.slice(tokens.indexOf(`data-theme="${name}"`)).split("}")[0] ?? "";
  return new Map([...block.matchAll(/--([a-z0-9-]+): (#[0-9a-f]{6});/g)].map((found) => [found[1] ?? "", found[2] ?? ""]));
}

describe("colours", () => {
  test("a service has the colour of its name, always", () => {
    expect(colourIndex("uploader")).toBe(colourIndex("uploader"));
    expect(new Set(Array.from({ length: 200 }, (_, i) => colourIndex(`service-${i}`))).size).toBe(12);
    expect(serviceColour(null)).toBe("var(--text-3)");
  });

  describe.each(["light", "dark"])("in the %s theme", (name) => {
    const colours = theme(name);
    const grounds = ["page", "raised", "sunk"].map((key) => colours.get(key) ?? "");
    const inks = [...colours.keys()].filter((key) => /^(text|accent$|accent-strong|service-|delivered|waiting|redelivered|dead|unroutable|gone|unknown|not-captured)/.test(key));

    test.each(inks)("%s can be read on every ground", (ink) => {
      for (const ground of grounds) expect(contrast(colours.get(ink) ?? "", ground)).toBeGreaterThanOrEqual(4.5);
    });
  });
});
