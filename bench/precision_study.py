"""Is the error in bfloat16 worse than in float32? Trains pairs that differ in nothing else, on a folder of pictures.

Prints the validation and test errors of each seed, and the mean difference with its 95 % interval (paired t).
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from scipy import stats

from jointsearch.core.config import DataSettings, TrainingSettings
from jointsearch.networks.hyperparameters import Hyperparameters
from jointsearch.training import datasets, schedule
from jointsearch.training.loop import Task
from jointsearch.training.train import train

PARAMETERS = Hyperparameters(
    residual_blocks_1=1,
    residual_blocks_2=1,
    residual_blocks_3=1,
    residual_branches_1=2,
    residual_branches_2=1,
    residual_branches_3=2,
    initial_filters=16,
    widen_factor_2=2,
    widen_factor_3=2,
    learning_rate=0.1,
    batch_size=64,
    momentum=0.9,
    weight_decay=5e-4,
    mixup_alpha=0.2,
    cutout_length=8,
    shakedrop_death_rate=0.2,
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data_root", type=Path, help="folder of images: train/<class>/*, test/<class>/*")
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--epochs", type=float, default=12)
    parser.add_argument("--cache", type=Path, default=Path(".cache"))
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    images = DataSettings(name="image_folder")
    differences = []
    print("seed  validation: float32 bfloat16   test: float32 bfloat16   seconds: float32 bfloat16", flush=True)
    for seed in range(arguments.seeds):
        pictures = datasets.load(images, arguments.data_root, seed, arguments.cache)
        trained = [
            train(
                Task(
                    PARAMETERS,
                    arguments.epochs,
                    "epochs",
                    schedule.doubling(1),
                    seed,
                    TrainingSettings(precision=precision, compile="off"),
                    images,
                ),
                pictures,
                device,
            )
            for precision in ("float32", "bfloat16")
        ]
        errors = np.array([[one.result.loss, one.result.test_error] for one in trained])
        differences.append(errors[1] - errors[0])
        numbers = (*errors[:, 0], *errors[:, 1])
        row = "".join(f"{error:>12.2%}" for error in numbers)
        print(f"{seed:>4}{row}" + "".join(f"{one.timing.training_seconds:>10.0f}" for one in trained), flush=True)
    for name, values in zip(("validation", "test"), np.transpose(differences), strict=True):
        half = stats.sem(values) * stats.t.ppf(0.975, len(values) - 1)
        print(f"{name}: bfloat16 - float32 = {np.mean(values):+.2%} +- {half:.2%} (95 %, {len(values)} seeds)")


if __name__ == "__main__":
    main()
