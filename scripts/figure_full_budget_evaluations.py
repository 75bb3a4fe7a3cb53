"""What did the search find at the full budget, and where in the space has it been?

Reads the observations; writes the figure (PDF, SVG, PNG) and the data behind it (CSV).
"""

import argparse
from pathlib import Path

from jointsearch import cli
from jointsearch.analysis.footprint import footprint
from jointsearch.analysis.observations import configurations, read_csv
from jointsearch.experiment import Experiment
from jointsearch.plotting import full_budget_evaluations, style
from jointsearch.records import read_record
from jointsearch.space import Space


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("experiment", type=Path, help="experiment.json")
    parser.add_argument("observations", type=Path, help="observations.csv")
    parser.add_argument("output", type=Path, help="the PDF to write; .svg, .png and .csv go beside it")
    arguments = parser.parse_args()
    file = read_record(arguments.experiment, Experiment).space
    space = Space(file)
    observations = read_csv(arguments.observations, file.choices())
    encoded = space.encode_all(list(configurations(observations).values()))
    data = full_budget_evaluations.data(observations, footprint(encoded, space.vartypes))
    style.write_data(data, arguments.output.with_suffix(".csv"))
    style.save(full_budget_evaluations.draw(data), arguments.output.with_suffix(""))


if __name__ == "__main__":
    cli.run(main)
