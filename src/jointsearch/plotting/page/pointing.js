// The evaluation that is pointed at, and the ranges that were dragged, on canvases of their own.
function overlay() {
  if (!lines.width || !panels.every((panel) => panel.x)) return;
  const pen = sized(lines.canvases[1], lines.width, lines.height);
  for (const [axis, [low, high]] of state.ranges) {
    pen.fillStyle = `${RANGE}40`;
    pen.strokeStyle = RANGE;
    const box = [lines.x(axis) - 7, lines.y(high), 14, lines.y(low) - lines.y(high)];
    pen.fillRect(...box);
    pen.strokeRect(...box);
  }
  for (const [width, colour] of state.at ? [[5, "#ffffff"], [2.5, POINTED]] : []) {
    pen.lineWidth = width;
    pen.strokeStyle = colour;
    line(pen, state.at);
  }
  for (const panel of panels) {
    const over = sized(panel.canvases[1], panel.width, panel.height);
    if (!state.at) continue;
    point(over, panel, state.at, 4.5, BLACK);
    ring(over, panel, state.at, 8, POINTED);
  }
}

function nearest(distanceOf, most) {
  let found = null, least = most;
  for (const row of chosen) {
    const distance = distanceOf(row);
    if (distance <= least) [found, least] = [row, distance];
  }
  return found;
}

function nearestLine(x, y) {
  const axis = Math.floor((x - lines.left) / lines.step), part = (x - lines.x(axis)) / lines.step;
  if (axis < 0 || axis >= axes.length - 1) return null;
  return nearest((row) => {
    const from = lines.y(row.places[axis]), to = lines.y(row.places[axis + 1]);
    // Steep lines are far from a point above or below them only in that direction.
    return Math.abs(from + part * (to - from) - y) / Math.hypot(1, (to - from) / lines.step);
  }, 7);
}

const nearestPoint = (panel, x, y) => nearest((row) =>
  Math.hypot(panel.x(row.places[panel.axis]) - x, panel.y(row.places[state.across]) - y), 9);

function release() {
  state.at = null;
  state.pinned = false;
  $("#card").hidden = true;
}

function listen(canvas, find) {
  canvas.addEventListener("pointermove", (event) => {
    if (state.pinned || event.buttons) return;
    const row = find(event.offsetX, event.offsetY);
    if (row) card(row, event);
    else if (state.at) release();
    else return;
    overlay();
  });
  canvas.addEventListener("pointerleave", () => {
    if (state.pinned || !state.at) return;
    release();
    overlay();
  });
  canvas.addEventListener("click", (event) => {
    const row = find(event.offsetX, event.offsetY);
    release();
    if (row) {
      card(row, event);
      state.pinned = true;
    }
    $("#card").classList.toggle("pinned", state.pinned);
    overlay();
  });
}

function card(row, event) {
  const box = $("#card");
  if (state.at !== row) {
    state.at = row;
    box.replaceChildren(...describe(row));
  }
  box.classList.remove("pinned");
  box.hidden = false;
  const { width, height } = box.getBoundingClientRect();
  const right = event.clientX + 18 + width < window.innerWidth;
  box.style.left = `${Math.max(4, right ? event.clientX + 18 : event.clientX - width - 18)}px`;
  box.style.top = `${Math.max(4, Math.min(event.clientY - height / 3, window.innerHeight - height - 8))}px`;
}

function describe(row) {
  const head = element("div"), facts = element("dl"), values = element("dl");
  head.append(element("b", row.evaluation), ` at ${budgetName(row.budget)}${row.best ? ", the best" : ""}`);
  const model = row.model_budget === null ? "" : `, model at ${budgetName(row.model_budget)}`;
  head.append(element("div", `${page.origins[row.origin][0]}${model}${row.name ? `: ${row.name}` : ""}`));
  if (row.failed) {
    const why = row.message ? `: ${row.message}` : "";
    head.append(element("div", `failed: ${row.status.replaceAll("_", " ")}${why}`, { className: "failed" }));
  }
  const add = (list, name, text) => list.append(element("dt", name), element("dd", text));
  add(facts, "proposal", row.proposal);
  add(facts, "budget", budgetName(row.budget));
  add(facts, "status", row.status);
  add(facts, "epochs", plain(row.epochs));
  axes.forEach((axis, index) => {
    const value = row.values[index];
    if (page.searched.includes(axis.name)) add(values, axis.name, value === null ? "inactive" : named(axis, value));
    else if (index !== BUDGET) add(facts, axis.name, value === null ? "none" : named(axis, value));
  });
  const others = rows.filter((one) => one.proposal === row.proposal && one !== row).sort((one, other) => one.budget - other.budget);
  const parts = [head, facts, values];
  if (others.length) {
    const texts = others.map((one) => `${budgetName(one.budget)}: ${one.failed ? "failed" : named(axes[error], one.values[error])}`);
    parts.push(element("div", `The same at ${texts.join(", ")}`));
  }
  return parts;
}
