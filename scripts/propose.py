"""What does a study train that is no search?

Writes the proposals of a rung: random configurations, the same ones in every rung; manual architectures; or, for the
last trainings, what the search and the manual architectures came to.
"""

import argparse
from pathlib import Path

from jointsearch.core import cli, layout
from jointsearch.core.files import read_record, write_record
from jointsearch.core.records import Evaluation
from jointsearch.results.reader import read_study
from jointsearch.search import proposals
from jointsearch.search.experiment import Experiment
from jointsearch.search.hyperband import Bracket, bracket


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("experiment", type=Path, help="experiment.json of the study")
    parser.add_argument("output", type=Path, help="proposals.json of the rung, to write")
    kinds = parser.add_subparsers(dest="kind", required=True)
    random = kinds.add_parser("random")
    random.add_argument("number", type=cli.positive(int), help="of configurations")
    manual = kinds.add_parser("manual")
    manual.add_argument("seeds", type=cli.positive(int), help="trainings of each")
    manual.add_argument("names", nargs="+", help="architectures")
    retraining = kinds.add_parser("retraining")
    retraining.add_argument("seeds", type=cli.positive(int), help="trainings of each")
    retraining.add_argument("brackets", type=cli.positive(int), help="length of the search")
    retraining.add_argument("search", type=Path, help="experiment.json of the search")
    retraining.add_argument("manual", type=Path, nargs="?", help="experiment.json of the manual architectures")
    arguments = parser.parse_args()
    experiment = read_record(arguments.experiment, Experiment)
    folder = arguments.output.parent.parent
    (study, index), rung = layout.bracket_of(folder), int(arguments.output.parent.name.removeprefix("rung-"))
    levels = bracket(index, experiment.budget).levels
    match arguments.kind:
        case "random":
            item = Bracket(index, (arguments.number,) * len(levels), levels)
            made = proposals.random_rung(experiment, study.name, item, rung)
        case "manual":
            names = [name for name in arguments.names for _ in range(arguments.seeds)]
            made = proposals.manual_rung(experiment, study.name, Bracket(index, (len(names),), levels), names)
        case _:
            chosen = _chosen(arguments.search, arguments.brackets, arguments.manual)
            item = Bracket(index, (arguments.seeds * len(chosen),), levels)
            made = proposals.retraining_rung(experiment, study.name, item, chosen, arguments.seeds)
    write_record(arguments.output, made)


def _chosen(search: Path, brackets: int, manual: Path | None) -> list[tuple[str, Evaluation]]:
    evaluations = read_study(search.parent / layout.SEARCH, read_record(search, Experiment).id, brackets)
    if manual is None:
        return proposals.finalists(evaluations, [])
    trained = read_study(manual.parent, read_record(manual, Experiment).id, layout.bracket_count(manual.parent))
    return proposals.finalists(evaluations, trained)


if __name__ == "__main__":
    cli.run(main)
