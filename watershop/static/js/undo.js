// The seconds in which the clerk may take back a sale just made. The server decides; this shows what is left.
//
//   <form data-undo="10"> [data-undo-left] shows the seconds; the form goes when they are over

for (const form of document.querySelectorAll("form[data-undo]")) {
  let left = Number(form.dataset.undo);
  const shown = form.querySelector("[data-undo-left]");
  const tick = () => {
    shown.textContent = String(left);
    if (left <= 0) form.remove();
    left -= 1;
  };
  tick();
  setInterval(tick, 1000);
}
