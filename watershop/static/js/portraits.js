// Takes a customer's pictures with the camera of this device, one pose after the other, and hands each in by the form.
//
//   <form data-portraits> with <input type="file">, which serves alone where there is no camera
//   [data-camera] opens the camera in [data-capture], where [data-pose] says how to look and [data-shoot] takes a picture
//   #portraits (data-taken: how many are kept) comes back anew with each answer: then the next pose is asked for
//   Browsers give the camera only to pages from HTTPS or from this very machine: elsewhere the button stays hidden.

const form = document.querySelector("[data-portraits]");
const input = form.querySelector('input[type="file"]');
const capture = form.querySelector("[data-capture]");
const video = capture.querySelector("video");
const shoot = capture.querySelector("[data-shoot]");
const poses = [...capture.querySelectorAll("[data-pose]")];
const opener = form.querySelector("[data-camera]");

function askForNextPose() {
  const taken = Number(document.querySelector("#portraits").dataset.taken);
  poses.forEach((pose) => pose.removeAttribute("aria-current"));
  poses[Math.min(taken, poses.length - 1)].setAttribute("aria-current", "step");
  shoot.disabled = false;
}

async function open() {
  const wanted = { facingMode: "user", width: { ideal: 1280 } };
  video.srcObject = await navigator.mediaDevices.getUserMedia({ video: wanted });
  capture.hidden = false;
  opener.hidden = true;
  askForNextPose();
  await video.play();
}

function picture() {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
  canvas.getContext("2d").drawImage(video, 0, 0);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.92));
}

async function take() {
  shoot.disabled = true;
  const files = new DataTransfer();
  files.items.add(new File([await picture()], "face.jpg", { type: "image/jpeg" }));
  input.files = files.files;
  form.requestSubmit();
}

if (navigator.mediaDevices) {
  opener.hidden = false;
  opener.addEventListener("click", () => open().catch(() => (opener.disabled = true)));
  shoot.addEventListener("click", take);
  form.addEventListener("htmx:afterRequest", () => {
    input.value = "";
    if (!capture.hidden) askForNextPose();
  });
}
