// What the home screen asks.
import { asking } from "@/api/asking";
import { client } from "@/api/client";
import { UNROUTABLE } from "./problems";

export const FLOW_MINUTES = 15;
const BUCKETS = 60;

export const flowQuery = (refreshMs: number | false) =>
  asking(
    ["home", "flow"],
    (signal) => client.GET("/api/v1/messages/histogram", { params: { query: { since: `now-${FLOW_MINUTES}m`, until: "now", buckets: BUCKETS, by: "state" } }, signal }),
    refreshMs,
  );

export const unroutableQuery = (refreshMs: number | false) =>
  asking(["home", "unroutable"], (signal) => client.GET("/api/v1/messages", { params: { query: { q: UNROUTABLE, limit: 1 } }, signal }), refreshMs);

/** Enough that something is left when what comes and goes with every restart is left out. */
const CHANGES = 200;

export const changesQuery = (refreshMs: number | false) =>
  asking(["home", "changes"], (signal) => client.GET("/api/v1/changes", { params: { query: { limit: CHANGES } }, signal }), refreshMs);
