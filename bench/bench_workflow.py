"""What the workflow itself costs: CPU seconds to plan the paper's experiment, and to find that nothing is to do."""

import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from jointsearch.core import config, layout
from jointsearch.core.config import Config
from jointsearch.core.files import write_record
from jointsearch.workflow import time_stamps
from jointsearch.workflow.study_jobs import StudyJobs

ROOT = Path(__file__).parents[1]
BRACKETS = (64, 128, 256, 512)
LARGEST_FINISHED = 128
"""The no-op run is measured up to here: Snakemake's --touch, which makes its metadata, sleeps 0.1 s a job."""


def main() -> None:
    print(f"{'brackets':>8} {'trainings':>10} {'dry run':>10} {'no-op run':>10}   (CPU s)")
    for brackets in BRACKETS:
        with tempfile.TemporaryDirectory() as folder:
            clone = Path(folder)
            for name in ("Snakefile", "workflow", "scripts", "src", "config", "profiles", "envs"):
                (clone / name).symlink_to(ROOT / name)
            dry = snakemake(clone, brackets, "--dry-run")
            study_jobs = finish(clone, brackets)
            noop = ""
            if brackets <= LARGEST_FINISHED:
                snakemake(clone, brackets, "--touch")
                noop = f"{snakemake(clone, brackets):.1f}"
            print(f"{brackets:>8} {len(batches(study_jobs)):>10} {dry:>10.1f} {noop:>10}", flush=True)


def batches(study_jobs: StudyJobs) -> list[Path]:
    """The batch files of the whole search."""
    return study_jobs.inputs("study")["evaluations"]


def snakemake(clone: Path, brackets: int, *flags: str) -> float:
    """Run Snakemake on the paper's experiment at some length; its CPU seconds."""
    command = [str(Path(sys.executable).parent / "snakemake"), *flags, "--config"]
    length = f"search={{length_unit: brackets, length: {brackets}, lags: [1, 2, 4, 5]}}"
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([*command, length], cwd=clone, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def finish(clone: Path, brackets: int) -> StudyJobs:
    """Put a file in the place of every result, as if the search had ended."""
    settings = config.read(ROOT / "config" / "config.yaml")
    search = settings.search.model_copy(update={"length": brackets, "length_unit": "brackets"})
    os.chdir(ROOT)
    all_jobs = StudyJobs.all_from_config(
        Config.model_validate(settings.model_dump() | {"search": search.model_dump()}),
    )
    study_jobs = all_jobs[layout.SEARCH]
    write_record(clone / layout.plan_file(study_jobs.folder), study_jobs.graph.plan)
    graph = study_jobs.graph
    nodes = [node for node in graph.products.values() if node.kind not in ("plan", "warm_start", "latex")]
    nodes += [node for one in all_jobs.values() for node in graph.nodes_of(one.planned.plan)]
    files = [file for node in nodes for file in study_jobs.files(node)]
    for batch in [file for file in files if file.name.startswith("batch-")]:
        files += [layout.slot_file(batch.parent, slot) for slot in layout.slots_of(batch)]
    for file in files:
        (clone / file).parent.mkdir(parents=True, exist_ok=True)
        (clone / file).touch()
    for one in all_jobs.values():
        write_record(clone / one.settings_file, one.experiment)
    time_stamps.remember(clone / study_jobs.folder, study_jobs.config)
    return study_jobs


if __name__ == "__main__":
    main()
