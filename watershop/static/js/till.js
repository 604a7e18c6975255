// The till. The server prices each sale again from its own list: the numbers here are for the eye.
//
//   <form data-till="shop:user">    data-answered: shown again with a reason; data-sold: the last sale is done;
//                                   data-last-entry: when the last sale or payment was recorded
//   Its fields are a plain form (sales/till_forms.py); each part of the screen has its module in js/till/.
//   A sale that the server did not answer goes on to the offline till (js/offline/worker.js), which forgets the draft.

import "./stepper.js";
import { showBill } from "./till/bill.js";
import { watchBuyer } from "./till/buyer.js";
import { checkClock } from "./till/clock.js";
import { watchCounter } from "./till/counter.js";
import { keepDraft, restoreDraft } from "./till/draft.js";
import { watchKeys } from "./till/keys.js";
import { watchMoney } from "./till/pay.js";

const form = document.querySelector("form[data-till]");

function show() {
  showBill(form);
  keepDraft(form);
}

form.addEventListener("input", show);
document.addEventListener("htmx:afterSettle", show);

watchMoney(form);
watchBuyer(form);
watchCounter(form);
watchKeys(form);
checkClock(form);
await restoreDraft(form);
show();
