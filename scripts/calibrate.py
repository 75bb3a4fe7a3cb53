"""How long does a training step take on this machine?

Times training steps of random configurations of the space of a configuration; prints the lines of a configuration with
the coefficients of budgets in nominal seconds that predict them best, and how well they do. Takes about two minutes, or
longer if single steps take seconds. Run it on an idle machine.
"""

import argparse
import os
from pathlib import Path

from jointsearch.core import cli
from jointsearch.search.resolve import resolve


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", type=Path, help="the configuration, YAML or JSON; its budget need not be complete")
    parser.add_argument("--configurations", metavar="N", type=cli.positive(int), default=40, help="how many (40)")
    parser.add_argument(
        "--seconds", type=cli.positive(float), default=0.5, help="how long each is timed in each of the rounds (0.5)"
    )
    arguments = parser.parse_args()
    # As in a training; torch reads it when it is imported.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    import torch

    from jointsearch.training import accelerate, calibrate, datasets
    from jointsearch.training.device import claim

    torch.set_num_threads(1)
    config = calibrate.read_config(arguments.config)
    experiment = resolve(config)
    roots = Path(config.data_root), Path(config.cache_root)
    images = datasets.load(experiment.data, roots[0], experiment.split_seed, roots[1])
    with claim(config.jobs.device) as device:
        tasks = calibrate.draw_tasks(experiment, arguments.configurations)
        timed = calibrate.time_steps(tasks, images, device, arguments.seconds)
        print(calibrate.report(timed, accelerate.choose_precision(experiment.training, device), device))


if __name__ == "__main__":
    cli.run(main)
