// A device whose clock lies behind the last entry would date sales before it: the clerk looks at it first.
//
//   form[data-last-entry]   when the last sale or payment was recorded; [data-clock] holds the warning and its tick

const TOLERANCE = 60_000;

export function checkClock(form) {
  const last = Date.parse(form.dataset.lastEntry);
  if (!(Date.now() < last - TOLERANCE)) return;
  const warning = form.querySelector("[data-clock]");
  warning.hidden = false;
  warning.querySelector("input").required = true;
}
