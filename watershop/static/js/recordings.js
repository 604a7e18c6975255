// The upload form of recordings (data-recording): sends the file's own date along, which only the browser knows.
// The server falls back on it when neither the clerk nor the camera says when the recording starts.

const form = document.querySelector("form[data-recording]");

form?.elements.file.addEventListener("change", ({ target }) => {
  const [file] = target.files;
  form.elements.file_date.value = file ? new Date(file.lastModified).toISOString() : "";
});
