"""The records that come with the repository, of which `make paper` makes all else."""

from jointsearch.audit import archive
from jointsearch.core import config
from jointsearch.core.code import ROOT
from jointsearch.results.folder import Folder
from jointsearch.results.results import Results
from jointsearch.workflow.study_jobs import StudyJobs


def test_they_are_of_the_demo_as_it_is_configured_and_complete(tmp_path):
    folder = tmp_path / "demo"
    folder.mkdir()
    assert archive.unpack(ROOT / "results/demo" / archive.RECORDS, folder)
    # Refuses records of another experiment.
    all_jobs = StudyJobs.all_from_config(config.read(ROOT / "config/demo.yaml"), tmp_path)
    plan = all_jobs["search"].graph.plan
    results = Results.of(Folder(folder), plan)
    assert {name: len(results.evaluations(name)) for name in plan.names} == {
        one.name: one.trainings for one in plan.studies
    }
