// What the page tells in passing: toasts, the banner, the tip under the pointer.

import { button, icon, make, one, show } from "./dom.js";

const STAYS = 6000;

/**
 * Say that something was done, or was not; screen readers hear it. While the panel is open, all
 * that is outside of it is neither seen nor heard: it has toasts of its own.
 */
export function toast(words, tone = "ok") {
  const toasts = one("#panel[open] .toasts") ?? one("#toasts");
  const shown = make("p", `toast ${tone}`, [icon(tone === "ok" ? "ok" : "failing"), make("span", "", [words])]);
  const close = button("", () => shown.remove(), { kind: "quiet", symbol: "cross", "aria-label": "Dismiss" });
  shown.append(close);
  toasts.append(shown);
  while (toasts.childElementCount > 3) toasts.firstElementChild.remove();
  if (tone === "ok") setTimeout(() => shown.remove(), STAYS);
}

/** Say above everything what is wrong; null: nothing is. */
export function banner(title, words = "") {
  const node = one("#banner");
  const text = title ? `${title} ${words}` : "";
  if (node.dataset.text === text) return;
  node.dataset.text = text;
  node.replaceChildren(...(title ? [icon("failing"), make("p", "", [make("b", "", [title]), ` ${words}`])] : []));
  show(node, Boolean(title));
}

/** Show a line beside the pointer; an empty one takes it away. */
export function tip(words, event = null) {
  const node = one("#tip");
  show(node, Boolean(words));
  if (!words) return;
  if (node.textContent !== words) node.textContent = words;
  const room = document.documentElement.clientWidth - node.offsetWidth - 8;
  const left = Math.max(8, Math.min(event.clientX - node.offsetWidth / 2, room));
  const above = event.clientY - node.offsetHeight - 16;
  node.style.translate = `${left}px ${above < 8 ? event.clientY + 20 : above}px`;
}
