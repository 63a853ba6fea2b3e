import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, describe, expect, it, vi } from "vitest";
import { List, listOrder } from "./List";
import { factsOf } from "./model/facts";
import { foldOf, signatures } from "./model/fold";
import { copy, fanOut, message } from "./model/generated";
import type { LightMessage } from "./model/light";
import { mermaidOf } from "./model/mermaid";
import { lifelinesOf } from "./model/lifelines";
import { stepsOf } from "./model/steps";
import { svgOf } from "./model/svg";
import { conversationOf, NONE } from "./model/tree";
import { criticalPath } from "./model/waterfall";
import type { Scene } from "./scene";
import { Waterfall } from "./Waterfall";

function sceneOf(items: LightMessage[], more: Partial<Scene> = {}): Scene {
  const conversation = conversationOf(items);
  return {
    conversation, folded: foldOf(conversation, signatures(conversation), new Set()), facts: factsOf(conversation), gaps: [], path: criticalPath(conversation),
    found: new Set(), zone: "utc", selected: NONE, select: vi.fn(), toggle: vi.fn(), openMessage: vi.fn(), ...more,
  };
}

afterEach(cleanup);

describe("the list", () => {
  it("draws of 10,000 messages only those that are seen, and says how many there are", () => {
    const scene = sceneOf(fanOut(5000));
    render(<List scene={scene} order={listOrder(scene.conversation.messages)} />);

    const rows = screen.getAllByRole("option");
    expect(rows.length).toBeLessThan(60);
    expect(rows[0]?.getAttribute("aria-setsize")).toBe("10001");
  });

  it("looks at the next message on j, and opens the one that is looked at on Enter", () => {
    const scene = sceneOf(fanOut(3), { selected: 1 });
    render(<List scene={scene} order={listOrder(scene.conversation.messages)} />);
    fireEvent.keyDown(document, { key: "j" });
    fireEvent.keyDown(screen.getByRole("listbox"), { key: "Enter" });

    expect(scene.select).toHaveBeenCalledWith(2);
    expect(scene.openMessage).toHaveBeenCalledWith(1);
  });

  it("shows hostile names as text", () => {
    const scene = sceneOf([message(1, { routing_key: "<img src=x onerror=alert(1)>\u202e" })]);
    render(<List scene={scene} order={[0]} />);

    expect(screen.getByRole("option").textContent).toContain("<img src=x onerror=alert(1)>\\u{202e}");
  });
});

describe("the waterfall", () => {
  it("shows repeats once, with how many they are, and opens them on a click or on →", () => {
    const scene = sceneOf(fanOut(120), { selected: 1 });
    render(<Waterfall scene={scene} />);
    fireEvent.click(screen.getByText("× 120"));
    fireEvent.keyDown(screen.getByRole("listbox"), { key: "ArrowRight" });

    expect(scene.toggle).toHaveBeenNthCalledWith(1, 1);
    expect(scene.toggle).toHaveBeenNthCalledWith(2, 1);
  });

  it("says in words what its bars show", () => {
    render(<Waterfall scene={sceneOf([message(1, { ms: 0, copies: [copy("work", 0, "worker", 5)] })])} />);

    const name = "uploader → images · image.uploaded → work → worker; delivered; waited 5 ms in work; worked on about 4 ms; on the critical path";
    expect(screen.queryByRole("option", { name })).not.toBeNull();
  });
});

const drawing = (items: LightMessage[], zone: "utc" = "utc") => {
  const conversation = conversationOf(items);
  const folded = foldOf(conversation, signatures(conversation), new Set());
  return { conversation, steps: stepsOf(conversation, folded, true), lifelines: lifelinesOf(conversation.messages, false), times: folded.times, zone };
};
const palette = { page: "#fff", text: "#000", quiet: "#666", line: "#999", dead: "#c00", unroutable: "#a0a", service: () => "#00f" };

describe("a sequence that is taken along", () => {
  const items = [
    message(1, { ms: 0, copies: [copy("work", 0, "worker", 5)], routing_key: "a;b<c>" }),
    message(2, { ms: 20, publisher: "worker", state: "unroutable" }),
  ];

  it("is a Mermaid sequence diagram, with what would break it written as numbers", () => {
    expect(mermaidOf(drawing(items))).toBe(
      "sequenceDiagram\n  participant p0 as uploader\n  participant p1 as worker\n  p0->>p1: 03:04:05.000 images · a#59;b#60;c#62; via work after 5 ms\n  p1-x p1: 03:04:05.020 images · image.uploaded unroutable, no queue of images got it\n",
    );
  });

  it("is an SVG that parses, whatever stands in its names", () => {
    const text = svgOf(drawing([...items, message(3, { publisher: "<script>&\u0000", copies: [] })]), palette);
    const parsed = new DOMParser().parseFromString(text, "image/svg+xml");

    expect(parsed.querySelector("parsererror")).toBeNull();
    expect(parsed.querySelector("script")).toBeNull();
    expect(text).not.toContain("href");
  });

  it("says how many of its steps are drawn when there are too many", () => {
    const many = Array.from({ length: 3000 }, (_, number) => message(number, { routing_key: number % 2 ? "a" : "b", exchange: `x-${String.fromCodePoint(0x4e00 + number)}` }));

    expect(svgOf(drawing(many), palette)).toContain("2,000 of 3,000 steps");
    expect(mermaidOf(drawing(many))).toContain("400 of 3,000 steps");
  });
});
