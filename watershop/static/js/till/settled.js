// Do something once a part of the page, by its id, has come anew; other parts come and go meanwhile. Where the deed
// answers false it was too early: then the next time.

export function onceSettled(id, deed) {
  document.addEventListener("htmx:afterSettle", function settled(event) {
    if (event.detail.target.id !== id || deed() === false) return;
    document.removeEventListener("htmx:afterSettle", settled);
  });
}
