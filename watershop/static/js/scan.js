// Reads a customer's card with the camera, and types what it says into the search, as a keyboard scanner would.
//
//   <button data-scan="#q">           what to type into; opens the dialog after it
//   <dialog data-reader="…/jsqr.js">  <video> shows the camera; [data-scan-refused] says that there is none
//   The browser's own BarcodeDetector reads the code where it has one, else jsQR, which is loaded on the first scan.
//   Browsers give the camera only to pages from HTTPS or from this very machine: elsewhere the button says so.

const LOOKS_PER_SECOND = 8;
const WIDEST = 640; // a picture of more dots takes longer to read, and a card fills most of it

async function readerOf(dialog) {
  const formats = "BarcodeDetector" in window ? await BarcodeDetector.getSupportedFormats() : [];
  if (formats.includes("qr_code")) {
    const detector = new BarcodeDetector({ formats: ["qr_code"] });
    return async (video) => (await detector.detect(video))[0]?.rawValue;
  }
  if (!self.jsQR) await import(dialog.dataset.reader);
  const canvas = document.createElement("canvas");
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  return async (video) => {
    canvas.width = Math.min(WIDEST, video.videoWidth);
    canvas.height = (canvas.width * video.videoHeight) / video.videoWidth;
    pen.drawImage(video, 0, 0, canvas.width, canvas.height);
    const { data } = pen.getImageData(0, 0, canvas.width, canvas.height);
    return self.jsQR(data, canvas.width, canvas.height)?.data;
  };
}

function wait() {
  return new Promise((resolve) => setTimeout(resolve, 1000 / LOOKS_PER_SECOND));
}

// What the code says, or nothing when the dialog was closed first.
async function look(dialog, video) {
  const read = await readerOf(dialog);
  while (dialog.open) {
    const text = video.videoWidth ? await read(video) : "";
    if (text) return text;
    await wait();
  }
}

function type(input, text) {
  input.value = text;
  input.focus();
  input.dispatchEvent(new Event("input", { bubbles: true }));
  input.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true }));
}

async function scan(button) {
  const dialog = button.nextElementSibling;
  const video = dialog.querySelector("video");
  const refused = dialog.querySelector("[data-scan-refused]");
  refused.hidden = true;
  dialog.showModal();
  try {
    video.srcObject = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
    await video.play();
    const text = await look(dialog, video);
    dialog.close();
    if (text) type(document.querySelector(button.dataset.scan), text);
  } catch {
    refused.hidden = false;
  } finally {
    video.srcObject?.getTracks().forEach((track) => track.stop());
    video.srcObject = null;
  }
}

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-scan-cancel]")) event.target.closest("dialog").close(); // no form: it stands in one
  const button = event.target.closest("[data-scan]");
  if (button) scan(button);
});
