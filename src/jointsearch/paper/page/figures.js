// A figure, enlarged: by buttons, by + and -, and moved by scrolling or dragging.
const viewer = document.getElementById("viewer");
const sheet = document.getElementById("sheet");
let zoom = 1;

function enlarge(by) {
  const before = zoom;
  const middle = [(sheet.scrollLeft + sheet.clientWidth / 2) / before, (sheet.scrollTop + sheet.clientHeight / 2) / before];
  zoom = by === 0 ? 1 : Math.min(8, Math.max(1, zoom * by));
  sheet.firstChild.style.width = `${100 * zoom}%`;
  sheet.scrollTo(middle[0] * zoom - sheet.clientWidth / 2, middle[1] * zoom - sheet.clientHeight / 2);
  document.getElementById("zoom").textContent = `${Math.round(100 * zoom)} %`;
}

for (const image of document.querySelectorAll("figure img")) {
  const button = element("button", [], { type: "button", "aria-label": `enlarge ${image.alt}` });
  image.replaceWith(button);
  button.append(image);
  button.addEventListener("click", () => {
    sheet.replaceChildren(element("img", [], { src: image.src, alt: image.alt }));
    viewer.showModal();
    enlarge(0);
    sheet.focus();
  });
}
for (const [id, by] of [["smaller", 1 / 1.5], ["larger", 1.5], ["fit", 0]]) {
  document.getElementById(id).addEventListener("click", () => enlarge(by));
}
viewer.addEventListener("keydown", (event) => {
  const by = { "+": 1.5, "=": 1.5, "-": 1 / 1.5, 0: 0 }[event.key];
  if (by !== undefined && !event.ctrlKey && !event.metaKey) enlarge(by);
});
sheet.addEventListener("pointermove", (event) => {
  if (event.pointerType === "mouse" && event.buttons === 1) sheet.scrollBy(-event.movementX, -event.movementY);
});
sheet.addEventListener("dragstart", (event) => event.preventDefault());
