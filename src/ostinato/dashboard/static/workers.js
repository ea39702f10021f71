// The fleet: which workers there are, and what each of them runs.

import { icon, make, one, setText } from "./dom.js";
import { now } from "./model.js";
import { ago, plural, span } from "./words.js";

let print = "";

export function renderWorkers({ workers }) {
  const alive = workers.filter((worker) => worker.is_alive).length;
  setText(one("#workers-title"), workers.length === alive ? plural(alive, "worker") : `${alive} of ${plural(workers.length, "worker")}`);
  const fresh = JSON.stringify(workers.map((it) => [it.id, it.is_alive, it.version, it.running.map((run) => [run.id, run.progress])]));
  if (fresh === print) return;
  print = fresh;
  one("#fleet").replaceChildren(...workers.map(card));
  if (!workers.length) one("#fleet").append(make("li", "worker silent", ["No worker has been seen: nothing will run."]));
  seen = new Map(workers.map((worker) => [worker.id, worker]));
  tickWorkers();
}

let seen = new Map();

function card(worker) {
  const state = make("span", "badge", [icon(worker.is_alive ? "worker" : "failing"), make("span", "", [worker.is_alive ? "Alive" : "Silent"])]);
  const runs = worker.running.map((run) => {
    const line = make("li", "", [make("button", "link", [run.task], { type: "button", "data-name": run.task }), make("span", "elapsed", [], { "data-began": run.started ?? run.due })]);
    if (run.progress != null) line.append(make("progress", "", [], { max: 1, value: run.progress, "aria-label": `Progress of ${run.task}` }));
    return line;
  });
  const facts = [worker.version && `ostinato ${worker.version}`, plural(worker.tasks, "task")].filter(Boolean).join(" · ");
  return make("li", `worker ${worker.is_alive ? "" : "silent"}`, [
    make("div", "worker-head", [make("h3", "", [worker.host, " ", make("small", "", [`${worker.pid}`])], { title: `process ${worker.pid}, worker ${worker.id}` }), state]),
    make("p", "", [facts]),
    make("p", "seen", [], { "data-worker": worker.id }),
    runs.length ? make("ul", "runs", runs) : make("p", "idle", [worker.is_alive ? "runs nothing at the moment" : ""]),
  ]);
}

export function tickWorkers() {
  const at = now();
  for (const node of document.querySelectorAll("#fleet .seen")) {
    const worker = seen.get(node.dataset.worker);
    if (!worker) continue;
    const up = `up ${span((at - Date.parse(worker.started)) / 1000)}`;
    setText(node, worker.is_alive ? up : `last seen ${ago(Date.parse(worker.seen), at)}`);
  }
  for (const node of document.querySelectorAll("#fleet [data-began]")) {
    setText(node, span((at - Date.parse(node.dataset.began)) / 1000));
  }
}

/** Take in what was seen of each worker, though no card has to be drawn again. */
export function heardOf({ workers }) {
  seen = new Map(workers.map((worker) => [worker.id, worker]));
}

export function listenToWorkers(open) {
  one("#fleet").addEventListener("click", (event) => {
    const name = event.target.closest(".link")?.dataset.name;
    if (name != null) open(name);
  });
}
