// One dialog for everything that is asked before it is done.

import { button, make, one, setText, show } from "./dom.js";

/** A labelled input: `field.value` reads it. */
export function field(words, control, hint = "") {
  const node = make("label", "field", [make("span", "", [words]), control, hint ? make("small", "", [hint]) : null]);
  return { node, control, get value() { return control.type === "checkbox" ? control.checked : control.value.trim(); } };
}

export const input = (attributes) => make("input", "", [], { autocomplete: "off", ...attributes });

export function select(options) {
  return make("select", "", options.map(([value, words]) => make("option", "", [words], { value })));
}

export function check(words) {
  const control = input({ type: "checkbox" });
  return { node: make("label", "check", [control, make("span", "", [words])]), get value() { return control.checked; } };
}

/**
 * Ask, and do it when it is confirmed. The dialog closes when that has succeeded; otherwise it says
 * what is wrong and stays. `act` may return `false` to keep it open.
 */
export function ask({ title, words = "", inside = [], confirm, kind = "primary", act }) {
  const dialog = one("#ask");
  const wrong = make("p", "wrong", [], { role: "alert", hidden: true });
  const yes = make("button", `button ${kind}`, [confirm], { type: "submit" });
  const form = make("form", "", [
    make("h2", "", [title], { id: "ask-title" }),
    words ? make("p", "", [words]) : null,
    ...inside,
    wrong,
    make("menu", "", [button("Keep it as it is", () => dialog.close()), yes]),
  ], { novalidate: true });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (yes.getAttribute("aria-disabled") === "true") return;
    yes.setAttribute("aria-disabled", "true");
    show(wrong, false);
    try {
      if ((await act({ yes, form })) !== false) dialog.close();
    } catch (error) {
      setText(wrong, error.words ?? String(error));
      show(wrong, true);
    } finally {
      yes.removeAttribute("aria-disabled");
    }
  });
  dialog.replaceChildren(form);
  dialog.showModal();
  (form.querySelector("input, select") ?? yes).focus();
  return { dialog, form, yes, wrong };
}
