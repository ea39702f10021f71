// The dashboard: polls the overview, and shows what has changed. One page, no framework.

import { hold, runNow } from "./actions.js";
import { icon, make, one, setAttribute, setText, show } from "./dom.js";
import { listenToKeys } from "./keys.js";
import { CHIPS, TONES, headline, learn, now, overview, taskNamed, view } from "./model.js";
import { Poll } from "./net.js";
import { banner } from "./notices.js";
import { closePanel, openPanel, refreshPanel, retryPanel, tickPanel } from "./panel.js";
import { showState } from "./states.js";
import { listenToTasks, renderTasks, tickTasks } from "./tasks.js";
import { listenToTimeline, refreshTimeline } from "./timeline.js";
import { heardOf, listenToWorkers, renderWorkers, tickWorkers } from "./workers.js";
import { clock, plural, span } from "./words.js";

const poll = new Poll(heard, failed);
let heardAt = 0;

function heard(told) {
  heardAt = Date.now();
  banner(null);
  setLive("live", "Live");
  if (told) {
    learn(told);
    heardOf(told);
    render();
  }
  const { tasks, health } = overview();
  const down = health.problems.find((problem) => problem.kind === "store_unreachable");
  if (down) banner("The store does not answer.", `${down.words} What you see may be old; it goes on by itself.`);
  showState(tasks.length ? null : "empty");
  refreshTimeline();
  retryPanel();
}

function failed(error) {
  const known = overview();
  if (error.kind === "unauthorized" || !known) {
    setLive("off", error.kind === "unauthorized" ? "Not signed in" : "Not connected");
    banner(null);
    showState(error.kind, error);
    return;
  }
  setLive("off", "Not connected");
  const title = {
    store: "The store does not answer.", stopped: "The scheduler is not running.",
    offline: "The app does not answer.", error: "The app could not answer.",
  }[error.kind];
  const stale = `What you see is from ${clock(now() - (Date.now() - heardAt), now())}; it goes on by itself.`;
  banner(title, [error.kind === "offline" ? "" : error.words, stale].filter(Boolean).join(" "));
}

function setLive(state, words) {
  const live = one("#live");
  live.dataset.state = state;
  setText(live.lastElementChild, words);
}

function render() {
  const told = overview();
  setText(one("#namespace"), told.namespace === "default" ? "" : told.namespace);
  setText(one("#version"), `ostinato ${told.version}`);
  const trouble = told.health.problems.length;
  document.title = `${trouble ? `(${trouble}) ` : ""}${told.namespace === "default" ? "" : `${told.namespace} · `}ostinato`;
  setText(one("#headline"), headline(told));
  one(".hero").dataset.health = told.health.status;
  renderProblems(told.health.problems);
  renderChips(told.tasks);
  renderTasks(told);
  renderWorkers(told);
  refreshPanel();
  tick();
}

function renderProblems(problems) {
  const list = one("#problems");
  const print = JSON.stringify(problems);
  show(list, problems.length > 0);
  if (list.dataset.print === print) return;
  list.dataset.print = print;
  const symbols = { overdue: "late", failing: "failing", stuck: "stuck" };
  const lines = problems.slice(0, 6).map(({ kind, task, words }) => {
    const subject = task ? make("button", "link", [task], { type: "button", "data-name": task }) : null;
    return make("li", "", [icon(symbols[kind] ?? "failing"), make("p", "", [subject, subject ? " " : "", words])], { "data-kind": kind });
  });
  if (problems.length > 6) lines.push(make("li", "", [`and ${problems.length - 6} more`]));
  list.replaceChildren(...lines);
}

function renderChips(tasks) {
  const chips = one("#chips");
  for (const [key, words, test] of CHIPS) {
    const count = tasks.filter(test).length;
    let chip = one(`[data-chip="${key}"]`, chips);
    if (!chip) {
      const symbol = { trouble: "stuck", over: "finished" }[key] ?? TONES[key]?.icon;
      chip = make("button", "chip", [symbol ? icon(symbol) : null, make("span", "", [words]), make("b", "", [])], { type: "button", "data-chip": key });
      chips.append(chip);
    }
    setText(chip.lastElementChild, count.toLocaleString("en"));
    setAttribute(chip, "aria-pressed", String(view.chip === key));
    show(chip, count > 0 || key === "all" || view.chip === key);
  }
}

/** What changes with the time alone, once a second. */
function tick() {
  const told = overview();
  if (!told || document.hidden) return;
  tickTasks();
  tickWorkers();
  tickPanel();
  const next = nextOf(told.tasks, new Date(now()).toISOString());
  const alive = told.workers.filter((worker) => worker.is_alive).length;
  const running = told.tasks.reduce((sum, task) => sum + task.running.length, 0);
  const soon = next ? `next: ${next.name} in ${span(Math.ceil((Date.parse(next.next_run) - now()) / 1000))}` : "nothing is due by itself";
  setText(one("#subline"), `${plural(alive, "worker")} alive · ${running} running · ${soon}`);
}

/** The task that is due first behind *instant*; instants of this form are ordered as texts are. */
function nextOf(tasks, instant) {
  let next = null;
  for (const task of tasks) {
    if (task.next_run > instant && task.state !== "paused" && !(next?.next_run <= task.next_run)) next = task;
  }
  return next;
}

function open(name) {
  location.hash = `task=${encodeURIComponent(name)}`;
}

/** The address says which task is open, so that it can be sent to somebody. */
function follow() {
  let name = null;
  try {
    name = location.hash.startsWith("#task=") ? decodeURIComponent(location.hash.slice(6)) : null;
  } catch {
    // Not one of our addresses.
  }
  if (name === null) closePanel();
  else openPanel(name);
}

function choose(change) {
  Object.assign(view, change);
  if (overview()) render();
}

function listen() {
  listenToTasks({ open, run: runNow, hold });
  listenToTimeline(open);
  listenToWorkers(open);
  one("#problems").addEventListener("click", (event) => {
    const name = event.target.closest(".link")?.dataset.name;
    if (taskNamed(name)) open(name);
  });
  one("#search").addEventListener("input", (event) => choose({ text: event.target.value.trim() }));
  one("#sort").addEventListener("change", (event) => choose({ sort: event.target.value }));
  one("#chips").addEventListener("click", (event) => {
    const chip = event.target.closest(".chip")?.dataset.chip;
    if (chip) choose({ chip: chip === view.chip ? "all" : chip });
  });
  one("#nothing button").addEventListener("click", () => {
    one("#search").value = "";
    choose({ text: "", chip: "all" });
    one("#search").focus();
  });
  one("#state button").addEventListener("click", () => poll.now());
  document.addEventListener("ostinato:steered", () => {
    poll.now();
    refreshTimeline({ atOnce: true });
  });
  listenToKeys();
  addEventListener("hashchange", follow);
}

listen();
follow();
showState("loading");
poll.now();
setInterval(tick, 1000);
