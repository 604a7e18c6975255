// Minus and plus beside a number (templates/sales/_stepper.html).
//
//   .stepper > button[data-step="1|-1"]   moves the number of its .stepper between its min and max
//   .can-tile > [data-add]                presses the plus beside it

document.addEventListener("click", (event) => {
  const head = event.target.closest("[data-add]");
  if (head) event.preventDefault(); // its label would only lead to the number
  const button = head ? head.parentElement.querySelector("[data-step='1']") : event.target.closest("[data-step]");
  if (!button) return;
  const input = button.parentElement.querySelector("input");
  if (Number(button.dataset.step) > 0) input.stepUp();
  else input.stepDown();
  input.dispatchEvent(new Event("input", { bubbles: true }));
});
