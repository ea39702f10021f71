// What steers a task: each is asked first, done by the API, and told of.

import { ask, check, field, input, select } from "./ask.js";
import { show } from "./dom.js";
import { now } from "./model.js";
import { ApiError, post } from "./net.js";
import { toast } from "./notices.js";
import { canonical, readable } from "./schedules.js";
import { clock } from "./words.js";

/** Do it, say that it is done, and have the page look again. */
async function steer(path, body, words) {
  const answer = await post(path, body);
  toast(words);
  document.dispatchEvent(new Event("ostinato:steered"));
  return answer;
}

export function runNow(task) {
  ask({
    title: `Run ${task.name} now?`,
    words: "It is one run more. The ticks of its schedule stay where they are.",
    confirm: "Run now",
    act: () => steer("trigger", { name: task.name }, `${task.name} was started.`),
  });
}

/** Pause a task, or resume one that is paused. */
export const hold = (task) => (task.state === "paused" ? resume(task) : pause(task));

export function pause(task) {
  const reason = field("Why", input({ type: "text", maxlength: 200, placeholder: "for those who look" }), "May be left empty.");
  const until = field("Until", select([
    ["", "it is resumed by hand"], ["3600", "in an hour"], ["14400", "in four hours"], ["86400", "in a day"], ["604800", "in a week"], ["at", "a time of my choice"],
  ]));
  const at = field("Resumed by itself at", input({ type: "datetime-local", min: local(now() + 60e3), value: local(now() + 3600e3) }));
  show(at.node, false);
  until.control.addEventListener("change", () => show(at.node, until.value === "at"));
  ask({
    title: `Pause ${task.name}?`,
    words: "Its ticks are skipped until it is resumed. A run under way is not touched.",
    inside: [reason.node, until.node, at.node],
    confirm: "Pause",
    act: () => {
      const instant = until.value === "at" ? instantOf(at.value) : until.value ? new Date(now() + until.value * 1000) : null;
      if (instant && instant <= now()) throw new ApiError(422, { message: "That time is over.", hint: "Choose a later one." });
      const told = instant ? ` until ${clock(instant.getTime(), now())}` : "";
      return steer("pause", { name: task.name, reason: reason.value || null, until: instant?.toISOString() ?? null }, `${task.name} is paused${told}.`);
    },
  });
}

export function resume(task) {
  const catchUp = check("Treat the ticks of the pause as missed ones, not as skipped");
  ask({
    title: `Resume ${task.name}?`,
    words: task.reason ? `It was paused: “${task.reason}”` : "It is due again from its next tick on.",
    inside: [catchUp.node],
    confirm: "Resume",
    act: () => steer("resume", { name: task.name, catch_up: catchUp.value }, `${task.name} goes on.`),
  });
}

export function reschedule(task) {
  const schedule = field("Schedule", input({ type: "text", maxlength: 150, value: readable(task.schedule_text), spellcheck: "false" }),
    "Such as “every 5 minutes”, “delay 30 s”, or a cron with its zone: “0 6 * * mon-fri Europe/Berlin”.");
  ask({
    title: `Reschedule ${task.name}?`,
    words: "It follows the other schedule at once and over restarts, until its program declares another one. In memory alone: until the next start.",
    inside: [schedule.node],
    confirm: "Reschedule",
    act: () => {
      if (!schedule.value) throw new ApiError(422, { message: "There is no schedule.", hint: "Write one, such as the one it has." });
      return steer("reschedule", { name: task.name, schedule: canonical(schedule.value) }, `${task.name} has another schedule.`);
    },
  });
}

export function cancel(run) {
  ask({
    title: `Cancel this run of ${run.task}?`,
    words: "It is asked to end. What it has done already stays done.",
    confirm: "Cancel the run",
    kind: "danger",
    act: () => steer("cancel", { run_id: run.id }, `The run of ${run.task} was asked to end.`),
  });
}

const MODES = [["missing", "those that were never run"], ["failed", "those that failed"], ["all", "all of them"]];

/** Look first, then run: what would be run is listed before anything is. */
export function backfill(task) {
  const from = field("From", input({ type: "datetime-local", value: local(now() - 86400e3) }));
  const until = field("Until", input({ type: "datetime-local", value: local(now()) }));
  const mode = field("Which ticks", select(MODES));
  const force = check("Even if there are more than 1,000");
  const found = document.createElement("div");
  found.className = "found";
  found.setAttribute("role", "status");
  let looked = null;
  const asked = () => ({
    name: task.name, start: instantOf(from.value).toISOString(), end: instantOf(until.value).toISOString(), mode: mode.value, force: force.value,
  });
  const shown = ask({
    title: `Backfill ${task.name}`,
    words: "Runs ticks of the past, one after the other, in the background. Look first at which these are.",
    inside: [from.node, until.node, mode.node, force.node, found],
    confirm: "Look first",
    act: async ({ yes }) => {
      const body = asked();
      const same = JSON.stringify(body) === looked;
      if (same) return steer("backfill", { ...body, dry_run: false }, `The backfill of ${task.name} has begun.`);
      const { count, instants: ticks } = await post("backfill", { ...body, dry_run: true });
      const words = ticks.slice(0, 5).map((tick) => clock(Date.parse(tick), now(), { seconds: false })).join(", ");
      const last = count === ticks.length ? clock(Date.parse(ticks.at(-1) ?? 0), now(), { seconds: false }) : "";
      const rest = count > 5 ? `, … ${last}` : "";
      found.textContent = count ? `These would be run: ${words}${rest}` : "No tick would be run.";
      looked = count ? JSON.stringify(body) : null;
      yes.textContent = count ? `Run ${count === 1 ? "this one" : `these ${count.toLocaleString("en")}`}` : "Look first";
      return false;
    },
  });
  shown.form.addEventListener("input", () => {
    looked = null;
    found.textContent = "";
    shown.yes.textContent = "Look first";
  });
}

/** An instant as `datetime-local` wants it: the browser's local time, to the minute. */
function local(milliseconds) {
  const instant = new Date(milliseconds);
  return new Date(milliseconds - instant.getTimezoneOffset() * 60e3).toISOString().slice(0, 16);
}

function instantOf(text) {
  const instant = new Date(text);
  if (Number.isNaN(instant.getTime())) throw new ApiError(422, { message: "A time is missing.", hint: "Fill in the day and the hour." });
  return instant;
}
