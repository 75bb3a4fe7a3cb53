"""What an experiment says so far: everything that is computed from its records, written to its folder at once."""

from pathlib import Path

from jointsearch.core.files import write_bytes
from jointsearch.paper import html
from jointsearch.paper.build import build
from jointsearch.paper.facts import gather
from jointsearch.plotting.outcomes import outcomes
from jointsearch.results.results import Results
from jointsearch.search.resolve import configuration
from jointsearch.workflow.study_jobs import StudyJobs


def write_outcomes(study_jobs: StudyJobs) -> list[Path]:
    """Write configuration, tables, figures, numbers, page and paper, as the workflow does one by one at the end.

    Parameters
    ----------
    study_jobs
        The search.

    Returns
    -------
    list of Path
        The files; the paper is the last one.

    Raises
    ------
    UserError
        If records are missing, or do not fit each other.
    """
    folder = study_jobs.folder
    results = Results.read(folder)
    config = study_jobs.config
    made = configuration(results.experiment, study_jobs.length, config.studies, config.jobs.seconds_per_unit)
    made |= outcomes(results)
    for name, content in made.items():
        write_bytes(folder / name, content)
    # Reads what was just written.
    facts = gather(folder)
    write_bytes(folder / "paper.html", html.build(facts, folder))
    write_bytes(folder / "paper.pdf", build(facts, folder))
    return [folder / name for name in (*made, "paper.html", "paper.pdf")]
