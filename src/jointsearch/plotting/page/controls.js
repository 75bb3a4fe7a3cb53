// Filters, colours, and the start.

function drawKey() {
  const parts = [];
  if (state.colour === "origin") {
    for (const one of ticked("origins")) parts.push(swatch(page.origins[one][1], page.origins[one][0]));
  } else if (state.colour === "budget") {
    axes[BUDGET].values.forEach((value, level, all) => {
      const where = all.length > 1 ? 1 - level / (all.length - 1) : 0.5;
      parts.push(swatch(page.colours[Math.round(where * (page.colours.length - 1))], budgetName(value)));
    });
  } else if (rows.some((row) => !row.failed)) {
    const scale = element("span"), ramp = element("i", "", { className: "ramp" });
    ramp.style.background = `linear-gradient(to right, ${page.colours.join(", ")})`;
    scale.append(`${named(axes[error], axes[error].low)} `, ramp, named(axes[error], axes[error].high));
    if (axes[error].kind === "log") scale.append(" (log)");
    parts.push(scale);
  }
  $("#key").replaceChildren(...parts);
}

function swatch(colour, text) {
  const part = element("span"), box = element("i");
  box.style.background = colour;
  part.append(box, text);
  return part;
}

function fill(id, values, name, checked = () => true) {
  const field = document.getElementById(id);
  field.querySelectorAll("label").forEach((one) => one.remove());
  for (const [value, number] of values) {
    const part = element("label"), box = element("input", "", { type: "checkbox", value, checked: checked(value) });
    box.onchange = refresh;
    part.append(box, name(value), " ", element("small", number.toLocaleString("en-US")));
    field.append(part);
  }
}

function counted(values, key) {
  return values.map((value) => [String(value), rows.filter((row) => String(row[key]) === String(value)).length])
    .filter(([, number]) => number);
}

function refresh() {
  choose();
  drawKey();
  drawLines();
  drawPanels();
}

function show(number) {
  read(number);
  release();
  state.ranges.clear();
  state.across = error;
  $("#across").value = error;
  makePanels();
  $("#note").textContent = study.note;
  $("#view").hidden = !rows.length && page.studies.length < 2;
  for (const part of document.querySelectorAll("#view > :not(#tools), #tools > :not(#study)")) part.hidden = !rows.length;
  const statuses = [...new Set(rows.map((row) => row.status))].sort((one, other) => (other === "success") - (one === "success"));
  fill("budgets", counted(axes[BUDGET].values, "budget"), (value) => budgetName(Number(value)),
    // Losses at different budgets are not comparable.
    (value) => Number(value) === study.budget);
  fill("origins", counted(Object.keys(page.origins), "origin"), (value) => page.origins[value][0]);
  fill("statuses", counted(statuses, "status"), (value) => value.replaceAll("_", " "));
  refresh();
}

const choice = $("#study select");
page.studies.forEach((one, index) => choice.append(element("option", one.name, { value: index })));
$("#study").hidden = page.studies.length < 2;
choice.onchange = () => show(Number(choice.value));
axes.forEach((axis, index) => $("#across").append(element("option", titled(axis), { value: index })));
$("#across").onchange = (event) => {
  state.across = Number(event.target.value);
  state.large = null;
  makePanels();
  drawPanels();
};
$("#colour").onchange = (event) => {
  state.colour = event.target.value;
  refresh();
};
$("#clear").onclick = () => {
  state.ranges.clear();
  document.querySelectorAll("fieldset input").forEach((box) => { box.checked = true; });
  refresh();
};
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  release();
  overlay();
});
listenToRanges(lines.canvases[1]);
listen(lines.canvases[1], nearestLine);
show(0);
let width = document.body.clientWidth;
window.addEventListener("resize", () => {
  if (document.body.clientWidth === width) return;
  width = document.body.clientWidth;
  drawLines();
  drawPanels();
});
