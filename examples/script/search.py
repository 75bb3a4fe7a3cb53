"""A search without Snakemake, in a script or a notebook: `python examples/script/search.py` (docs/own-problem.md).

It tunes gradient descent on Rosenbrock's valley. The budget is a number of steps, and the loss the logarithm of the
height that is reached, which may be negative.
"""

import math
from pathlib import Path

from jointsearch import Diverged, Trial
from jointsearch.core import cli, config
from jointsearch.core.files import read_record
from jointsearch.search.incumbent import Incumbent
from jointsearch.workflow import driver
from jointsearch.workflow.study_jobs import StudyJobs


def evaluate(trial: Trial) -> float:
    """Descend for as many steps as the budget says."""
    x, y, speed_x, speed_y = -1.0, 1.5, 0.0, 0.0
    for step in range(int(trial.budget)):
        slope_x = -2 * (1 - x) - 400 * x * (y - x * x)
        slope_y = 200 * (y - x * x)
        speed_x = trial.values["momentum"] * speed_x - trial.values["rate"] / 100 * slope_x
        speed_y = trial.values["momentum"] * speed_y - trial.values["rate"] / 100 * slope_y
        x, y = x + speed_x, y + speed_y
        if max(abs(x), abs(y)) > 100:
            raise Diverged(f"out of the valley after {step + 1} steps")
    return math.log10((1 - x) ** 2 + 100 * (y - x * x) ** 2 + 1e-12)


def main() -> None:
    """Search, and print the best."""
    settings = config.parse(
        {
            "experiment": "valley",
            "objective": f"{__name__}:evaluate",
            "space": str(Path(__file__).with_name("space.yaml")),
            "budget": {"unit": "steps", "minimum": 100, "maximum": 900},
            "search": {"length": 6, "length_unit": "brackets", "lags": [0, 0, 0]},
            "jobs": {"seconds_per_unit": 0.01},
        }
    )
    all_jobs = StudyJobs.all_from_config(settings)
    driver.run(all_jobs)
    best = read_record(all_jobs["search"].folder / "incumbent.json", Incumbent)
    print(f"{best.evaluation}: loss {best.loss:.3f} with {best.values}")


if __name__ == "__main__":
    # A setting that cannot be is reported in one line.
    cli.run(main)
