// What the page knows, and what it makes of it. Nothing here touches the document.

/** The states a task is shown in: the first that fits, from the worst to the best. */
export const TONES = {
  stuck: { word: "Stuck", icon: "stuck", rank: 0 },
  late: { word: "Late", icon: "late", rank: 0 },
  failing: { word: "Failing", icon: "failing", rank: 0 },
  running: { word: "Running", icon: "running", rank: 1 },
  healthy: { word: "Healthy", icon: "ok", rank: 1 },
  waiting: { word: "Waiting", icon: "waiting", rank: 1 },
  paused: { word: "Paused", icon: "paused", rank: 2 },
  stopped: { word: "Stopped", icon: "stopped", rank: 2 },
  finished: { word: "Finished", icon: "finished", rank: 3 },
  disabled: { word: "Off", icon: "off", rank: 3 },
};

const isBad = (run) => ["failed", "timed_out", "abandoned"].includes(run?.outcome);

/** A run by hand that failed is no failure in a row, but it is the latest that is known. */
export function isFailing(task) {
  return task.failures_in_row > 0 || isBad(task.last_run);
}

export function toneOf(task) {
  if (task.is_stuck) return "stuck";
  if (task.is_late) return "late";
  if (["paused", "stopped", "finished", "disabled"].includes(task.state)) return task.state;
  if (isFailing(task)) return "failing";
  if (task.state === "running") return "running";
  return task.last_success ? "healthy" : "waiting";
}

/** What is counted and can be chosen above the list; a running task may be failing as well. */
export const CHIPS = [
  ["all", "All", () => true],
  ["trouble", "Needs a look", (task) => TONES[toneOf(task)].rank === 0 || toneOf(task) === "stopped"],
  ["running", "Running", (task) => task.running.length > 0],
  ["healthy", "Healthy", (task) => ["healthy", "waiting"].includes(toneOf(task))],
  ["failing", "Failing", isFailing],
  ["late", "Late", (task) => task.is_late || task.is_stuck],
  ["paused", "Paused", (task) => task.state === "paused"],
  ["over", "Over or off", (task) => ["finished", "stopped", "disabled"].includes(task.state)],
];

export const view = { text: "", chip: "all", sort: "attention" };

const known = { overview: null, ahead: 0 };

export const overview = () => known.overview;

/** Keep what was told, and by how much the server's clock is ahead of the browser's. */
export function learn(told) {
  remember(told);
  known.overview = told;
  known.ahead = Date.parse(told.now) - Date.now();
}

/** A worker may not know how far a run on another one is: what was last heard stays. */
function remember(told) {
  const runs = (overview) => [...(overview?.tasks ?? []), ...(overview?.workers ?? [])].flatMap((each) => each.running);
  const heard = new Map(runs(known.overview).map((run) => [run.id, run]));
  for (const run of runs(told)) {
    const before = heard.get(run.id);
    if (run.progress == null && before) Object.assign(run, { progress: before.progress, message: before.message });
  }
}

/** The time on the server's clock, in milliseconds. */
export const now = () => Date.now() + known.ahead;

export const taskNamed = (name) => known.overview?.tasks.find((task) => task.name === name) ?? null;

/** A worker as people know it, its machine and its process; of one long gone, the start of its id. */
export function workerWords(id) {
  const worker = known.overview?.workers.find((each) => each.id === id);
  return worker ? `${worker.host} (${worker.pid})` : `worker ${id.slice(0, 8)}`;
}

export const canControl = () => known.overview?.can_control === true;

const byName = (one, other) => (one.name < other.name ? -1 : one.name > other.name ? 1 : 0);
const ORDERS = {
  attention: (one, other) => rank(one) - rank(other) || byName(one, other),
  name: byName,
  next: (one, other) => dueOf(one) - dueOf(other) || byName(one, other),
};
// A task that merely runs keeps its place: a calm list does not jump.
const rank = (task) => TONES[toneOf(task)].rank;
const dueOf = (task) => (task.next_run ? Date.parse(task.next_run) : Infinity);

/** The tasks that are asked for, in the order that is asked for. */
export function chosen(tasks) {
  const test = CHIPS.find(([key]) => key === view.chip)[2];
  const words = view.text.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = (task) => {
    const text = `${task.name} ${task.schedule} ${TONES[toneOf(task)].word}`.toLowerCase();
    return words.every((word) => text.includes(word));
  };
  return tasks.filter((task) => test(task) && fits(task)).sort(ORDERS[view.sort]);
}

/** What of a task is seen in the list: while it is the same, its row is left alone. */
export function fingerprint(task) {
  const run = (it) => [it.id, it.attempt, it.progress, it.message, it.outcome, it.finished];
  return JSON.stringify([
    task.state, task.schedule, task.next_run, task.is_late, task.is_stuck, task.failures_in_row,
    task.reason, task.paused_until, task.last_success, task.starts, canControl(),
    task.running.map(run), task.last_run && run(task.last_run),
    task.recent.length, task.recent[0]?.id, task.recent.at(-1)?.id,
  ]);
}

/** The failure to be shown with a task: that of its latest run, while it has not been made good. */
export function failureOf(task) {
  if (!isFailing(task)) return null;
  return isBad(task.last_run) ? task.last_run : (task.recent.find(isBad) ?? null);
}

/** What is written above everything, in a sentence. */
export function headline({ tasks, health }) {
  const trouble = tasks.filter(CHIPS[1][2]).length;
  const all = tasks.length === 1 ? "The one task is" : `All ${tasks.length.toLocaleString("en")} tasks are`;
  if (trouble === 1) return "One task needs a look";
  if (trouble) return `${trouble.toLocaleString("en")} tasks need a look`;
  if (health.problems.length) return "The tasks are well, something else is not";
  return tasks.every((task) => task.state === "disabled") ? `${all} off` : `${all} well`;
}
