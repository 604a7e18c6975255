// The service worker: what the tills get when the server does not answer.
//
//   a page of a shop     from the server; without it, the offline till that js/offline/keep.js has laid by
//   a sale, payment or   to the server; without it, into the outbox, and on to the offline till with its slip.
//   return (a POST)      An answer that is merely lost is found again at replay, for the key is the same
//   what is static       from what is laid by, when its address names its content; else from the server first
//   signing out          forgets what is laid by, but never the outbox

"use strict";

const PATIENCE = 10_000; // ms that a clerk waits for an answer
const PAGE = /^\/s\/([\w-]+)\//;
const DEEDS = [
  [/^\/s\/[\w-]+\/till\/$/, "sale"],
  [/^\/s\/[\w-]+\/customers\/(\d+)\/pay\/$/, "payment"],
  [/^\/s\/[\w-]+\/customers\/(\d+)\/cans\/$/, "return"],
];
const HASHED = /\.[0-9a-f]{12}\.\w+$/;

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("message", (event) => event.waitUntil(self.clients.claim())); // a page stands without it (keep.js)

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (url.origin !== self.location.origin) return;
  if (request.method === "GET" && url.pathname.startsWith("/static/")) event.respondWith(asset(request, url));
  if (request.mode !== "navigate") return;
  const shop = PAGE.exec(url.pathname)?.[1];
  if (url.pathname === "/logout/" && request.method === "POST") event.respondWith(signOut(request));
  else if (shop && request.method === "GET") event.respondWith(page(request, shop));
  else if (shop && request.method === "POST") answerDeed(event, url.pathname, shop);
});

async function asset(request, url) {
  const laidBy = await caches.match(request, { ignoreVary: true });
  if (laidBy && HASHED.test(url.pathname)) return laidBy;
  try {
    return await fetch(request);
  } catch (error) {
    if (laidBy) return laidBy;
    throw error;
  }
}

// The answer, or null when nobody answers: no network, no server, or only the proxy before it.
async function answerOf(request) {
  try {
    const answer = await fetch(request);
    return [502, 503, 504].includes(answer.status) ? null : answer;
  } catch {
    return null;
  }
}

function shell(shop) {
  return caches.match(`/s/${shop}/till/offline/`, { ignoreVary: true });
}

async function page(request, shop) {
  return (await answerOf(request)) ?? (await shell(shop)) ?? Response.error();
}

function answerDeed(event, path, shop) {
  for (const [pattern, kind] of DEEDS) {
    const found = pattern.exec(path);
    if (found) event.respondWith(deed(event.request, shop, kind, found[1]));
  }
}

async function deed(request, shop, kind, customer) {
  const copy = request.clone();
  const tooLong = new Promise((resolve) => setTimeout(resolve, PATIENCE, null));
  const answer = await Promise.race([answerOf(request), tooLong]);
  if (answer) return answer;
  const form = Object.fromEntries(await copy.formData());
  const { client_ref, csrfmiddlewaretoken, ...fields } = customer ? { ...form, customer } : form;
  const isKept = Boolean(client_ref) && self.outbox.isWhole(kind, fields);
  if (isKept) await self.outbox.add({ shop, client_ref, kind, fields });
  return Response.redirect(`/s/${shop}/till/offline/${isKept ? `#${client_ref}` : ""}`, 303);
}

async function signOut(request) {
  const answer = await fetch(request);
  for (const name of await caches.keys()) await caches.delete(name);
  await self.outbox.farewell();
  return answer;
}
