// Shows the tokens and the runs of the cleaning task. The server is asked twice a second; between
// two answers the page counts down by itself.

const ASK_EVERY = 500; // milliseconds
const DRAW_EVERY = 100;
const LEAVING = 400; // as long as the transition in style.css

const byId = (id) => document.getElementById(id);
const cards = new Map(); // id of a token -> its card

let lastRun = null;

async function ask() {
  try {
    const [tokens, cleanings] = await Promise.all([read("tokens"), read("cleanings")]);
    showTrouble(null);
    showCleanings(cleanings);
    showTokens(tokens);
  } catch {
    showTrouble("The server does not answer. This page keeps asking.");
  }
}

async function read(path) {
  const response = await fetch(path, { cache: "no-store", signal: AbortSignal.timeout(5000) });
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response.json();
}

function showTrouble(text) {
  document.body.classList.toggle("offline", text !== null);
  const trouble = byId("trouble");
  // Written only when it changes: an alert is read aloud each time it is written.
  if (trouble.hidden !== (text === null)) {
    trouble.hidden = text === null;
    trouble.textContent = text ?? "";
  }
}

function showTokens(tokens) {
  const now = performance.now();
  const ids = new Set(tokens.map((token) => token.id));
  for (const [id, card] of cards) {
    if (!ids.has(id)) leave(id, card);
  }
  rearrange(() => {
    for (const token of tokens) {
      const expires = now + token.seconds_left * 1000;
      const card = cards.get(token.id);
      if (card) card.expires = expires;
      else arrive(token, expires);
    }
  });
  byId("empty").hidden = tokens.length > 0;
  draw();
}

function arrive(token, expires) {
  const element = document.createElement("li");
  element.className = "token";
  element.innerHTML =
    '<span class="name"></span><span class="whole"></span>' +
    '<span class="left"></span><span class="bar" aria-hidden="true"><span></span></span>';
  const [name, whole, left, bar] = element.children;
  name.textContent = `Token ${token.id}`;
  whole.textContent = `for ${duration(token.lifetime)}`;
  // The next to expire stands first.
  const later = [...cards.values()].filter((card) => card.expires > expires);
  const next = later.sort((one, other) => one.expires - other.expires)[0];
  byId("tokens").insertBefore(element, next?.element ?? null);
  cards.set(token.id, { element, left, bar: bar.firstChild, lifetime: token.lifetime * 1000, expires });
}

function leave(id, card) {
  cards.delete(id);
  card.element.classList.add("leaving");
  setTimeout(() => rearrange(() => card.element.remove()), LEAVING);
}

// Makes a change, and lets the cards glide to their new places instead of jumping there. To another
// row they fade: cards that cross the page would catch the eye more than what expires.
function rearrange(change) {
  const elements = [...cards.values()].map((card) => card.element);
  const before = elements.map((element) => element.getBoundingClientRect());
  change();
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  elements.forEach((element, index) => {
    const after = element.getBoundingClientRect();
    const [x, y] = [before[index].left - after.left, before[index].top - after.top];
    if (x || y) {
      const way = y ? { opacity: [0, 1] } : { transform: [`translate(${x}px)`, "none"] };
      element.animate(way, { duration: LEAVING, easing: "ease-out" });
    }
  });
}

function draw() {
  const now = performance.now();
  let live = 0;
  for (const card of cards.values()) {
    const left = card.expires - now;
    const isExpired = left <= 0;
    live += isExpired ? 0 : 1;
    card.element.classList.toggle("expired", isExpired);
    write(card.left, isExpired ? "expired" : `${duration(left / 1000)} left`);
    card.bar.style.setProperty("--share", Math.max(0, Math.min(1, left / card.lifetime)));
  }
  write(byId("count"), cards.size ? `${live} live, ${cards.size - live} expired` : "");
  if (lastRun !== null) {
    const seconds = Math.floor((now - lastRun.finished) / 1000);
    const ago = seconds < 1 ? "just now" : `${duration(seconds)} ago`;
    write(byId("last-run"), `Last run ${ago}, removed ${lastRun.removed}`);
  }
}

function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function showCleanings({ period, runs }) {
  write(byId("period"), String(period));
  const latest = runs.at(-1);
  if (latest === undefined || latest.id === lastRun?.id) return;
  lastRun = {
    id: latest.id,
    removed: latest.removed,
    finished: performance.now() - latest.seconds_ago * 1000,
  };
  byId("score").replaceChildren(...runs.map(note));
  const removed = runs.reduce((sum, run) => sum + run.removed, 0);
  const label = `The latest ${runs.length} runs removed ${removed} tokens`;
  byId("score").setAttribute("aria-label", label);
}

function note(run) {
  const element = document.createElement("span");
  element.className = run.removed ? "note removed" : "note";
  element.title = `Run ${run.id} removed ${run.removed}`;
  if (run.removed) element.append(String(run.removed));
  const stem = document.createElement("i");
  stem.style.setProperty("--removed", Math.min(run.removed, 5));
  element.append(stem, document.createElement("b"));
  return element;
}

function duration(seconds) {
  if (seconds >= 7200) return `${Math.round(seconds / 3600)} h`;
  if (seconds >= 120) return `${Math.round(seconds / 60)} min`;
  return `${Math.ceil(seconds)} s`;
}

async function issue(event) {
  event.preventDefault();
  const input = byId("lifetime");
  const lifetime = input.valueAsNumber;
  if (!input.checkValidity()) {
    answer("Choose between 1 and 86400 seconds.", true);
    input.focus();
    return;
  }
  try {
    const response = await fetch("tokens", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ lifetime }),
      signal: AbortSignal.timeout(5000),
    });
    if (!response.ok) throw new Error(`tokens: ${response.status}`);
    const issued = await response.json();
    answer(`Token ${issued.id} is yours, shown this once: ${issued.token}`, false);
    await ask();
  } catch {
    answer("The token was not issued: the server did not accept it.", true);
  }
}

function answer(text, isRefused) {
  byId("answer").textContent = text;
  byId("answer").classList.toggle("refused", isRefused);
  byId("lifetime").setAttribute("aria-invalid", String(isRefused));
}

async function keepAsking() {
  // A page that nobody sees asks nothing.
  if (!document.hidden) await ask();
  setTimeout(keepAsking, ASK_EVERY);
}

byId("issue").addEventListener("submit", issue);
setInterval(draw, DRAW_EVERY);
keepAsking();
