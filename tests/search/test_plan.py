"""The plan of an experiment as a record."""

import re
from pathlib import Path

import pytest

from jointsearch.core import config, layout
from jointsearch.core.code import ROOT
from jointsearch.core.errors import UserError
from jointsearch.core.files import read_record, write_record
from jointsearch.search.plan import Plan, refuse_loss
from jointsearch.search.resolve import resolve
from jointsearch.search.studies import kinds
from jointsearch.workflow.study_jobs import StudyJobs

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
    experiment = resolve(settings)
    return kinds.record(kinds.plan(settings, experiment), experiment)


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


def test_of_an_arm_it_names_the_arm_and_the_repeat(whole):
    assert {(one.arm, one.repeat) for one in whole.studies[:4]} == {(None, None)}
    assert [(one.arm, one.repeat) for one in whole.studies if one.keeps] == [
        ("architecture_first", 0),
        ("hyperparameters_first", 0),
    ]


def test_it_numbers_the_steps_of_an_arm_that_has_several(whole):
    steps = {one.name: whole.step_of(one) for one in whole.studies}
    assert (steps["architecture_first-0-1"], steps["architecture_first-0-2"]) == (1, 2)
    assert {steps[name] for name in ("search", "manual", "joint_bohb-0")} == {None}
    several = plan(studies=RAW["studies"] | {"arms": RAW["studies"]["arms"] | {"repeats": 2}})
    assert several.step_of(several.find("architecture_first-1-2")) == 2


def test_a_longer_search_grows_it(whole):
    longer = plan(search={"length": 4, "length_unit": "brackets"})
    assert longer.search.brackets[:3] == whole.search.brackets
    assert longer.studies[1:] == whole.studies[1:]


# It never loses what has begun


def begin(folder: Path, *brackets: tuple[str, int]) -> None:
    """Write proposals of brackets."""
    for study, index in brackets:
        path = layout.proposals_file(folder / study, index, 0)
        path.parent.mkdir(parents=True)
        path.write_bytes(b"{}")


@pytest.fixture
def folder(whole, tmp_path) -> Path:
    """The folder of an experiment whose plan is written, and of which nothing has begun."""
    write_record(layout.plan_file(tmp_path), whole)
    return tmp_path


def beside(**changes) -> dict[str, dict]:
    return {"studies": RAW["studies"] | changes}


def without(name: str) -> dict[str, dict]:
    return {"studies": {key: one for key, one in RAW["studies"].items() if key != name}}


LONGER, SHORTER = ({"search": {"length": length, "length_unit": "brackets"}} for length in (5, 2))


def test_where_nothing_is_planned_yet_all_may_be(tmp_path, whole):
    begin(tmp_path, ("search", 2), ("manual", 2))
    refuse_loss(tmp_path, plan(**SHORTER))


@pytest.mark.parametrize("changes", [SHORTER, beside(correlation={"configurations": 7}), without("manual"), LONGER])
def test_what_has_not_begun_may_change_or_be_left_out(folder, changes):
    begin(folder, ("search", 0), ("search", 1))
    refuse_loss(folder, plan(**changes))


@pytest.mark.parametrize(
    "changes", [LONGER, beside(arms=RAW["studies"]["arms"] | {"repeats": 3}), {"studies": RAW["studies"]}]
)
def test_it_may_grow_whatever_has_begun(folder, whole, changes):
    begin(folder, *((one.name, item.index) for one in whole.studies for item in one.brackets))
    refuse_loss(folder, plan(**changes))


def test_a_search_is_not_cut_below_what_has_begun(folder):
    begin(folder, ("search", 0), ("search", 2))
    says = (
        f"{layout.plan_file(folder)}: plans 3 brackets of search, 2 of them begun; 2 are fewer; "
        "configure at least 3 brackets, or give this experiment another name"
    )
    with pytest.raises(UserError, match=f"^{re.escape(says)}$"):
        refuse_loss(folder, plan(**SHORTER))


