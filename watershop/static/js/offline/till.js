// The till without the server: what is entered here goes into the outbox, and the buyer gets a slip with its code.
// Markup: templates/sales/offline.html. Customers are known by code and initials, from what keep.js has laid by.
//
//   [data-for="sale return"]   shown for these kinds of deed alone
//   [data-needs-buyer]         disabled until a customer is chosen
//   #<client_ref>              in the address: the deed whose slip is shown

const form = document.querySelector("[data-offline-till]");
const place = document.querySelector("[data-offline]").dataset;
const part = (name) => document.querySelector(`[data-${name}]`);
const FOUND_AT_ONCE = 8;
const SHOWN = { hour: "2-digit", minute: "2-digit" };
let book = { sizes: [], customers: [] };
let buyer = null; // {id, code, initials, prices, usual, keepsFree, held}

function paise(text) {
  return Math.round(Number(text) * 100);
}

function rupees(amount) {
  const digits = { minimumFractionDigits: amount % 100 ? 2 : 0, maximumFractionDigits: 2 };
  return "₹" + new Intl.NumberFormat("en-IN", digits).format(amount / 100);
}

function customerOf(id) {
  const row = book.customers.find(([known]) => String(known) === String(id));
  if (!row) return null;
  const [known, code, initials, prices, usual, keepsFree, held] = row;
  return { id: known, code, initials, prices, usual, keepsFree, held };
}

const nameOf = (size) => book.sizes.find(({ id }) => String(id) === size)?.name ?? size;
const listed = (size) => book.sizes.find(({ id }) => String(id) === size)?.price ?? "0";
const priceOf = (size) => paise(buyer?.prices[size] ?? listed(size));
const kind = () => form.elements.kind.value;
const cans = (counts) => counts.map(([size, count]) => `${count} × ${nameOf(size)}`).join(", ");

// The lines of a deed as [size, count, paise], by what its buyer was told.
function linesOf({ fields }) {
  const prices = customerOf(fields.customer)?.prices ?? {};
  const price = (size) => paise(fields[`price_${size}`] ?? prices[size] ?? listed(size));
  const charged = (size, count) => (fields[`amount_${size}`] ? paise(fields[`amount_${size}`]) : count * price(size));
  return self.outbox.counts(fields, "sold").map(([size, count]) => [size, count, charged(size, count)]);
}

function sumOf(fields, what) {
  const amounts = Object.entries(fields).filter(([name]) => name.startsWith(`${what}_`));
  return amounts.reduce((sum, [, text]) => sum + paise(text), 0);
}

// What the cans of a deed cost, without their deposit.
function goodsOf(deed) {
  return linesOf(deed).reduce((sum, [, , amount]) => sum + amount, 0);
}

function amountOf(deed) {
  if (deed.kind === "payment") return paise(deed.fields.amount);
  return goodsOf(deed) + sumOf(deed.fields, "deposit");
}

function whoOf({ fields }) {
  const customer = customerOf(fields.customer);
  return customer ? `${customer.code} · ${customer.initials}` : "";
}

function cansOf({ kind, fields }) {
  return cans(self.outbox.counts(fields, kind === "return" ? "back" : "sold"));
}

// What the form holds now, as the fields of a deed; only what its kind asks for, and the prices that were shown.
function fieldsNow() {
  const data = Object.fromEntries(new FormData(form));
  const named = (what) => Object.fromEntries(self.outbox.counts(data, what).map(([size, n]) => [`${what}_${size}`, String(n)]));
  const fields = buyer ? { customer: String(buyer.id) } : {};
  if (kind() !== "payment" && buyer) Object.assign(fields, named("back"));
  if (kind() !== "return") fields.tender = data.tender;
  if (kind() === "payment") fields.amount = data.amount;
  if (kind() !== "sale") return fields;
  if (data.is_unpaid && buyer) fields.is_unpaid = "on";
  for (const [size] of self.outbox.counts(data, "sold")) fields[`price_${size}`] = (priceOf(size) / 100).toFixed(2);
  for (const [name, text] of Object.entries(data)) if (name.startsWith("part_") && paise(text) > 0) fields[name] = text;
  for (const input of deposits()) if (moved(input)) fields[input.name] = input.value;
  return Object.assign(fields, named("sold"));
}

const deposits = () => [...form.querySelectorAll("input[data-deposit]")];

// Full cans that go out less empties that come in, of the size of a deposit's field.
function moved(input) {
  const [sold, back] = ["sold", "back"].map((what) => form.elements[`${what}_${input.dataset.can}`]);
  return Number(sold.value) - (buyer ? Number(back.value) : 0);
}

