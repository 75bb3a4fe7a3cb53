"""Paths of results: `results/<experiment>/<study>/bracket-007/rung-1/slot-03.json`."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

SEARCH, CORRELATION, MANUAL, RETRAINING = "search", "correlation", "manual", "retraining"
"""The studies of an experiment: the joint search itself; random configurations trained at every budget; manual
architectures; final trainings on training and validation images. Others are the searches that are compared: `arm`."""
STUDIES = (SEARCH, CORRELATION, MANUAL, RETRAINING)


def arm(name: str, repeat: int, step: int | None = None) -> str:
    """Name of the study that is one search of an arm: `joint_bohb-0`; of two steps, `architecture_first-0-1`."""
    return "-".join([name, str(repeat), *([] if step is None else [str(step)])])


EXPERIMENT = "experiment.json"
"""Settings: in the folder of an experiment those of its search, in that of another study those of that study."""

PLAN = "plan.json"
"""What an experiment trains, in its folder."""


_IN_BRACKET = r"[^/]+/bracket-.*"
_RECORD_OF_STUDY = re.compile(
    r"([^/]+)/bracket-([0-9]+)/(?:rung-([0-9]+)/)?(history|proposals|batch-[0-9]+-[0-9]+|slot-[0-9]+)\.json"
)
_ASIDE = re.compile(
    r"(^|/)(\.[^/]*|(state|end)-[^/]*\.pt)$|/rung-\d+/scratch-\d+/"
    r"|^(manifest\.sha256(\.sig)?|audit\.html|report\.html|records\.tar\.gz)$|^draft/"
)
_LASTING = re.compile(rf"([^/]+/)?experiment\.json|data\.json|environments/.*|{_IN_BRACKET}|[^/]+/warm_start\.json")
_UPSTREAM = re.compile(
    r"data\.json|([^/]+/)?((experiment|incumbent)\.json|observations\.csv)"
    rf"|{_IN_BRACKET}\.json|[^/]+/warm_start\.json"
)
_DECLARED = re.compile(
    r"[^/]+/(bracket-.*(history|proposals|batch-\d+-\d+)|warm_start)\.json|(figures|tables|latex)/.*|latex"
    r"|([^/]+/)?((experiment|incumbent|data|numbers|ro-crate-metadata)\.json|observations\.csv)"
    r"|(config|space)\.yaml|interactive\.html|paper\.pdf|workflow\.smk|(code|manifest)\.sha256"
)
_RECORD = re.compile(rf"{_IN_BRACKET}|(environments|figures|tables)/.*|([^/]+/)?[^/]+\.(json|csv|yaml)")


class Located(NamedTuple):
    """A record of a study, as the name of its file says: its kind and position; of a batch, the first slot."""

    kind: str
    study: str
    bracket: int
    rung: int | None
    slot: int | None


def locate(name: str) -> Located | None:
    """Read the name of a file, relative to the folder of an experiment; None if it is no record of a study."""
    match = _RECORD_OF_STUDY.fullmatch(name)
    if match is None:
        return None
    study, bracket, rung, record = match.groups()
    kind, *numbers = record.split("-")
    slot = int(numbers[0]) if numbers else None
    return Located(kind, study, int(bracket), None if rung is None else int(rung), slot)


def files(folder: Path) -> list[str]:
    """Files of an experiment, or of a study, by their path in its folder.

    Without locks, temporary files, states and scratch folders of trainings; without files made from the manifest;
    without the archive of the records and drafts.
    """
    found = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return sorted(name for name in found if not _ASIDE.search(name))


def in_bracket(name: str) -> bool:
    """Whether a file is in the folder of a bracket, which holds only records."""
    return re.fullmatch(_IN_BRACKET, name) is not None


def lasts(name: str) -> bool:
    """Whether a file never changes once it is made; all others may change as a search grows."""
    return _LASTING.fullmatch(name) is not None


def is_record(name: str) -> bool:
    """Whether a file is a record, table or figure of an experiment, or named like one."""
    return _RECORD.fullmatch(name) is not None


def is_upstream(name: str) -> bool:
    """Whether trainings depend on a file, or have made it."""
    return _UPSTREAM.fullmatch(name) is not None


def is_declared(name: str) -> bool:
    """Whether Snakemake compares the time stamp of a file. It does not know the files of single evaluations."""
    return _DECLARED.fullmatch(name) is not None


def log_folder(experiment: str) -> Path:
    """Folder of the logs of an experiment, and of the time and memory that its jobs took (`*.tsv`)."""
    return Path("logs") / experiment


def experiment_file(folder: Path) -> Path:
    """The settings of an experiment, or of a study."""
    return folder / EXPERIMENT


def settings_file(experiment: Path, study: str) -> Path:
    """The settings of a study of an experiment, by its name; those of the search are the experiment's."""
    return experiment_file(experiment if study == SEARCH else experiment / study)


