"""How well does the validation error at one budget foretell that at another?

Reads the observations; writes the figure (PDF, SVG, PNG) and the data behind it (CSV).
"""

import argparse
from pathlib import Path

import numpy as np

from jointsearch import cli, layout
from jointsearch.analysis.observations import read_csv
from jointsearch.experiment import Experiment
from jointsearch.plotting import budget_correlation, style
from jointsearch.records import read_record
from jointsearch.seeds import derive


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("experiment", type=Path, help="experiment.json")
    parser.add_argument("observations", type=Path, help="observations.csv")
    parser.add_argument("output", type=Path, help="the PDF to write; .svg, .png and .csv go beside it")
    arguments = parser.parse_args()
    experiment = read_record(arguments.experiment, Experiment)
    seed = derive(experiment.seed, layout.SEARCH, "bootstrap")
    data = budget_correlation.data(read_csv(arguments.observations), np.random.default_rng(seed))
    style.write_data(data, arguments.output.with_suffix(".csv"))
    style.save(budget_correlation.draw(data), arguments.output.with_suffix(""))


if __name__ == "__main__":
    cli.run(main)
