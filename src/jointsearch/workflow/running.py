"""Trainings still running, whether or not a run of the workflow is there, and those that can resume."""

from pathlib import Path

from jointsearch.core import layout, lock
from jointsearch.workflow.study_jobs import StudyJobs


def running_slots(study_jobs: StudyJobs) -> list[Path]:
    """Records of the trainings that a process, here or on another node, runs now."""
    found = []
    for item in study_jobs.brackets:
        for rung, size in enumerate(item.sizes):
            folder = layout.rung_folder(study_jobs.study_folder, item.index, rung)
            present = set(folder.iterdir()) if folder.exists() else set()
            if layout.lock_file(folder) in present:
                files = {slot: layout.slot_file(folder, slot) for slot in range(size)}
                found += [file for slot, file in files.items() if file not in present and _is_held(folder, slot)]
    return found


def _is_held(folder: Path, slot: int) -> bool:
    with lock.try_byte(layout.lock_file(folder), slot) as free:
        return not free


def saved_states(study_jobs: StudyJobs) -> list[Path]:
    """Saved states of interrupted trainings, and scratch folders of objectives, from which they resume."""
    rungs = list(study_jobs.study_folder.glob("bracket-*/rung-*"))
    return sorted(path for rung in rungs for name in ("state-*.pt", "scratch-*") for path in rung.glob(name))
