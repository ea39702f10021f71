// Shortcuts: single keys, only where nobody is typing and no dialog is open.

import { hold, runNow } from "./actions.js";
import { one, setAttribute } from "./dom.js";
import { canControl } from "./model.js";
import { focusedTask, walk } from "./tasks.js";
import { toggleLanes } from "./timeline.js";

const THEMES = ["system", "light", "dark"];

function steer(act) {
  const task = focusedTask();
  if (task && canControl()) act(task);
}

const KEYS = {
  "/": () => one("#search").focus(),
  "?": () => one("#keys").showModal(),
  j: () => walk(1),
  k: () => walk(-1),
  r: () => steer(runNow),
  p: () => steer(hold),
  t: toggleLanes,
  d: nextTheme,
};

function nextTheme() {
  const root = document.documentElement;
  const theme = THEMES[(THEMES.indexOf(root.dataset.theme ?? "system") + 1) % THEMES.length];
  if (theme === "system") delete root.dataset.theme;
  else root.dataset.theme = theme;
  try {
    localStorage.setItem("ostinato-theme", theme);
  } catch {
    // Without storage the choice lasts as long as the page.
  }
  nameTheme();
}

function nameTheme() {
  const theme = document.documentElement.dataset.theme ?? "as the system has them";
  setAttribute(one("#theme"), "aria-label", `Colours: ${theme}`);
}

function press(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  const search = one("#search");
  if (event.key === "Escape" && event.target === search) {
    search.value = "";
    search.dispatchEvent(new Event("input"));
    search.blur();
  }
  if (event.key === "Enter" && event.target === search) {
    event.preventDefault(); // Otherwise it would press the button that has the focus then.
    walk(1);
  }
  if (event.target.closest?.("input, select, textarea") || one("dialog[open]")) return;
  const act = KEYS[event.key];
  if (!act) return;
  event.preventDefault();
  act();
}

export function listenToKeys() {
  document.addEventListener("keydown", press);
  one("#theme").addEventListener("click", nextTheme);
  one("#help").addEventListener("click", () => one("#keys").showModal());
  nameTheme();
}
