// The sentence and the tiles are asked for again while somebody looks: a hidden tab asks nothing, and asks at once
// when it is seen again.

document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.detail.elt.id === "now" && document.hidden) event.preventDefault();
});

document.addEventListener("visibilitychange", () => {
  if (!document.hidden) globalThis.htmx?.trigger("#now", "look");
});
