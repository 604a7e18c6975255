// The till's live arithmetic. The server prices the sale again from its own list: these numbers are for the eye.
//
//   <form data-till>
//     input[data-price="20.00"]             a number of cans and their price; data-name names its line
//     [data-total]                          every element that shows the total
//     ul[data-lines]                        the bill's lines; li.muted[data-no-lines] shows while there are none
//     button[data-pay]                      disabled while nothing is taken
//     [data-needs-buyer]                    disabled while no customer is chosen (no input named customer)

import "./stepper.js";

function paise(text) {
  const [whole, part = ""] = text.split(".");
  return Number(whole) * 100 + Number(part.padEnd(2, "0").slice(0, 2));
}

function rupees(amount) {
  const whole = amount % 100 === 0;
  const digits = { minimumFractionDigits: whole ? 0 : 2, maximumFractionDigits: whole ? 0 : 2 };
  return "₹" + new Intl.NumberFormat("en-IN", digits).format(amount / 100);
}

function count(input) {
  return Math.max(0, Math.trunc(Number(input.value) || 0));
}

function line(input) {
  const item = document.createElement("li");
  const name = document.createElement("span");
  const amount = document.createElement("span");
  name.textContent = `${count(input)} × ${input.dataset.name}`;
  amount.textContent = rupees(count(input) * paise(input.dataset.price));
  item.append(name, amount);
  return item;
}

function showBill(form) {
  const inputs = [...form.querySelectorAll("input[data-price]")];
  for (const input of inputs) input.setAttribute("value", String(count(input)));
  const taken = inputs.filter((input) => count(input) > 0);
  const total = taken.reduce((sum, input) => sum + count(input) * paise(input.dataset.price), 0);
  for (const element of form.querySelectorAll("[data-total]")) element.textContent = rupees(total);
  const lines = form.querySelector("[data-lines]");
  for (const item of lines.querySelectorAll("li:not([data-no-lines])")) item.remove();
  lines.append(...taken.map(line));
  lines.querySelector("[data-no-lines]").hidden = taken.length > 0;
  for (const button of form.querySelectorAll("[data-pay]")) button.disabled = taken.length === 0;
}

function showBuyer(form) {
  const isWalkIn = !form.elements.customer;
  for (const element of form.querySelectorAll("[data-needs-buyer]")) {
    element.disabled = isWalkIn;
    if (isWalkIn && element.checked) element.checked = false;
  }
}

function show(form) {
  showBill(form);
  showBuyer(form);
}

document.addEventListener("input", (event) => {
  const form = event.target.closest("form[data-till]");
  if (form) showBill(form);
});

const tills = document.querySelectorAll("form[data-till]");
tills.forEach(show);
document.addEventListener("htmx:afterSwap", () => tills.forEach(showBuyer));
