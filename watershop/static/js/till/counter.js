// The people at the counter: a press on a tile, or its key, puts them on the bill. Nothing is sold by it.
//
//   #counter                       asks for news by htmx; data-correct: where to say that the bill is somebody else's;
//                                  data-chosen: whose the bill is by the chosen tile, "" for somebody unknown
//   button[data-tile="1"]          posts itself by htmx; aria-pressed: chosen; data-customer: "" for somebody unknown
//   The slot is filled by a room that the till does not know; without it none of this happens.

import { onceSettled } from "./settled.js";

function counter() {
  return document.querySelector("#counter");
}

function buyerOf(form) {
  return form.elements.namedItem("customer")?.value ?? "";
}

function isChoosing() {
  return Boolean(document.querySelector("[data-tile].htmx-request"));
}

export function watchCounter(form) {
  document.addEventListener("click", (event) => {
    const tile = event.target.closest("[data-tile]");
    if (tile) choose(form, tile);
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.detail.target.id === "buyer") tellBuyer(form);
  });
  // Nobody looks at a hidden page; and what was asked before a choice does not know of it yet.
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.elt.id === "counter" && (document.hidden || isChoosing())) event.preventDefault();
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target.id === "counter" && isChoosing()) event.detail.shouldSwap = false;
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.elt.matches("[data-tile]")) look();
  });
}

function look() {
  htmx.trigger(counter(), "look");
}

function choose(form, tile) {
  for (const other of document.querySelectorAll("[data-tile]")) other.ariaPressed = String(other === tile);
  counter().dataset.chosen = tile.dataset.customer || buyerOf(form);
  if (!counter().dataset.chosen) document.querySelector("#q")?.focus();
}

// Somebody else came onto the bill than the chosen tile says: the clerk knows better. Nobody on it may be the way there.
async function tellBuyer(form) {
  const chosen = counter()?.dataset.chosen;
  const customer = buyerOf(form);
  if (chosen === undefined || !customer || chosen === customer) return;
  counter().dataset.chosen = customer;
  const values = { client_ref: form.elements.namedItem("client_ref").value, customer };
  await htmx.ajax("POST", counter().dataset.correct, { source: document.body, swap: "none", values });
  look();
}

export function chooseTile(key) {
  const tile = document.querySelector(`[data-tile="${key}"]`);
  tile?.click();
  return Boolean(tile);
}

// The usual of the chosen one, if nothing is on the bill yet. Somebody may press Enter before the bill is theirs.
export function sellUsual(form) {
  if (isChoosing()) {
    onceSettled("buyer", () => void sellUsual(form));
    return true;
  }
  const usual = document.querySelector("[data-usual]:not(:disabled)");
  if (!usual || counter()?.dataset.chosen !== buyerOf(form)) return false;
  usual.click();
  return true;
}
