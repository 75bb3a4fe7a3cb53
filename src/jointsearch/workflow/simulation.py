"""A search on equal workers, simulated: how long it takes, and how busy they are."""

import heapq
import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from jointsearch.core.config import BudgetSettings
from jointsearch.search.hyperband import bracket, budgets, durations, newly_seen


@dataclass(frozen=True)
class Schedule:
    """Outcome of a simulated search.

    Attributes
    ----------
    makespan
        From the first start to the last end, in the unit of the budgets.
    utilisation
        Share of the workers' time spent training, 0 to 1.
    starts
        Time at which each bracket starts, by bracket.
    """

    makespan: float
    utilisation: float
    starts: tuple[float, ...]


@dataclass(frozen=True)
class Cluster:
    """What a cluster adds to training.

    Attributes
    ----------
    around
        Time, in the unit of the budgets, that a job holds its worker before and after training.
    before
        Time until a job that could be submitted may start: light jobs before it, submission, scheduling.
    look
        Time between two checks for jobs that have ended, after one did; while none ends, each wait is longer by
        `slower`, up to `slowest` (as snakemake-executor-plugin-slurm does).
    ahead
        Jobs that are submitted beyond the number of workers, and start as soon as one is free.
    """

    around: float = 0.0
    before: float = 0.0
    look: float = 0.0
    slower: float = 10.0
    slowest: float = 180.0
    ahead: int = 0


def simulate(
    brackets: int,
    lag: Sequence[int],
    workers: int,
    settings: BudgetSettings,
    evaluations_per_job: int = 1,
    continuation: bool = False,
    side_by_side: int = 1,
    cluster: Cluster = Cluster(),  # frozen
) -> Schedule:
    """Simulate the search on equal workers: every training takes exactly its budget.

    Jobs that may start are submitted in the order the workflow uses: earlier bracket first, then later rung first.
    """
    all_budgets = budgets(settings)
    items = [bracket(index, settings) for index in range(brackets)]
    lengths = [durations(item, all_budgets, continuation) for item in items]
    waiting = [{(seen.index, rung) for seen, rung in newly_seen(b, lag, settings)} for b in range(brackets)]
    rungs_left = {(b, rung): size for b in range(brackets) for rung, size in enumerate(items[b].sizes)}
    starts = [0.0] * brackets
    ready: list[tuple[int, int, int, int]] = []
    submitted: deque[tuple[float, int, int, int]] = deque()
    running: list[tuple[float, int, int, int]] = []
    ended: list[tuple[int, int, int]] = []
    next_bracket, now, end, busy, free, next_look, interval = 0, 0.0, 0.0, 0.0, workers, cluster.look, cluster.look

    def release(b: int, rung: int) -> None:
        size = items[b].sizes[rung]
        for first in range(0, size, evaluations_per_job):
            heapq.heappush(ready, (b, -rung, first, min(evaluations_per_job, size - first)))

    while next_bracket < brackets or ready or submitted or running or ended:
        # A bracket starts only after its predecessor has: its history continues the predecessor's.
        while next_bracket < brackets and not waiting[next_bracket] & rungs_left.keys():
            starts[next_bracket] = now
            release(next_bracket, 0)
            next_bracket += 1
        while ready and len(submitted) + len(running) + len(ended) < workers + cluster.ahead:
            b, negative_rung, _, number = heapq.heappop(ready)
            submitted.append((now + cluster.before, b, -negative_rung, number))
        while free and submitted:
            earliest, b, rung, number = submitted.popleft()
            training = math.ceil(number / side_by_side) * lengths[b][rung]
            heapq.heappush(running, (max(now, earliest) + cluster.around + training, b, rung, number))
            busy += training
            free -= 1
        if running and (running[0][0] <= next_look or not cluster.look):
            now, *job = heapq.heappop(running)
            end, free = now, free + 1
            ended.append((job[0], job[1], job[2]))
            if cluster.look:
                continue
        else:
            now = next_look
            interval = cluster.look if ended else min(interval + cluster.slower, cluster.slowest)
            next_look = now + interval
        for b, rung, number in ended:
            rungs_left[b, rung] -= number
            if not rungs_left[b, rung]:
                del rungs_left[b, rung]
                if rung + 1 < len(items[b].sizes):
                    release(b, rung + 1)
        ended.clear()
    return Schedule(end, busy / (workers * end), tuple(starts))
