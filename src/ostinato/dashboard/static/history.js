// The runs of one task, the newest first: filtered, and paged by the API's own cursor.

import { field, input, select } from "./ask.js";
import { button, icon, make, setText, show, time } from "./dom.js";
import { now, workerWords } from "./model.js";
import { get } from "./net.js";
import { OUTCOMES, clock, duration, outcomeOf, plural, reasonOf } from "./words.js";

const PAGE = 20;

let shown = null;

/** Make the section for the task *name*; it stays empty until it is refreshed. */
export function history(name) {
  const choices = [["", "all outcomes"], ["failed,timed_out,abandoned", "failures"], ...Object.entries(OUTCOMES).map(([key, { word }]) => [key, word.toLowerCase()])];
  const outcome = field("Outcome", select(choices));
  const since = field("Since", input({ type: "datetime-local" }));
  const until = field("Until", input({ type: "datetime-local" }));
  const list = make("ol", "history", [], { "aria-label": "Runs, the newest first" });
  const words = make("p", "quiet", ["Loading …"], { role: "status" });
  const older = button("Older runs", () => turn(mine), { hidden: true });
  const mine = { name, outcome, since, until, list, words, older, next: null, asked: 0, isPaged: false, isMissing: false };
  for (const each of [outcome, since, until]) each.control.addEventListener("change", () => start(mine));
  shown = mine;
  return make("section", "panel-past", [
    make("h3", "", ["History"]),
    make("div", "history-filters", [outcome.node, since.node, until.node]),
    list, words, older,
  ]);
}

/** Look again at the newest runs; who has paged back is not disturbed. */
export function refreshHistory() {
  if (shown && !shown.isPaged) start(shown);
}

/** Ask once more where the last answer did not come: nothing else would, until the task changes. */
export function retryHistory() {
  if (shown?.isMissing) refreshHistory();
}

function start(mine) {
  mine.isPaged = false;
  mine.next = null;
  return page(mine, { replace: true });
}

function turn(mine) {
  mine.isPaged = true;
  return page(mine, { replace: false });
}

async function page(mine, { replace }) {
  const turnOf = (mine.asked += 1);
  mine.isMissing = false;
  const at = (each) => (each.value ? new Date(each.value).toISOString() : null);
  mine.older.setAttribute("aria-disabled", "true");
  let answer;
  try {
    answer = await get("runs", {
      name: mine.name, outcome: mine.outcome.value.split(",").filter(Boolean),
      since: at(mine.since), until: at(mine.until), before: replace ? null : mine.next, limit: PAGE,
    });
  } catch (error) {
    if (turnOf !== mine.asked) return;
    mine.isMissing = true;
    setText(mine.words, `The history cannot be read: ${error.words}`);
    show(mine.words, true);
    return;
  } finally {
    mine.older.removeAttribute("aria-disabled");
  }
  if (turnOf !== mine.asked) return;
  const lines = answer.runs.map(line);
  const hadFocus = document.activeElement === mine.older;
  if (replace) mine.list.replaceChildren(...lines);
  else mine.list.append(...lines);
  mine.next = answer.next;
  show(mine.older, Boolean(answer.next));
  // Who turned the last page by keyboard goes on at what came, not at the top.
  if (hadFocus && !answer.next) lines[0]?.querySelector("summary, div")?.focus();
  const count = mine.list.childElementCount;
  setText(mine.words, count ? (answer.next ? "" : `${plural(count, "run")} in all`) : isFiltered(mine) ? "No runs like that." : "No run has ended yet.");
  show(mine.words, Boolean(mine.words.textContent));
}

const isFiltered = ({ outcome, since, until }) => [outcome, since, until].some((each) => each.value);

function line(run) {
  const { word, icon: symbol, tone } = outcomeOf(run);
  const began = run.started ?? run.due;
  const facts = [
    run.lateness > 1 ? `${duration(run.lateness)} late` : "",
    run.attempt > 1 ? `attempt ${run.attempt}` : "",
    run.kind === "manual" ? "by hand" : run.kind === "backfill" ? "backfill" : "",
    run.worker ? workerWords(run.worker) : "",
  ].filter(Boolean).join(" · ");
  const words = run.outcome === "skipped" ? `${word}: ${reasonOf(run)}${run.count > 1 ? `, ${plural(run.count, "tick")}` : ""}` : word;
  const head = [
    make("span", "outcome", [icon(symbol), make("span", "", [words])]),
    make("span", "took", [duration(run.duration)]),
    time(clock(Date.parse(began), now()), began),
    make("span", "aside", [facts]),
  ];
  if (!run.error) return make("li", "", [make("div", "head", head)], { "data-tone": tone });
  const details = make("details", "", [make("summary", "head", head), make("pre", "", [run.error], { tabindex: "0", role: "group", "aria-label": "Error text" })]);
  return make("li", "", [details], { "data-tone": tone });
}
