// What is shown in place of a screen that failed: the error, and how to go on.
import type { ErrorComponentProps } from "@tanstack/react-router";
import { useEffect } from "react";
import { Problem } from "@/api/client";
import { onceAnswering } from "@/api/contact";
import { Button } from "@/parts/Button";
import { Nothing } from "@/parts/Nothing";

/** What browsers say when a part of the UI cannot be fetched; each has words of its own. */
const NOT_FETCHED = /dynamically imported module|importing a module script|preload CSS/i;

export function ScreenFailed({ error, reset }: ErrorComponentProps) {
  if (error instanceof Problem && error.status === 0) return <NotFetchedYet />;
  if (error instanceof Error && NOT_FETCHED.test(error.message)) {
    return (
      <Nothing what="This page could not be fetched." why="hoptrail was replaced by another version, most likely.">
        <Button onClick={() => location.reload()}>Load the page again</Button>
      </Nothing>
    );
  }
  return (
    <Nothing what="This page could not be shown." why={error instanceof Error ? error.message : undefined}>
      <Button onClick={reset}>
        Try again
      </Button>
    </Nothing>
  );
}

function NotFetchedYet() {
  useEffect(() => onceAnswering(() => location.reload()), []);
  return <Nothing what="This page was not opened before hoptrail went away." why="It is shown as soon as hoptrail answers. The pages that were opened before can be looked at meanwhile." />;
}
