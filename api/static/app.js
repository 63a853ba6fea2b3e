// The page behind the address: recent messages, dead letters, topology and capture, asked from the API.
// Everything shown comes from a broker and is hostile: it is only ever set as text, never as markup.
"use strict";

const byId = (id) => document.getElementById(id);
const refreshMs = 3000;
let apiKey = sessionStorage.getItem("hoptrail-key") || "";

async function ask(path) {
  const headers = apiKey ? { Authorization: `Bearer ${apiKey}` } : {};
  const answer = await fetch(`/api/v1${path}`, { headers });
  if (answer.status === 401) {
    apiKey = window.prompt("API key") || "";
    sessionStorage.setItem("hoptrail-key", apiKey);
    throw new Error("An API key is needed. Reload to try again.");
  }
  const told = await answer.json();
  if (!answer.ok) throw new Error(told.detail || told.title);
  return told;
}

function shown(value) {
  if (value === null || value === undefined) return "";
  if (Array.isArray(value)) return value.map(shown).join(", ");
  if (typeof value === "object") return "b64" in value ? `base64 ${value.b64}` : JSON.stringify(value);
  return String(value).replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g,
    (char) => `\\x${char.charCodeAt(0).toString(16)}`);
}

function row(cells) {
  const line = document.createElement("tr");
  for (const cell of cells) {
    const place = document.createElement("td");
    if (cell instanceof Node) place.append(cell);
    else { place.textContent = shown(cell); place.title = place.textContent; }
    line.append(place);
  }
  return line;
}

function labelled(text, kind) {
  const label = document.createElement("span");
  label.textContent = shown(text);
  label.className = kind;
  return label;
}

const kindOf = (state) =>
  ["dead-lettered", "unroutable", "gone"].includes(state) ? "bad" : ["delivered", "settled"].includes(state) ? "good" : "dim";

const clock = (time) => shown(time).slice(0, 23).replace("T", " ");
const nameOf = (exchange) => (exchange === "" ? "(default)" : exchange);

function messageRow(message) {
  const open = document.createElement("a");
  open.href = addressOf("messages", message.uid);
  open.textContent = "show";
  return row([clock(message.published_at), nameOf(message.exchange), message.routing_keys, message.type,
    message.publisher.service, message.copies.map((copy) => copy.queue), labelled(message.state, kindOf(message.state)), open]);
}

async function showMessages() {
  const q = byId("q").value;
  const found = await ask(`/messages?limit=50&q=${encodeURIComponent(q)}`);
  byId("messages").replaceChildren(...found.items.map(messageRow));
  const total = (found.total_is === "exact" ? "" : "at least ") + found.total;
  byId("found").textContent = `${found.items.length} of ${total}, up to position ${found.position}`;
}

function line(message, depth) {
  const item = document.createElement("li");
  item.style.setProperty("padding-left", `${Math.min(depth, 20) * 1.5}rem`);
  const why = message.parent ? ` (${message.parent.evidence}, ${message.parent.confidence})` : "";
  const latency = message.latency_ms === null ? "" : `, ${message.latency_ms.toFixed(1)} ms`;
  const name = document.createElement("a");
  name.href = addressOf("messages", message.uid);
  name.textContent = shown(message.type) || shown(message.routing_keys) || message.uid;
  item.append(labelled(message.state, kindOf(message.state)), " ", name,
    ` from ${shown(message.publisher.service) || "?"} to ` +
    `${shown(message.copies.map((copy) => copy.queue)) || "nowhere"}${latency}${shown(why)}`);
  return item;
}

function kibanaLinks(links) {
  const named = [["This message in Kibana", links.kibana], ["Its trace in Kibana", links.kibana_trace]];
  return named.filter(([, address]) => address).map(([text, address]) => {
    const link = document.createElement("a");
    link.href = address;
    link.textContent = text;
    return link;
  });
}

async function showTrace(traceId, message) {
  const trace = await ask(`/traces/${encodeURIComponent(traceId)}`);
  const depths = new Map();
  const lines = trace.items.map((message) => {
    const depth = message.parent && depths.has(message.parent.uid) ? depths.get(message.parent.uid) + 1 : 0;
    depths.set(message.uid, depth);
    return line(message, depth);
  });
  byId("trace").replaceChildren(...lines);
  byId("json").textContent = message ? JSON.stringify(message, null, 2) : "";
  byId("json").hidden = !message;
  byId("links").replaceChildren(...kibanaLinks((message || trace.items[0]).links));
  byId("detail").hidden = false;
  byId("detail").scrollIntoView();
}

// Shows what the address names; Kibana and others link here.
async function showPlace() {
  const place = placeIn(window.location.hash);
  byId("detail").hidden = place === null;
  if (place === null) return;
  try {
    const message = place.kind === "messages" ? await ask(`/messages/${encodeURIComponent(place.id)}`) : null;
    await showTrace(message ? message.trace_id : place.id, message);
  } catch (error) {
    const told = document.createElement("li");
    told.append(labelled(error.message, "bad"));
    byId("trace").replaceChildren(told);
    byId("links").replaceChildren();
    byId("json").hidden = true;
  }
}

async function showCapture() {
  const capture = await ask("/capture");
  const open = capture.gaps.filter((gap) => gap.until === null).length;
  byId("capture").textContent = (capture.running ? "capturing" : "not capturing") +
    ` ${shown(capture.broker)}: ${capture.published} published, ${capture.delivered} delivered, ` +
    `${capture.lag_s.toFixed(1)} s behind, ${capture.gaps.length} gaps (${open} open)`;
}

async function showViews() {
  const [dead, relations, topology] = await Promise.all([ask("/dead-letters"), ask("/relationships"), ask("/topology")]);
  byId("dead").replaceChildren(...dead.items.map((group) => row([group.queue, group.timer ? `${group.reason} (timer)` : group.reason,
    group.to_queues, group.type, group.service, group.messages, group.deaths, clock(group.last_seen)])));
  byId("relations").replaceChildren(...relations.items.map((rel) => row([rel.publisher, rel.subscriber, rel.types, rel.messages])));
  const names = new Map(topology.nodes.map((node) => [node.id, `${node.kind} ${shown(nameOf(node.name))}`]));
  const name = (id) => names.get(id) || id;
  byId("topology").replaceChildren(...topology.edges.slice(0, 500).map((edge) => row([name(edge.from), edge.reason ? `${edge.kind}: ${edge.reason}` : edge.kind,
    name(edge.to), edge.messages, edge.declared ? "yes" : "no", edge.observed ? "yes" : "no"])));
}

async function guarded(work) {
  try { await work(); } catch (error) { byId("capture").textContent = error.message; }
}

async function refresh() {
  if (!document.hidden) await guarded(async () => { await showCapture(); await showMessages(); await showViews(); });
  window.setTimeout(refresh, refreshMs);
}

byId("search").addEventListener("submit", (event) => { event.preventDefault(); guarded(showMessages); });
window.addEventListener("hashchange", showPlace);
showPlace().finally(refresh);
