"""What does a search know from the beginning?

Reads the folder of an HpBandSter run; writes `warm_start.json`, its evaluations, which the history of every bracket
begins with.
"""

import argparse
from pathlib import Path

from jointsearch.core import cli
from jointsearch.core.config import WarmStartSettings
from jointsearch.core.errors import UserError
from jointsearch.core.files import read_record, write_record
from jointsearch.core.records import Losses, WarmStart
from jointsearch.search import warm_start
from jointsearch.search.experiment import Experiment
from jointsearch.space.space import Space


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("experiment", type=Path, help="experiment.json")
    parser.add_argument("folder", type=Path, help="folder of the HpBandSter run, or warm_start.json of a search")
    parser.add_argument("output", type=Path, help="warm_start.json to write")
    parser.add_argument("--losses", type=_losses, default="0,1", help="how they become errors: ranks, or LOW,HIGH")
    arguments = parser.parse_args()
    experiment = read_record(arguments.experiment, Experiment)
    observations = warm_start.observations(arguments.folder, experiment.space, experiment.budget, arguments.losses)
    source = warm_start.source(observations)
    if source != experiment.warm_start:
        raise UserError(f"{arguments.folder}: is not what this search began with; restore it")
    space = Space(experiment.space)
    for one in observations:
        try:
            space.check(one.values)
        except ValueError as error:
            raise UserError(
                f"{arguments.folder}: {one.evaluation}: not of the space: {error}; mend or remove it"
            ) from None
    record = WarmStart(
        experiment=experiment.id,
        study=arguments.output.parent.name,
        source=source,
        losses=warm_start.kept(arguments.folder, arguments.losses),
        observations=observations,
    )
    write_record(arguments.output, record)


def _losses(text: str) -> Losses:
    return WarmStartSettings(folder="", losses=text if text == "ranks" else tuple(map(float, text.split(",")))).losses


if __name__ == "__main__":
    cli.run(main)
