"""What is said of each study by itself: the table of its evaluations and its best configuration, as bytes of files."""

from jointsearch.analysis.csv_file import csv_bytes
from jointsearch.analysis.observations import table
from jointsearch.core import layout
from jointsearch.core.files import record_bytes
from jointsearch.results.results import Results
from jointsearch.search.incumbent import incumbent


def of_studies(material: Results) -> dict[str, bytes]:
    """Make the table and the best configuration of each study.

    Returns
    -------
    dict
        Contents by path in the results folder.
    """
    made = {}
    for name, study in material.studies.items():
        folder = "" if name == layout.SEARCH else f"{name}/"
        names = list(study.experiment.space.hyperparameters)
        made[f"{folder}observations.csv"] = csv_bytes(table(study.evaluations, names))
        made[f"{folder}incumbent.json"] = record_bytes(incumbent(study.evaluations))
    return made
