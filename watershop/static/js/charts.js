// Lays a Chart.js canvas over each chart that the server drew, for tooltips and for switching series off.
// The numbers come from the figure's JSON, the colours from tokens.css; without this file, and on paper, the SVG stays.

const Chart = globalThis.Chart;

// A custom property may hold light-dark(); an element's computed colour is the one that is meant.
function colours(element) {
  const probe = document.createElement("span");
  probe.hidden = true;
  element.append(probe);
  const read = (name) => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  };
  const found = {
    tones: [1, 2, 3, 4, 5, 6].map((n) => read(`--series-${n}`)),
    ink: read("--ink"),
    soft: read("--ink-soft"),
    line: read("--line"),
    surface: read("--surface"),
    raised: read("--raised"),
  };
  probe.remove();
  return found;
}

function faded(colour) {
  return colour.replace(/^rgb\((.*)\)$/, "rgba($1, 0.12)");
}

function number(value, unit) {
  const money = unit === "₹";
  const places = money && !Number.isInteger(value) ? 2 : 0;
  const text = new Intl.NumberFormat("en-IN", {
    minimumFractionDigits: places,
    maximumFractionDigits: money ? places : 1,
  }).format(Math.abs(value));
  return (value < 0 ? "−" : "") + (money ? "₹" : "") + text;
}

function short(value, unit) {
  const [size, letter] = [[1e7, "Cr"], [1e5, "L"], [1e3, "K"], [1, ""]].find(
    ([size]) => Math.abs(value) >= size || size === 1,
  );
  const sign = (value < 0 ? "−" : "") + (unit === "₹" ? "₹" : "");
  return sign + Number((Math.abs(value) / size).toFixed(2)) + letter;
}

// A long name cut between letters, for the axis; the tooltip has all of it.
function brief(label) {
  const letters = [...new Intl.Segmenter().segment(label)].map(({ segment }) => segment);
  return letters.length > 16 ? `${letters.slice(0, 15).join("")}…` : label;
}

// What is expected begins where the series before it ends.
function continued(data, index) {
  const { values, dashed } = data.series[index];
  const first = values.findIndex((value) => value !== null);
  if (!dashed || !index || first < 1) return values;
  const points = [...values];
  points[first - 1] = data.series[index - 1].values[first - 1];
  return points;
}

// The interval of the last series: nothing marks its lower edge, its upper edge fills down to it.
function band(data, colour) {
  const edge = { borderWidth: 0, pointRadius: 0, pointHoverRadius: 0, order: 1 };
  return data.band.map((values, side) => ({
    ...edge,
    data: values,
    backgroundColor: faded(colour.tones[data.series.at(-1).tone - 1]),
    fill: side ? "-1" : false,
  }));
}

function datasets(data, colour) {
  if (data.kind === "pie") {
    const fill = data.tones.map((tone) => colour.tones[tone - 1]);
    return [{ data: data.series[0].values, backgroundColor: fill, borderColor: colour.surface, borderWidth: 2 }];
  }
  const alone = data.series.length === 1;
  const drawn = data.series.map((series, index) => {
    const tone = colour.tones[series.tone - 1];
    return {
      label: series.name,
      data: continued(data, index),
      borderDash: series.dashed ? [6, 6] : [],
      borderColor: tone,
      backgroundColor: data.kind === "line" ? faded(tone) : tone,
      fill: data.kind === "line" && alone,
      borderWidth: data.kind === "line" ? 2.5 : 0,
      borderRadius: 3,
      maxBarThickness: 64,
      pointBackgroundColor: tone,
      pointHoverBackgroundColor: tone,
      pointRadius: data.labels.length > 31 ? 0 : series.dashed ? 3 : 4,
      pointHoverRadius: 6,
    };
  });
  return [...drawn, ...band(data, colour)];
}

