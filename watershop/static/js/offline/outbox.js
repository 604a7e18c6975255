// The deeds that wait on this device until the server is back, in the order in which they happened.
// Loaded by the pages of the till and by the service worker alike, hence no module. It holds ids and numbers only.
//
//   A deed: {id, shop, client_ref, kind: "sale"|"payment"|"return", fields: {name: text}, device_at, clerk, attempts}

"use strict";

self.outbox = (() => {
  const LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"; // as in sales/offline.py
  const FOUND = ["back", "leaking", "half_cap", "damaged", "refused", "lost"]; // as in sales/replaying.py
  let opened;

  function finished(request) {
    return new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
  }

  function open() {
    const request = indexedDB.open("watershop", 1);
    request.onupgradeneeded = () => {
      const deeds = request.result.createObjectStore("deeds", { keyPath: "id", autoIncrement: true });
      deeds.createIndex("client_ref", "client_ref", { unique: true });
      request.result.createObjectStore("clerks");
    };
    return finished(request);
  }

  // Resolves once the change is on the disk, not when it is merely asked for.
  async function change(store, work) {
    opened ??= open();
    const transaction = (await opened).transaction(store, "readwrite", { durability: "strict" });
    const done = new Promise((resolve, reject) => {
      transaction.oncomplete = resolve;
      transaction.onabort = () => reject(transaction.error);
    });
    work(transaction.objectStore(store));
    await done;
  }

  async function read(store, work) {
    opened ??= open();
    return finished(work((await opened).transaction(store).objectStore(store)));
  }

  async function waiting(shop) {
    return (await read("deeds", (deeds) => deeds.getAll())).filter((deed) => deed.shop === shop);
  }

  // Keeps a deed; one that is kept already (sent twice) stays as it is.
  async function add(deed) {
    const known = await read("deeds", (deeds) => deeds.index("client_ref").get(deed.client_ref));
    if (known) return;
    const clerk = (await read("clerks", (clerks) => clerks.get(deed.shop))) ?? "";
    const device_at = new Date().toISOString();
    await change("deeds", (deeds) => deeds.add({ ...deed, device_at, clerk, attempts: 0 }));
  }

  const failed = (deed) => change("deeds", (deeds) => deeds.put({ ...deed, attempts: deed.attempts + 1 }));
  const remove = (deed) => change("deeds", (deeds) => deeds.delete(deed.id));

  // Who stands at this device: the stamp that the server signed when the clerk last opened the till here.
  const greet = (shop, stamp) => change("clerks", (clerks) => clerks.put(stamp, shop));
  const farewell = () => change("clerks", (clerks) => clerks.clear());

  function counts(fields, what) {
    const named = Object.entries(fields).filter(([name, text]) => name.startsWith(`${what}_`) && Number(text) > 0);
    return named.map(([name, text]) => [name.slice(what.length + 1), Number(text)]);
  }

  // Whether the form says enough to be a deed.
  function isWhole(kind, fields) {
    if (kind === "sale") return counts(fields, "sold").length > 0 && (Boolean(fields.customer) || !fields.is_unpaid);
    if (kind === "payment") return Number(fields.amount) > 0 && Boolean(fields.customer);
    return FOUND.some((what) => counts(fields, what).length > 0) && Boolean(fields.customer);
  }

  // The short code on the slip: six letters of the key and a check letter.
  function slip(clientRef) {
    let number = Number.parseInt(clientRef.replaceAll("-", "").slice(0, 12), 16) % LETTERS.length ** 6;
    const digits = [];
    for (let place = 0; place < 6; place += 1) {
      digits.unshift(number % LETTERS.length);
      number = Math.floor(number / LETTERS.length);
    }
    digits.push(digits.reduce((sum, digit, index) => sum + (index + 1) * digit, 0) % LETTERS.length);
    const code = digits.map((digit) => LETTERS[digit]).join("");
    return `${code.slice(0, 3)}-${code.slice(3)}`;
  }

  return { add, counts, failed, farewell, greet, isWhole, remove, slip, waiting };
})();
