"""What an experiment says so far: everything that is computed from its records, written at once."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jointsearch.audit import archive, manifest
from jointsearch.core import layout, lock
from jointsearch.core.files import write_bytes
from jointsearch.paper import html
from jointsearch.paper.build import build
from jointsearch.paper.facts import gather
from jointsearch.plotting.outcomes import outcomes
from jointsearch.results.results import Results
from jointsearch.search.resolve import configuration
from jointsearch.workflow.study_jobs import StudyJobs

DRAFT = "draft"
"""In the folder of an experiment: a copy of its records as they were at some time, and what follows from them."""


@contextmanager
def where_to_write(folder: Path) -> Iterator[Path]:
    """Where to write what follows from the records of an experiment, which nobody else writes meanwhile.

    Parameters
    ----------
    folder
        Of the experiment.

    Yields
    ------
    Path
        Folder that holds a folder of the experiment: that of `folder`, whose earlier draft is removed; while a run
        works there, or if there is a manifest, which names what is there, a draft.

    Raises
    ------
    UserError
        If the same is being written by another process, or if a record that a draft would be made from is broken.
    """
    draft = folder / DRAFT
    if not (lock.holder(folder) or (folder / manifest.NAME).exists()):
        with lock.take(folder):
            if draft.exists():
                with lock.take(draft):
                    shutil.rmtree(draft, ignore_errors=True)
            yield folder.parent
        return
    with lock.take(draft):
        copy = draft / folder.name
        if layout.experiment_file(folder).exists():
            # What is broken is named where it lies, and the earlier draft stays.
            Results.read(folder)
        shutil.rmtree(copy, ignore_errors=True)
        copy.mkdir()
        for name in filter(archive.is_source, layout.files(folder)):
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(folder / name, copy / name)
        yield draft


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
