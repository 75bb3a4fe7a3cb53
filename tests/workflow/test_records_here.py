"""The records that come with the repository, of which `make paper` makes all else."""

import pytest

from jointsearch.audit import archive
from jointsearch.core import code, config, layout
from jointsearch.core.code import ROOT
from jointsearch.core.errors import UserError
from jointsearch.results.folder import Folder
from jointsearch.results.results import Results
from jointsearch.workflow.study_jobs import StudyJobs

ARCHIVES = sorted(path.parent.name for path in ROOT.glob(f"results/*/{archive.RECORDS}"))


@pytest.fixture
def unpacked(request, tmp_path):
    """A folder of records, and the results in it as the configuration plans them; refuses those of another one."""
    folder = tmp_path / request.param
    folder.mkdir()
    assert archive.unpack(ROOT / "results" / request.param / archive.RECORDS, folder)
    all_jobs = StudyJobs.all_from_config(config.read(ROOT / f"config/{request.param}.yaml"), tmp_path)
    read = Folder(folder)
    return read, Results.of(read, all_jobs["search"].graph.plan)


@pytest.mark.parametrize("unpacked", ARCHIVES, indirect=True)
def test_they_are_of_the_experiment_as_it_is_configured(unpacked):
    _, results = unpacked
    assert sum(len(results.evaluations(name)) for name in results.plan.names) > 0
    for study in results.plan.studies:
        assert len(results.evaluations(study.name)) <= study.trainings


@pytest.mark.parametrize("unpacked", ["demo"], indirect=True)
def test_they_replace_nothing_but_what_a_killed_unpacking_left(unpacked):
    folder = unpacked[0].path
    packed = ROOT / "results/demo" / archive.RECORDS
    (folder / layout.EXPERIMENT).unlink()
    assert archive.unpack(packed, folder)
    (folder / layout.EXPERIMENT).unlink()
    own = folder / "search/bracket-012/rung-0/slot-00.json"
    own.parent.mkdir(parents=True)
    own.write_text("somebody's own")
    with pytest.raises(UserError, match=r"slot-00.json: is not of the records .* move the folder away"):
        archive.unpack(packed, folder)
    assert own.exists() and not (folder / layout.EXPERIMENT).exists()


@pytest.mark.parametrize("unpacked", ["demo"], indirect=True)
def test_those_of_the_demo_are_complete(unpacked):
    _, results = unpacked
    assert {name: len(results.evaluations(name)) for name in results.plan.names} == {
        one.name: one.trainings for one in results.plan.studies
    }


@pytest.mark.parametrize("unpacked", [name for name in ARCHIVES if name.startswith("miniature")], indirect=True)
def test_those_of_the_scale_model_are_of_the_training_code_as_it_is(unpacked):
    """So that all of it is by one code, and each training can be repeated to the bit."""
    folder, _ = unpacked
    assert [environment.other_code(code.training_code(), {}) for environment in folder.environments.values()] == [
        [] for _ in folder.environments
    ]
