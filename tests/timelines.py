"""Evaluations laid out in time, as workers would have trained them, and trainings that have a name."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

from factories import evaluation

from jointsearch.core.evaluation import Evaluation
from jointsearch.core.observed import Attempt
from jointsearch.networks.manual import ARCHITECTURES


def spread(
    evaluations: Iterable[Evaluation],
    workers: int,
    *,
    start: float = 1000.0,
    seconds: float = 10.0,
    gap: float = 2.0,
    pauses: Sequence[tuple[float, float]] = (),
) -> list[Evaluation]:
    """Train on the workers of a host, each evaluation on the first one that is free.

    Parameters
    ----------
    evaluations, workers
        What, on how many.
    start
        When.
    seconds
        What one unit of the budget takes; evaluating takes a tenth of that, and starting up half a second, beside.
    gap
        Idle seconds of a worker before each training.
    pauses
        When the workers are interrupted, and for how many seconds; what is under way goes on afterwards.
    """
    free = [start] * workers
    made = []
    for one in evaluations:
        worker = min(range(workers), key=lambda index: (free[index], index))
        trained = one.budget * seconds if one.status != "too_large" else 0.0
        parts = (trained, 0.1 * trained, 0.5 if trained else 0.0)
        begin = free[worker] + gap
        end = begin + sum(parts)
        free[worker] = end
        attempts = _cut(begin, end, pauses)
        earlier = [_attempt(*times) for times in attempts[:-1]]
        seen = one.observed.model_copy(
            update={
                **dict(zip(("training_seconds", "evaluation_seconds", "startup_seconds"), parts, strict=True)),
                **dict(zip(("started", "finished"), attempts[-1], strict=True)),
                "host": "node",
                "earlier": tuple(earlier),
            }
        )
        made.append(one.model_copy(update={"observed": seen}))
    return made


def _cut(begin: float, end: float, pauses: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Cut a time, on a clock that stands still in the pauses, into what a clock that does not would show."""
    edges = [begin, *(at for at, _ in pauses if begin < at < end), end]
    return [
        (first + sum(length for at, length in pauses if at <= first), last + sum(p for at, p in pauses if at < last))
        for first, last in pairwise(edges)
    ]


def _attempt(started: float, finished: float) -> Attempt:
    place = {"host": "node", "device": "cpu", "environment": "a" * 64}
    return Attempt(started=started, finished=finished, **place)


def named(study: str, name: str, slot: int, loss: float | None, **changes: object) -> Evaluation:
    """One training of a manual architecture, or, under the name `incumbent`, of what a search found."""
    values = ARCHITECTURES["resnet_20" if name == "incumbent" else name].values
    given = {"sampler": study, "kind": "given", "name": name}
    return evaluation(
        f"3-0-{slot}", loss, study=study, values=dict(values), origin=given, slot=slot, budget=27, **changes
    )