// Whether its parts come to no more than the price, what is left has somebody who owes it, and each deposit goes the
// way of its cans and is there: what the books could not hold is better said while the buyer is still here.
function isPayable({ fields }) {
  const open = openOf(fields);
  const isFair = deposits().every((input) => {
    const amount = moved(input) ? paise(input.value) : 0;
    return amount === 0 || (amount * moved(input) > 0 && -amount <= paise(input.dataset.held));
  });
  return isFair && open >= 0 && (open === 0 || Boolean(buyer));
}

const partsOf = (fields) => Object.keys(fields).filter((name) => name.startsWith("part_"));

// The paise of a sale that stay on the account.
function openOf(fields) {
  const goods = goodsOf({ fields });
  if (partsOf(fields).length) return goods - sumOf(fields, "part");
  return fields.is_unpaid ? goods : 0;
}

function showDeposits() {
  for (const box of form.querySelectorAll("[data-deposits]")) {
    for (const input of deposits()) input.closest(".field").hidden = !moved(input);
    box.hidden = !deposits().some(moved);
  }
}

// The buyer's deposits, for js/deposits.js to reckon with.
function tellDeposits() {
  for (const box of form.querySelectorAll("[data-deposits]")) {
    box.toggleAttribute("data-buyer", Boolean(buyer));
    box.toggleAttribute("data-keeps-free", Boolean(buyer?.keepsFree));
  }
  for (const input of deposits()) {
    const [count, amount] = buyer?.held[input.dataset.can] ?? [0, "0"];
    Object.assign(input.dataset, { heldCans: count, held: amount });
    const hint = input.closest(".field").querySelector("[data-held-shown]");
    hint.textContent = Number(amount) ? hint.dataset.heldShown.replace("{}", rupees(paise(amount))) : "";
    input.value = "";
    delete input.dataset.own;
  }
}

function show() {
  for (const element of document.querySelectorAll("[data-for]")) element.hidden = !element.dataset.for.split(" ").includes(kind());
  for (const element of document.querySelectorAll("[data-needs-buyer]")) {
    for (const input of element.querySelectorAll("input, button")) input.disabled = !buyer;
  }
  for (const element of document.querySelectorAll("[data-price-of]")) element.textContent = rupees(priceOf(element.dataset.priceOf));
  for (const tile of form.querySelectorAll(".can-tile")) {
    tile.classList.toggle("is-taken", Number(tile.querySelector("[data-sold]").value) > 0);
  }
  showDeposits();
  part("search").hidden = Boolean(buyer);
  part("buyer").hidden = !buyer;
  const fields = fieldsNow();
  const deed = { kind: kind(), fields };
  const open = kind() === "sale" && partsOf(fields).length ? openOf(fields) : 0;
  part("total").textContent = rupees(amountOf(deed));
  part("on-account").textContent = open > 0 ? rupees(open) : "";
  part("keep").disabled = !isComplete(deed);
}

function isComplete(deed) {
  return self.outbox.isWhole(deed.kind, deed.fields) && (deed.kind !== "sale" || isPayable(deed));
}

function choose(customer) {
  if (customer !== buyer) {
    buyer = customer;
    tellDeposits();
  }
  part("found").hidden = true;
  form.querySelector("#q").value = "";
  if (customer) {
    part("buyer-initials").textContent = customer.initials;
    part("buyer-code").textContent = customer.code;
    part("usual").hidden = !Object.keys(customer.usual).length || kind() !== "sale";
    part("usual-cans").textContent = cans(Object.entries(customer.usual));
  }
  changed();
}

// Tells all who reckon with the form (this page and js/deposits.js) that it is another.
function changed() {
  form.dispatchEvent(new Event("input", { bubbles: true }));
}

function row(name) {
  return document.querySelector(`[data-row="${name}"]`).content.firstElementChild.cloneNode(true);
}

function found(customer) {
  const item = row("found");
  item.querySelector("[data-initials]").textContent = customer.initials;
  item.querySelector("[data-code]").textContent = `${customer.code} · ${customer.initials}`;
  item.querySelector("button").addEventListener("click", () => choose(customer));
  return item;
}

function find(text) {
  const wanted = text.trim().toUpperCase();
  const fits = ([, code, initials]) => code.toUpperCase().includes(wanted) || initials.toUpperCase() === wanted;
  const hits = wanted ? book.customers.filter(fits).slice(0, FOUND_AT_ONCE) : [];
  const rows = hits.map(([id]) => found(customerOf(id)));
  part("found").replaceChildren(...(rows.length ? rows : [row("nobody")]));
  part("found").hidden = !wanted;
}

