"""What still trains when no run of the workflow is there, and what can go on."""

from pathlib import Path

from jointsearch.core import layout, lock
from jointsearch.workflow.pipeline import Pipeline


def slots_under_way(pipeline: Pipeline) -> list[Path]:
    """Records that a process, here or on another node, works on now."""
    found = []
    for item in pipeline.brackets:
        for rung, size in enumerate(item.sizes):
            folder = layout.rung_folder(pipeline.study, item.index, rung)
            there = set(folder.iterdir()) if folder.exists() else set()
            if layout.lock_file(folder) in there:
                files = {slot: layout.slot_file(folder, slot) for slot in range(size)}
                found += [file for slot, file in files.items() if file not in there and _is_held(folder, slot)]
    return found


def _is_held(folder: Path, slot: int) -> bool:
    with lock.try_byte(layout.lock_file(folder), slot) as free:
        return not free


def saved_states(pipeline: Pipeline) -> list[Path]:
    """States of interrupted trainings, from which they go on."""
    return sorted(pipeline.study.glob("bracket-*/rung-*/state-*.pt"))
