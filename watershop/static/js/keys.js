// One key each for the answers of a page: a key presses the first thing that names it. Not while somebody writes.
// What opens a small form puts the cursor into its first field.
//
//   <button data-key="y">   <a data-key="s">   <summary data-key="p">

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.target.closest("input, textarea, select")) return;
  const pressed = document.querySelector(`[data-key="${CSS.escape(event.key.toLowerCase())}"]`);
  if (!pressed) return;
  event.preventDefault();
  pressed.click();
  pressed.closest("details[open]")?.querySelector("input:not([type=hidden]), select")?.focus();
});
