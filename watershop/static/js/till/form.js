// The till's form as data: what is on it, and what it comes to.

import { paise } from "./money.js";

export const TENDERS = ["cash", "upi", "coin"];

export function count(input) {
  return Math.max(0, Math.trunc(Number(input?.value) || 0));
}

function field(form, name) {
  return form.elements.namedItem(name);
}

export function soldInputs(form) {
  return [...form.querySelectorAll("input[data-sold]")];
}

// The sale as the form would send it.
export function saleOf(form) {
  return new FormData(form);
}

// What the sale comes to, in paise and cans: {lines, goods, deposit, total, parts, paid, handed, cans}.
export function sumsOf(form) {
  const lines = soldInputs(form).filter((input) => count(input) > 0).map((input) => lineOf(form, input));
  const goods = lines.reduce((sum, line) => sum + line.amount, 0);
  const deposits = [...form.querySelectorAll("input[data-deposit]")].map((input) => paise(input.value || "0"));
  const deposit = deposits.reduce((sum, amount) => sum + amount, 0);
  const parts = TENDERS.map((tender) => paise(field(form, `part_${tender}`)?.value || "0"));
  const isSplit = parts.some((part) => part > 0);
  const isUnpaid = field(form, "is_unpaid").checked;
  const paid = isSplit ? parts.reduce((sum, part) => sum + part, 0) : isUnpaid ? 0 : goods;
  const sold = lines.reduce((sum, line) => sum + line.count, 0);
  const back = soldInputs(form).reduce((sum, input) => sum + count(field(form, `back_${input.dataset.sold}`)), 0);
  const handed = paise(field(form, "handed").value || "0");
  return { lines, goods, deposit, total: goods + deposit, isSplit, isUnpaid, paid, sold, back, handed };
}

function lineOf(form, input) {
  const size = input.dataset.sold;
  const own = field(form, `amount_${size}`)?.value;
  const listed = count(input) * paise(field(form, `price_${size}`).value);
  return { size, name: input.dataset.name, count: count(input), amount: own ? paise(own) : listed, listed };
}