function scales(data, colour) {
  if (data.kind === "pie") return {};
  const labels = {
    stacked: data.stacked,
    grid: { display: false },
    border: { color: colour.line },
    ticks: { color: colour.soft, maxRotation: 0, autoSkipPadding: 12, callback: (n) => brief(data.labels[n]) },
  };
  const values = {
    stacked: data.stacked,
    beginAtZero: true,
    grid: { color: colour.line },
    border: { display: false },
    ticks: { color: colour.soft, maxTicksLimit: 6, precision: 0, callback: (value) => short(value, data.unit) },
  };
  return { x: labels, y: values };
}

function share(item, data) {
  const total = data.series[0].values.reduce((sum, value) => sum + value, 0);
  return ` · ${Math.round((item.raw / total) * 100)}%`;
}

function sliceLabels(chart, data) {
  const labels = Chart.overrides.pie.plugins.legend.labels.generateLabels(chart);
  for (const label of labels) {
    const raw = data.series[0].values[label.index];
    label.text = `${data.labels[label.index]}  ${number(raw, data.unit)}${share({ raw }, data)}`;
  }
  return labels;
}

// Neither the edges of a band nor the point that a dashed line begins with are values of their own.
function told(item, data) {
  return (data.series[item.datasetIndex]?.values[item.dataIndex] ?? null) !== null;
}

function interval(item, data) {
  if (item.datasetIndex < data.series.length - 1 || !data.band.length) return "";
  const [low, high] = data.band.map((values) => values[item.dataIndex]);
  return low === null ? "" : ` (${number(low, data.unit)} – ${number(high, data.unit)})`;
}

function plugins(data, colour, narrow) {
  const pie = data.kind === "pie";
  const labels = { color: colour.ink, usePointStyle: true, pointStyle: "rectRounded", padding: 16, boxHeight: 9 };
  if (pie) labels.generateLabels = (chart) => sliceLabels(chart, data);
  else labels.filter = (item) => item.datasetIndex < data.series.length;
  return {
    legend: {
      display: pie || data.series.length > 1,
      position: pie && !narrow ? "right" : "bottom",
      labels,
    },
    tooltip: {
      backgroundColor: colour.raised,
      titleColor: colour.ink,
      bodyColor: colour.ink,
      borderColor: colour.line,
      borderWidth: 1,
      padding: 12,
      filter: (item) => pie || told(item, data),
      callbacks: {
        label: (item) => {
          const value = number(item.raw, data.unit) + (data.unit === "₹" || !data.unit ? "" : ` ${data.unit}`);
          return pie ? ` ${value}${share(item, data)}` : ` ${item.dataset.label}: ${value}${interval(item, data)}`;
        },
      },
    },
  };
}

function draw({ figure, description }) {
  const data = JSON.parse(document.getElementById(figure.dataset.chart).textContent);
  const plot = figure.querySelector(".chart__plot");
  const narrow = plot.clientWidth < 544;
  const colour = colours(figure);
  const canvas = document.createElement("canvas");
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", `${data.title}. ${description}`);
  plot.classList.add("is-enhanced");
  plot.querySelector("canvas")?.remove();
  plot.append(canvas);
  return new Chart(canvas, {
    type: data.kind,
    data: { labels: data.labels, datasets: datasets(data, colour) },
    options: {
      animation: false,
      maintainAspectRatio: false,
      interaction: data.kind === "pie" ? {} : { mode: "index", intersect: false },
      scales: scales(data, colour),
      plugins: plugins(data, colour, narrow),
      layout: { padding: data.kind === "pie" ? 8 : 0 },
    },
  });
}

function drawAll() {
  for (const chart of drawn) chart.destroy();
  drawn = figures.map(draw);
}

// A figure without numbers has no JSON and keeps its sentence.
const figures = [...document.querySelectorAll("figure[data-chart]")]
  .filter((figure) => document.getElementById(figure.dataset.chart))
  .map((figure) => ({ figure, description: figure.querySelector("desc").textContent }));
let drawn = [];

if (Chart) {
  Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
  Chart.defaults.font.size = 13;
  await document.fonts.ready;
  drawAll();
  document.addEventListener("themechange", drawAll);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
}
