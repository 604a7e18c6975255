// Shows a textarea of tab-separated cells as a table to type in; what is typed goes back into the textarea.
//
//   [data-sheet="3 7"] > textarea   the numbers of the lines to mark; line 1 holds the names of the columns
//   A longer sheet stays a textarea.

const MOST_ROWS = 500;

function cells(line) {
  return line.split("\t").map((cell) => (/^".*"$/.test(cell) ? cell.slice(1, -1).replaceAll('""', '"') : cell));
}

function text(table) {
  const quoted = (cell) => (cell.includes('"') ? `"${cell.replaceAll('"', '""')}"` : cell);
  const line = (row) => [...row.querySelectorAll("input")].map((input) => quoted(input.value)).join("\t");
  return [...table.rows].map(line).join("\n") + "\n";
}

function cell(tag, value, label) {
  const element = document.createElement(tag);
  const input = document.createElement("input");
  input.value = value;
  input.setAttribute("aria-label", label);
  element.append(input);
  return element;
}

function show(place) {
  const area = place.querySelector("textarea");
  const lines = area.value.split("\n").filter((line) => line.trim()).map(cells);
  if (lines.length < 2 || lines.length > MOST_ROWS) return;
  const bad = new Set(place.dataset.sheet.split(" ").map(Number));
  const table = document.createElement("table");
  table.className = "table sheet";
  lines.forEach((line, at) => {
    const row = table.insertRow();
    row.classList.toggle("is-bad", bad.has(at + 1));
    lines[0].forEach((name, column) => {
      row.append(cell(at ? "td" : "th", line[column] ?? "", `${at + 1} ${name}`));
    });
  });
  const wrap = document.createElement("div");
  wrap.className = "table-wrap";
  wrap.append(table);
  place.append(wrap);
  area.hidden = true;
  table.addEventListener("input", () => (area.value = text(table)));
}

document.querySelectorAll("[data-sheet]").forEach(show);
