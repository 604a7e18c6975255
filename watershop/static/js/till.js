// The till. The server prices each sale again from its own list: the numbers here are for the eye.
//
//   <form data-till="shop:user">    data-answered: shown again with a reason; data-sold: the last sale is done;
//                                   data-last-entry: when the last sale or payment was recorded
//   Its fields are a plain form (sales/till_forms.py); each part of the screen has its module in js/till/.
//   `till:sold` on the document says that a sale is done, or kept to be sent: the form starts anew.

import "./stepper.js";
import { showBill } from "./till/bill.js";
import { watchBuyer } from "./till/buyer.js";
import { checkClock } from "./till/clock.js";
import { keepDraft, restoreDraft } from "./till/draft.js";
import { startAnew } from "./till/form.js";
import { watchKeys } from "./till/keys.js";
import { watchMoney } from "./till/pay.js";

const form = document.querySelector("form[data-till]");

function show() {
  showBill(form);
  keepDraft(form);
}

form.addEventListener("input", show);
document.addEventListener("htmx:afterSettle", show);
document.addEventListener("till:sold", () => {
  startAnew(form);
  show();
});
form.addEventListener("click", (event) => {
  const head = event.target.closest("[data-add]");
  if (!head) return;
  event.preventDefault(); // its label would only lead to the number
  head.parentElement.querySelector("[data-step='1']").click();
});

watchMoney(form);
watchBuyer(form);
watchKeys(form);
checkClock(form);
await restoreDraft(form);
show();
