// Money is counted in whole paise and written as India writes it.

export function paise(text) {
  const [whole, part = ""] = String(text).trim().replace("-", "").split(".");
  const amount = Number(whole || 0) * 100 + Number(part.padEnd(2, "0").slice(0, 2));
  return String(text).trim().startsWith("-") ? -amount : amount;
}

export function plain(amount) {
  return (amount / 100).toFixed(amount % 100 === 0 ? 0 : 2);
}

export function rupees(amount) {
  const places = amount % 100 === 0 ? 0 : 2;
  const digits = { minimumFractionDigits: places, maximumFractionDigits: places };
  const text = new Intl.NumberFormat("en-IN", digits).format(Math.abs(amount) / 100);
  return `${amount < 0 ? "−" : ""}₹${text}`;
}
