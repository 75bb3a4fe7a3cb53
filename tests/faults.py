"""Does a test notice? Plants known faults, one at a time, and says which tests catch each.

Every fault is a small change of a line of src, scripts or workflow: a sign, a bound, a forgotten input, a swapped
budget, a lost lock, a seed that is not passed on. It is planted in a copy of the working copy; then the tests are run:
first those of the package that it is in, then all of `make test`, then those of `make test-workflow`. The first that
fails, and passes without the fault, has caught it.

    python tests/faults.py                  # all of them; writes a table
    python tests/faults.py --only 3 17      # two of them
    python tests/faults.py --check          # only see that each fault still has its place

Takes about an hour on two cores.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PARTS = ("src", "scripts", "workflow")
SUFFIXES = {".py", ".smk"}


@dataclass(frozen=True)
class Fault:
    """What is wrong, in words, and the text that is replaced; it stands in one place of one file."""

    what: str
    before: str
    after: str


FAULTS = (
    # What to train next.
    Fault(
        "the worst of a rung are promoted",
        "for evaluation in rank(evaluations)[:size]",
        "for evaluation in rank(evaluations)[-size:]",
    ),
    Fault(
        "a model sees a bracket too early", "if (other := index - 1 - delay) >= 0:", "if (other := index - delay) >= 0:"
    ),
    Fault(
        "the youngest bracket is not pending",
        "for other in range(max(0, index - max(lag)), index))",
        "for other in range(max(0, index - max(lag)), index - 1))",
    ),
    Fault("rungs shrink too fast", "max(1, first // eta**rung)", "max(1, first // eta ** (2 * rung))"),
    Fault(
        "a continued training costs its whole budget",
        "before = [0.0, *reached[:-1]] if continuation else",
        "before = [0.0, *reached[1:]] if continuation else",
    ),
    Fault(
        "studies share their seeds", "digest([seed, study, purpose, *position])", "digest([seed, purpose, *position])"
    ),
    Fault(
        "failures are the best",
        "return loss is None, 0.0 if loss is None else loss,",
        "return loss is not None, 0.0 if loss is None else loss,",
    ),
    Fault(
        "the incumbent is of the lowest budget",
        "largest = max(item.budget for item in successful)",
        "largest = min(item.budget for item in successful)",
    ),
    Fault(
        "pending proposals are taken to start at the full budget",
        "bracket(rung.bracket, experiment.budget).levels[0])",
        "bracket(rung.bracket, experiment.budget).levels[-1])",
    ),
    Fault(
        "losses of another search are turned around",
        "return (loss - low) / (high - low)",
        "return (high - loss) / (high - low)",
    ),
    # Samplers.
    Fault("BOHB takes the worst candidate", "best = scores.argmin(axis=1)", "best = scores.argmax(axis=1)"),
    Fault(
        "BOHB's random fraction is turned around",
        "np.flatnonzero(rng.random(count) >= self.settings.random_fraction)\n            for slot, vector in",
        "np.flatnonzero(rng.random(count) < self.settings.random_fraction)\n            for slot, vector in",
    ),
    Fault("bandwidths by another rule", "reference = 1.06 * data.std(axis=0)", "reference = 1.6 * data.std(axis=0)"),
    Fault(
        "a failed evaluation is infinitely good",
        "np.inf if one.loss is None else one.loss)",
        "-np.inf if one.loss is None else one.loss)",
    ),
    # Training.
    Fault("the learning rate rises in a cycle", "return peak / 2 * (1 + math.cos(", "return peak / 2 * (1 - math.cos("),
    Fault("a cycle too few", "    cycles = level + 1\n", "    cycles = max(1, level)\n"),
    Fault("no weight decay", "weight_decay=self._weight_decay,", "weight_decay=0.0,"),
    Fault("momentum without Nesterov's step", "nesterov=self._momentum > 0,", "nesterov=False,"),
    Fault(
        "mixup with the shares exchanged",
        "images.lerp(images.index_select(0, partner), 1 - share)",
        "images.lerp(images.index_select(0, partner), share)",
    ),
    Fault("cutout is not centred", "(centre[:, None] - length // 2)", "centre[:, None]"),
    Fault(
        "the error is measured with augmentation's batch statistics", "    network.eval()\n", "    network.train()\n"
    ),
    Fault(
        "training images are those held out",
        "return np.flatnonzero(~held), np.flatnonzero(held)",
        "return np.flatnonzero(held), np.flatnonzero(~held)",
    ),
    Fault("the split is not stratified", "random_state=random, stratify=labels)", "random_state=random)"),
    Fault("a restored training forgets its shake", '        self._shake.set_state(state["shake"])\n', ""),
    Fault(
        "the budget includes evaluation",
        "                    with self._stopwatch.paused():\n                        self._look(",
        "                    if True:\n                        self._look(",
    ),
    Fault(
        "budgets in epochs are taken for steps",
        'budget * steps_per_epoch if unit == "epochs" else budget',
        'budget if unit == "epochs" else budget',
    ),
    Fault("readings are packed with the wrong sign", ".cumsum().tolist()", ".cumsum()[::-1].tolist()"),
    Fault(
        "ShakeDrop does not expect less in evaluation",
        "return skip + branch * (1 - death_rate)",
        "return skip + branch",
    ),
    # Records, locks and files.
    Fault(
        "two runs share a results folder",
        "    if not _lock(file):\n        file.seek(0)",
        "    if not _lock(file) and False:\n        file.seek(0)",
    ),
    Fault(
        "a slot that another process holds is trained",
        "if held and file not in self.folder.iterdir():",
        "if file not in self.folder.iterdir():",
    ),
    Fault(
        "the second writer of a record wins",
        "        if keep:\n            with contextlib.suppress(FileExistsError):",
        "        if not keep:\n            with contextlib.suppress(FileExistsError):",
    ),
    Fault(
        "a record of another experiment is read",
        "if record.experiment != self._id_of(record.study):",
        "if not record.experiment:",
    ),
    Fault("a changed record is not noticed in a run", "if file_digest(file) != recorded:", "if not file_digest(file):"),
    Fault(
        "records may change under a manifest",
        "if layout.lasts(name) and new.get(name) != old[name]]",
        "if layout.lasts(name) and name not in new]",
    ),
    # The workflow.
    Fault(
        "a history does not wait for the one before",
        '    if node.bracket:\n        yield Edge("previous"',
        '    if node.bracket > 1:\n        yield Edge("previous"',
    ),
    Fault(
        "the last batch of a rung is not waited for",
        "return layout.batch_files(self.folder / node.name, node.bracket, node.rung, size, packed)",
        "return layout.batch_files(self.folder / node.name, node.bracket, node.rung, size, packed)[:1]",
    ),
    Fault(
        "proposals do not wait for those that are pending",
        'yield Edge("pending", Node("proposals", node.name, item.index))',
        "yield from ()",
    ),
    Fault("jobs get less time than their budget", "seconds = 1.1 * training * ", "seconds = 0.9 * training * "),
    # What was learned.
    Fault(
        "intervals of 90 % are called 95 %",
        "INTERVAL = [0.025, 0.975]",
        "INTERVAL = [0.05, 0.95]",
    ),
    Fault(
        "a cheap success replaces the incumbent",
        "key = -one.budget, one.loss, step,",
        "key = one.budget, one.loss, step,",
    ),
    Fault(
        "p-values are not corrected",
        'corrected = multipletests(np.nan_to_num(p, nan=1.0), method="holm")[1]',
        "corrected = p",
    ),
    # The audit.
    Fault(
        "a changed parent is not noticed",
        "follows = record.parents == parents",
        "follows = len(record.parents) == len(parents)",
    ),
    Fault("any error is within the tolerance", "abs(then - now) <= tolerance", "abs(then - now) <= 1"),
    Fault(
        "a number that differs counts as rounding",
        "return math.isclose(float(one), float(other), rel_tol=TOLERANCE, abs_tol=ZERO)",
        "return True",
    ),
    # Figures, numbers and the paper.
    Fault(
        "a bracket that has begun counts as complete",
        "complete = sum(trained[one.index] >= sum(one.sizes) for one in brackets)",
        "complete = sum(trained[one.index] > 0 for one in brackets)",
    ),
    Fault(
        "the incumbent was found at the end",
        "int(np.argmax(error == error[-1]))",
        "len(error) - 1",
    ),
    Fault(
        "steps at lower budgets count twice",
        "total += of_step[key] * (one.steps - before)",
        "total += of_step[key] * one.steps",
    ),
    # Rules, and what they share.
    Fault("nothing is promoted from", "{output} {input.below} 2>", "{output} 2>"),
    Fault(
        "a model sees nothing",
        'history.py" {input.experiment} {output} {input.seen}',
        'history.py" {input.experiment} {output}',
    ),
    Fault(
        "later brackets first",
        "return rung - bracket * len(self.experiment.lags)",
        "return rung + bracket * len(self.experiment.lags)",
    ),
    Fault(
        "a run at work is written over",
        "if not (lock.holder(folder) or (folder / manifest.NAME).exists()):",
        "if not (folder / manifest.NAME).exists():",
    ),
)


def sources(root: Path) -> Iterator[Path]:
    """Files that a fault may be in."""
    for part in PARTS:
        yield from (file for file in sorted((root / part).rglob("*")) if file.suffix in SUFFIXES)


def place(fault: Fault, root: Path) -> Path:
    """The file that a fault belongs in.

    Raises
    ------
    ValueError
        If its text stands nowhere, or in several places.
    """
    found = [file for file in sources(root) for _ in range(file.read_text().count(fault.before))]
    if len(found) != 1:
        raise ValueError(f"{fault.what}: its text stands in {len(found)} places: {', '.join(map(str, found))}")
    return found[0]


def tiers(file: Path) -> dict[str, list[str]]:
    """The tests to run, nearest first, by name."""
    whole = ["--ignore", "tests/end_to_end", "--ignore", "tests/slurm"]
    near = (
        ROOT / "tests" / file.relative_to(ROOT).parts[2]
        if file.is_relative_to(ROOT / "src")
        else ROOT / "tests/workflow"
    )
    return {
        "make test (the same package)": [str(near.relative_to(ROOT))],
        "make test": whole,
        "make test-workflow": ["tests/end_to_end"],
    }


def caught_by(fault: Fault, copy: Path) -> tuple[str, str]:
    """Which tier of tests catches a fault that is planted in a copy, and the first test that does.

    Raises
    ------
    ValueError
        If this test fails without the fault, too.
    """
    file = place(fault, copy)
    text = file.read_text()
    for tier, tests in tiers(ROOT / file.relative_to(copy)).items():
        file.write_text(text.replace(fault.before, fault.after))
        try:
            test = first_failure(tests, copy)
        finally:
            file.write_text(text)
        if test is not None:
            if first_failure([test], copy) is not None:
                raise ValueError(f"{test} fails without any fault; mend it first")
            return tier, test
    return "nothing", ""


def first_failure(tests: list[str], copy: Path) -> str | None:
    """Run tests until one fails, and name it, or its file if that cannot be imported."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-n", "2", "-p", "no:cacheprovider", *tests]
    around = os.environ | {"PYTHONPATH": str(copy / "src")}
    done = subprocess.run(command, cwd=copy, env=around, capture_output=True, text=True)
    if not done.returncode:
        return None
    failed = re.search(r"^(?:FAILED|ERROR) (.*?)(?: - .*)?$", done.stdout, re.MULTILINE)
    if failed is None:
        raise ValueError(f"pytest says nothing of a test: {done.stdout}{done.stderr}")
    return failed[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", type=int, nargs="+", metavar="N", help="which, from 1")
    parser.add_argument("--check", action="store_true", help="only see that each has its place")
    parser.add_argument("--output", type=Path, help="file to append the table to")
    arguments = parser.parse_args()
    for fault in FAULTS:
        place(fault, ROOT)
    if arguments.check:
        return
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch) / "copy"
        listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, capture_output=True)
        for name in filter(None, listed.stdout.decode().split("\0")):
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, copy / name, follow_symlinks=False)
        (copy / ".venv").symlink_to((ROOT / ".venv").resolve())
        for number, fault in enumerate(FAULTS, start=1):
            if arguments.only and number not in arguments.only:
                continue
            started = time.perf_counter()
            tier, test = caught_by(fault, copy)
            line = f"| {number} | {fault.what} | {tier} | {test} |"
            print(f"{line} {time.perf_counter() - started:.0f} s", flush=True)
            if arguments.output:
                with arguments.output.open("a") as file:
                    file.write(f"{line}\n")


if __name__ == "__main__":
    main()
