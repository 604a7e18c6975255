// Runs before the page is painted, so that a chosen theme does not flash: a plain script, not a module.
// Without a choice the page follows the device (see tokens.css).
(() => {
  const root = document.documentElement;
  root.dataset.js = "";
  try {
    const theme = localStorage.getItem("theme");
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
  } catch {
    // Storage is closed in some private windows; the device's theme is then kept.
  }
})();
