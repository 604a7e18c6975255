// An unfinished sale survives a reload: numbers and ids in this tab's storage, per shop and clerk, without any name.

import { sumsOf } from "./form.js";

const KEPT = /^(client_ref|customer|tender|is_unpaid|handed|sold_at|slip|(sold|back|amount|part|deposit)_.+)$/;

function key(form) {
  return `till:${form.dataset.till}`;
}

function read(form) {
  try {
    return JSON.parse(sessionStorage.getItem(key(form)));
  } catch {
    return null; // storage is closed, or holds what somebody else wrote
  }
}

export function forgetDraft(name) {
  try {
    sessionStorage.removeItem(name);
  } catch {
    // nothing was kept then
  }
}

export function keepDraft(form) {
  const { sold, back } = sumsOf(form);
  if (!sold && !back) return forgetDraft(key(form));
  const fields = [...new FormData(form)].filter(([name, value]) => KEPT.test(name) && value);
  try {
    sessionStorage.setItem(key(form), JSON.stringify({ at: location.search, fields }));
  } catch {
    // a reload then begins anew
  }
}

// Fill in what was kept, unless this page is about something else: another customer, an answer, the next sale.
export async function restoreDraft(form) {
  if ("sold" in form.dataset) return forgetDraft(key(form));
  const draft = read(form);
  if (!draft || "answered" in form.dataset || (location.search && location.search !== draft.at)) return;
  const fields = new Map(draft.fields);
  const customer = fields.get("customer");
  if (customer && !form.elements.namedItem("customer")) await bringBuyer(form, customer);
  for (const [name, value] of fields) if (name !== "customer") write(form.elements.namedItem(name), value);
}

function bringBuyer(form, customer) {
  const address = `${form.getAttribute("action")}?customer=${encodeURIComponent(customer)}`;
  return htmx.ajax("GET", address, { target: "#buyer", select: "#buyer", swap: "outerHTML" });
}

function write(field, value) {
  if (!field) return;
  if (field.type === "checkbox") field.checked = true;
  else field.value = value;
}
