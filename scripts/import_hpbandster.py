"""What did an HpBandSter run find?

Reads the folder of the run; writes its trainings as a table like `observations.csv` and, if requested, how well
short trainings predicted long ones: a figure (PDF, SVG, PNG) and the data behind it (CSV).
"""

import argparse
from pathlib import Path

import numpy as np

from jointsearch.analysis.csv_file import write_csv
from jointsearch.analysis.imported import table
from jointsearch.core import cli
from jointsearch.core.units import LOSS
from jointsearch.plotting import budget_correlation, style
from jointsearch.search import hpbandster


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="folder with configs.json and results.json")
    parser.add_argument("output", type=Path, help="CSV to write")
    parser.add_argument("--budget-unit", required=True, help="what its budgets count, in a word")
    parser.add_argument("--budget-correlation", type=Path, help="a PDF to write; .svg, .png and .csv go beside it")
    arguments = parser.parse_args()
    rows = table(hpbandster.read(arguments.folder), arguments.budget_unit)
    write_csv(rows, arguments.output)
    if (figure := arguments.budget_correlation) is not None:
        data = budget_correlation.from_observations(rows, np.random.default_rng(0), LOSS)
        write_csv(data, figure.with_suffix(".csv"))
        style.save(budget_correlation.draw(data), figure.with_suffix(""))


if __name__ == "__main__":
    cli.run(main)
