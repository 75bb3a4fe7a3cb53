// The evaluations of one study at a time: `rows` are all of them, `shown` those that pass the filters, and of these
// `chosen` those within the ranges that were dragged on the axes.

function read(number) {
  const from = page.fields.length;
  study = page.studies[number];
  error = axisNamed(study.judged);
  rows = study.rows.map((cells) => {
    const row = Object.fromEntries(page.fields.map((name, index) => [name, cells[index]]));
    row.values = cells.slice(from);
    row.places = axes.map((axis, index) => place(axis, row.values[index]));
    row.budget = row.values[BUDGET];
    row.failed = row.status !== "success";
    row.best = row.evaluation === study.incumbent;
    return row;
  });
  below = rows.some((row) => row.places.some((where) => where < 0)) ? BAND : 0;
  // What is drawn last lies on top: the best.
  const order = (row) => row.best ? -Infinity : row.values[error] ?? Infinity;
  // Of two infinite ones the difference is no number.
  rows.sort((one, other) => order(other) - order(one) || 0);
}

function colourOf(row) {
  if (row.failed) return GREY;
  if (state.colour === "origin") return page.origins[row.origin][1];
  if (state.colour === "error" && row.values[error] === null) return GREY;
  // Low errors and large budgets are dark.
  const where = state.colour === "budget" ? 1 - row.places[BUDGET] : row.places[error];
  return page.colours[Math.round(where * (page.colours.length - 1))];
}

const ticked = (id) => new Set([...document.querySelectorAll(`#${id} input:checked`)].map((box) => box.value));

function choose() {
  const budgets = ticked("budgets"), origins = ticked("origins"), statuses = ticked("statuses");
  shown = rows.filter((row) => budgets.has(String(row.budget)) && origins.has(row.origin) && statuses.has(row.status));
  const ranges = [...state.ranges];
  chosen = new Set(shown.filter((row) =>
    ranges.every(([axis, [low, high]]) => row.places[axis] >= low && row.places[axis] <= high)));
  $("#count").textContent = `${chosen.size.toLocaleString("en-US")} of ${rows.length.toLocaleString("en-US")} shown`;
  $("#clear").disabled = chosen.size === rows.length;
  if (state.at && !chosen.has(state.at)) release();
}
