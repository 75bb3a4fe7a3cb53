"""What does the search show?

Reads the observations; writes one figure (PDF, SVG, PNG) and the data behind it (CSV).
"""

import argparse
from pathlib import Path

from jointsearch import cli
from jointsearch.analysis.observations import read_csv
from jointsearch.experiment import Experiment
from jointsearch.plotting import style
from jointsearch.plotting.registry import FIGURES
from jointsearch.records import read_record


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("figure", choices=list(FIGURES), help="which")
    parser.add_argument("experiment", type=Path, help="experiment.json")
    parser.add_argument("observations", type=Path, help="observations.csv")
    parser.add_argument("output", type=Path, help="the PDF to write; .svg, .png and .csv go beside it")
    arguments = parser.parse_args()
    experiment, kind = read_record(arguments.experiment, Experiment), FIGURES[arguments.figure]
    data = kind.data(experiment, read_csv(arguments.observations, experiment.space.choices()))
    style.write_data(data, arguments.output.with_suffix(".csv"))
    style.save(kind.draw(data), arguments.output.with_suffix(""))


if __name__ == "__main__":
    cli.run(main)
