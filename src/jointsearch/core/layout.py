"""Where results lie: `results/<experiment>/<study>/bracket-007/rung-1/slot-03.json`."""

from pathlib import Path

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
    """What the search knows from the beginning, if it starts from another one."""
    return study / "warm_start.json"


def proposals_file(study: Path, bracket: int, rung: int) -> Path:
    """What a rung trains."""
    return rung_folder(study, bracket, rung) / "proposals.json"


def slot_file(rung: Path, slot: int) -> Path:
    """The evaluation of one proposal of a rung."""
    return rung / f"slot-{slot:02d}.json"


def state_file(rung: Path, slot: int) -> Path:
    """The state of a training that is under way, or was interrupted."""
    return rung / f"state-{slot:02d}.pt"


def lock_file(rung: Path) -> Path:
    """Lock whose byte N is held by the process that trains slot N."""
    return rung / ".lock"


def end_file(rung: Path, proposal: str) -> Path:
    """The state in which a training of a rung ended, kept where a promoted one goes on from it."""
    return rung / f"end-{proposal}.pt"


def environment_file(experiment: Path, digest: str) -> Path:
    """What a training process found around it."""
    return experiment / "environments" / f"{digest}.json"


def lock_copy(experiment: Path, digest: str) -> Path:
    """The lock of an environment."""
    return experiment / "environments" / f"{digest}.txt"


def place_of(slot_file: Path) -> tuple[int, int, int]:
    """Bracket, rung and slot of an evaluation's file."""
    bracket, rung, slot = (int(part.split("-")[1]) for part in (*slot_file.parts[-3:-1], slot_file.stem))
    return bracket, rung, slot


def batch_files(study: Path, bracket: int, rung: int, size: int, evaluations_per_job: int) -> list[Path]:
    """Files that say a training job of the rung is complete, in slot order."""
    folder = rung_folder(study, bracket, rung)
    return [
        folder / f"batch-{first:02d}-{min(first + evaluations_per_job, size) - 1:02d}.json"
        for first in range(0, size, evaluations_per_job)
    ]
