"""What does a bracket try first?

Reads the chain of histories up to this bracket and, if the sampler uses them, the pending proposals of other brackets;
writes the proposals of its first rung, each with its origin, and the model behind them with the evaluations that it
saw.
"""

import argparse
from pathlib import Path

from jointsearch.core import cli, layout
from jointsearch.core.files import read_record, write_record
from jointsearch.core.history import History
from jointsearch.core.proposal import Rung
from jointsearch.results.folder import Folder
from jointsearch.search import proposals
from jointsearch.search.experiment import Experiment


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("experiment", type=Path, help="experiment.json")
    parser.add_argument("history", type=Path, help="history.json of the bracket")
    parser.add_argument("output", type=Path, help="proposals.json to write")
    parser.add_argument("pending", type=Path, nargs="*", help="proposals.json of brackets without a result yet")
    arguments = parser.parse_args()
    experiment = read_record(arguments.experiment, Experiment)
    study, bracket = layout.bracket_of(arguments.history.parent)
    seen = Folder(study.parent).observations(study.name, bracket)
    pending = [read_record(path, Rung) for path in arguments.pending]
    rung = proposals.first_rung(experiment, read_record(arguments.history, History), seen, pending)
    write_record(arguments.output, rung)


if __name__ == "__main__":
    cli.run(main)
