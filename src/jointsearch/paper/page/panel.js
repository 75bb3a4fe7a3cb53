// What is behind a number, and behind a training: one panel, with a way back.
const panel = document.getElementById("panel");
const content = document.getElementById("panel-body");
const trail = [];

function element(tag, children = [], attributes = {}) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...[children].flat());
  return made;
}

const toTraining = (one, text) => element("a", text, { href: `#training-${one.name}` });
const toNumber = (name, text) => element("a", text, { href: `#number-${name}` });
const toFile = (path) => element("a", element("code", path), { href: path });
const right = (text) => element("td", element("span", text, { class: "right" }));

function list(pairs) {
  const known = pairs.filter(([, value]) => value !== undefined && value !== null);
  return element("dl", known.flatMap(([name, value]) => [element("dt", name), element("dd", value)]));
}

// The first of many come at once, the others in steps: a browser is slow to lay out more.
const MOST = 200;
const STEP = 2000;

function table(found) {
  const titles = ["training", "budget", "status", DATA.loss, DATA.test, "seed", "record"];
  const head = element("thead", element("tr", titles.map((title) => element("th", title, { scope: "col" }))));
  const row = (one) =>
    element("tr", [
      element("td", toTraining(one, one.study === "search" ? one.id : one.name)),
      right(one.budget),
      element("td", one.status),
      right(loss(one.loss)),
      right(loss(one.test)),
      right(String(one.seed)),
      element("td", toFile(one.path)),
    ]);
  const body = element("tbody", found.slice(0, MOST).map(row));
  const shown = element("div", element("table", [head, body]), { class: "wide", tabindex: "0" });
  if (found.length <= MOST) return [shown];
  const count = (number) => number.toLocaleString("en");
  const more = element("button", [], { type: "button" });
  const offer = () => {
    const [there, all] = [body.rows.length, found.length];
    more.textContent = all - there > STEP ? `show ${count(STEP)} more (${count(there)} of ${count(all)})` : `show all ${count(all)}`;
    more.hidden = there === all;
  };
  more.addEventListener("click", () => {
    body.append(...found.slice(body.rows.length, body.rows.length + STEP).map(row));
    offer();
    if (more.hidden) shown.focus();
  });
  offer();
  return [shown, more];
}

// Of a number of the text, of the data behind a figure or a table, or of a row of a table.
function ofSource({ meaning, trainings }, title, target, file, what = "Computed from") {
  const found = places(trainings).map(training);
  const failed = found.filter((one) => one.loss === null).length;
  const codes = new Set(found.map((one) => one.code[0]));
  const made = [...codes].map((code) => code.slice(0, 12)).join(", ");
  const studies = [...new Set(found.map((one) => one.study))];
  const counts = studies.map((study) => `${found.filter((one) => one.study === study).length} of ${study}`).join(", ");
  return [
    title,
    [
      element("p", `${meaning}.`),
      element("p", [`${what} ${found.length} ${found.length === 1 ? "training" : "trainings"} (${counts}${failed ? `; ${failed} without a loss` : ""}), trained by the code `, element("code", made), ". ", toFile(file), "."]),
      element("p", ["Check: ", element("code", `python scripts/audit.py ${target}`)]),
      ...(found.length ? table(found) : []),
    ],
  ];
}

