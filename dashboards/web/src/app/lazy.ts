// Screens, each a file of its own: fetched when it is opened, or some time before, so that all are there when hoptrail goes away.
import { lazyRouteComponent } from "@tanstack/react-router";
import { noAnswer } from "@/api/client";
import { answers } from "@/api/contact";
import type { makeRouter } from "./router";

type Screen = { default: () => React.ReactNode };

export function lazy(load: () => Promise<Screen>) {
  return lazyRouteComponent(() => fetched(load));
}

async function fetched(load: () => Promise<Screen>): Promise<Screen> {
  try {
    return await load();
  } catch (error) {
    // The router takes a missing file for one of a version that was replaced, and loads the page again. Without hoptrail that would leave nothing of it.
    if (await answers()) throw error;
    throw noAnswer();
  }
}

/** Fetch the screens that were not opened yet. */
export function fetchScreens(router: ReturnType<typeof makeRouter>): void {
  for (const route of Object.values(router.routesById)) void router.loadRouteChunk(route);
}
