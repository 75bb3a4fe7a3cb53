"""A complete experiment with all studies, made without training: records on disk, figures, tables, numbers."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import typst
from factories import evaluation

from jointsearch.core import layout
from jointsearch.core.config import Config
from jointsearch.core.evaluation import Evaluation
from jointsearch.core.fields import Values
from jointsearch.core.files import write_bytes
from jointsearch.core.proposal import Proposal
from jointsearch.networks.manual import ARCHITECTURES
from jointsearch.plotting.outcomes import outcomes
from jointsearch.results.results import Results
from jointsearch.search.experiment import Experiment
from jointsearch.search.hyperband import budgets, promote
from jointsearch.search.plan import Plan
from jointsearch.search.resolve import configuration, resolve
from jointsearch.search.studies import kinds
from jointsearch.search.studies.kind import PlannedStudy
from jointsearch.space.space import Space

BRACKETS = 9
PAGE = typst.compile(b"#set page(width: 7in, height: 2in)", format="pdf", ignore_system_fonts=True, timestamp=0)
DRAWING = b'<svg xmlns="http://www.w3.org/2000/svg" width="7" height="2"><path d="M0 0h7v2z"/></svg>'
SPACE = """
hyperparameters:
  residual_blocks_1: {type: integer, lower: 1, upper: 16, log: true, part: architecture}
  residual_blocks_2: {type: integer, lower: 1, upper: 16, log: true, part: architecture}
  residual_blocks_3: {type: integer, lower: 1, upper: 16, log: true, part: architecture}
  initial_filters: {type: integer, lower: 8, upper: 32, log: true, part: architecture}
  widen_factor_1: {type: float, lower: 0.5, upper: 8, log: true, part: architecture}
  widen_factor_2: {type: constant, value: 2.0, part: architecture}
  widen_factor_3: {type: constant, value: 2.0, part: architecture}
  learning_rate: {type: float, lower: 1e-3, upper: 1, log: true, part: hyperparameters}
  batch_size: {type: constant, value: 128, part: hyperparameters}
  weight_decay: {type: float, lower: 1e-5, upper: 1e-3, log: true, part: hyperparameters}
  momentum: {type: constant, value: 0.9, part: hyperparameters}
"""
"""Few dimensions, so that the importance of hyperparameters is quickly computed."""


def settings(folder: Path, *, studies: bool = True, space_text: str = SPACE, arms: Sequence[str] = ()) -> Config:
    """Configuration of the experiment, with or without the studies beside its search, or with these arms alone."""
    space = folder / "space.yaml"
    space.parent.mkdir(parents=True, exist_ok=True)
    space.write_text(space_text)
    beside = {
        "correlation": {"configurations": 24},
        "manual": {"architectures": ["resnet_20", "wide_resnet_10_2"], "seeds": 3},
        "arms": {"brackets": 6, "repeats": 3, "start": "wide_resnet_10_2"},
        "retraining": {"seeds": 3},
    }
    return Config.model_validate(
        {
            "experiment": folder.name,
            "space": str(space),
            "data": {"name": "digits"},
            "budget": {"unit": "epochs", "minimum": 1, "maximum": 9},
            "search": {"length": BRACKETS, "length_unit": "brackets"},
            "studies": beside
            if studies
            else {"arms": {"arms": dict.fromkeys(arms), "brackets": 6, "repeats": 3}}
            if arms
            else {},
        }
    )


def write(folder: Path, settings: Config) -> None:
    """Write the experiment and the records of all its studies."""
    experiment = resolve(settings)
    rng = np.random.default_rng(0)
    planned = kinds.plan(settings, experiment)
    put(layout.plan_file(folder), kinds.record(planned, experiment))
    for name, study in planned.items():
        place = folder / name
        put(layout.experiment_file(folder if name == layout.SEARCH else place), study.experiment)
        for one in _evaluations(study, rng):
            put(layout.slot_file(layout.rung_folder(place, one.bracket, one.rung), one.slot), one)


def put(path: Path, record: Experiment | Evaluation | Plan) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(record.model_dump_json())


def make(folder: Path, settings: Config) -> None:
    """Make tables and numbers of it as the workflow does; its figures are empty pages, which are sooner drawn."""
    results = Results.read(folder)
    written = configuration(results.experiment, BRACKETS, settings.studies)
    for path, content in (written | outcomes(results, draw=False)).items():
        write_bytes(folder / path, content)
        if path.startswith("figures/"):
            write_bytes((folder / path).with_suffix(".pdf"), PAGE)
            write_bytes((folder / path).with_suffix(".svg"), DRAWING)


def _evaluations(study: PlannedStudy, rng: np.random.Generator) -> Iterator[Evaluation]:
    space, all_budgets = Space(study.experiment.space), budgets(study.experiment.budget)
    for bracket in study.brackets:
        proposals = _proposals(study, space, bracket.index, bracket.sizes[0], rng)
        for rung, (size, level) in enumerate(zip(bracket.sizes, bracket.levels, strict=True)):
            batch = []
            for slot, proposal in enumerate(proposals[:size]):
                rate = float(proposal.values.get("learning_rate", 0.1))
                filters = float(proposal.values["initial_filters"])
                bowl = 0.1 * np.log10(rate / 0.1) ** 2 + 2 / filters
                error = min(0.9, (0.05 + bowl) * (1 + 0.4**level) * np.exp(0.2 * rng.standard_normal()))
                failed = study.plan.kind in ("search", "random") and rng.random() < 0.1
                loss = None if failed else round(1000 * error) / 1000
                test = None if failed else round(1000 * min(0.95, error * 1.05)) / 1000
                start = float(1e6 * bracket.index + 1000 * rung + 20 * slot)
                made = evaluation(
                    f"{bracket.index}-0-{slot}",
                    loss,
                    study=study.name,
                    experiment=study.experiment.id,
                    rung=rung,
                    slot=slot,
                    budget=all_budgets[level],
                    budget_unit=study.experiment.budget.unit,
                    epochs=all_budgets[level],
                    test_error=test,
                )
                observed = made.observed.model_copy(update={"started": start, "finished": start + 10.0})
                changes = {"proposal": proposal, "observed": observed}
                if study.plan.kind == "retraining" and test is not None:
                    changes["snapshot_test_error"] = 0.98 * test
                batch.append(made.model_copy(update=changes))
            yield from batch
            if rung + 1 < len(bracket.sizes) and study.plan.kind == "search":
                proposals = list(promote(batch, bracket.sizes[rung + 1]))


def _proposals(study: PlannedStudy, space: Space, bracket: int, size: int, rng: np.random.Generator) -> list[Proposal]:
    values: list[Values] = space.sample(size, rng)
    origins = [{"sampler": "bohb", "kind": "random"} for _ in values]
    if study.plan.kind == "search" and bracket >= 3:
        origins = [
            {"sampler": "bohb", "kind": "model", "model_budget": 1} if place % 3 else origin
            for place, origin in enumerate(origins)
        ]
    if study.plan.kind in ("manual", "retraining"):
        names = ["resnet_20", "wide_resnet_10_2"] if study.plan.kind == "manual" else ["incumbent", "resnet_20"]
        names = [names[place * len(names) // size] for place in range(size)]
        origins = [{"sampler": study.plan.kind, "kind": "given", "name": name} for name in names]
        values = [values[0] if name == "incumbent" else ARCHITECTURES[name].within(space) for name in names]
    return [
        Proposal(id=f"{bracket}-0-{slot}", values=one, origin=origin)
        for slot, (one, origin) in enumerate(zip(values, origins, strict=True))
    ]
