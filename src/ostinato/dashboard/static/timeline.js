// The next 24 hours: how many tasks are due in each quarter of an hour, and by task.

import { make, one, setAttribute, setText, shape, show } from "./dom.js";
import { get } from "./net.js";
import { tip } from "./notices.js";
import { hour, plural } from "./words.js";

const HOURS = 24;
const BUCKETS = HOURS * 4;
const WIDTH = 960;
const HEIGHT = 48;
const LANES = 40;
const EVERY = 60_000;
const SOON = 10_000;

let told = null;
let buckets = [];
let askedAt = 0;

/** Ask anew when the last answer is a minute old, or at once. */
export async function refreshTimeline({ atOnce = false } = {}) {
  if (!atOnce && Date.now() - askedAt < EVERY) return;
  askedAt = Date.now();
  try {
    told = await get("timeline", { hours: HOURS });
  } catch {
    askedAt += SOON - EVERY; // The banner says why.
    return;
  }
  show(one(".timeline"), true);
  draw();
}

function draw() {
  const from = Date.parse(told.from);
  const until = Date.parse(told.until);
  const size = (until - from) / BUCKETS;
  buckets = Array.from({ length: BUCKETS }, () => []);
  const steady = [];
  const seldom = [];
  for (const task of told.tasks) {
    const due = bucketsOf(task, from, size);
    if (due.size >= BUCKETS * 0.9) steady.push(task);
    else {
      seldom.push(task);
      for (const at of due) buckets[at].push(task.name);
    }
  }
  drawRibbon(steady.length > 0);
  drawHours(from, until);
  setText(one("#timeline-words"), words(seldom, steady));
  if (!one("#lanes").hidden) drawLanes(seldom, steady, from, until);
}

/** Which quarters of an hour a task is due in; what is cut off goes on as it was. */
function bucketsOf({ instants, more }, from, size) {
  const due = new Set();
  for (const instant of instants) due.add(Math.min(BUCKETS - 1, Math.max(0, Math.floor((Date.parse(instant) - from) / size))));
  if (more) for (let at = Math.max(-1, ...due) + 1; at < BUCKETS; at += 1) due.add(at);
  return due;
}

function words(seldom, steady) {
  const due = seldom.filter((task) => task.instants.length);
  const said = [];
  if (due.length) said.push(`${plural(due.length, "task")} due now and then`);
  if (steady.length) said.push(`${steady.length.toLocaleString("en")} at least every quarter of an hour`);
  return said.join(", ") || "Nothing is due.";
}

function drawRibbon(isBusy) {
  const most = Math.max(1, ...buckets.map((names) => names.length));
  const wide = WIDTH / BUCKETS;
  let bars = "";
  buckets.forEach((names, at) => {
    if (!names.length) return;
    const tall = Math.max(6, (names.length / most) * (HEIGHT - 6));
    bars += `M${at * wide + 1.5} ${HEIGHT - 4}v${-tall}h${wide - 3}v${tall}z`;
  });
  const ribbon = one("#ribbon");
  ribbon.replaceChildren(
    shape("path", { class: isBusy ? "steady" : "base", d: `M0 ${HEIGHT - 2}H${WIDTH}` }),
    shape("path", { class: "due", d: bars }),
  );
}

function drawHours(from, until) {
  const marks = [make("span", "now", ["now"])];
  const first = new Date(from);
  first.setMinutes(0, 0, 0);
  for (let at = first.getTime() + 3600e3; at < until; at += 3600e3) {
    const every = new Date(at).getHours() % 3;
    const share = (at - from) / (until - from);
    if (every || share < 0.09 || share > 0.965) continue;
    const isMinor = share < 0.18 || new Date(at).getHours() % 6;
    const mark = make("span", isMinor ? "minor" : "", [hour(at)]);
    mark.style.left = `${share * 100}%`;
    marks.push(mark);
  }
  one("#hours").replaceChildren(...marks);
}

function drawLanes(seldom, steady, from, until) {
  const first = (task) => (task.instants.length ? Date.parse(task.instants[0]) : Infinity);
  const soonest = (one_, other) => first(one_) - first(other);
  const due = [...seldom.sort(soonest), ...steady.sort(soonest)].filter((task) => task.instants.length);
  const lanes = due.slice(0, LANES).map((task) => {
    const lane = shape("svg", { class: "lane", viewBox: `0 0 ${WIDTH} 16`, preserveAspectRatio: "none", "aria-hidden": "true" });
    const x = (instant) => Math.round(((Date.parse(instant) - from) / (until - from)) * WIDTH * 10) / 10;
    const isSteady = steady.includes(task);
    const marks = [...new Set(task.instants.map(x))].map((at) => `M${at} 3v10`).join("");
    lane.append(shape("path", { class: "base", d: `M0 8H${WIDTH}` }));
    if (isSteady || task.more) lane.append(shape("path", { class: "band", d: `M${isSteady ? 0 : x(task.instants.at(-1))} 8H${WIDTH}` }));
    if (!isSteady) lane.append(shape("path", { class: "instant", d: marks }));
    const next = `next ${hour(first(task))}`;
    return make("li", "", [make("button", "lane-name", [task.name], { type: "button", "data-name": task.name, title: task.name }), lane, make("span", "lane-next", [next])]);
  });
  const left = due.length - LANES;
  if (left > 0) lanes.push(make("li", "lane-rest", [`and ${plural(left, "task")} more`]));
  one("#lanes").replaceChildren(...lanes);
}

export function toggleLanes() {
  const lanes = one("#lanes");
  const button = one("#lanes-switch");
  show(lanes, lanes.hidden);
  setAttribute(button, "aria-expanded", String(!lanes.hidden));
  if (told) draw();
}

export function listenToTimeline(open) {
  one("#lanes-switch").addEventListener("click", toggleLanes);
  one("#lanes").addEventListener("click", (event) => {
    const name = event.target.closest(".lane-name")?.dataset.name;
    if (name != null) open(name);
  });
  const ribbon = one("#ribbon");
  ribbon.addEventListener("pointermove", (event) => {
    const box = ribbon.getBoundingClientRect();
    const at = Math.floor(((event.clientX - box.left) / box.width) * BUCKETS);
    const names = buckets[at] ?? [];
    if (!told || !names.length) return tip("");
    const start = Date.parse(told.from) + at * 900e3;
    const rest = names.length > 4 ? ` and ${names.length - 4} more` : "";
    return tip(`${hour(start)}–${hour(start + 900e3)}: ${names.slice(0, 4).join(", ")}${rest}`, event);
  });
  ribbon.addEventListener("pointerleave", () => tip(""));
}
