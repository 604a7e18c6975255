// Shows what was seen in a recording: boxes and names over its video, or over one picture a second.
//
//   [data-preview=TRACKS]   with data-frame (address of a picture), data-at and data-length in seconds
//   [data-boxes]            the boxes go here; [data-lanes] the timeline, each .lane with data-at
//   [data-pictures]         the controls of a recording that this browser cannot play

const GAP_S = 1;
const page = document.querySelector("[data-preview]");

if (page) {
  const { preview, frame, at, length } = page.dataset;
  const boxes = page.querySelector("[data-boxes]");
  const lanes = page.querySelector("[data-lanes]");
  const { tracks } = await (await fetch(preview)).json();
  const player = await playable(page.querySelector("video")) ?? pictures(page, frame, Number(at), Number(length));

  function show() {
    const now = player.now();
    boxes.replaceChildren(...tracks.flatMap(({ name, boxes: path }) => {
      const place = where(path, now);
      return place ? [box(name, place)] : [];
    }));
    lanes?.style.setProperty("--now", Math.min(1, now / Number(length)));
  }

  lanes?.addEventListener("click", (event) => {
    const lane = event.target.closest(".lane");
    if (!lane || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const strip = lane.querySelector("svg").getBoundingClientRect();
    const share = (event.clientX - strip.left) / strip.width;
    player.seek(event.detail && share >= 0 ? share * Number(length) : Number(lane.dataset.at));
  });
  player.onChange(show);
  player.seek(Number(at));
  show();
}

// The video as a player, or null when this browser cannot decode its pictures.
async function playable(video) {
  if (!video) return null;
  if (!video.readyState && !video.error) {
    await new Promise((done) => ["loadedmetadata", "error"].forEach((name) => video.addEventListener(name, done)));
  }
  if (video.error || !video.videoWidth) {
    video.remove();
    return null;
  }
  return {
    now: () => video.currentTime,
    seek: (seconds) => (video.currentTime = seconds),
    onChange: (show) => {
      const follow = () => {
        show();
        if (!video.paused) requestAnimationFrame(follow);
      };
      ["play", "seeked", "timeupdate"].forEach((name) => video.addEventListener(name, follow));
    },
  };
}

// One picture a second from the server as a player.
function pictures(page, frame, at, length) {
  const [image, controls] = [page.querySelector(".still > img"), page.querySelector("[data-pictures]")];
  const [slider, play, clock] = ["input", "[data-play]", "[data-clock]"].map((part) => controls.querySelector(part));
  let [now, wanted, isPlaying, show] = [at, at, false, () => {}];

  function load(seconds) {
    wanted = Math.max(0, Math.min(seconds, length - 0.2));
    image.src = `${frame}?at=${wanted.toFixed(2)}`;
  }

  function pause(isPaused) {
    isPlaying = !isPaused;
    play.setAttribute("aria-pressed", String(isPlaying));
  }

  image.addEventListener("load", () => {
    now = wanted;
    slider.value = now;
    clock.textContent = `${Math.floor(now / 60)}:${String(Math.floor(now % 60)).padStart(2, "0")}`;
    show();
    if (now >= length - 1) pause(true);
    else if (isPlaying) setTimeout(() => isPlaying && load(now + 1), 300);
  });
  image.addEventListener("error", () => pause(true));
  slider.addEventListener("change", () => load(Number(slider.value)));
  play.addEventListener("click", () => {
    pause(isPlaying);
    if (isPlaying) load(now + 1);
  });
  image.hidden = controls.hidden = false;
  return { now: () => now, seek: load, onChange: (action) => (show = action) };
}

// The box at a moment, between the two pictures beside it; null while the face is not in sight.
function where(path, now) {
  const next = path.findIndex(([at]) => at > now);
  const [before, after] = [path[(next < 0 ? path.length : next) - 1], path[next]];
  if (!before) return null;
  if (!after || after[0] - before[0] > GAP_S) return now - before[0] <= 0.4 ? before.slice(1) : null;
  const share = (now - before[0]) / (after[0] - before[0]);
  return before.slice(1).map((side, index) => side + (after[index + 1] - side) * share);
}

function box(name, [x1, y1, x2, y2]) {
  const element = document.createElement("div");
  element.className = y1 < 0.08 ? "box box--low" : "box";
  const sides = { left: x1, top: y1, width: x2 - x1, height: y2 - y1 };
  for (const [side, share] of Object.entries(sides)) element.style[side] = `${100 * share}%`;
  if (name) {
    const label = element.appendChild(document.createElement("span"));
    label.className = "box__name";
    label.textContent = name;
  }
  return element;
}