function waitingRow(deed) {
  const item = row(deed.kind);
  const at = new Date(deed.device_at).toLocaleTimeString("en-IN", SHOWN);
  item.querySelector("[data-what]").textContent = [self.outbox.slip(deed.client_ref), cansOf(deed)].filter(Boolean).join(" · ");
  item.querySelector("[data-who]").textContent = [at, whoOf(deed)].filter(Boolean).join(" · ");
  item.querySelector("[data-amount]").textContent = deed.kind === "return" ? "" : rupees(amountOf(deed));
  return item;
}

function slipLine([size, count, amount]) {
  return lineOf(`${count} × ${nameOf(size)}`, amount === null ? "" : rupees(amount));
}

function lineOf(what, amount) {
  const line = document.createElement("tr");
  const name = document.createElement("th");
  const sum = document.createElement("td");
  name.scope = "row";
  name.textContent = what;
  sum.className = "num";
  sum.textContent = amount;
  line.append(name, sum);
  return line;
}

function label(name, value) {
  return form.querySelector(`[name="${name}"][value="${value}"] ~ span`).textContent;
}

// How it was paid: by one tender, by parts, or not yet.
function howOf({ kind, fields }) {
  if (kind === "return") return "";
  const parts = partsOf(fields).map((name) => `${label("tender", name.slice("part_".length))} ${rupees(paise(fields[name]))}`);
  const open = kind === "sale" ? openOf(fields) : 0;
  if (open > 0) parts.push(label("is_unpaid", "on") + (parts.length ? ` ${rupees(open)}` : ""));
  return parts.join(" · ") || label("tender", fields.tender);
}

function showSlip(deed) {
  const { kind, fields } = deed;
  const walkIn = part("slip-who").dataset.walkIn ?? part("slip-who").textContent;
  part("slip-who").dataset.walkIn = walkIn;
  part("slip-kind").textContent = label("kind", kind);
  part("slip-code").textContent = self.outbox.slip(deed.client_ref);
  part("slip-at").textContent = new Date(deed.device_at).toLocaleString("en-IN", { ...SHOWN, day: "numeric", month: "short" });
  part("slip-who").textContent = whoOf(deed) || walkIn;
  const back = self.outbox.counts(fields, "back").map(([size, count]) => [size, count, null]);
  const lines = (kind === "return" ? back : linesOf(deed)).map(slipLine);
  const deposit = sumOf(fields, "deposit");
  if (deposit) lines.push(lineOf(part("slip-lines").dataset.deposit, rupees(deposit)));
  part("slip-lines").replaceChildren(...lines);
  part("slip-how").textContent = howOf(deed);
  part("slip-total").textContent = kind === "return" ? "" : rupees(amountOf(deed));
  part("slip").hidden = false;
  form.hidden = true;
  part("next").focus();
}

function next() {
  form.reset();
  tellDeposits();
  form.hidden = false;
  part("slip").hidden = true;
  history.replaceState(null, "", location.pathname);
  choose(null);
}

// The till must not bring back what was kept from it (js/till/draft.js): the buyer is gone.
function forgetDrafts() {
  for (const name of Object.keys(sessionStorage)) if (name.startsWith("till:")) sessionStorage.removeItem(name);
}

async function keep() {
  const fields = fieldsNow();
  if (!isComplete({ kind: kind(), fields })) return;
  part("keep").disabled = true;
  const client_ref = crypto.randomUUID();
  try {
    await self.outbox.add({ shop: place.shop, client_ref, kind: kind(), fields });
  } catch {
    document.querySelector("[data-server=full]").hidden = false;
    return;
  }
  showSlip({ client_ref, kind: kind(), fields, device_at: new Date().toISOString() });
  document.dispatchEvent(new Event("offline:added"));
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  void keep();
});

form.addEventListener("input", (event) => {
  if (event.target.id === "q") find(event.target.value);
  if (event.target.name === "kind") choose(buyer);
  show();
});

part("nobody").addEventListener("click", () => choose(null));
part("next").addEventListener("click", next);
part("usual").addEventListener("click", () => {
  for (const [size, count] of Object.entries(buyer.usual)) {
    const input = form.elements[`sold_${size}`];
    if (input) input.value = count;
  }
  changed();
});

document.addEventListener("offline:state", ({ detail: { waiting, state } }) => {
  part("waiting").replaceChildren(...waiting.map(waitingRow));
  document.querySelector("[data-server=down]").hidden = state !== "down";
  document.querySelector("[data-server=up]").hidden = state !== "stored";
});

const asked = location.hash.slice(1);
const waiting = asked ? await self.outbox.waiting(place.shop) : []; // before anything is sent (js/offline/replay.js)
const deed = waiting.find(({ client_ref }) => client_ref === asked);
const kept = await caches.match(place.book, { ignoreVary: true });
if (kept) book = await kept.json();
changed();
if (asked) forgetDrafts();
if (deed) showSlip(deed);
