// The keypad of a PIN. Tap who you are, type: the form is sent at the last digit of that person's PIN.
//
//   <form data-pin-form>     holds radio buttons with data-digits, an input.pin-digits and a .pin-keys keypad
//   data-digit="7"           a key; data-digit="" deletes a digit

for (const form of document.querySelectorAll("[data-pin-form]")) {
  const digits = form.querySelector(".pin-digits");
  let isSent = false;

  form.querySelector(".pin-keys").hidden = false;
  digits.inputMode = "none"; // the keypad is on the page: a phone need not show its own

  function chosen() {
    return form.querySelector("[data-digits]:checked");
  }

  function sendWhenWhole() {
    const length = Number(chosen()?.dataset.digits);
    if (!length || digits.value.length !== length || isSent) return;
    isSent = true;
    form.requestSubmit();
  }

  // The back button may bring the page back as it was left.
  window.addEventListener("pageshow", () => (isSent = false));

  form.addEventListener("click", (event) => {
    const key = event.target.closest("[data-digit]");
    if (!key) return;
    digits.value = key.dataset.digit ? digits.value + key.dataset.digit : digits.value.slice(0, -1);
    sendWhenWhole();
  });

  form.addEventListener("change", (event) => {
    if (event.target.type !== "radio") return;
    digits.value = "";
  });

  digits.addEventListener("input", sendWhenWhole);

  // Digits count wherever the focus is, so that arrow keys choose the person and the PIN follows.
  document.addEventListener("keydown", (event) => {
    if (event.target === digits || event.ctrlKey || event.altKey || event.metaKey) return;
    if (/^\d$/.test(event.key)) digits.value += event.key;
    else if (event.key === "Backspace") digits.value = digits.value.slice(0, -1);
    else return;
    event.preventDefault();
    sendWhenWhole();
  });
}
