// What every page needs: the theme switch, floating menus, toasts, and one press per form.
//
//   data-theme-choice="light|dark|device"   a button of the theme switch
//   <details class="menu">                  closes on Escape and on a press elsewhere
//   data-dismiss                            a button that takes away its .toast; other toasts leave by themselves
//   <form>                                  its submit button is disabled once it is sent; data-resend leaves it alone
//   data-print                              a button that prints the page
//   data-lock-after="5"                     a form that locks this device, sent after so many minutes untouched; 0 = never

const root = document.documentElement;

function chosenTheme() {
  return root.dataset.theme ?? "device";
}

function showTheme() {
  for (const button of document.querySelectorAll("[data-theme-choice]")) {
    button.setAttribute("aria-pressed", String(button.dataset.themeChoice === chosenTheme()));
  }
}

function chooseTheme(theme) {
  if (theme === "device") delete root.dataset.theme;
  else root.dataset.theme = theme;
  try {
    if (theme === "device") localStorage.removeItem("theme");
    else localStorage.setItem("theme", theme);
  } catch {
    // The choice then lasts for this page only.
  }
  showTheme();
  document.dispatchEvent(new Event("themechange"));
}

function closeMenus(except) {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (menu !== except) menu.open = false;
  }
}

document.addEventListener("click", (event) => {
  const target = event.target;
  closeMenus(target.closest("details.menu"));
  const choice = target.closest("[data-theme-choice]");
  if (choice) chooseTheme(choice.dataset.themeChoice);
  target.closest("[data-dismiss]")?.closest(".toast").remove();
  if (target.closest("[data-print]")) window.print();
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const summary = document.querySelector("details.menu[open] > summary");
  closeMenus();
  summary?.focus();
});

// A second press must not send a form twice. The button is disabled after the browser has read the form,
// because a disabled button's own name and value would not be sent.
document.addEventListener("submit", (event) => {
  if (event.defaultPrevented || "resend" in event.target.dataset) return;
  const button = event.submitter;
  setTimeout(() => button && (button.disabled = true));
});

// The back button may bring the page back as it was left, with its button disabled.
window.addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  for (const button of document.querySelectorAll("button[type=submit]:disabled")) button.disabled = false;
});

// The server locks an idle device at its next request; this hides what an idle page shows.
const lock = document.querySelector("[data-lock-after]");
const idleMinutes = Number(lock?.dataset.lockAfter);
if (idleMinutes) {
  let timer;
  const touched = () => {
    clearTimeout(timer);
    timer = setTimeout(() => lock.requestSubmit(), idleMinutes * 60_000);
  };
  for (const event of ["pointerdown", "keydown", "pageshow"]) window.addEventListener(event, touched);
  touched();
}

// On a phone a row of tabs is longer than the screen: the current one stands in the middle of it.
for (const bar of document.querySelectorAll(".tabs--scroll")) {
  const tab = bar.querySelector("[aria-current]");
  if (!tab) continue;
  const margin = (bar.clientWidth - tab.offsetWidth) / 2;
  bar.scrollLeft += tab.getBoundingClientRect().left - bar.getBoundingClientRect().left - margin;
}

for (const toast of document.querySelectorAll(".toast--success, .toast--info")) {
  setTimeout(() => toast.remove(), 8000);
}

showTheme();
