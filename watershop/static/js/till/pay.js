// Notes handed over and the change; a payment in parts, of which the last fills in by itself.
//
//   [data-pad]                 shown while all is paid in cash; button[data-note] adds a note, or all: "exact"
//   input[name=handed]         never stored; [data-change-shown] says what goes back
//   [data-split]               holds input[name=part_cash] ...; [data-on-account] says what stays open

import { TENDERS, sumsOf } from "./form.js";
import { paise, plain, rupees } from "./money.js";

export function watchMoney(form) {
  form.addEventListener("click", (event) => {
    const note = event.target.closest("[data-note]")?.dataset.note;
    if (note) handOver(form, note);
  });
  form.addEventListener("input", (event) => {
    if (event.target.name?.startsWith("part_") && event.isTrusted) fillRest(form, event.target);
  }, true);
}

function handOver(form, note) {
  const input = form.elements.namedItem("handed");
  const { total } = sumsOf(form);
  input.value = plain(note === "exact" ? total : paise(input.value || "0") + Number(note) * 100);
  input.dispatchEvent(new Event("input", { bubbles: true }));
}

// What is not typed yet goes into the first other tender, unless the rest is left unpaid.
function fillRest(form, typed) {
  typed.dataset.typed = "";
  const boxes = TENDERS.map((tender) => form.elements.namedItem(`part_${tender}`));
  const rest = boxes.find((box) => box !== typed && !("typed" in box.dataset));
  if (!rest || form.elements.namedItem("is_unpaid").checked) return;
  const others = boxes.filter((box) => box !== rest).reduce((sum, box) => sum + paise(box.value || "0"), 0);
  const open = sumsOf(form).goods - others;
  for (const box of boxes) if (box !== typed && !("typed" in box.dataset)) box.value = "";
  if (others && open > 0) rest.value = plain(open);
}

export function showMoney(form, sums) {
  const isCash = form.querySelector("input[name=tender]:checked")?.value === "cash";
  const pad = form.querySelector("[data-pad]");
  pad.disabled = !isCash || sums.isSplit || sums.isUnpaid;
  showChange(form, pad.disabled ? 0 : sums.handed, sums.total);
  const open = sums.isSplit ? sums.goods - sums.paid : 0;
  form.querySelector("[data-on-account]").textContent = open > 0 ? rupees(open) : "";
}

function showChange(form, handed, total) {
  const label = form.querySelector("[data-change-label]");
  const isShort = handed > 0 && handed < total;
  const text = handed > 0 ? rupees(Math.abs(handed - total)) : "–";
  label.textContent = isShort ? label.dataset.short : label.dataset.change;
  form.querySelector("[data-change-shown]").textContent = text;
  form.querySelector(".pad__change").classList.toggle("is-short", isShort);
  form.querySelector("[data-change-small]").textContent = handed > 0 ? `${label.textContent} ${text}` : "";
}
