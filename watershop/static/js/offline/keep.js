// Lays by what a till needs without the server: its offline page with all that page loads, and the customers' codes.
//
//   [data-offline]            data-shop; data-shell, data-book: what to lay by; data-clerk: the signed word who is here
//   [data-offline-forgets]    shown where the browser promises to keep nothing, as in private windows

const place = document.querySelector("[data-offline]").dataset;
const FRESH = 5 * 60_000; // ms; until then a page of the till asks for nothing
const NAME = `till ${place.shop}`;

function age(answer) {
  return answer ? Math.abs(Date.now() - Date.parse(answer.headers.get("date"))) : Infinity; // clocks may be wrong
}

// The customers' codes, fetched again only when they are others.
async function keepBook(cache) {
  const kept = await cache.match(place.book, { ignoreVary: true });
  const headers = kept ? { "If-None-Match": kept.headers.get("etag") } : {};
  const answer = await fetch(place.book, { headers, redirect: "manual", cache: "no-store" });
  if (answer.ok) await cache.put(place.book, answer);
}

function staticOf(text) {
  const page = new DOMParser().parseFromString(text, "text/html");
  const links = [...page.querySelectorAll("link[href], script[src], use[href]")];
  const fonts = performance.getEntriesByType("resource").filter((entry) => entry.name.includes("/fonts/"));
  const found = links.map((link) => link.getAttribute("href") ?? link.getAttribute("src"));
  const paths = [...found, ...fonts.map((entry) => entry.name)].map((path) => new URL(path, location.href).pathname);
  return [...new Set(paths)].filter((path) => path.startsWith("/static/"));
}

async function keepShell(cache) {
  const answer = await fetch(place.shell, { redirect: "manual", cache: "no-store" });
  if (!answer.ok) return;
  const wanted = staticOf(await answer.clone().text());
  const kept = new Set((await cache.keys()).map((request) => new URL(request.url).pathname));
  await cache.addAll(wanted.filter((path) => !kept.has(path)));
  await cache.put(place.shell, answer);
  for (const path of kept) {
    if (path.startsWith("/static/") && !wanted.includes(path)) await cache.delete(path, { ignoreVary: true });
  }
}

// Whoever sells in a window that forgets learns it before the server is gone, not after.
async function askToKeep() {
  warn(!(await navigator.storage.persist()));
}

function warn(forgets) {
  for (const element of document.querySelectorAll("[data-offline-forgets]")) element.hidden = !forgets;
}

async function keep() {
  await navigator.serviceWorker.register("/sw.js");
  // A page that opened while the worker began, or was reloaded past it, would sell without it.
  const { active } = await navigator.serviceWorker.ready;
  if (!navigator.serviceWorker.controller) active.postMessage("claim");
  if (place.clerk) await self.outbox.greet(place.shop, place.clerk);
  void askToKeep(); // some browsers ask the person first, and they may never answer
  const cache = await caches.open(NAME);
  const kept = await cache.match(place.shell, { ignoreVary: true });
  if (age(kept) < FRESH) return;
  await keepBook(cache);
  await keepShell(cache);
}

// Without HTTPS or loopback, and in windows that keep nothing, a browser has none of this: the till then needs its server.
if (navigator.serviceWorker && self.indexedDB) {
  addEventListener("load", () => keep().catch(() => {}));
} else {
  warn(true);
}
