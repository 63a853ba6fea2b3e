import { cleanup, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, describe, expect, test, vi } from "vitest";
import { prefer } from "@/app/preferences";
import type { Bucket } from "@/model/bars";
import { Histogram } from "./Histogram";

const at = (minute: number) => `2026-01-02T10:0${minute}:00.000000000Z`;
const BUCKETS: Bucket[] = [0, 1, 2].map((minute) => ({ since: at(minute), until: at(minute + 1), count: minute, parts: minute === 0 ? null : { waiting: minute } }));

vi.stubGlobal("matchMedia", () => ({ matches: false, addEventListener: () => {}, removeEventListener: () => {} }));
afterEach(cleanup);

describe("the histogram by keyboard", () => {
  test("arrow keys tell each bar, Shift marks several, Enter shows only their time", async () => {
    prefer({ zone: "utc" });
    const onRange = vi.fn();
    const user = userEvent.setup();
    render(<Histogram since={at(0)} until={at(3)} buckets={BUCKETS} gaps={[]} onRange={onRange} />);
    const bars = screen.getByRole("slider");
    bars.focus();
    await user.keyboard("{End}");
    expect(bars.getAttribute("aria-valuetext")).toBe("2026-01-02 10:02:00 – 10:03:00 (1 min): 2 messages, 2 waiting");
    await user.keyboard("{Shift>}{ArrowLeft}{/Shift}");
    expect(bars.getAttribute("aria-valuetext")).toContain("3 messages, 3 waiting");
    await user.keyboard("{Enter}");
    expect(onRange).toHaveBeenCalledExactlyOnceWith({ since: "2026-01-02T10:01:00Z", until: "2026-01-02T10:02:59Z" });
  });

  test("Escape leaves the range as it is", async () => {
    const onRange = vi.fn();
    const user = userEvent.setup();
    render(<Histogram since={at(0)} until={at(3)} buckets={BUCKETS} gaps={[]} onRange={onRange} />);
    screen.getByRole("slider").focus();
    await user.keyboard("{Home}{Escape}{Enter}");
    expect(onRange).not.toHaveBeenCalled();
  });
});
