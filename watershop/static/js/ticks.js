// One tick for all customers of a form; it is in view only where this script runs.
//
//   form > [data-tick-all] > input   ticks and unticks every input[name="customer"] of its form

for (const label of document.querySelectorAll("[data-tick-all]")) {
  const all = label.querySelector("input");
  const ticks = [...label.closest("form").querySelectorAll('input[name="customer"]')];
  label.hidden = false;
  all.addEventListener("change", () => ticks.forEach((tick) => (tick.checked = all.checked)));
  for (const tick of ticks) tick.addEventListener("change", () => (all.checked = ticks.every((one) => one.checked)));
}
