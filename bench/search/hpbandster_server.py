"""Answers requests for proposals by HpBandSter's BOHB, one JSON line each; see `hpbandster_client.py`.

Runs in the environment of `envs/hpbandster.txt`.
"""

import importlib
import json
import logging
import sys
import time
from types import SimpleNamespace
from typing import Any

import numpy as np

from jointsearch.space import Space
from jointsearch.space_file import SpaceFile


def main() -> None:
    # The answers have the real standard output for themselves.
    answers, sys.stdout = sys.stdout, sys.stderr
    logging.disable(logging.CRITICAL)
    generator: Any = importlib.import_module("hpbandster.optimizers.config_generators.bohb").BOHB
    for line in sys.stdin:
        request = json.loads(line)
        started = time.process_time()
        proposals = propose(generator, request)
        answer = {"proposals": proposals, "cpu_seconds": time.process_time() - started}
        print(json.dumps(answer), file=answers, flush=True)


def propose(make: Any, request: dict[str, Any]) -> list[tuple[dict[str, Any], bool]]:
    """Feed a history to a fresh generator and draw from it: values, and whether a model chose them."""
    sequences = {
        name: one["sequence"] for name, one in request["space"]["hyperparameters"].items() if one["type"] == "ordinal"
    }
    space = Space(SpaceFile.parse(without_ordinals(request["space"])))
    # HpBandSter draws from the global state, and from that of the space.
    np.random.seed(request["seed"])  # noqa: NPY002
    space.configuration_space.seed(request["seed"])
    generator = make(configspace=space.configuration_space, **request["settings"])
    budgets = sorted({one["budget"] for one in request["history"]})
    for budget in budgets:
        at = [one for one in request["history"] if one["budget"] == budget]
        for number, one in enumerate(at, start=1):
            values = {
                name: sequences[name].index(value) if name in sequences else value
                for name, value in one["values"].items()
            }
            result = None if one["loss"] is None else {"loss": one["loss"]}
            job = SimpleNamespace(result=result, kwargs={"budget": budget, "config": values}, exception=None)
            generator.new_result(job, update_model=number == len(at))
    drawn = [generator.get_config(None) for _ in range(request["count"])]
    return [(with_ordinals(dict(values), sequences), bool(info["model_based_pick"])) for values, info in drawn]


def without_ordinals(space: dict[str, Any]) -> dict[str, Any]:
    """Make ordinals, which HpBandSter refuses, integers, as it tells its users to do."""
    searched = {
        name: {"type": "integer", "lower": 0, "upper": len(one["sequence"]) - 1} if one["type"] == "ordinal" else one
        for name, one in space["hyperparameters"].items()
    }
    return {**space, "hyperparameters": searched}


def with_ordinals(values: dict[str, Any], sequences: dict[str, Any]) -> dict[str, Any]:
    """Turn places back into the values of ordinals, and numpy's numbers into Python's."""
    plain = {name: value.item() if isinstance(value, np.generic) else value for name, value in values.items()}
    return {name: sequences[name][int(value)] if name in sequences else value for name, value in plain.items()}


if __name__ == "__main__":
    main()