def plan_file(experiment: Path) -> Path:
    """What an experiment trains."""
    return experiment / PLAN


def bracket_folder(study: Path, bracket: int) -> Path:
    """Folder of a bracket."""
    return study / f"bracket-{bracket:03d}"


def bracket_of(folder: Path) -> tuple[Path, int]:
    """Study and index of a bracket's folder."""
    return folder.parent, int(folder.name.removeprefix("bracket-"))


def study_of(rung: Path) -> Path:
    """Folder of the study that a rung's folder lies in."""
    return rung.parent.parent


def rung_of(folder: Path) -> int:
    """Index of a rung's folder."""
    return int(folder.name.removeprefix("rung-"))


def rung_folder(study: Path, bracket: int, rung: int) -> Path:
    """Folder of a rung."""
    return bracket_folder(study, bracket) / f"rung-{rung}"


def history_file(study: Path, bracket: int) -> Path:
    """What the bracket's model sees beyond its predecessor's."""
    return bracket_folder(study, bracket) / "history.json"


def warm_start_file(study: Path) -> Path:
    """The evaluations that a search begins with, if it starts from another one."""
    return study / "warm_start.json"


def proposals_file(study: Path, bracket: int, rung: int) -> Path:
    """What a rung trains."""
    return rung_folder(study, bracket, rung) / "proposals.json"


def slot_file(rung: Path, slot: int) -> Path:
    """The evaluation of one proposal of a rung."""
    return rung / f"slot-{slot:02d}.json"


def slot_files(study: Path, bracket: int) -> Iterator[Path]:
    """The evaluations of a bracket that exist now."""
    return bracket_folder(study, bracket).glob("rung-*/slot-*.json")


def data_file(experiment: Path) -> Path:
    """The images of an experiment, as they were found."""
    return experiment / "data.json"


def state_file(rung: Path, slot: int) -> Path:
    """The saved state of a training that is running, or was interrupted."""
    return rung / f"state-{slot:02d}.pt"


def scratch_folder(rung: Path, slot: int) -> Path:
    """What an objective of one's own needs to resume: its files, what it has reported, the attempts so far."""
    return rung / f"scratch-{slot:02d}"


def lock_file(rung: Path) -> Path:
    """Lock whose byte N is held by the process that trains slot N."""
    return rung / ".lock"


def end_file(rung: Path, proposal: str) -> Path:
    """The state in which a training of a rung ended, kept if a promoted one continues from it."""
    return rung / f"end-{proposal}.pt"


def environment_file(experiment: Path, digest: str) -> Path:
    """The environment of a training process."""
    return experiment / "environments" / f"{digest}.json"


def lock_copy(experiment: Path, digest: str) -> Path:
    """The lock file of an environment."""
    return experiment / "environments" / f"{digest}.txt"


def place_of(slot_file: Path) -> tuple[int, int, int]:
    """Bracket, rung and slot of an evaluation, from the name of its file."""
    bracket, rung, slot = (int(part.split("-")[1]) for part in (*slot_file.parts[-3:-1], slot_file.stem))
    return bracket, rung, slot


def batch_files(study: Path, bracket: int, rung: int, size: int, evaluations_per_job: int) -> list[Path]:
    """Files that say a training job of the rung is complete, in slot order."""
    folder = rung_folder(study, bracket, rung)
    return [
        folder / f"batch-{first:02d}-{min(first + evaluations_per_job, size) - 1:02d}.json"
        for first in range(0, size, evaluations_per_job)
    ]


def slots_of(batch: Path) -> range:
    """Slots of the training job that a batch file is of."""
    first, last = map(int, batch.stem.split("-")[1:])
    return range(first, last + 1)
