"""What do the records of an experiment say so far?

Makes the tables, figures and numbers of all that is trained by now, at once and without any training, as the workflow
makes them one by one at the end.
"""

import argparse
from pathlib import Path

from jointsearch import cli, config
from jointsearch.material import Material
from jointsearch.outcomes import outcomes
from jointsearch.pipeline import Pipeline
from jointsearch.records import write_bytes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", type=Path, help="the configuration of the experiment")
    arguments = parser.parse_args()
    pipeline = Pipeline.from_config(config.read(arguments.config))
    made = outcomes(Material.read(pipeline.folder, pipeline.length))
    for name, content in made.items():
        write_bytes(pipeline.folder / name, content)
    print(f"{pipeline.folder}: {len(made)} tables, figures and numbers")


if __name__ == "__main__":
    cli.run(main)
