"""What did an HpBandSter run find?

Reads the folder of the run; writes its trainings as a table like `observations.csv` and, if requested, how well
short trainings predicted long ones: a figure (PDF, SVG, PNG) and the data behind it (CSV).
"""

import argparse
from pathlib import Path

import numpy as np
from pydantic import TypeAdapter, ValidationError

from jointsearch.analysis.csv_file import write_csv
from jointsearch.analysis.imported import table
from jointsearch.core import cli
from jointsearch.core.errors import UserError
from jointsearch.core.fields import BudgetUnit
from jointsearch.core.units import LOSS
from jointsearch.core.validation import advise
from jointsearch.plotting import budget_correlation, style
from jointsearch.search import hpbandster
from jointsearch.workflow.study_jobs import DRAWN


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="folder with configs.json and results.json")
    parser.add_argument("output", type=Path, help="CSV to write")
    parser.add_argument("--budget-unit", required=True, help="what its budgets count, in a word")
    parser.add_argument("--budget-correlation", type=Path, help="a PDF to write; .svg, .png and .csv go beside it")
    arguments = parser.parse_args()
    figure: Path | None = arguments.budget_correlation
    if figure is not None and arguments.output.resolve() in {figure.with_suffix(one).resolve() for one in DRAWN}:
        raise UserError(f"{arguments.output}: --budget-correlation writes this file too; give the figure another name")
    rows = table(hpbandster.read(arguments.folder), _unit(arguments.budget_unit))
    write_csv(rows, arguments.output)
    if figure is not None:
        data = budget_correlation.from_observations(rows, np.random.default_rng(0), LOSS)
        write_csv(data, figure.with_suffix(".csv"))
        style.save(budget_correlation.draw(data), figure.with_suffix(""))


def _unit(text: str) -> BudgetUnit:
    try:
        return TypeAdapter(BudgetUnit).validate_python(text)
    except ValidationError as error:
        raise UserError(f"--budget-unit: {advise(error)}") from None


if __name__ == "__main__":
    cli.run(main)
