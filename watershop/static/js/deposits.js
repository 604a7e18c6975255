// Fills the deposit fields of the till as cans go out and come in, until the clerk writes a number of their own.
//
//   form.till                  the till, or the one without the server
//   [data-deposits]            around the fields; data-buyer when a customer is chosen, data-keeps-free when they keep
//                              cans without a deposit
//   input[data-deposit]        rupees per can; data-can names the size, data-held and data-held-cans what is held now
//   The server does the same for a field that stays empty (sales/deposits.py, `suggested`).

function number(form, name) {
  return Math.max(0, Math.trunc(Number(form.elements[name]?.value) || 0));
}

function share(input, cans) {
  const [held, count] = [Number(input.dataset.held), Number(input.dataset.heldCans)];
  return cans >= count ? held : Math.round((held * 100 * cans) / count) / 100;
}

function suggestion(form, box, input) {
  const moved = number(form, `sold_${input.dataset.can}`) - number(form, `back_${input.dataset.can}`);
  if (!("buyer" in box.dataset) || form.elements.is_unpaid?.checked) return 0;
  if (moved > 0) return "keepsFree" in box.dataset ? 0 : moved * Number(input.dataset.deposit);
  return moved < 0 ? -share(input, -moved) : 0;
}

function fill(form) {
  for (const box of form.querySelectorAll("[data-deposits]")) {
    for (const input of box.querySelectorAll("input[data-deposit]")) {
      if ("own" in input.dataset) continue;
      const value = String(suggestion(form, box, input) || "");
      if (input.value === value) continue;
      input.value = value;
      input.dispatchEvent(new Event("input", { bubbles: true }));
    }
  }
}

document.addEventListener("input", (event) => {
  const form = event.target.closest("form.till");
  if (!form) return;
  if (event.isTrusted && event.target.matches("[data-deposit]")) event.target.dataset.own = "";
  if (!event.target.matches("[data-deposit]")) fill(form);
});

const tills = document.querySelectorAll("form.till");
for (const input of document.querySelectorAll("input[data-deposit]")) if (input.value) input.dataset.own = "";
tills.forEach(fill);
document.addEventListener("htmx:afterSettle", () => tills.forEach(fill));
