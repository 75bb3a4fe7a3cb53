// Parallel coordinates.

const lines = { canvases: [...document.querySelectorAll("#lines canvas")], top: 116, bottom: 28, left: 36, right: 96, height: 470 };
lines.x = (axis) => lines.left + axis * lines.step;
lines.y = (where) => lines.height - lines.bottom - (where + below) / (1 + BAND + below) * (lines.height - lines.top - lines.bottom);
lines.where = (y) => (lines.height - lines.bottom - y) / (lines.height - lines.top - lines.bottom) * (1 + BAND + below) - below;

function line(pen, row) {
  pen.setLineDash(row.failed ? [3, 3] : []);
  pen.beginPath();
  row.places.forEach((where, axis) => pen.lineTo(lines.x(axis), lines.y(where)));
  pen.stroke();
}

function drawLines() {
  // At 1,300 pixels seventeen hyperparameters, budget, weights and two losses fit without scrolling.
  lines.step = Math.max(46, ($("#lines").clientWidth - lines.left - lines.right) / (axes.length - 1));
  lines.width = lines.left + lines.right + lines.step * (axes.length - 1);
  const pen = sized(lines.canvases[0], lines.width, lines.height);
  pen.lineWidth = 1;
  pen.strokeStyle = PALE;
  for (const row of shown) if (!chosen.has(row)) line(pen, row);
  pen.globalAlpha = Math.min(0.9, Math.max(0.3, 12 / Math.sqrt(chosen.size + 1)));
  for (const row of chosen) {
    pen.strokeStyle = colourOf(row);
    line(pen, row);
  }
  pen.globalAlpha = 1;
  for (const row of chosen) {
    if (!row.best) continue;
    pen.strokeStyle = BLACK;
    pen.lineWidth = 2.5;
    line(pen, row);
  }
  drawAxes(pen);
  overlay();
}

function drawAxes(pen) {
  pen.setLineDash([]);
  pen.lineWidth = 1;
  axes.forEach((axis, index) => {
    const x = lines.x(index);
    pen.strokeStyle = BLACK;
    pen.beginPath();
    pen.moveTo(x, lines.y(0));
    pen.lineTo(x, lines.y(1));
    pen.stroke();
    for (const value of ticks(axis, 8)) label(pen, tick(axis, value), x, lines.y(place(axis, value)));
    if (missing(index)) label(pen, missing(index), x, lines.y(place(axis, null)));
    pen.save();
    pen.translate(x - 3, lines.top - 12);
    pen.rotate(-Math.PI / 5);
    pen.fillStyle = BLACK;
    pen.font = `600 ${pen.font}`;
    pen.fillText(titled(axis), 0, 0);
    pen.restore();
  });
  for (const [part, names] of Object.entries(page.parts)) drawPart(pen, part, names.map(axisNamed));
}

// A line below the axes of a part of the space, with its name.
function drawPart(pen, part, indices) {
  const from = lines.x(Math.min(...indices)) - 5, to = lines.x(Math.max(...indices)) + 5, y = lines.height - 16;
  pen.strokeStyle = GREY;
  pen.beginPath();
  pen.moveTo(from, y);
  pen.lineTo(to, y);
  pen.stroke();
  pen.textBaseline = "alphabetic";
  pen.fillStyle = BLACK;
  pen.fillText(part, from, lines.height - 3);
}

function label(pen, text, x, y) {
  pen.beginPath();
  pen.moveTo(x - 3, y);
  pen.lineTo(x + 3, y);
  pen.stroke();
  pen.textBaseline = "middle";
  pen.lineWidth = 3;
  pen.strokeStyle = "#ffffffd0";
  pen.strokeText(text, x + 5, y);
  pen.fillStyle = BLACK;
  pen.fillText(text, x + 5, y);
  pen.lineWidth = 1;
  pen.strokeStyle = BLACK;
}

// A drag along an axis chooses a range; a click on it drops the range.
function listenToRanges(canvas) {
  let axis = null, from = 0, dragged = false;
  canvas.addEventListener("pointerdown", (event) => {
    axis = Math.round((event.offsetX - lines.left) / lines.step);
    if (axes[axis] === undefined || Math.abs(event.offsetX - lines.x(axis)) > 10) axis = null;
    from = lines.where(event.offsetY);
    dragged = false;
    if (axis !== null) canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (axis === null || !event.buttons) return;
    const to = lines.where(event.offsetY);
    dragged ||= Math.abs(to - from) > 0.01;
    if (dragged) state.ranges.set(axis, [Math.min(from, to), Math.max(from, to)]);
    if (dragged) refresh();
  });
  canvas.addEventListener("click", (event) => {
    if (axis === null || (!dragged && !state.ranges.has(axis))) return;
    if (!dragged) state.ranges.delete(axis);
    axis = null;
    event.stopImmediatePropagation();
    refresh();
  });
}
