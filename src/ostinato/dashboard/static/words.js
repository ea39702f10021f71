// How durations, instants and outcomes are said.

const TIME = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const HOUR = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const DAY = new Intl.DateTimeFormat("en-GB", { weekday: "short", day: "numeric", month: "short" });
const YEAR = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });

/** What an outcome is called, drawn as, and how it is coloured. */
export const OUTCOMES = {
  succeeded: { word: "Succeeded", icon: "ok", tone: "ok", mark: "good" },
  failed: { word: "Failed", icon: "failing", tone: "bad", mark: "bad" },
  timed_out: { word: "Timed out", icon: "late", tone: "bad", mark: "bad" },
  abandoned: { word: "Abandoned", icon: "stuck", tone: "bad", mark: "bad" },
  cancelled: { word: "Cancelled", icon: "cross", tone: "still", mark: "hollow" },
  skipped: { word: "Skipped", icon: "skipped", tone: "still", mark: "flat" },
};
const UNDER_WAY = { word: "Running", icon: "running", tone: "running", mark: "hollow" };

const REASONS = {
  overlap: "the run before was still under way",
  too_late: "it was too late for it",
  paused: "the task was paused",
  gap: "that local time did not exist",
  coalesced: "run together with a later one",
  shutdown: "the worker was ending",
  store_down: "the store did not answer",
  limit: "the limit of runs was reached",
  already_run: "another worker had run it",
};

export const outcomeOf = (run) => OUTCOMES[run.outcome] ?? UNDER_WAY;

export const reasonOf = (run) => (run.reason ? (REASONS[run.reason] ?? run.reason) : "");

export const plural = (count, noun) => `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;

const UNITS = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];

/** Say whole seconds in at most two units: `3 min 5 s`. */
export function span(seconds) {
  let left = Math.max(0, Math.floor(seconds));
  const at = UNITS.findIndex(([size]) => left >= size);
  if (at < 0) return "0 s";
  const said = [];
  for (const [size, unit] of UNITS.slice(at, at + 2)) {
    const count = Math.floor(left / size);
    left -= count * size;
    if (count) said.push(`${count} ${unit}`);
  }
  return said.join(" ");
}

/** Say how long something took: small durations exactly, long ones in two units. */
export function duration(seconds) {
  if (seconds == null) return "";
  if (seconds < 0.0005) return "under 1 ms";
  if (seconds < 0.9995) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  return span(Math.round(seconds));
}

const sameDay = (one, other) => one.toDateString() === other.toDateString();

/** Say an instant as short as it stays clear: `14:05:10`, `Mon 24 Nov 14:05`, `24 Nov 2027`. */
export function clock(milliseconds, now, { seconds = true } = {}) {
  const instant = new Date(milliseconds);
  if (sameDay(instant, new Date(now))) return (seconds ? TIME : HOUR).format(instant);
  if (Math.abs(milliseconds - now) > 300 * 86400e3) return YEAR.format(instant);
  return `${DAY.format(instant).replace(",", "")} ${HOUR.format(instant)}`;
}

export const hour = (milliseconds) => HOUR.format(new Date(milliseconds));

export function ago(milliseconds, now) {
  const seconds = (now - milliseconds) / 1000;
  return seconds < 2 ? "just now" : `${span(seconds)} ago`;
}

/** One run in a line, for those who hear the strip or point at it. */
export function sentence(run, now) {
  const parts = [outcomeOf(run).word, clock(Date.parse(run.started ?? run.due), now)];
  if (run.outcome === "skipped") parts.push(reasonOf(run) + (run.count > 1 ? ` (${run.count} ticks)` : ""));
  else if (run.duration != null) parts.push(`took ${duration(run.duration)}`);
  if (run.kind === "manual") parts.push("by hand");
  if (run.kind === "backfill") parts.push("backfill");
  if (run.error) parts.push(run.error.slice(0, 140));
  return parts.filter(Boolean).join(" · ");
}
