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
let buyer = null; // {id, code, initials, prices, usual}

function paise(text) {
  return Math.round(Number(text) * 100);
}

function rupees(amount) {
  const digits = { minimumFractionDigits: amount % 100 ? 2 : 0, maximumFractionDigits: 2 };
  return "₹" + new Intl.NumberFormat("en-IN", digits).format(amount / 100);
}

function customerOf(id) {
  const row = book.customers.find(([known]) => String(known) === String(id));
  return row ? { id: row[0], code: row[1], initials: row[2], prices: row[3], usual: row[4] } : null;
}

const nameOf = (size) => book.sizes.find(({ id }) => String(id) === size)?.name ?? size;
const listed = (size) => book.sizes.find(({ id }) => String(id) === size)?.price ?? "0";
const priceOf = (size) => paise(buyer?.prices[size] ?? listed(size));
const kind = () => form.elements.kind.value;
const cans = (counts) => counts.map(([size, count]) => `${count} × ${nameOf(size)}`).join(", ");

// The lines of a deed as [size, count, paise], by the prices that its buyer was shown.
function linesOf({ fields }) {
  const prices = customerOf(fields.customer)?.prices ?? {};
  const price = (size) => paise(fields[`price_${size}`] ?? prices[size] ?? listed(size));
  return self.outbox.counts(fields, "sold").map(([size, count]) => [size, count, count * price(size)]);
}

function amountOf(deed) {
  if (deed.kind === "payment") return paise(deed.fields.amount);
  return linesOf(deed).reduce((sum, [, , amount]) => sum + amount, 0);
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
  return Object.assign(fields, named("sold"));
}

function show() {
  for (const element of document.querySelectorAll("[data-for]")) element.hidden = !element.dataset.for.split(" ").includes(kind());
  for (const element of document.querySelectorAll("[data-needs-buyer]")) {
    for (const input of element.querySelectorAll("input, button")) input.disabled = !buyer;
  }
  for (const element of document.querySelectorAll("[data-price-of]")) element.textContent = rupees(priceOf(element.dataset.priceOf));
  for (const input of form.querySelectorAll(".stepper > input")) input.setAttribute("value", input.value);
  part("search").hidden = Boolean(buyer);
  part("buyer").hidden = !buyer;
  const fields = fieldsNow();
  part("total").textContent = rupees(amountOf({ kind: kind(), fields }));
  part("keep").disabled = !self.outbox.isWhole(kind(), fields);
}

function choose(customer) {
  buyer = customer;
  part("found").hidden = true;
  form.querySelector("#q").value = "";
  if (customer) {
    part("buyer-initials").textContent = customer.initials;
    part("buyer-code").textContent = customer.code;
    part("usual").hidden = !Object.keys(customer.usual).length || kind() !== "sale";
    part("usual-cans").textContent = cans(Object.entries(customer.usual));
  }
  show();
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
  const line = document.createElement("tr");
  const name = document.createElement("th");
  const sum = document.createElement("td");
  name.scope = "row";
  name.textContent = `${count} × ${nameOf(size)}`;
  sum.className = "num";
  sum.textContent = amount === null ? "" : rupees(amount);
  line.append(name, sum);
  return line;
}

function label(name, value) {
  return form.querySelector(`[name="${name}"][value="${value}"] ~ span`).textContent;
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
  part("slip-lines").replaceChildren(...(kind === "return" ? back : linesOf(deed)).map(slipLine));
  part("slip-how").textContent = kind === "return" ? "" : fields.is_unpaid ? label("is_unpaid", "on") : label("tender", fields.tender);
  part("slip-total").textContent = kind === "return" ? "" : rupees(amountOf(deed));
  part("slip").hidden = false;
  form.hidden = true;
  part("next").focus();
}

function next() {
  form.reset();
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
  if (!self.outbox.isWhole(kind(), fields)) return;
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

form.addEventListener("click", (event) => {
  const button = event.target.closest("[data-step]");
  if (!button) return;
  const input = button.parentElement.querySelector("input");
  if (Number(button.dataset.step) > 0) input.stepUp();
  else input.stepDown();
  show();
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
  show();
});

document.addEventListener("offline:state", ({ detail: { waiting, state } }) => {
  part("waiting").replaceChildren(...waiting.map(waitingRow));
  document.querySelector("[data-server=down]").hidden = state !== "down";
  document.querySelector("[data-server=up]").hidden = state !== "stored";
});

const kept = await caches.match(place.book, { ignoreVary: true });
if (kept) book = await kept.json();
const asked = location.hash.slice(1);
const deed = asked && (await self.outbox.waiting(place.shop)).find(({ client_ref }) => client_ref === asked);
choose(null);
if (deed) {
  forgetDrafts();
  showSlip(deed);
}
