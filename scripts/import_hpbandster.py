"""What did an HpBandSter run find?

Reads the folder of the run; writes its trainings as a table like `observations.csv`.
"""

import argparse
from pathlib import Path
from typing import get_args

from jointsearch import cli
from jointsearch.analysis.imported import table
from jointsearch.analysis.observations import write_csv
from jointsearch.export import hpbandster
from jointsearch.records import BudgetUnit


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="folder with configs.json and results.json")
    parser.add_argument("output", type=Path, help="CSV to write")
    parser.add_argument("--budget-unit", choices=get_args(BudgetUnit), required=True, help="what its budgets count")
    arguments = parser.parse_args()
    write_csv(table(hpbandster.read(arguments.folder), arguments.budget_unit), arguments.output)


if __name__ == "__main__":
    cli.run(main)
