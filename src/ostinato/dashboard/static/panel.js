// One task in full, beside the list: how it stands, what it does next, what it did.

import { backfill, cancel, hold, reschedule, runNow } from "./actions.js";
import { button, icon, make, one, setText, time } from "./dom.js";
import { history, refreshHistory, retryHistory } from "./history.js";
import { TONES, canControl, failureOf, fingerprint, now, overview, taskNamed, toneOf, workerWords } from "./model.js";
import { get } from "./net.js";
import { nextWords, progressLine } from "./tasks.js";
import { ago, clock, plural, span } from "./words.js";

const INSTANTS = 8;

let name = null;
let print = "";
let parts = null;
let isAhead = true; // whether what was asked of the open task has come

export function openPanel(asked) {
  const dialog = one("#panel");
  name = asked;
  print = "";
  parts = {
    top: make("div", "panel-top"),
    now: make("div", "panel-now"),
    facts: make("dl", "facts"),
    next: make("section", "panel-next"),
    policy: make("section", "panel-policy"),
    past: history(asked),
  };
  const title = make("h2", "", [asked], { id: "panel-title", tabindex: "-1" });
  const close = button("", () => dialog.close(), { kind: "quiet", symbol: "cross", "aria-label": "Close" });
  const body = make("div", "panel-body", [parts.top, parts.now, parts.facts, parts.next, parts.past, parts.policy]);
  const toasts = make("div", "toasts", [], { role: "status" });
  dialog.replaceChildren(make("header", "", [title, close]), body, toasts);
  if (!dialog.open) dialog.showModal();
  title.focus();
  refreshPanel();
  refreshHistory();
}

export function closePanel() {
  name = null;
  const dialog = one("#panel");
  if (dialog.open) dialog.close();
}

one("#panel").addEventListener("close", () => {
  name = null;
  if (location.hash.startsWith("#task=")) window.history.replaceState(null, "", location.pathname + location.search);
});
// A click beside the panel closes it, as people expect.
one("#panel").addEventListener("click", (event) => {
  if (event.target === event.currentTarget) event.currentTarget.close();
});

/** Ask once more for what did not come, now that the app answers. */
export function retryPanel() {
  const task = name === null ? null : taskNamed(name);
  if (!task) return;
  retryHistory();
  if (!isAhead) lookAhead(task);
}

/** Take in what the last poll told. */
export function refreshPanel() {
  if (name === null || !overview()) return;
  const task = taskNamed(name);
  if (!task) {
    parts.top.replaceChildren(make("p", "wrong", ["There is no task of this name (any more)."]));
    return;
  }
  const fresh = fingerprint(task);
  if (fresh === print) return;
  const isFirst = print === "";
  print = fresh;
  drawTop(task);
  drawNow(task);
  drawFacts(task);
  if (!isFirst) refreshHistory();
  lookAhead(task);
}

function drawTop(task) {
  const tone = toneOf(task);
  const focused = document.activeElement?.dataset?.act;
  const badge = make("span", "badge", [icon(TONES[tone].icon), make("span", "", [TONES[tone].word])]);
  parts.top.dataset.tone = tone;
  parts.top.replaceChildren(make("p", "panel-schedule", [badge, make("span", "", [task.schedule])]));
  if (!canControl()) return;
  const isPaused = task.state === "paused";
  const acts = [
    ["run", "Run now", "play", runNow, "primary"],
    ["hold", isPaused ? "Resume" : "Pause", isPaused ? "resume" : "pause", hold, ""],
    ["reschedule", "Reschedule", "waiting", reschedule, ""],
    ["backfill", "Backfill", "skipped", backfill, ""],
  ].map(([act, words, symbol, does, kind]) => button(words, () => does(taskNamed(task.name) ?? task), { kind, symbol, "data-act": act }));
  parts.top.append(make("div", "panel-acts", acts));
  // Drawing anew must not take the focus from who steers by keyboard.
  acts.find((node) => focused && node.dataset.act === focused)?.focus();
}

function drawNow(task) {
  const told = task.running.map((run) => {
    const line = progressLine(run);
    if (run.worker) line.append(make("span", "message", [`on ${workerWords(run.worker)}`]));
    if (canControl()) line.append(button("Cancel", () => cancel(run), { kind: "small", "aria-label": `Cancel the run of ${run.task}` }));
    return line;
  });
  const failure = failureOf(task);
  if (failure) {
    told.push(make("section", "failure", [
      make("h3", "", [task.failures_in_row > 1 ? `${plural(task.failures_in_row, "failure")} in a row` : "The latest run failed"]),
      make("pre", "", [failure.error ?? "without an error text"], { tabindex: "0", role: "group", "aria-label": "Error text" }),
    ]));
  }
  if (task.reason) told.push(make("p", "why", [`“${task.reason}”`]));
  parts.now.replaceChildren(...told);
}

function drawFacts(task) {
  const fact = (term, ...words) => make("div", "", [make("dt", "", [term]), make("dd", "", words)]);
  const success = task.last_success;
  const facts = [
    fact("Next run", make("span", "panel-count")),
    fact("Last success", success ? time(ago(Date.parse(success), now()), success) : "none yet"),
    fact("Started", plural(task.starts, "time")),
    fact("Run once over", { cluster: "all workers", process: "each process" }[task.scope] ?? task.scope),
  ];
  const counts = Object.entries(task.counts ?? {}).filter(([, count]) => count);
  if (counts.length) facts.push(fact("Ticks so far", counts.map(([outcome, count]) => `${count.toLocaleString("en")} ${outcome.replaceAll("_", " ").replace("(", " (")}`).join(", ")));
  parts.facts.replaceChildren(...facts);
  tickPanel();
}

export function tickPanel() {
  const task = name === null ? null : taskNamed(name);
  if (!task || !parts) return;
  const count = one(".panel-count", parts.facts);
  if (count) setText(count, nextWords(task, now()).filter(Boolean).join(", "));
  for (const node of parts.now.querySelectorAll("[data-since]")) {
    setText(node, `running for ${span((now() - Date.parse(node.dataset.since)) / 1000)}`);
  }
}

/** What is due next, and the policy: asked for one task alone. */
async function lookAhead(task) {
  isAhead = true;
  const [upcoming, full] = await Promise.all([
    get("upcoming", { name: task.name, n: INSTANTS }).catch(() => null),
    get("task", { name: task.name }).catch(() => null),
  ]);
  if (task.name !== name) return;
  // What did not come says nothing: what is shown was true a moment ago.
  isAhead = Boolean(upcoming && full);
  if (upcoming) drawNext(upcoming);
  if (full) drawPolicy(full);
}

function drawNext({ instants }) {
  const list = instants.map((instant) => make("li", "", [time(clock(Date.parse(instant), now()), instant)]));
  parts.next.replaceChildren(make("h3", "", ["Upcoming"]), list.length ? make("ol", "upcoming", list) : make("p", "quiet", ["Nothing is due by itself."]));
}

function drawPolicy(task) {
  const policy = Object.entries(task.policy ?? {}).filter(([, words]) => words != null && words !== "");
  const terms = policy.map(([term, words]) => make("div", "", [make("dt", "", [term.replaceAll("_", " ")]), make("dd", "", [String(words)])]));
  parts.policy.replaceChildren(...(terms.length ? [make("h3", "", ["When time slips"]), make("dl", "policy", terms)] : []));
}
