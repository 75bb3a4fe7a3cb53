"""How well do nominal seconds predict the seconds of whole trainings? Trains random configurations to see.

Fits their model to timed steps of half of the random configurations of a space, as `make calibrate` does; trains the
other half, each for the same budget in nominal seconds, and compares it with the processor time that they took.
"""

import argparse
import dataclasses
import os
from pathlib import Path

from jointsearch.core import cli
from jointsearch.core.config.budget import NominalSettings
from jointsearch.search.resolve import resolve


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", type=Path, help="the configuration, whose space and images are used; on a CPU")
    parser.add_argument("--configurations", metavar="N", type=cli.positive(int), default=48, help="both halves (48)")
    parser.add_argument("--budget", type=cli.positive(float), default=4.5, help="nominal seconds (4.5)")
    parser.add_argument("--seconds", type=cli.positive(float), default=0.5, help="each timing of a step (0.5)")
    arguments = parser.parse_args()
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    import numpy as np
    import torch

    from jointsearch.training import accelerate, calibrate, datasets, schedule
    from jointsearch.training.train import train

    torch.set_num_threads(1)
    config = calibrate.read_config(arguments.config)
    experiment, device = resolve(config), torch.device("cpu")
    images = datasets.load(experiment.data, Path(config.data_root), experiment.split_seed, Path(config.cache_root))
    tasks = calibrate.draw_tasks(experiment, arguments.configurations)
    timed = calibrate.time_steps(tasks[::2], images, device, arguments.seconds)
    model = calibrate.fit(timed)
    # Least squares of the relative errors, as the whole model.
    gflop, seconds = np.array([(one.cost.operations / 1e9, one.seconds) for one in timed]).T
    rate = (gflop / seconds).sum() / ((gflop / seconds) ** 2).sum()
    operations = NominalSettings(step=0, convolution=0, gflop=rate, megabyte=0)
    print(calibrate.conditions(accelerate.choose_precision(experiment.training, device), device))
    print(f"model of {len(timed)} configurations: {calibrate.as_yaml(model)}")
    print(f"steps it was fitted to: {calibrate.agreement(calibrate.predict(model, timed), seconds)}")
    print(f"each half by a fit of the other: {calibrate.cross_validated(timed)}")
    print(f"operations alone: {calibrate.agreement(calibrate.predict(operations, timed), seconds)}", flush=True)
    nominal, taken, total = [], [], 0.0
    for task in tasks[1::2]:
        whole = {"budget": arguments.budget, "unit": "nominal_seconds", "nominal": model, "ends": schedule.doubling(2)}
        trained = train(dataclasses.replace(task, clock="process", **whole), images, device)
        result, seconds = trained.result, trained.timing.training_seconds
        print(f"{result.status}: {result.steps:6,} steps, {result.parameters:9,} weights, {seconds:6.2f} s", flush=True)
        if result.status == "success" and result.steps:
            nominal.append(result.step_cost or 0)
            taken.append(seconds / result.steps)
            total += seconds
    print(f"all of them: {total:.1f} s for {arguments.budget * len(taken):.1f} nominal seconds")
    # Of equal budgets: per step, so that there is something to predict.
    print(f"{len(taken)} whole trainings, per step: {calibrate.agreement(nominal, taken)}")


if __name__ == "__main__":
    cli.run(main)
