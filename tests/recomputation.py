"""Numbers of a paper, recomputed from the raw records with numpy and scipy alone: nothing of this project is imported.

It repeats definitions that the paper gives in words, by other means where there are some, so that an error in the code
of the project would have to be made twice to go unnoticed.
"""

import json
from collections import defaultdict
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

Raw = dict[str, Any]
FULL, ETA, TENTH, NEAR = 27, 3, 10, 1.1
"""Of the demo: its full budget, and by how much budgets grow. A top tenth; an error within a tenth of the last."""


def read(folder: Path, study: str) -> list[Raw]:
    """All records of a study, in the order of bracket, rung and slot."""
    files = sorted(folder.glob(f"{study}/bracket-*/rung-*/slot-*.json"))
    return [json.loads(file.read_text()) for file in files]


def recompute(folder: Path) -> dict[str, float]:
    """Numbers by the names that the paper has for them."""
    search, random, final = (read(folder, name) for name in ("search", "correlation", "retraining"))
    return {
        **counts(search),
        **best(search),
        **spent(search),
        **model(search),
        **correlations("spearman", search),
        **correlations("study_spearman", random),
        **neighbours(random),
        **early_stopping(random),
        **retrained(final),
    }


def counts(search: list[Raw]) -> dict[str, float]:
    """How much was trained."""
    return {
        "evaluations": len(search),
        "failed": sum(one["status"] != "success" for one in search),
        "configurations": len({one["proposal"]["id"] for one in search}),
        "full_budget_evaluations": sum(one["budget"] == FULL for one in search),
        "model_based": sum(one["rung"] == 0 and one["proposal"]["origin"]["kind"] == "model" for one in search),
        "training_hours": sum(one["observed"]["training_seconds"] for one in search) / 3600,
    }


def order(one: Raw) -> tuple[float, ...]:
    """Lower losses first; of equal ones the earlier proposal."""
    return (one["loss"], *map(int, one["proposal"]["id"].split("-")))


def succeeded(records: list[Raw], budget: float) -> list[Raw]:
    return [one for one in records if one["budget"] == budget and one["loss"] is not None]


def best(search: list[Raw]) -> dict[str, float]:
    """The best at the full budget, with the size of its network as its hyperparameters give it; the best at each."""
    found = min(succeeded(search, FULL), key=order)
    lowest = {f"best_error_{at}": 100 * min(one["loss"] for one in succeeded(search, at)) for at in ladder(search)}
    return lowest | {
        "best_validation_error": 100 * found["loss"],
        "best_test_error": 100 * found["test_error"],
        "best_parameters": weights(found["proposal"]["values"], channels=1, classes=10),
    }


def ladder(records: list[Raw]) -> list[int]:
    return sorted({one["budget"] for one in records})


def weights(values: Raw, channels: int, classes: int) -> int:
    """Trainable weights of the network, layer by layer; batch norm has two for each filter."""

    def convolution(inputs: int, outputs: int, size: int) -> int:
        return inputs * outputs * size**2

    width = values["initial_filters"]
    layers = [convolution(channels, width, 3), 2 * width]
    wide = float(width)
    for block, stride in ((1, 1), (2, 2), (3, 2)):
        # Each main block is so many times as wide as the one before, in whole filters.
        wide = max(1, round(width * values[f"widen_factor_{block}"]))
        for number in range(values[f"residual_blocks_{block}"]):
            inputs = width if number == 0 else wide
            for _ in range(values[f"residual_branches_{block}"]):
                layers += [convolution(inputs, wide, 3), 2 * wide, convolution(wide, wide, 3), 2 * wide]
            if number == 0 and (stride > 1 or inputs != wide):
                layers += [convolution(inputs, wide, 1), 2 * wide]
        width = wide
    return sum(layers) + (width + 1) * classes


def spent(search: list[Raw]) -> dict[str, float]:
    """Epochs of training, one training after another, until something was there."""
    total = np.cumsum([one["epochs"] for one in search])
    at_full = np.array([one["loss"] if one["budget"] == FULL and one["loss"] is not None else np.inf for one in search])
    lowest = np.minimum.accumulate(at_full)
    by_model = [one["proposal"]["origin"]["kind"] == "model" for one in search]
    seconds = [one["observed"][f"{part}_seconds"] for one in search for part in ("training", "evaluation", "startup")]
    return {
        "search_spent": total[-1],
        "search_total_time": sum(seconds),
        "spent_before_model": total[by_model.index(True) - 1],
        "spent_before_full_budget": total[np.flatnonzero(np.isfinite(lowest))[0]],
        "spent_before_incumbent": total[np.flatnonzero(lowest == lowest[-1])[0]],
        "spent_before_near_incumbent": total[np.flatnonzero(lowest <= NEAR * lowest[-1])[0]],
    }


