// Ticked dues fill in the amount of the payment; with none ticked it is again what the page said.
//
//   input[data-due="40.00"][form]   a due in rupees; the form it belongs to has an input named amount

function paise(text) {
  return Math.round(Number(text) * 100);
}

function fill(form) {
  const ticked = [...document.querySelectorAll(`input[data-due][form="${form.id}"]:checked`)];
  const total = ticked.reduce((sum, due) => sum + paise(due.dataset.due), 0);
  const amount = form.elements.amount;
  amount.value = ticked.length ? (total / 100).toFixed(2) : amount.defaultValue;
}

document.addEventListener("change", (event) => {
  if (event.target.matches("input[data-due]")) fill(event.target.form);
});
