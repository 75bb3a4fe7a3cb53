"""What is said of each study by itself: the table of its evaluations and its best configuration, as bytes of files."""

from jointsearch.analysis.csv_file import csv_bytes
from jointsearch.analysis.observations import table
from jointsearch.core import layout
from jointsearch.core.files import record_bytes
from jointsearch.results.results import Results, StudyResults
from jointsearch.search.incumbent import incumbent


def of_studies(results: Results) -> dict[str, bytes]:
    """Make the table and the best configuration of each study.

    Returns
    -------
    dict
        Contents by path in the results folder.
    """
    made: dict[str, bytes] = {}
    for name, study in results.studies.items():
        folder = "" if name == layout.SEARCH else f"{name}/"
        made |= {f"{folder}{file}": content for file, content in of_study(study).items()}
    return made


def of_study(study: StudyResults) -> dict[str, bytes]:
    """Make the table and the best configuration of a study: contents by file name."""
    names = list(study.experiment.space.hyperparameters)
    return {
        "observations.csv": csv_bytes(table(study.evaluations, names)),
        "incumbent.json": record_bytes(incumbent(study.evaluations)),
    }