def model(search: list[Raw]) -> dict[str, float]:
    """Mann and Whitney's U of first trainings, budget by budget: by how many pairs the model wins."""
    first: dict[tuple[str, float], list[float]] = defaultdict(list)
    for one in search:
        if one["rung"] == 0:
            loss = np.inf if one["loss"] is None else one["loss"]
            first[one["proposal"]["origin"]["kind"], one["budget"]].append(loss)
    won = pairs = 0.0
    for budget in ladder(search):
        ours, theirs = first["model", budget], first["random", budget]
        if ours and theirs:
            won += stats.mannwhitneyu(theirs, ours).statistic
            pairs += len(ours) * len(theirs)
    return {
        "random_proposals": sum(len(losses) for (kind, _), losses in first.items() if kind == "random"),
        "model_proposals": sum(len(losses) for (kind, _), losses in first.items() if kind == "model"),
        "model_superiority": 100 * won / pairs,
    }


def by_configuration(records: list[Raw]) -> dict[str, dict[float, float]]:
    """Losses by configuration, and budget."""
    losses: dict[str, dict[float, float]] = defaultdict(dict)
    for one in records:
        if one["loss"] is not None:
            losses[one["proposal"]["id"]][one["budget"]] = one["loss"]
    return losses


def correlations(name: str, records: list[Raw]) -> dict[str, float]:
    """Spearman's correlation of each two budgets, of configurations that succeeded at both."""
    found = {}
    for lower, higher in combinations(ladder(records), 2):
        both = [one for one in by_configuration(records).values() if lower in one and higher in one]
        if len(both) >= 10:
            found[f"{name}_{lower}_{higher}"] = rank_correlation(both, lower, higher)
    return found


def rank_correlation(both: list[dict[float, float]], lower: float, higher: float) -> float:
    return float(stats.spearmanr([one[lower] for one in both], [one[higher] for one in both]).statistic)


def neighbours(records: list[Raw]) -> dict[str, float]:
    """Mean correlation of neighbouring budgets, and that of the lowest and the full one."""
    budgets = ladder(records)
    everywhere = [one for one in by_configuration(records).values() if len(one) == len(budgets)]
    near = np.mean([rank_correlation(everywhere, *pair) for pair in pairwise(budgets)])
    far = rank_correlation(everywhere, budgets[0], budgets[-1])
    return {
        "study_configurations": len({one["proposal"]["id"] for one in records}),
        "study_spearman_neighbouring": float(near),
        "study_spearman_furthest": far,
        "study_spearman_difference": float(near) - far,
    }


def early_stopping(records: list[Raw]) -> dict[str, float]:
    """What is kept of the best if the best 1/eta are, after each lower budget, in whole percent.

    Everything succeeded in the demo.
    """
    found: dict[str, float] = {}
    for budget in ladder(records)[:-1]:
        here = sorted(succeeded(records, budget), key=order)
        kept = {one["proposal"]["id"] for one in here[: len(here) // ETA]}
        full = sorted(succeeded(records, FULL), key=order)
        number = max(1, len(full) // TENTH)
        top = [one for one in full if one["loss"] <= full[number - 1]["loss"]]
        survived = sum(one["proposal"]["id"] in kept for one in top)
        regret = min(one["loss"] for one in full if one["proposal"]["id"] in kept) - full[0]["loss"]
        found |= {
            f"early_stopping_top_{budget}": len(top),
            f"early_stopping_survivors_succeeded_{budget}": survived,
            f"early_stopping_regret_succeeded_{budget}": 100 * regret,
        }
        # Of a smaller top no share is given.
        if len(top) >= TENTH:
            found[f"early_stopping_share_succeeded_{budget}"] = round(100 * survived / len(top))
    return found


def retrained(final: list[Raw]) -> dict[str, float]:
    """Mean test error over seeds, of trainings and of their snapshot ensembles, with Student's interval."""
    found: dict[str, float] = {"retrained_incumbent_seeds": len(final)}
    for name, field in (("test_error", "test_error"), ("snapshot_test_error", "snapshot_test_error")):
        errors = np.array([one[field] for one in final])
        low, high = limits(errors)
        found |= {
            f"retrained_incumbent_{name}": 100 * errors.mean(),
            f"retrained_incumbent_{name}_sd": 100 * errors.std(ddof=1),
            f"retrained_incumbent_{name}_low": 100 * low,
            f"retrained_incumbent_{name}_high": 100 * high,
        }
    return found


def limits(errors: np.ndarray) -> tuple[float, float]:
    """The 95 % interval of a mean error, by Student's t on the scale of log odds, back on that of shares."""
    mean = errors.mean()
    low, high = stats.t.interval(0.95, len(errors) - 1, scale=stats.sem(errors) / (mean * (1 - mean)))
    odds = mean / (1 - mean)
    return tuple(float(odds * np.exp(end) / (1 + odds * np.exp(end))) for end in (low, high))
