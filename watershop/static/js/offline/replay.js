// Sends what waits in the outbox when the server is back: one deed at a time, in order, each until it is stored.
//
//   [data-offline]            data-shop, data-session, data-replay: the shop and the two doors
//   event "offline:state"     on document: {waiting: [deed], state: "stored"|"down"|"signed out"}; stored: nothing waits
//   event "offline:added"     on document: a page has put a deed into the outbox
//   [data-offline-count]      shows how many wait; [data-offline-when="waiting"|"signed out"] is hidden otherwise

const place = document.querySelector("[data-offline]").dataset;
const RHYTHM = 15_000; // ms
const LONGEST = 30_000; // ms
const TRIES = 5; // at which the server's own failure becomes a manager's card
let timer;
let pause = RHYTHM;

// "stored", "down" (later), or "signed out" (a member of this shop has to sign in first).
function meaning(answer) {
  if (answer.ok) return "stored";
  const isStranger = answer.type === "opaqueredirect" || [401, 403, 404].includes(answer.status);
  return isStranger ? "signed out" : "down";
}

async function tokenOf(session) {
  return meaning(session) === "stored" ? (await session.json()).token : "";
}

async function send(deed, token) {
  const { client_ref, kind, fields, device_at, clerk, attempts } = deed;
  const body = { client_ref, kind, fields, device_at, clerk, sent_at: new Date().toISOString() };
  const answer = await fetch(place.replay, {
    method: "POST",
    redirect: "manual",
    headers: { "Content-Type": "application/json", "X-CSRFToken": token },
    body: JSON.stringify({ ...body, is_unreadable: attempts >= TRIES }),
  });
  const isRefused = [400, 422, 500].includes(answer.status);
  if (isRefused) await self.outbox.failed(deed);
  return meaning(answer);
}

async function replayAll() {
  const waiting = await self.outbox.waiting(place.shop);
  if (!waiting.length) return "stored";
  const session = await fetch(place.session, { redirect: "manual", cache: "no-store" });
  const token = await tokenOf(session);
  if (!token) return meaning(session);
  for (const deed of waiting) {
    const state = await send(deed, token);
    if (state !== "stored") return state;
    await self.outbox.remove(deed);
    await tell("down");
  }
  return "stored";
}

async function tell(state) {
  const waiting = await self.outbox.waiting(place.shop);
  for (const count of document.querySelectorAll("[data-offline-count]")) count.textContent = waiting.length;
  for (const element of document.querySelectorAll("[data-offline-when]")) {
    const when = element.dataset.offlineWhen;
    element.hidden = waiting.length === 0 || (when !== "waiting" && when !== state);
  }
  document.dispatchEvent(new CustomEvent("offline:state", { detail: { waiting, state } }));
}

// One page of the shop sends at a time; the others look on.
async function replay() {
  clearTimeout(timer);
  const state = await navigator.locks.request("outbox", { ifAvailable: true }, async (lock) => {
    if (!lock) return "down";
    return replayAll().catch(() => "down");
  });
  pause = state === "stored" ? RHYTHM : Math.min(pause * 2, LONGEST);
  await tell(state);
  timer = setTimeout(replay, pause);
}

function replayNow() {
  pause = RHYTHM / 2;
  void replay();
}

if (navigator.locks && self.indexedDB) {
  addEventListener("online", replayNow);
  document.addEventListener("offline:added", replayNow);
  addEventListener("load", replayNow); // a page that shows a deed has read it by then
}
