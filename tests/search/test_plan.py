"""The plan of an experiment as a record."""

import pytest

from jointsearch.core import config
from jointsearch.core.files import read_record, write_record
from jointsearch.search import studies
from jointsearch.search.experiment import Experiment
from jointsearch.search.plan import Plan

RAW = {
    "experiment": "planned",
    "seed": 3,
    "space": "config/spaces/joint17.yaml",
    "data": {"name": "cifar10"},
    "budget": {"unit": "epochs", "minimum": 1, "maximum": 9},
    "search": {"length": 3, "length_unit": "brackets"},
    "studies": {
        "correlation": {"configurations": 5},
        "manual": {"architectures": ["resnet_56"], "seeds": 2},
        "arms": {"brackets": 6, "repeats": 1, "start": "resnet_56"},
        "retraining": {"seeds": 2},
    },
}


def plan(**changes) -> Plan:
    settings = config.parse(RAW | changes)
    experiment = Experiment.from_config(settings)
    return studies.record(studies.plan(settings, experiment), experiment)


@pytest.fixture(scope="module")
def whole() -> Plan:
    return plan()


def test_it_is_a_record_that_reads_back_the_same(whole, tmp_path):
    write_record(tmp_path / "plan.json", whole)
    assert read_record(tmp_path / "plan.json", Plan) == whole


def test_it_says_of_each_study_what_it_trains(whole):
    assert [(one.name, one.kind, one.trainings) for one in whole.studies[:4]] == [
        ("search", "search", 20),
        ("correlation", "random", 15),
        ("manual", "manual", 2),
        ("retraining", "retraining", 4),
    ]
    assert [one.sizes for one in whole.search.brackets] == [(9, 3, 1), (3, 1), (3,)]
    assert len({*whole.places()}) == sum(one.trainings for one in whole.studies)


def test_it_says_what_follows_what(whole):
    follows = {one.name: (one.follows, bool(one.keeps)) for one in whole.studies if one.follows}
    assert follows == {
        "retraining": (("search", "manual"), False),
        "architecture_first-0-2": (("architecture_first-0-1",), True),
        "hyperparameters_first-0-2": (("hyperparameters_first-0-1",), True),
    }


def test_a_longer_search_grows_it(whole):
    longer = plan(search={"length": 4, "length_unit": "brackets"})
    assert longer.search.brackets[:3] == whole.search.brackets
    assert longer.studies[1:] == whole.studies[1:]
