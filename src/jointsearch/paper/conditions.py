"""What a reader has to know before the results: how much is done, on which machines, what differs from the study."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from jointsearch.analysis.tables.studies import TITLES
from jointsearch.core import layout
from jointsearch.core.data_set import DataSet
from jointsearch.core.environment import Environment
from jointsearch.core.evaluation import Evaluation
from jointsearch.core.units import amount, duration
from jointsearch.paper.columns import signs
from jointsearch.results.catalogue import listed_as
from jointsearch.results.results import Results
from jointsearch.search import hyperband
from jointsearch.search.experiment import Experiment
from jointsearch.search.incumbent import incumbent
from jointsearch.space.hyperparameters import Categorical, Constant, Float, Integer, Ordinal

STUDY_TITLES = {name: title.capitalize() for name, title in TITLES.items()}
"""Titles of the studies, those of the arms together, in the order of the text."""

SETTINGS = {
    "data.name": "images",
    "data.image_size": "image size",
    "data.validation_fraction": "held out for validation",
    "data.crop_padding": "padding of the crop",
    "data.horizontal_flip": "horizontal flip",
    "data.train_on": "trained on",
    "data.test_fraction": "held out for the test",
    "objective": "objective in place of our training",
    "budget.unit": "unit of the budgets",
    "budget.clock": "clock",
    "budget.nominal.step": "nominal seconds of a step",
    "budget.nominal.convolution": "nominal seconds of a convolution",
    "budget.nominal.gflop": "nominal seconds of a GFLOP",
    "budget.nominal.megabyte": "nominal seconds of a MB kept",
    "budget.minimum": "lowest budget",
    "budget.maximum": "full budget",
    "budget.eta": "ratio of budgets",
    "budget.rung_sizes": "sizes of rungs",
    "training.network": "network",
    "training.precision": "precision",
    "training.compile": "compiled",
    "training.continuation": "promoted ones continue from their weights",
    "training.maximum_parameters": "most weights",
    "training.maximum_memory_gb": "most memory (GB)",
    "training.maximum_step_gflop": "most Gflop a step",
    "training.evaluation_batch_size": "images per batch in evaluation",
    "sampler": "sampler",
    "lags": "lags of the budgets",
    "warm_start": "starts from another search",
}
"""Settings as a text names them; any other one goes by its name in `experiment.json`."""

SEPARATE = {"name", "seed", "space"}
"""Settings that do not distinguish experiments, or are compared separately."""


@dataclass(frozen=True)
class StudyCount:
    """Progress of a study: trainings done, failed among them, and planned."""

    title: str
    done: int
    failed: int
    planned: int


@dataclass(frozen=True)
class Machine:
    """A kind of machine that trained: what trained on it, and how many trainings ended on it.

    `letter` is its name in a text.
    """

    processor: str
    cores: int | None
    threads: int
    gpu: str | None
    torch: str | None
    trainings: int = 0
    training: str = ""
    letter: str = ""

    @property
    def key(self) -> tuple[str | int | None, ...]:
        """What makes a kind of machine, whatever was trained on it."""
        return self.processor, self.cores, self.threads, self.gpu, self.torch


@dataclass(frozen=True)
class Difference:
    """A setting that differs from the published experiment."""

    setting: str
    here: str
    published: str


def study_counts(results: Results) -> dict[str, StudyCount]:
    """Count the trainings of each planned study, by name, those of the arms together."""
    wanted: Counter[str] = Counter()
    done: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    for study in results.plan.studies:
        made, name = results.evaluations(study.name), listed_as(study)
        wanted[name] += study.trainings
        done[name] += len(made)
        failed[name] += sum(one.status != "success" for one in made)
    return {
        name: StudyCount(title, done[name], failed[name], wanted[name])
        for name, title in STUDY_TITLES.items()
        if name in wanted
    }


def machines(results: Results, environments: Mapping[str, Environment]) -> list[Machine]:
    """List the kinds of machines, the one with most trainings first; `environments` are by their digest."""
    kinds: dict[Machine, list[Evaluation]] = {}
    for study in results.studies.values():
        for one in study.evaluations:
            kinds.setdefault(machine_of(one, environments), []).append(one)
    found = [
        replace(kind, trainings=len(made), training=duration(sum(one.observed.training_seconds for one in made)))
        for kind, made in kinds.items()
    ]
    found.sort(key=lambda machine: (-machine.trainings, str(machine)))
    return [replace(machine, letter=_letter(place)) for place, machine in enumerate(found)]


def _letter(place: int) -> str:
    return chr(ord("A") + place % 26) * (1 + place // 26)


def machine_of(one: Evaluation, environments: Mapping[str, Environment]) -> Machine:
    """The kind of machine that a training ended on."""
    around = environments.get(one.observed.environment)
    threads, torch = one.made_with.threads, one.made_with.torch
    if around is None:
        gpu = one.observed.device if one.made_with.device_type == "cuda" else None
        return Machine("" if gpu else one.observed.device, None, threads, gpu, torch)
    return Machine(around.cpu, around.cores, threads, around.gpu, torch)


def differences(here: Experiment, brackets: int, published: Experiment, published_brackets: int) -> list[Difference]:
    """List the settings that differ from those of the published experiment.

    Parameters
    ----------
    here, published
        The experiment, and that of `config/config.yaml`.
    brackets, published_brackets
        Planned length of their searches.
    """
    found = list(_settings(here, published))
    if (space := _space(here, published)) is not None:
        found.append(space)
    if brackets != published_brackets:
        found.append(Difference("brackets", f"{brackets:,}", f"{published_brackets:,}"))
    return found


def _settings(here: Experiment, published: Experiment) -> Iterator[Difference]:
    ours, theirs = (dict(_leaves(one.model_dump(mode="json", exclude=SEPARATE))) for one in (here, published))
    our_budgets, their_budgets = _budgets(here), _budgets(published)
    # Compared as a whole, or said by the name of the images.
    said = {"budget.unit", "budget.minimum", "budget.maximum", "budget.eta", "data.sha256"}
    if our_budgets != their_budgets:
        yield Difference("budgets", our_budgets, their_budgets)
    for name in [*ours, *(name for name in theirs if name not in ours)]:
        if here.objective is not None and name.partition(".")[0] in ("data", "training"):
            continue
        if name not in said and (mine := ours.get(name)) != (other := theirs.get(name)):
            yield Difference(SETTINGS.get(name, name), plain(mine), plain(other))


def _budgets(one: Experiment) -> str:
    return ", ".join(amount(budget, one.budget.unit) for budget in hyperband.budgets(one.budget))


def _leaves(settings: Mapping[str, Any], where: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in settings.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{where}{name}.")
        else:
            yield f"{where}{name}", value


def _space(here: Experiment, published: Experiment) -> Difference | None:
    ours, theirs = here.space.hyperparameters, published.space.hyperparameters
    both = [name for name in ours if name in theirs]
    apart = {"part", "default"}
    changed = [name for name in both if ours[name].model_dump(exclude=apart) != theirs[name].model_dump(exclude=apart)]
    parts = any(ours[name].part != theirs[name].part for name in both)
    other = len(set(ours) ^ set(theirs))
    if not changed and not other and here.space == published.space:
        return None
    if not both or here.objective is not None or here.training.network is not None:
        # Of another problem: names may be the same by chance.
        return Difference("search space", f"{len(ours)} hyperparameters of its own", f"{len(theirs)} hyperparameters")
    how = [f"{len(ours)} hyperparameters"]
    how += [f"{len(changed)} of other ranges"] * bool(changed) + [f"{other} added or left out"] * bool(other)
    how += ["other parts"] * parts
    rules = [(one.space.conditions, one.space.forbidden) for one in (here, published)]
    how += ["other conditions"] * (rules[0] != rules[1])
    how += ["other defaults"] * (len(how) == 1)
    return Difference("search space", ", ".join(how), f"{len(theirs)} hyperparameters")


REPRODUCTION, SCALE_MODEL, VARIANT, OWN = "reproduction", "scale model", "variant", "own problem"
"""Kinds of experiment."""


PUBLISHED_SIDE, PUBLISHED_IMAGES = 32, 45_000
"""Pixels of a side, and number, of the images that the published experiment trains on: CIFAR-10, a tenth held out."""


def kind(
    here: Experiment, brackets: int, published: Experiment, published_brackets: int, images: DataSet | None
) -> str:
    """Say what kind of experiment this is, beside the published one.

    A reproduction has the published settings. A scale model has the hyperparameters, brackets, sampler, and number and
    ratio of budgets of the published experiment, but a shorter full budget, and images that are known to be smaller or
    fewer. A variant differs otherwise.
    """
    if here.objective is not None or here.training.network is not None:
        return OWN
    if not differences(here, brackets, published, published_brackets):
        return REPRODUCTION
    one, other = (
        (set(of.space.hyperparameters), length, of.sampler, of.budget.eta, len(hyperband.budgets(of.budget)))
        for of, length in ((here, brackets), (published, published_brackets))
    )
    return SCALE_MODEL if one == other and _is_smaller(here, published, images) else VARIANT


def _is_smaller(here: Experiment, published: Experiment, images: DataSet | None) -> bool:
    """Whether both the full budget and the images are; nominal seconds are compared with seconds."""
    units = {one.budget.unit.removeprefix("nominal_") for one in (here, published)}
    shorter = len(units) == 1 and here.budget.maximum < published.budget.maximum
    if images is None or not shorter:
        return False
    return max(images.shape[1:]) < PUBLISHED_SIDE or images.train < PUBLISHED_IMAGES


@dataclass(frozen=True)
class Parameter:
    """A hyperparameter of the space: its part, range and scale, and its value in the best configuration found."""

    name: str
    part: str
    range: str
    scale: str
    found: str


def parameters(results: Results) -> list[Parameter]:
    """List the space part by part, with the incumbent of the search; what that does not have is empty."""
    found = incumbent(results.evaluations(layout.SEARCH)).values or {}
    rows = []
    space = results.experiment.space.hyperparameters
    for name in results.experiment.space.in_order:
        one = space[name]
        match one:
            case Float() | Integer():
                limits, scale = f"{_short(one.lower)} to {_short(one.upper)}", "logarithmic" if one.log else "linear"
            case Categorical():
                limits, scale = ", ".join(map(plain, one.choices)), "choice"
            case Ordinal():
                limits, scale = ", ".join(map(plain, one.sequence)), "ordinal"
            case Constant():
                limits, scale = plain(one.value), "constant"
        value = found.get(name)
        written = "" if value is None else _short(float(f"{value:.3g}")) if isinstance(value, float) else plain(value)
        rows.append(Parameter(name, one.part or "", signs(limits), scale, signs(written)))
    return rows


def _short(value: float) -> str:
    return f"{value:g}".replace("e-0", "e-")


def plain(value: Any) -> str:
    """A setting as a text writes it."""
    match value:
        case None:
            return "none"
        case bool():
            return "yes" if value else "no"
        case list() | tuple():
            return ", ".join(map(plain, value)) or "none"
        case float():
            return f"{value:,.6g}"
        case _:
            text = str(value)
            # The names of functions and of files stay as they are.
            return text if {*":."} & {*text} else text.replace("_", " ")
