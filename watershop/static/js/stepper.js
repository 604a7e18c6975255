// Minus and plus beside a number (templates/sales/_stepper.html).
//
//   .stepper > button[data-step="1|-1"]   moves the number of its .stepper between its min and max

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-step]");
  if (!button) return;
  const input = button.parentElement.querySelector("input");
  if (Number(button.dataset.step) > 0) input.stepUp();
  else input.stepDown();
  input.dispatchEvent(new Event("input", { bubbles: true }));
});
