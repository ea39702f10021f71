// The strip of a task's last runs: one path for each kind of mark, so that a thousand stay light.

import { one, setAttribute, shape } from "./dom.js";
import { OUTCOMES, ago, outcomeOf, plural, sentence } from "./words.js";

const SLOTS = 20;
const SLOT = 9;
const WIDE = 6;
const FLOOR = 31;
const TALL = 29;
const SHORT = 5;

/** Each kind has its own shape, not only its colour. */
const MARKS = {
  good: (x, y) => `M${x} ${FLOOR}V${y + 1.5}q0-1.5 1.5-1.5h${WIDE - 3}q1.5 0 1.5 1.5V${FLOOR}z`,
  bad: (x, y) => {
    const top = Math.min(y, FLOOR - 13);
    return `M${x} ${FLOOR - 7}V${top}h${WIDE}V${FLOOR - 7}zM${x} ${FLOOR}v-5h${WIDE}v5z`;
  },
  hollow: (x, y) => `M${x + 0.75} ${FLOOR - 0.75}V${y + 0.75}h${WIDE - 1.5}V${FLOOR - 0.75}z`,
  flat: (x) => `M${x} ${FLOOR}v-3h${WIDE}v3z`,
};

/** Draw *runs*, newest first, so that the newest stands at the right. */
export function drawStrip(svg, runs) {
  const shown = runs.slice(0, SLOTS);
  const longest = Math.max(0, ...shown.map((run) => run.duration ?? 0));
  const paths = {};
  shown.forEach((run, index) => {
    const share = longest ? (run.duration ?? 0) / longest : 0;
    const y = Math.round((FLOOR - SHORT - share * (TALL - SHORT)) * 10) / 10;
    const { mark } = outcomeOf(run);
    paths[mark] = (paths[mark] ?? "") + MARKS[mark]((SLOTS - 1 - index) * SLOT + 1.5, y);
  });
  paths.base = `M0 ${FLOOR + 0.5}H${SLOTS * SLOT}`;
  for (const mark of ["base", ...Object.keys(MARKS)]) {
    let path = one(`.${mark}`, svg);
    if (!path && !paths[mark]) continue;
    if (!path) svg.append((path = shape("path", { class: mark })));
    setAttribute(path, "d", paths[mark] ?? "");
  }
}

/** Say what the strip shows. */
export function stripWords(runs, now) {
  if (!runs.length) return "No runs yet";
  const shown = runs.slice(0, SLOTS);
  const counts = Object.entries(OUTCOMES)
    .map(([key, { word }]) => [shown.filter((run) => run.outcome === key).length, word.toLowerCase()])
    .filter(([count]) => count)
    .map(([count, word]) => `${count} ${word}`);
  const latest = shown[0];
  const last = `the latest ${outcomeOf(latest).word.toLowerCase()} ${ago(Date.parse(latest.finished ?? latest.due), now)}`;
  return `Last ${plural(shown.length, "run")}: ${counts.join(", ")}; ${last}`;
}

/** The run under the pointer, or null. */
export function runAt(svg, runs, clientX) {
  const box = svg.getBoundingClientRect();
  const slot = Math.floor(((clientX - box.left) / box.width) * SLOTS);
  return runs[SLOTS - 1 - slot] ?? null;
}

export const runWords = (run, now) => sentence(run, now);
