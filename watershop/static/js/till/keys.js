// Every key of the till; templates/sales/_till_keys.html lists them. Letters work while no text is being written, digits
// while no number is either.

import { chooseTile, sellUsual } from "./counter.js";
import { onceSettled } from "./settled.js";

const LETTERS = { c: "[name=tender][value=cash]", u: "[name=tender][value=upi]", o: "[name=tender][value=coin]", d: "[name=is_unpaid]" };

export function watchKeys(form) {
  const help = document.querySelector("#till-keys");
  document.querySelector("[data-keys-help]")?.addEventListener("click", () => help.showModal());
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || help.open) return;
    if (pressed(form, help, event)) event.preventDefault();
  });
}

// Whether the key meant something here.
function pressed(form, help, event) {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (key === "F2") return search(form);
  if (key === "Escape") return forget(form);
  if (key === "+" || key === "-") return step(form, key === "+" ? 1 : -1);
  if (isWriting()) return false;
  if (key in LETTERS) return choose(form.querySelector(LETTERS[key]));
  if (key === "t") return nextSize(form);
  if (key === "h") return focus(form.elements.namedItem("handed"));
  if (key === "p") return press(form.querySelector("[data-park]"));
  if (key === "?") return help.showModal(), true;
  if (/^[1-4]$/.test(key)) return !document.activeElement.matches("input[type=number]") && (event.repeat || chooseTile(key));
  if (key === "Enter" && isAtRest()) return event.repeat || sellUsual(form) || press(form.querySelector("[data-pay]"));
  return false;
}

function isWriting() {
  const element = document.activeElement;
  return element.matches("input:not([type=radio], [type=checkbox], [type=number]), textarea, select");
}

// No field and no button has the focus, but perhaps the tile that was just pressed.
function isAtRest() {
  return document.activeElement.matches("body, [data-tile][aria-pressed=true]");
}

function focus(element) {
  element?.focus();
  element?.select?.();
  return Boolean(element);
}

function press(button) {
  if (button && !button.disabled) button.click();
  return true;
}

function choose(input) {
  if (!input.disabled) input.click();
  return true;
}

function search(form) {
  if (document.querySelector("#q")) return focus(document.querySelector("#q"));
  onceSettled("buyer", () => focus(document.querySelector("#q")));
  return forget(form);
}

function forget(form) {
  const isMenu = document.querySelector("details.menu[open]");
  if (!isMenu) form.querySelector("[data-walk-in]")?.click();
  return !isMenu;
}

// The number that has the focus, or the first size.
function step(form, by) {
  const own = document.activeElement.closest(".stepper");
  if (!own && document.activeElement.matches("input:not([type=radio], [type=checkbox])")) return false;
  const stepper = own ?? form.querySelector(".stepper");
  stepper?.querySelector(`[data-step="${by}"]`).click();
  return true;
}

function nextSize(form) {
  const inputs = [...form.querySelectorAll("input[data-sold]")];
  return focus(inputs[(inputs.indexOf(document.activeElement) + 1) % inputs.length]);
}
