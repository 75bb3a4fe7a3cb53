"""The folder of an HpBandSter run, which HpBandSter itself, DeepCAVE and CAVE read.

`configs.json` and `results.json` hold one JSON array a line, as HpBandSter 0.7.4 logs them; `configspace.json`, which
HpBandSter does not write, holds the space. An export has a marker too, so that it is never confused with a run.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, Field, ValidationError

from jointsearch.core.errors import UserError
from jointsearch.core.evaluation import Evaluation
from jointsearch.core.fields import Index, Value, Values
from jointsearch.core.files import write_bytes
from jointsearch.core.proposal import Proposal, proposal_key
from jointsearch.core.validation import advise

# Named in annotations only: the workflow reads such a folder without the import of ConfigSpace.
if TYPE_CHECKING:
    from jointsearch.space.space import Space

CONFIGS, RESULTS, SPACE = "configs.json", "results.json", "configspace.json"
MARKER = "exported-by-jointsearch.txt"
FAILED: dict[str, Any] = {"loss": float("inf"), "info": {"state": "CRASHED"}}
"""A training that failed: HpBandSter counts it as infinitely bad, DeepCAVE as crashed."""

Iteration = Annotated[int, Field(gt=-(2**53), lt=2**53)]
"""An iteration of HpBandSter; -1 holds the evaluations of an earlier run that a run was started from."""

Id = tuple[Iteration, Index, Index]
Moment = Annotated[float, Field(allow_inf_nan=False)]
"""Seconds on a clock; in iteration -1 below 0, as HpBandSter lets the earlier run end at 0."""


@dataclass(frozen=True)
class HpBandSterTraining:
    """One training of an HpBandSter run.

    Attributes
    ----------
    proposal
        Id of its configuration, `iteration-stage-index`; of what an earlier run had found, `-1-0-index`.
    rung
        Position of its budget among those of its iteration, lowest first.
    budget
        In the unit of the run, which its folder does not state.
    values
        The configuration, active hyperparameters only.
    model
        Whether a model proposed the configuration.
    loss
        Whatever the run minimised; None if the training failed.
    started, finished
        Unix seconds; of what an earlier run had found, seconds before its end.
    """

    proposal: str
    rung: int
    budget: float
    values: Values
    model: bool
    loss: float | None
    started: float
    finished: float


def write(folder: Path, space: Space, evaluations: Sequence[Evaluation]) -> None:
    """Write evaluations of one study as the folder of an HpBandSter run.

    Parameters
    ----------
    folder
        Made if missing; an earlier export in it is replaced.
    space
        The space of the search.
    evaluations
        In any order.

    Raises
    ------
    UserError
        If there is no evaluation, the folder holds what is no export, or it cannot be written.
    """
    if not evaluations:
        raise UserError(f"{folder}: nothing to export, as no training has ended yet; wait for the first")
    if not (folder / MARKER).exists():
        for name in (CONFIGS, RESULTS, SPACE):
            if (folder / name).exists():
                raise UserError(f"{folder}: holds {name}, but is no export ({MARKER} is missing); name another folder")
    # First, so that an export that was interrupted is known as one.
    write_bytes(folder / MARKER, b"Another export replaces the files in this folder.\n")
    ordered = sorted(evaluations, key=lambda one: (one.bracket, one.rung, one.slot))
    write_bytes(folder / CONFIGS, _lines(_config(one, space) for one in _proposals(ordered)))
    write_bytes(folder / RESULTS, _lines(_result(one) for one in ordered))
    serialized = space.configuration_space.to_serialized_dict()
    write_bytes(folder / SPACE, json.dumps(serialized, indent=2).encode() + b"\n")


def _proposals(evaluations: Sequence[Evaluation]) -> list[Proposal]:
    """Order the proposals by id, but for the last: one that was trained at the most budgets.

    HpBandSter starts from earlier results with a model only for the budgets of the last configuration.
    """
    proposals = {one.proposal.id: one.proposal for one in evaluations}
    trained = Counter(one.proposal.id for one in evaluations)
    last = max(proposals, key=lambda name: (trained[name], proposal_key(name)))
    return [proposals[name] for name in sorted(proposals, key=lambda name: (name == last, proposal_key(name)))]


def _config(proposal: Proposal, space: Space) -> list[Any]:
    picked = {"model_based_pick": proposal.origin.kind == "model"}
    return [proposal_key(proposal.id), space.file.typed(proposal.values), picked]


def _result(one: Evaluation) -> list[Any]:
    started = min(attempt.started for attempt in (*one.observed.earlier, one.observed))
    times = {"submitted": started, "started": started, "finished": one.observed.finished}
    result = FAILED if one.loss is None else {"loss": one.loss, "info": {}}
    return [proposal_key(one.proposal.id), float(one.budget), times, result, None]


def _lines(items: Iterable[list[Any]]) -> bytes:
    return "".join(json.dumps(item) + "\n" for item in items).encode()


def _held_by_a_table(value: Value | None) -> Value | None:
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise ValueError("a whole number of more than 64 bits")
    return value


class _Configuration(BaseModel):
    """A line of `configs.json`."""

    id: Id
    values: dict[str, Annotated[Value | None, AfterValidator(_held_by_a_table)]]
    info: Any = None

    @property
    def model(self) -> bool:
        return isinstance(self.info, dict) and self.info.get("model_based_pick") is True


class _Times(BaseModel):
    started: Moment
    finished: Moment


class _Outcome(BaseModel):
    loss: Annotated[float, Field(strict=True)] | None


class _Result(BaseModel):
    """A line of `results.json`; anything else that HpBandSter or its user writes is ignored."""

    id: Id
    budget: Annotated[float, Field(strict=True, gt=0, allow_inf_nan=False)]
    times: _Times
    result: _Outcome | None
    exception: Any = None

    @property
    def loss(self) -> float | None:
        loss = None if self.result is None else self.result.loss
        return loss if loss is not None and math.isfinite(loss) else None


def read(folder: Path) -> list[HpBandSterTraining]:
    """Read the trainings of an HpBandSter run, in the order of its results.

    As in HpBandSter, a training without a result or with a loss that is not finite has failed, and of two at one
    budget the later one counts.

    Raises
    ------
    UserError
        If a file is missing or holds what HpBandSter does not write; names the file and the line.
    """
    configurations = {one.id: one for _, one in _read_lines(folder / CONFIGS, _Configuration)}
    results: dict[tuple[Id, float], _Result] = {}
    for where, result in _read_lines(folder / RESULTS, _Result):
        if result.id not in configurations:
            raise UserError(
                f"{where}: {_name(result.id)} is not in {CONFIGS}; restore its line there, or remove this one"
            )
        results[result.id, result.budget] = result
    if not results:
        raise UserError(f"{folder / RESULTS}: holds no result; name a run that has some")
    budgets: dict[int, list[float]] = {}
    for (iteration, _, _), budget in sorted(results):
        budgets.setdefault(iteration, []).append(budget)
    rungs = {iteration: sorted(set(known)) for iteration, known in budgets.items()}
    return [
        HpBandSterTraining(
            proposal=_name(one.id),
            rung=rungs[one.id[0]].index(one.budget),
            budget=one.budget,
            values={name: value for name, value in configurations[one.id].values.items() if value is not None},
            model=configurations[one.id].model,
            loss=one.loss,
            started=one.times.started,
            finished=one.times.finished,
        )
        for one in results.values()
    ]


L = TypeVar("L", bound=BaseModel)


def _read_lines(path: Path, kind: type[L]) -> Iterator[tuple[str, L]]:
    """Read the lines of a file, each with its position."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}); name the folder of an HpBandSter run") from None
    except UnicodeDecodeError:
        raise UserError(f"{path}: no text; name the folder of an HpBandSter run") from None
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            where = f"{path}: line {number}"
            yield where, _parsed(line, kind, where)


def _parsed(line: str, kind: type[L], where: str) -> L:
    names = list(kind.model_fields)
    try:
        items = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{where}: no valid JSON ({error}); fix the line, or remove it") from None
    if not isinstance(items, list) or len(items) > len(names):
        raise UserError(f"{where}: expected a list of {', '.join(names)}; fix the line, or remove it")
    try:
        return kind.model_validate(dict(zip(names, items, strict=False)))
    except ValidationError as error:
        raise UserError(f"{where}: {advise(error)}; fix the line, or remove it") from None


def _name(key: Id) -> str:
    return "-".join(map(str, key))
