// The list of tasks. A row is written again only where its task has changed; what counts down is
// written once a second, for the rows in sight.

import { make, one, setAttribute, setIcon, setText, show } from "./dom.js";
import { TONES, canControl, chosen, failureOf, fingerprint, now, taskNamed, toneOf, view } from "./model.js";
import { drawStrip, runAt, runWords, stripWords } from "./strip.js";
import { tip } from "./notices.js";
import { ago, clock, duration, outcomeOf, plural, span } from "./words.js";

const AT_ONCE = 60; // rows made in one frame
const rows = new Map();
const inSight = new IntersectionObserver(seen, { rootMargin: "300px" });
let turn = 0;

function seen(entries) {
  for (const { target, isIntersecting } of entries) {
    const row = rows.get(target.dataset.name);
    if (!row) continue;
    row.visible = isIntersecting;
    if (isIntersecting) look(row);
  }
}

/** Show the tasks that are chosen. */
export function renderTasks(overview) {
  const list = one("#list");
  const tasks = chosen(overview.tasks);
  const names = new Set(overview.tasks.map((task) => task.name));
  for (const [name, row] of rows) if (!names.has(name)) forget(name, row);
  const wanted = new Set(tasks.map((task) => task.name));
  for (const [name, row] of rows) if (!wanted.has(name)) row.node.remove();
  turn += 1;
  place(list, tasks, 0, list.firstElementChild, turn);
  show(one("#nothing"), !tasks.length && overview.tasks.length > 0);
  const asked = view.text ? `No task matches “${view.text}” here.` : "No task is in this state.";
  setText(one("#nothing span"), asked);
}

function place(list, tasks, from, cursor, mine) {
  if (mine !== turn) return;
  const focused = document.activeElement;
  let made = 0;
  let at = from;
  for (; at < tasks.length && made < AT_ONCE; at += 1) {
    let row = rows.get(tasks[at].name);
    if (!row) {
      row = grow(tasks[at]);
      made += 1;
    }
    refresh(row, tasks[at]);
    if (row.node === cursor) cursor = cursor.nextElementSibling;
    else list.insertBefore(row.node, cursor);
  }
  if (focused !== document.activeElement && focused?.isConnected) focused.focus({ preventScroll: true });
  if (at < tasks.length) requestAnimationFrame(() => place(list, tasks, at, cursor, mine));
}

function grow(task) {
  const node = one("#row").content.firstElementChild.cloneNode(true);
  const row = { node, task, print: "", drawn: "", visible: false };
  for (const part of ["badge", "name", "schedule", "count", "at", "strip", "last", "run", "hold", "more", "acts"]) {
    row[part] = one(`.${part}`, node);
  }
  node.dataset.name = task.name;
  setText(row.name, task.name);
  rows.set(task.name, row);
  inSight.observe(node);
  return row;
}

function forget(name, row) {
  inSight.unobserve(row.node);
  row.node.remove();
  rows.delete(name);
}

function refresh(row, task) {
  const print = fingerprint(task);
  row.task = task;
  if (row.print === print) return;
  row.print = print;
  const tone = toneOf(task);
  row.node.dataset.tone = tone;
  setIcon(row.badge, TONES[tone].icon);
  setText(row.badge.lastElementChild, TONES[tone].word);
  setText(row.schedule, task.schedule);
  show(row.acts, canControl());
  const isPaused = task.state === "paused";
  setAttribute(row.run, "aria-label", `Run ${task.name} now`);
  setAttribute(row.hold, "aria-label", `${isPaused ? "Resume" : "Pause"} ${task.name}`);
  setAttribute(row.hold, "title", isPaused ? "Resume (p)" : "Pause (p)");
  setIcon(row.hold, isPaused ? "resume" : "pause");
  row.more.replaceChildren(...extras(task));
  // The first ones at once, so that nothing is seen to come in later.
  if (row.visible || rows.size <= AT_ONCE) look(row);
}

/** What is told below the row: runs under way, the failure, why it is paused. */
function extras(task) {
  const told = task.running.slice(0, 3).map((run) => progressLine(run));
  const failure = failureOf(task);
  if (failure) {
    const words = task.failures_in_row > 1 ? `${plural(task.failures_in_row, "failure")} in a row` : outcomeOf(failure).word;
    told.push(make("p", "error", [make("b", "", [words]), " ", make("code", "", [failure.error ?? "without an error text"])]));
  }
  if (task.reason && ["paused", "stopped"].includes(task.state)) told.push(make("p", "why", [`“${task.reason}”`]));
  return told;
}

