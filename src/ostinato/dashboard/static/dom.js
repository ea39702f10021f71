// The few ways in which this page touches the document. Text is set as text alone.

const SVG = "http://www.w3.org/2000/svg";

export const one = (selector, root = document) => root.querySelector(selector);

/** Make an element: its class, its children (text or elements), its attributes. */
export function make(tag, classes = "", children = [], attributes = {}) {
  const node = document.createElement(tag);
  if (classes) node.className = classes;
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) node.setAttribute(name, "");
    else if (value !== false && value != null) node.setAttribute(name, value);
  }
  node.append(...[children].flat().filter((child) => child != null && child !== ""));
  return node;
}

export function shape(tag, attributes = {}) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}

/** One of the page's own symbols; it never speaks, the word beside it does. */
export function icon(name) {
  const node = shape("svg", { class: "icon", "aria-hidden": "true" });
  node.append(shape("use", { href: `#i-${name}` }));
  return node;
}

export function button(words, act, { kind = "", symbol = null, ...attributes } = {}) {
  const inside = symbol ? [icon(symbol), words] : [words];
  const node = make("button", `button ${kind}`.trim(), inside, { type: "button", ...attributes });
  node.addEventListener("click", act);
  return node;
}

/** Write only what has changed: an unchanged page costs no layout. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export function setAttribute(node, name, value) {
  if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}

export function setIcon(node, name) {
  setAttribute(one("use", node), "href", `#i-${name}`);
}

export function show(node, visible) {
  if (node.hidden === visible) node.hidden = !visible;
}

/** A time that a machine can read as well; the exact instant in UTC is its title. */
export function time(words, instant) {
  return make("time", "", [words], { datetime: instant, title: instant.replace("T", " ") });
}
