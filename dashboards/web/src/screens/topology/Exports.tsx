// What is shown, to take away: as SVG, as DOT, or as a link.
import { Button } from "@/parts/Button";
import { CopyButton } from "@/parts/CopyButton";
import { Popover } from "@/parts/Popover";
import { save } from "@/parts/save";
import { type Palette, type Picture, toDot, toSvg } from "./export";

const TOKENS: Record<keyof Palette, string> = { page: "--page", text: "--text", quiet: "--text-3", line: "--line-strong", edge: "--line-strong", failing: "--dead-lettered" };

function paletteInForce(): Palette {
  const style = getComputedStyle(document.documentElement);
  const read = (name: keyof Palette) => style.getPropertyValue(TOKENS[name]).trim();
  return { page: read("page"), text: read("text"), quiet: read("quiet"), line: read("line"), edge: read("edge"), failing: read("failing") };
}

export function Exports({ picture }: { picture: Picture | undefined }) {
  return (
    <>
      <CopyButton name="Copy link" text={() => location.href} />
      {picture ? (
        <Popover label="Export" button="Export">
          {(close) => (
            <div style={{ display: "grid", gap: 8, padding: 12 }}>
              <Button onClick={() => (save(toSvg(picture, paletteInForce()), "image/svg+xml", "topology.svg"), close())}>SVG, as shown</Button>
              <Button onClick={() => (save(toDot(picture), "text/vnd.graphviz", "topology.dot"), close())}>DOT (Graphviz), as shown</Button>
            </div>
          )}
        </Popover>
      ) : null}
    </>
  );
}