/** A run under way: how long already, how far, and what it says. */
export function progressLine(run) {
  const line = make("div", "progress", [make("span", "elapsed", [], { "data-since": run.started ?? run.due })]);
  if (run.progress != null) {
    const percent = Math.round(run.progress * 100);
    line.append(make("progress", "", [], { max: 1, value: run.progress, "aria-label": `Progress of ${run.task}` }));
    line.append(make("span", "percent", [`${percent} %`]));
  }
  if (run.message) line.append(make("span", "message", [run.message]));
  if (run.kind !== "tick") line.append(make("span", "message", [run.kind === "manual" ? "by hand" : run.kind]));
  count(line);
  return line;
}

function count(root) {
  for (const node of root.querySelectorAll("[data-since]")) {
    setText(node, `running for ${span((now() - Date.parse(node.dataset.since)) / 1000)}`);
  }
}

/** Draw what costs more than text, and only for rows in sight. */
function look(row) {
  const { recent } = row.task;
  const drawn = `${recent[0]?.id} ${recent[0]?.outcome} ${recent.length} ${recent.at(-1)?.id}`;
  if (drawn !== row.drawn) {
    row.drawn = drawn;
    drawStrip(row.strip, recent);
    setAttribute(row.strip, "aria-label", stripWords(recent, now()));
  }
  tick(row);
}

/** Write what changes with the time alone. */
function tick(row) {
  const { task } = row;
  const at = now();
  const [main, below] = nextWords(task, at);
  setText(row.count, main);
  setText(row.at, below);
  const last = task.last_run;
  if (last?.outcome) {
    const when = ago(Date.parse(last.finished ?? last.due), at);
    setText(row.last, last.duration == null ? `${outcomeOf(last).word.toLowerCase()} ${when}` : `${duration(last.duration)}, ${when}`);
  } else setText(row.last, "no runs yet");
  if (task.running.length) count(row.more);
}

/** When the task is due next: counting down, and by the clock. */
export function nextWords(task, at) {
  if (task.state === "paused") {
    return ["paused", task.paused_until ? `until ${clock(Date.parse(task.paused_until), at)}` : "until resumed"];
  }
  if (!task.next_run) return [task.state === "running" ? "after this run" : "not by itself", ""];
  const due = Date.parse(task.next_run);
  const left = (due - at) / 1000;
  if (left >= 0) return [`in ${span(Math.ceil(left))}`, clock(due, at)];
  return task.is_late ? [`${span(-left)} late`, clock(due, at)] : ["now", clock(due, at)];
}

/** Once a second, for the rows in sight. */
export function tickTasks() {
  for (const row of rows.values()) if (row.visible && row.node.isConnected) tick(row);
}

/** Let clicks and the pointer in the list do something: one listener for all rows. */
export function listenToTasks({ open, run, hold }) {
  const list = one("#list");
  const taskOf = (event) => taskNamed(event.target.closest(".task")?.dataset.name);
  list.addEventListener("click", (event) => {
    const task = taskOf(event);
    if (!task) return;
    if (event.target.closest(".run")) run(task);
    else if (event.target.closest(".hold")) hold(task);
    else if (event.target.closest(".name, .strip, .error")) open(task.name);
  });
  list.addEventListener("pointermove", (event) => {
    const svg = event.target.closest(".strip");
    const task = svg && taskOf(event);
    const under = task && runAt(svg, task.recent, event.clientX);
    tip(under ? runWords(under, now()) : "", event);
  });
  list.addEventListener("pointerleave", () => tip(""));
}

/** Move the focus to the next (1) or the previous (-1) task. */
export function walk(step) {
  const names = [...document.querySelectorAll("#list .name")];
  const at = names.findIndex((node) => node.closest(".task").contains(document.activeElement));
  const next = at < 0 ? (step > 0 ? 0 : names.length - 1) : Math.min(names.length - 1, Math.max(0, at + step));
  names[next]?.focus();
}

/** The task whose row has the focus. */
export const focusedTask = () => taskNamed(document.activeElement?.closest?.(".task")?.dataset.name);
