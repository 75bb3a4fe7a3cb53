"""When each training ran, on which lane of the workers, and what the lanes did in between.

An *attempt* is the time of one process in one training: an interrupted training has several. Jobs of a cluster share a
*pool* of workers, on whatever nodes. Without a cluster each host is a pool; as different machines may bear one name,
the environments of the processes distinguish them. A *run* is a time of a pool without a pause, in which trainings of
any study follow one another. Its *lanes* are as many as the trainings that ran concurrently: the workers, as
far as records show them.
"""

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from jointsearch.core.evaluation import Evaluation
from jointsearch.results.results import Results

PAUSE = 60.0
"""Seconds without a training that are a pause between two runs, unless that is less than `PAUSE_SHARE` says."""

PAUSE_SHARE = 0.1
"""A pause also takes at least this share of the longest attempt: long trainings wait longer for one another."""

_COLUMNS = {
    "study": "str",
    "evaluation": "str",
    "bracket": "int64",
    "budget": "float64",
    "budget_unit": "str",
    "status": "str",
    "host": "str",
    "job": "str",
    "pool": "str",
    "attempt": "int64",
    "attempts": "int64",
    "started": "float64",
    "finished": "float64",
}


@lru_cache(maxsize=1)
def attempts(results: Results) -> pd.DataFrame:
    """Lay all attempts of all studies out on lanes; once for all figures of an experiment, which leave it as it is.

    Returns
    -------
    pandas.DataFrame
        One row an attempt, in the order of their start: `study`, `evaluation`, `bracket`, `budget`, `budget_unit`,
        `status`, `host`, `job`, `pool`; `attempt`, its number within the training, of `attempts`; `started` and
        `finished`, seconds since the first start; `run` of the pool; `lane`, from 1, on which attempts of all pools
        follow one another; `lane_since` and `lane_until`: when its lane became idle before it, or the run began, and
        when it ended, or, of the last one on a lane, the run. These times tile all lanes of a run.
    """
    rows = [row for study, known in results.studies.items() for row in _rows(study, known.evaluations)]
    table = pd.DataFrame(rows, columns=list(_COLUMNS)).astype(_COLUMNS)
    table[["started", "finished"]] -= table["started"].min()
    table = table.sort_values(["started", "finished", "study", "evaluation", "attempt"], ignore_index=True)
    pause = shortest_pause(table)
    table = table.assign(run=0)
    for pool in table["pool"].unique():
        of_pool = table[table["pool"] == pool]
        table.loc[of_pool.index, "run"] = number_runs(of_pool, pause)
    # With as many lanes as attempts, a look into the table for each lane would take seconds.
    started, finished = table["started"].to_numpy(), table["finished"].to_numpy()
    lane, since, until = np.zeros(len(table), dtype=np.int64), started.copy(), finished.copy()
    lanes = []
    for of_run in table.groupby(["pool", "run"], sort=False).indices.values():
        here = np.array(_lanes(table.iloc[of_run].to_dict("records")))
        for number in range(1, here.max() + 1):
            of_lane = of_run[here == number]
            since[of_lane] = [started[of_run].min(), *finished[of_lane[:-1]]]
            until[of_lane[-1]] = finished[of_run].max()
            lanes.append(of_lane)
    # Lanes of different runs are one lane of the table where they do not overlap.
    reached: list[float] = []
    for of_lane in sorted(lanes, key=lambda of_lane: (started[of_lane[0]], of_lane[0])):
        begin, end = started[of_lane[0]], finished[of_lane[-1]]
        number = next((index for index, before in enumerate(reached) if before <= begin), len(reached))
        reached[number : number + 1] = [end]
        lane[of_lane] = number + 1
    return table.assign(lane=lane, lane_since=since, lane_until=until)


def _rows(study: str, evaluations: Iterable[Evaluation]) -> Iterator[tuple[Any, ...]]:
    for one in evaluations:
        parts = (*one.observed.earlier, one.observed)
        for number, part in enumerate(parts, start=1):
            what = study, one.id, one.bracket, one.budget, one.budget_unit, one.status
            # A clock that was set back in between must not make an attempt of negative length.
            times = part.started, max(part.started, part.finished)
            pool = f"{part.host} {part.environment[:8]}" if part.job is None else "cluster"
            yield (*what, part.host, part.job or "", pool, number, len(parts), *times)


def shortest_pause(table: pd.DataFrame) -> float:
    """Seconds without a training above which these attempts have a pause."""
    longest = (table["finished"] - table["started"]).max() if len(table) else 0.0
    return max(PAUSE, PAUSE_SHARE * float(longest))


def number_runs(table: pd.DataFrame, pause: float) -> pd.Series:
    """Number the runs of attempts, from 1: a new one begins where nothing had run for longer than a pause.

    Parameters
    ----------
    table
        With `started` and `finished`, in the order of `started`.
    pause
        In seconds.
    """
    idle = table["started"] - table["finished"].cummax().shift()
    return (idle > pause).cumsum() + 1


def _lanes(of_run: Sequence[Mapping[Hashable, Any]]) -> list[int]:
    """Give each attempt of a run, in the order of their start, a lane that is free: from 1, as few as can be.

    Of those that are, one that was the same job before, else one on the same host, else any; the one that became free
    last, as trainings of a job follow one another at once.
    """
    last: list[Mapping[Hashable, Any]] = []
    chosen = []
    for one in of_run:
        free = [lane for lane, before in enumerate(last) if before["finished"] <= one["started"]]
        if free:
            lane = max(free, key=lambda lane: (*_likeness(last[lane], one), last[lane]["finished"], -lane))
            last[lane] = one
        else:
            lane = len(last)
            last.append(one)
        chosen.append(lane + 1)
    return chosen


def _likeness(before: Mapping[Hashable, Any], one: Mapping[Hashable, Any]) -> tuple[bool, bool]:
    same_host = before["host"] == one["host"]
    return same_host and before["job"] == one["job"], same_host


def busy_share(bars: pd.DataFrame, edges: np.ndarray) -> np.ndarray:
    """Share of the lanes that are busy, mean over each bin of an axis of time.

    Parameters
    ----------
    bars
        Times on the axis: each lane is there from `lane_begin` to `lane_end`, and busy from `begin` to `end` of it,
        which may be nan.
    edges
        Of n bins, increasing, shape (n + 1).

    Returns
    -------
    numpy.ndarray
        Shape (n), in [0, 1]; nan where there are no lanes.
    """
    busy, there = (_within(bars[names].dropna(), edges) for names in (["begin", "end"], ["lane_begin", "lane_end"]))
    share = np.divide(busy, there, out=np.full(len(busy), np.nan), where=there > 0)
    return np.clip(share, 0, 1)


def _within(times: pd.DataFrame, edges: np.ndarray) -> np.ndarray:
    """Add up how much of all times lies within each bin."""
    begin, end = times.to_numpy(dtype=float).T
    return np.diff([np.clip(edge - begin, 0, end - begin).sum() for edge in edges])
