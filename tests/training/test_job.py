"""Slots are trained once, whoever works on them."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from factories import VALUES, evaluation

from jointsearch.core import layout
from jointsearch.core.config import Config
from jointsearch.core.errors import UserError
from jointsearch.core.evaluation import Batch, Evaluation
from jointsearch.core.files import file_digest, read_record, write_record
from jointsearch.core.interruption import InterruptedTrainingError, Interruption
from jointsearch.core.proposal import Origin, Proposal, Rung
from jointsearch.search.experiment import Experiment
from jointsearch.search.resolve import resolve
from jointsearch.training import job as job_of
from jointsearch.training.job import Job

CONFIG = Config.model_validate(
    {"experiment": "small", "budget": {"unit": "steps", "minimum": 1, "maximum": 3}, "data": {"name": "digits"}}
)
HOLD = """
import sys, time
from pathlib import Path
from jointsearch.core import lock
with lock.try_byte(Path(sys.argv[1]), int(sys.argv[2])) as held:
    print(held, flush=True)
    sys.stdin.read()
"""


@pytest.fixture(scope="module")
def experiment() -> Experiment:
    return resolve(CONFIG)


@pytest.fixture
def job(experiment, tmp_path) -> Job:
    origin = Origin(sampler="bohb", kind="random")
    proposals = tuple(Proposal(id=f"0-0-{slot}", values=VALUES, origin=origin) for slot in range(3))
    rung = Rung(experiment=experiment.id, study="search", bracket=0, rung=0, proposals=proposals)
    folder = layout.rung_folder(tmp_path / "search", 0, 0)
    folder.mkdir(parents=True)
    return Job(experiment, rung, folder, range(3))


def record(job: Job, slot: int) -> Evaluation:
    return evaluation(f"0-0-{slot}").model_copy(update=dict(job.experiment.identity(job.rung, slot)))


def train(job: Job, slot: int, file: Path) -> None:
    write_record(file, record(job, slot))


class Holder:
    """Another process that holds a slot."""

    def __init__(self, job: Job, slot: int):
        command = [sys.executable, "-c", HOLD, str(layout.lock_file(job.folder)), str(slot)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == "True\n"

    def end(self) -> None:
        self.process.communicate()


def test_slots_without_a_record_are_trained_and_the_batch_names_all(job):
    train(job, 1, layout.slot_file(job.folder, 1))
    assert job.missing() == [0, 2]
    done = []
    for slot, file in job.to_train(Interruption()):
        train(job, slot, file)
        layout.state_file(job.folder, slot).touch()
        done.append(slot)
    assert done == [0, 2]
    job.finish(job.folder / "batch.json")
    batch = read_record(job.folder / "batch.json", Batch)
    assert batch.records == tuple(file_digest(layout.slot_file(job.folder, slot)) for slot in range(3))
    assert not list(job.folder.glob("state-*"))


def test_batches_of_another_size_follow_from_the_digests_of_those_that_are_there(job):
    for slot in range(3):
        train(job, slot, layout.slot_file(job.folder, slot))
    study = layout.study_of(job.folder)
    (whole,), singles = (layout.batch_files(study, 0, 0, 3, size) for size in (9, 1))
    job.finish(whole)
    digests = read_record(whole, Batch).records
    # Whatever has become of a record since.
    layout.slot_file(job.folder, 1).write_text("")
    assert job_of.repacked([whole]) == {}
    found = job_of.repacked(singles)
    assert found == {
        path: Batch(first_slot=slot, records=digests[slot : slot + 1]) for slot, path in enumerate(singles)
    }
    whole.unlink()
    for path in singles[:2]:
        write_record(path, found[path])
    assert job_of.repacked([whole]) == {}
    write_record(singles[2], found[singles[2]])
    assert job_of.repacked([whole]) == {whole: Batch(first_slot=0, records=digests)}


def test_batches_that_contradict_each_other_make_no_other(job):
    study = layout.study_of(job.folder)
    (whole,), singles = (layout.batch_files(study, 0, 0, 3, size) for size in (9, 1))
    write_record(job.folder / "batch-00-01.json", Batch(first_slot=0, records=("0" * 64, "1" * 64)))
    write_record(job.folder / "batch-01-02.json", Batch(first_slot=1, records=("2" * 64, "3" * 64)))
    assert job_of.repacked([whole]) == {}
    assert set(job_of.repacked(singles)) == {singles[0], singles[2]}


def test_what_another_process_trains_is_left_to_it(job):
    holder = Holder(job, 1)
    done = []
    for slot, file in job.to_train(Interruption(), wait=False):
        train(job, slot, file)
        done.append(slot)
    assert done == [0, 2]
    holder.end()
    assert [slot for slot, _ in job.to_train(Interruption(), wait=False)] == [1]


def test_what_another_process_trained_meanwhile_is_taken_as_it_is(job, capsys, monkeypatch):
    holder = Holder(job, 0)

    def other_ends(seconds):
        train(job, 0, layout.slot_file(job.folder, 0))
        holder.end()

    monkeypatch.setattr("time.sleep", other_ends)
    assert [slot for slot, _ in job.to_train(Interruption())] == [1, 2]
    first = layout.slot_file(job.folder, 0)
    assert capsys.readouterr().err == f"{first}: another process trains it; waiting for it to end\n"


def test_what_another_process_failed_to_train_is_trained(job, monkeypatch):
    holder = Holder(job, 0)
    monkeypatch.setattr("time.sleep", lambda seconds: holder.process.poll() or holder.process.kill())
    assert [slot for slot, _ in job.to_train(Interruption())] == [0, 1, 2]


def test_one_who_waits_can_be_interrupted(job):
    holder = Holder(job, 0)
    with pytest.raises(InterruptedTrainingError):
        list(job.to_train(Interruption(by=signal.SIGTERM)))
    holder.end()


def test_a_record_of_something_else_is_refused(job):
    write_record(layout.slot_file(job.folder, 0), record(job, 0).model_copy(update={"seed": 1}))
    with pytest.raises(UserError, match=r"slot-00.json: its seed is not that of this slot; restore .*, or delete it"):
        job.missing()
