// The trainings that the page holds, by name.
const DATA = JSON.parse(document.getElementById("data").textContent);

const named = (fields, row) => Object.fromEntries(fields.map((field, place) => [field, row[place]]));

function training(place) {
  const row = named(DATA.fields.trainings, DATA.trainings[place]);
  const proposal = named(DATA.fields.proposals, DATA.proposals[row.proposal]);
  const study = DATA.studies[proposal.study];
  return {
    ...row,
    place,
    study,
    configuration: proposal,
    id: `${proposal.id}@${row.rung}`,
    name: `${study}/${proposal.id}@${row.rung}`,
    path: `${DATA.folders[row.folder]}/${row.file}`,
    budget: DATA.budgets[row.budget],
    status: DATA.statuses[row.status].replaceAll("_", " "),
    message: DATA.messages[place],
    code: DATA.codes[row.code],
    environment: DATA.environments[row.environment],
    host: DATA.hosts[row.host],
  };
}

// Positions are kept as runs: the first and the last of each.
function places(runs) {
  const found = [];
  for (let at = 0; at < runs.length; at += 2) for (let one = runs[at]; one <= runs[at + 1]; one++) found.push(one);
  return found;
}

const lies = (runs, place) => runs.some((first, at) => at % 2 === 0 && first <= place && place <= runs[at + 1]);

const numbersOf = (place) => Object.keys(DATA.numbers).filter((name) => lies(DATA.numbers[name].trainings, place));

const placeOf = new Map(DATA.trainings.map((_, place) => [training(place).name, place]));

function loss(value) {
  if (value === null) return "none";
  return DATA.percent ? `${(100 * value).toFixed(2)} %` : String(Number(value.toPrecision(5)));
}

const written = (value) => (typeof value === "number" && !Number.isInteger(value) ? String(Number(value.toPrecision(4))) : String(value));
