// Scatter plots of one axis against all others.

const panels = [];

function makePanels() {
  $("#panels").replaceChildren();
  panels.length = 0;
  axes.forEach((axis, index) => {
    if (index === state.across) return;
    const figure = element("figure", "", { className: index === state.large ? "large" : "" });
    const caption = element("figcaption"), button = element("button", titled(axis), { type: "button" });
    const plot = element("div", "", { className: "plot" });
    const panel = { axis: index, figure, canvases: [element("canvas"), element("canvas")] };
    caption.append(button);
    plot.append(...panel.canvases);
    figure.append(plot, caption);
    $("#panels").append(figure);
    panel.canvases[0].setAttribute("role", "img");
    panel.canvases[0].setAttribute("aria-label", `${titled(axes[state.across])} against ${titled(axis)}`);
    button.onclick = () => {
      state.large = state.large === index ? null : index;
      for (const one of panels) one.figure.className = one.axis === state.large ? "large" : "";
      drawPanels();
    };
    listen(panel.canvases[1], (x, y) => nearestPoint(panel, x, y));
    panels.push(panel);
  });
}

function drawPanels() {
  const across = axes[state.across];
  for (const panel of panels) {
    const large = panel.axis === state.large;
    panel.width = panel.figure.clientWidth;
    panel.height = large ? 420 : 165;
    const pen = sized(panel.canvases[0], panel.width, panel.height), axis = axes[panel.axis];
    const left = 48, bottom = panel.height - 22, span = 1 + BAND + below;
    panel.x = (where) => left + 4 + (where + below) / span * (panel.width - left - 10);
    panel.y = (where) => bottom - 2 - (where + below) / span * (bottom - 8);
    pen.strokeStyle = BLACK;
    pen.fillStyle = BLACK;
    pen.strokeRect(left - 4.5, 2.5, 0, bottom + 2);
    pen.strokeRect(left - 4.5, bottom + 4.5, panel.width - left, 0);
    pen.textAlign = "right";
    pen.textBaseline = "middle";
    for (const value of ticks(across, large ? 9 : 5)) pen.fillText(tick(across, value), left - 9, panel.y(place(across, value)));
    pen.fillText(missing(state.across), left - 9, panel.y(place(across, null)));
    pen.textBaseline = "alphabetic";
    pen.textAlign = "center";
    let end = 0;
    for (const value of ticks(axis, large ? 14 : 5)) {
      const text = tick(axis, value), half = pen.measureText(text).width / 2;
      const x = Math.min(panel.x(place(axis, value)), panel.width - half);
      if (x - half < end) continue;
      pen.fillText(text, x, panel.height - 5);
      end = x + half + 5;
    }
    if (axis.loss && end < panel.width - 36) {
      pen.textAlign = "right";
      pen.fillText(missing(panel.axis), panel.width, panel.height - 5);
    }
    const size = large ? 4 : 2.6;
    for (const row of shown) if (!chosen.has(row)) point(pen, panel, row, size, PALE);
    for (const row of chosen) point(pen, panel, row, size, colourOf(row));
    for (const row of chosen) if (row.best) ring(pen, panel, row, size + 3);
  }
  overlay();
}

function point(pen, panel, row, size, colour) {
  const x = panel.x(row.places[panel.axis]), y = panel.y(row.places[state.across]);
  pen.fillStyle = pen.strokeStyle = colour;
  pen.lineWidth = 1;
  pen.beginPath();
  if (row.failed) {
    pen.moveTo(x - size, y - size);
    pen.lineTo(x + size, y + size);
    pen.moveTo(x + size, y - size);
    pen.lineTo(x - size, y + size);
    pen.stroke();
    return;
  }
  if (row.origin === "random") pen.arc(x, y, size, 0, 2 * Math.PI);
  else if (row.origin === "given") pen.rect(x - size, y - size, 2 * size, 2 * size);
  else for (const [dx, dy] of [[0, -1.4], [1.4, 0], [0, 1.4], [-1.4, 0]]) pen.lineTo(x + dx * size, y + dy * size);
  pen.closePath();
  pen.fill();
  if (colour === PALE) return;
  pen.strokeStyle = "#00000080";
  pen.lineWidth = 0.5;
  pen.stroke();
}

function ring(pen, panel, row, size, colour = BLACK) {
  pen.beginPath();
  pen.arc(panel.x(row.places[panel.axis]), panel.y(row.places[state.across]), size, 0, 2 * Math.PI);
  for (const [width, ink] of [[5, "#ffffff"], [2, colour]]) {
    pen.lineWidth = width;
    pen.strokeStyle = ink;
    pen.stroke();
  }
}
