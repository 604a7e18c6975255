// The bill as it grows: lines, total, and where the buyer's account will stand after this sale.
//
//   ul[data-lines]            the bill's lines; li[data-no-lines] shows while there are none
//   [data-total]              every element that shows the total
//   [data-price-of="3"]       the price of a size, which may be the buyer's own
//   [data-amount-of="3"]      where another amount is charged, shown for sizes on the bill
//   [data-deposits]           shown for the sizes that come or go (js/deposits.js fills them in)
//   [data-after="balance"]    what data-balance of the buyer becomes; so data-cans and data-left
//   [data-needs-buyer]        disabled, and [data-for-buyer] hidden, while no customer is chosen

import { count, soldInputs, sumsOf } from "./form.js";
import { paise, rupees } from "./money.js";
import { showMoney } from "./pay.js";

export function showBill(form) {
  const sums = sumsOf(form);
  showTiles(form);
  showDeposits(form);
  showLines(form.querySelector("[data-lines]"), sums);
  for (const element of form.querySelectorAll("[data-total]")) element.textContent = rupees(sums.total);
  for (const button of form.querySelectorAll("[data-pay], [data-park]")) button.disabled = !sums.lines.length;
  for (const button of document.querySelectorAll("[data-usual]")) button.disabled = sums.sold + sums.back > 0;
  showMoney(form, sums);
  showBuyer(form, sums);
}

function showTiles(form) {
  for (const input of soldInputs(form)) {
    const price = form.elements.namedItem(`price_${input.dataset.sold}`).value;
    form.querySelector(`[data-price-of="${input.dataset.sold}"]`).textContent = rupees(paise(price));
    form.querySelector(`[data-amount-of="${input.dataset.sold}"]`).hidden = !(Number(input.value) > 0);
    input.closest(".can-tile").classList.toggle("is-taken", Number(input.value) > 0);
  }
}

// Only sizes that come or go have a deposit.
function showDeposits(form) {
  for (const box of form.querySelectorAll("[data-deposits]")) {
    const inputs = [...box.querySelectorAll("[data-deposit]")];
    for (const input of inputs) {
      const moved = ["sold", "back"].map((kind) => count(form.elements.namedItem(`${kind}_${input.dataset.can}`)));
      input.closest(".field").hidden = moved[0] === moved[1] && !input.value;
    }
    box.hidden = inputs.every((input) => input.closest(".field").hidden);
  }
}

function showLines(list, { lines, deposit }) {
  for (const item of list.querySelectorAll("li:not([data-no-lines])")) item.remove();
  for (const line of lines) {
    const item = listItem(`${line.count} × ${line.name}`, rupees(line.amount));
    item.classList.toggle("is-changed", line.amount !== line.listed);
    list.append(item);
  }
  if (deposit) list.append(listItem(document.querySelector("[data-deposits] legend").textContent, rupees(deposit)));
  list.querySelector("[data-no-lines]").hidden = lines.length > 0;
}

function listItem(name, amount) {
  const item = document.createElement("li");
  for (const text of [name, amount]) item.append(Object.assign(document.createElement("span"), { textContent: text }));
  return item;
}

function showBuyer(form, sums) {
  const buyer = form.querySelector("[data-buyer]");
  for (const element of form.querySelectorAll("[data-for-buyer]")) element.hidden = !buyer;
  for (const element of form.querySelectorAll("[data-needs-buyer]")) {
    element.disabled = !buyer;
    if (!buyer) element.checked = false;
  }
  if (!buyer) return;
  const credit = sums.goods - sums.paid;
  const isBegun = sums.sold + sums.back > 0;
  after(buyer, "balance", isBegun && credit ? rupees(paise(buyer.dataset.balance) + credit) : "");
  after(buyer, "cans", isBegun && sums.sold !== sums.back ? String(Number(buyer.dataset.cans) + sums.sold - sums.back) : "");
  if (!("left" in buyer.dataset)) return;
  const left = paise(buyer.dataset.left) - credit;
  after(buyer, "left", isBegun && credit ? rupees(left) : "", left < 0);
}

function after(buyer, name, text, isBad = false) {
  const element = buyer.querySelector(`[data-after="${name}"]`);
  if (!element) return;
  element.textContent = text && `→ ${text}`;
  element.closest("li").classList.toggle("is-passed", isBad && text !== "");
}
