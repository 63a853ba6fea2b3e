// A button that copies a text, and says that it did. Where the browser refuses pages without TLS, the older way is tried.
import { useEffect, useState } from "react";
import { Button } from "./Button";

const SAID_MS = 1500;

/** Copy *text*; return whether it is in the clipboard. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyTheOldWay(text);
  }
}

function copyTheOldWay(text: string): boolean {
  const area = document.createElement("textarea");
  area.value = text;
  area.setAttribute("readonly", "");
  area.style.position = "fixed";
  area.style.opacity = "0";
  // Beside an open dialog nothing can be selected, and what was selected before would be copied.
  (document.querySelector("dialog[open]") ?? document.body).append(area);
  area.select();
  const done = document.execCommand?.("copy") ?? false;
  area.remove();
  return done;
}

/** *text* makes what is copied when it is asked for. */
export function CopyButton({ name, text }: { name: string; text: () => string }) {
  const [said, setSaid] = useState("");
  useEffect(() => {
    if (said === "") return undefined;
    const timer = setTimeout(() => setSaid(""), SAID_MS);
    return () => clearTimeout(timer);
  }, [said]);
  return (
    <Button onClick={() => void copyText(text()).then((done) => setSaid(done ? "Copied" : "This browser does not let pages copy"))}>
      {said || name}
    </Button>
  );
}