def test_a_study_that_has_begun_is_not_left_out(folder):
    begin(folder, ("correlation", 0))
    says = "plans the study correlation, which has begun, but this configuration does not; add it again, or move "
    with pytest.raises(UserError, match=says):
        refuse_loss(folder, plan(**without("correlation")))


@pytest.mark.parametrize(
    ("study", "bracket", "changes", "says"),
    [
        ("correlation", 0, beside(correlation={"configurations": 7}), r"its brackets \(5\+5\+5, not 7\+7\+7\)"),
        (
            "manual",
            2,
            beside(manual={"architectures": ["resnet_20"], "seeds": 2}),
            r"its names \(resnet_56, not ",
        ),
        ("manual", 2, beside(manual={"architectures": ["resnet_56"], "seeds": 1}), r"its brackets \(2, not 1\)"),
        ("retraining", 2, without("manual"), r"its brackets \(4, not 2\)"),
        ("joint_random-0", 0, beside(arms=RAW["studies"]["arms"] | {"brackets": 12}), r"its brackets \(\d+, not \d+\)"),
    ],
)
def test_a_study_that_has_begun_keeps_its_size_and_what_it_trains(folder, study, bracket, changes, says):
    begin(folder, (study, bracket))
    with pytest.raises(UserError, match=f"the study {study} has begun, and keeps {says}") as error:
        refuse_loss(folder, plan(**changes))
    assert str(folder / study) in str(error.value) and "\n" not in str(error.value)


FOUR = ["joint_bohb", "joint_hyperband", "joint_random", "architecture_first"]


def of_arms(names: list[str], **changes) -> dict[str, dict]:
    return beside(arms=RAW["studies"]["arms"] | {"arms": dict.fromkeys(names)} | changes)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (of_arms(FOUR, reference="joint_random"), r"reference \(joint_bohb, not joint_random\)"),
        (of_arms(FOUR[:3]), r"arms \(architecture_first, .*, joint_random, not joint_bohb, .*, joint_random\)"),
        (of_arms([*FOUR, "hyperparameters_first"]), r"arms \(.*, not .*, hyperparameters_first, .*\)"),
    ],
)
def test_once_an_arm_has_begun_what_is_compared_with_what_is_settled(tmp_path, changes, says):
    write_record(layout.plan_file(tmp_path), plan(**of_arms(FOUR)))
    refuse_loss(tmp_path, plan(**changes))
    begin(tmp_path, ("joint_random-0", 0))
    refuse_loss(tmp_path, plan(**of_arms(FOUR[::-1], repeats=3, reference="joint_bohb")))
    with pytest.raises(UserError, match=rf"joint_random-0 has begun, so that .*, with their {says}; ") as error:
        refuse_loss(tmp_path, plan(**changes))
    assert "\n" not in str(error.value)


def test_it_is_refused_before_anything_is_planned(tmp_path, monkeypatch):
    raw = RAW | {"space": str(ROOT / "config/spaces/joint17.yaml")}
    monkeypatch.chdir(tmp_path)
    write_record(Path("results/planned/plan.json"), plan(**raw))
    begin(Path("results/planned"), ("search", 2))
    StudyJobs.all_from_config(config.parse(raw | LONGER))
    with pytest.raises(UserError, match=r"planned/plan\.json: plans 3 brackets of search, 1 of them begun"):
        StudyJobs.all_from_config(config.parse(raw | SHORTER))


def test_searches_of_an_arm_belong_to_it(whole):
    groups = {one.name: one.group for one in whole.studies}
    assert {groups[name] for name in ("search", "correlation", "manual", "retraining")} == {
        "search",
        "correlation",
        "manual",
        "retraining",
    }
    assert (groups["joint_bohb-0"], groups["architecture_first-0-2"]) == ("joint_bohb", "architecture_first")