function ofTraining(place) {
  const one = training(place);
  const [code, lock, python, torch, images, split, threads, precision] = one.code;
  const { commit, changed, cpu, gpu, system, name } = one.environment;
  const at = commit && (DATA.address ? element("a", commit.slice(0, 12), { href: `${DATA.address}/tree/${commit}`, rel: "noreferrer" }) : commit.slice(0, 12));
  const others = [...placeOf.values()].filter((other) => other !== place && DATA.trainings[other][0] === one.proposal).map(training);
  const values = DATA.hyperparameters.map((title, at) => [title, one.configuration.values[at]]);
  return [
    `training ${one.name}`,
    [
      list([
        ["record", toFile(one.path)],
        [DATA.loss, loss(one.loss)],
        [DATA.test, loss(one.test)],
        ["status", one.message ? `${one.status}: ${one.message}` : one.status],
        ["budget", one.budget],
        ["seed", String(one.seed)],
        ["weights", one.weights && one.weights.toLocaleString("en")],
        ["configuration", `${one.configuration.id}, ${one.configuration.origin}`],
        ["at other budgets", others.length ? others.flatMap((other, at) => [at ? "; " : "", toTraining(other, `${other.id}: ${loss(other.loss)} at ${other.budget}`)]) : null],
        ["code", [element("code", code.slice(0, 12)), ...(at ? [", commit ", at, changed ? " with changes" : ""] : [])]],
        ["environment", [`Python ${python}${torch ? `, torch ${torch}` : ""}: `, toFile(`environments/${name}.json`)]],
        ["lock file", lock && toFile(`environments/${lock}.txt`)],
        ["images", images && [element("code", images.slice(0, 12)), ", split ", element("code", split.slice(0, 12)), ": ", toFile("data.json")]],
        ["machine", [one.host, cpu, gpu, `${threads} ${threads === 1 ? "thread" : "threads"}`, precision, system].filter(Boolean).join(", ")],
        ["training took", `${one.seconds} s`],
      ]),
      element("h3", "Hyperparameters"),
      list(values.filter(([, value]) => value !== null).map(([title, value]) => [title.replaceAll("_", " "), written(value)])),
      element("h3", "Numbers of this text that depend on it"),
      element("p", numbersOf(place).flatMap((number, at) => [at ? ", " : "", toNumber(number, number)])),
    ],
  ];
}

// What an address within the page names; null if it is none of these.
function find(hash) {
  const [, kind, name] = /^#(number|data|row|training)-(.+)$/.exec(hash) ?? [];
  const known = { number: DATA.numbers, data: DATA.products, row: DATA.rows }[kind] ?? {};
  if (Object.hasOwn(known, name)) {
    const { text } = known[name];
    if (kind === "number") return ofSource(known[name], `${name} = ${text}`, `why paper:${name}`, "numbers.json");
    const product = kind === "row" ? DATA.products[`tables/${name.split("/")[0]}`] : known[name];
    const meaning = kind === "row" ? `row ${name.split("/")[1]} of the table; ${product.meaning}` : product.meaning;
    return ofSource({ ...known[name], meaning }, text, `results/${DATA.experiment}/${product.text}`, product.text, kind === "row" ? "Behind this row:" : undefined);
  }
  if (kind === "training" && placeOf.has(name)) return ofTraining(placeOf.get(name));
  return null;
}

function show(hash) {
  const found = find(hash);
  if (!found) return false;
  const [title, parts] = found;
  trail.push(hash);
  document.getElementById("panel-title").textContent = title;
  document.getElementById("back").hidden = trail.length < 2;
  content.replaceChildren(...parts);
  if (!panel.open) panel.showModal();
  panel.scrollTop = 0;
  document.getElementById("panel-title").focus();
  return true;
}

document.getElementById("back").addEventListener("click", () => {
  trail.pop();
  show(trail.pop());
});
panel.addEventListener("close", () => trail.splice(0));
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href^='#number-'], a[href^='#data-'], a[href^='#row-'], a[href^='#training-']");
  // With a key, a browser opens the link elsewhere, or saves it.
  const plain = !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
  if (link && plain && show(link.getAttribute("href"))) event.preventDefault();
});
for (const dialog of document.querySelectorAll("dialog")) {
  dialog.querySelector(".close").addEventListener("click", () => dialog.close());
  // A click beside it; not the end of a selection that began within it.
  let pressed = null;
  dialog.addEventListener("pointerdown", (event) => (pressed = event.target));
  dialog.addEventListener("click", (event) => event.target === dialog && pressed === dialog && dialog.close());
}
for (const link of document.querySelectorAll("a.number[href^='#number-']")) link.title = DATA.numbers[link.hash.slice("#number-".length)]?.meaning ?? "";
for (const link of document.querySelectorAll("a.row")) link.title = DATA.rows[link.hash.slice("#row-".length)]?.text ?? "";
for (const part of document.querySelectorAll(".scripted")) part.hidden = false;
window.addEventListener("hashchange", () => show(location.hash));
show(location.hash);
