// Cuts the printed page where the slip ends, for the paper of a receipt printer comes from a roll.
//
//   <article data-paper="80">   the slip, and the width of its paper in millimetres

const MM_PER_PX = 25.4 / 96;
const slip = document.querySelector("[data-paper]");
const cut = new CSSStyleSheet();
document.adoptedStyleSheets.push(cut);

addEventListener("beforeprint", () => {
  const length = Math.ceil(slip.offsetHeight * MM_PER_PX) + 1;
  const size = `{ margin: 0; size: ${slip.dataset.paper}mm ${length}mm; }`;
  cut.replaceSync(`@page ${size} @page narrow ${size}`);
});
