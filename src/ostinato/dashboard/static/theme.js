// Read before the first paint, so that a chosen colour scheme does not flash.
// A classic script on purpose: a module would run after the page was drawn.
(() => {
  let chosen = null;
  try {
    chosen = localStorage.getItem("ostinato-theme");
  } catch {
    // Without storage the system's colours are used.
  }
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
})();
