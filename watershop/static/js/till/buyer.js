// The search by keyboard: down and up move through what was found, Enter takes it or the first.
//
//   #q in #buyer searches by htmx; #found holds the answers. A form that is refused is sent again as a page, so that
//   its reasons are seen.

import { onceSettled } from "./settled.js";

export function watchBuyer(form) {
  form.addEventListener("keydown", (event) => {
    if (!event.target.closest("#q, #found")) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) move(event, step);
    else if (event.key === "Enter" && event.target.id === "q") takeFirst(event);
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target.id === "buyer") form.querySelector("#buyer").scrollIntoView({ block: "nearest" });
  });
  // The usual is sold on this page's bill: what was said of that is found by its key.
  document.querySelector("#usual").addEventListener("submit", ({ target }) => {
    target.elements.namedItem("client_ref").value = form.elements.namedItem("client_ref").value;
  });
  document.addEventListener("htmx:responseError", (event) => {
    if (event.detail.elt.form?.id === "add") event.detail.elt.form.submit();
  });
}

function move(event, step) {
  const places = [document.querySelector("#q"), ...document.querySelectorAll("#found a")];
  const next = places[places.indexOf(document.activeElement) + step];
  event.preventDefault();
  next?.focus();
}

// Somebody may type faster than the answer comes: the choice then waits for it.
function takeFirst(event) {
  event.preventDefault();
  const isAnswered = () => document.querySelector("[data-found]")?.dataset.found === event.target.value.trim();
  const choose = () => isAnswered() && (document.querySelector("#found a")?.click(), true);
  if (!choose()) onceSettled("found", choose);
}
