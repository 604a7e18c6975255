// Draws the places of a camera on its picture: form[data-places] with a field for each place.
//
//   [data-tools]        shown by this script
//   [data-tool=NAME]    what a tap on the picture sets a corner of; again: nothing
//   [data-do=back|clear]   takes back the last corner, or all of the chosen place
//   .still > svg        100 by 100, stretched over the picture, so a field's text is a polygon's points

const MOST = { region: 20, counter: 20, door: 2, upi_stand: 20, cash_drawer: 20 };
const NEAR_PX = 22;
const ARROW_PX = 44;
const form = document.querySelector("form[data-places]");
const svg = form?.querySelector(".still > svg");

if (svg) {
  const corners = svg.appendChild(shape("place__corners"));
  const arrow = svg.appendChild(shape("place place--door"));
  let tool = "";
  let dragged = -1;

  const read = (name) => form.elements[name].value.trim().split(/\s+/).filter(Boolean).map((pair) => pair.split(",").map(Number));

  function write(points) {
    form.elements[tool].value = points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" ");
    show();
  }

  function show() {
    for (const name of Object.keys(MOST)) {
      svg.querySelector(`.place--${name}`).setAttribute("points", form.elements[name].value);
    }
    corners.setAttribute("d", tool ? read(tool).map(([x, y]) => `M${x} ${y}h0`).join("") : "");
    arrow.setAttribute("d", inward(read("door"), svg.getBoundingClientRect()));
  }

  // Where on the picture the pointer is, in per cent, and never beside it.
  function under(event) {
    const { left, top, width, height } = svg.getBoundingClientRect();
    const within = (share) => Math.min(100, Math.max(0, 100 * share));
    return [within((event.clientX - left) / width), within((event.clientY - top) / height)];
  }

  function grabbed(points, event) {
    const { left, top, width, height } = svg.getBoundingClientRect();
    return points.findIndex(([x, y]) => {
      const far = [left + (x * width) / 100 - event.clientX, top + (y * height) / 100 - event.clientY];
      return Math.hypot(...far) <= NEAR_PX;
    });
  }

  function choose(name) {
    tool = tool === name ? "" : name;
    svg.parentElement.classList.toggle("is-drawing", Boolean(tool));
    form.querySelectorAll("[data-tool]").forEach((button) => {
      button.setAttribute("aria-pressed", String(button.dataset.tool === tool));
    });
    show();
  }

  svg.addEventListener("pointerdown", (event) => {
    if (!tool) return;
    let points = read(tool);
    dragged = grabbed(points, event);
    if (dragged < 0) {
      if (points.length >= MOST[tool]) points = tool === "door" ? [] : points.slice(0, -1);
      dragged = points.push(under(event)) - 1;
      write(points);
    }
    svg.setPointerCapture(event.pointerId);
  });
  svg.addEventListener("pointermove", (event) => {
    if (dragged < 0) return;
    const points = read(tool);
    points[dragged] = under(event);
    write(points);
  });
  for (const end of ["pointerup", "pointercancel"]) svg.addEventListener(end, () => (dragged = -1));

  form.addEventListener("click", ({ target }) => {
    const button = target.closest("[data-tool], [data-do]");
    if (!button) return;
    if (button.dataset.tool) choose(button.dataset.tool);
    else if (tool) write(button.dataset.do === "back" ? read(tool).slice(0, -1) : []);
  });
  form.addEventListener("input", show);
  new ResizeObserver(show).observe(svg);
  form.querySelectorAll("[data-tools]").forEach((part) => (part.hidden = false));
  show();
}

function shape(name) {
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("class", name);
  return path;
}

// An arrow from the middle of the door's line to its right, which is inside.
function inward([from, to], { width, height }) {
  if (!to || !width || !height) return "";
  const px = ([x, y]) => [(x * width) / 100, (y * height) / 100];
  const [[x1, y1], [x2, y2]] = [px(from), px(to)];
  const length = Math.hypot(x2 - x1, y2 - y1) || 1;
  const [right, along] = [[(y1 - y2) / length, (x2 - x1) / length], [(x2 - x1) / length, (y2 - y1) / length]];
  const at = (ahead, aside) => {
    const x = (x1 + x2) / 2 + right[0] * ahead + along[0] * aside;
    const y = (y1 + y2) / 2 + right[1] * ahead + along[1] * aside;
    return `${(100 * x) / width} ${(100 * y) / height}`;
  };
  const head = ARROW_PX - 14;
  return `M${at(0, 0)}L${at(ARROW_PX, 0)}M${at(head, -10)}L${at(ARROW_PX, 0)}L${at(head, 10)}`;
}
