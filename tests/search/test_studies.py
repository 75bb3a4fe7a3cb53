"""What the studies beside the search train, by which settings, at which price."""

from collections.abc import Sequence
from itertools import product
from pathlib import Path

import pytest
import yaml
from factories import evaluation

from jointsearch.core.config import Config, parse
from jointsearch.core.errors import UserError
from jointsearch.core.evaluation import Evaluation
from jointsearch.core.proposal import Origin, Rung
from jointsearch.networks.hyperparameters import ARCHITECTURE_PARAMETERS, TRAINING_PARAMETERS
from jointsearch.networks.manual import architecture
from jointsearch.search.experiment import Experiment
from jointsearch.search.hyperband import budgets
from jointsearch.search.plan import StudyPlan
from jointsearch.search.resolve import resolve
from jointsearch.search.studies import kinds
from jointsearch.search.studies.arm import restricted
from jointsearch.search.studies.kind import PlannedStudy, StudyKind, at_full_budget, same_rung
from jointsearch.search.studies.start import Start
from jointsearch.space.file import SpaceFile
from jointsearch.space.hyperparameters import Constant
from jointsearch.workflow.study_jobs import StudyJobs

SPACES = Path(__file__).parents[2] / "config" / "spaces"
ALL = {"correlation": {}, "manual": {}, "arms": {}, "retraining": {}}
TWO_STEPS = ("architecture_first", "hyperparameters_first")


def plan(**changes) -> dict[str, PlannedStudy]:
    config = configuration(**changes)
    return kinds.plan(config, resolve(config))


def configuration(**changes) -> Config:
    space = str(SPACES / "joint17.yaml")
    return parse({"experiment": "small", "space": space, "data": {"name": "digits"}} | changes)


def propose(study: PlannedStudy, **followed: Sequence[Evaluation]) -> Rung:
    """Propose the first rung of a study."""
    return kinds.proposer(study.plan).propose(study.experiment, study.plan, study.brackets[0].index, 0, followed)


def budget_spent(study: PlannedStudy) -> float:
    """Training of all its evaluations, in full budgets."""
    all_budgets = budgets(study.experiment.budget)
    pairs = [pair for item in study.brackets for pair in zip(item.sizes, item.levels, strict=True)]
    return sum(size * all_budgets[level] for size, level in pairs) / all_budgets[-1]


def budgets_of_arms(planned: dict[str, PlannedStudy]) -> dict[tuple[str, str], float]:
    """Budget of each repeat of each arm, the steps of two added up."""
    spent: dict[tuple[str, str], float] = {}
    for name, study in planned.items():
        arm, *numbers = name.split("-")
        if numbers:
            spent[arm, numbers[0]] = spent.get((arm, numbers[0]), 0) + budget_spent(study)
    return spent


def searched(study: PlannedStudy) -> set[str]:
    return {name for name, one in study.experiment.space.hyperparameters.items() if not isinstance(one, Constant)}


def fixed(study: PlannedStudy) -> dict[str, object]:
    found = study.experiment.space.hyperparameters.items()
    return {name: one.value for name, one in found if isinstance(one, Constant)}


def test_the_two_parts_are_disjoint_and_make_up_the_papers_space():
    architecture, training = set(ARCHITECTURE_PARAMETERS), set(TRAINING_PARAMETERS)
    assert (len(architecture), len(training)) == (10, 7)
    assert architecture | training == set(SpaceFile.read(SPACES / "joint17.yaml").hyperparameters)
    assert not architecture & training


def test_only_what_is_named_is_planned():
    assert list(plan()) == ["search"]
    assert list(plan(studies={"manual": {}})) == ["search", "manual"]
    assert list(plan(studies={"correlation": {"configurations": 3}})) == ["search", "correlation"]


def test_studies_come_in_an_order_in_which_they_can_run_and_repeats_end_one_by_one():
    names = list(plan(studies=ALL | {"arms": {"repeats": 2}}))
    assert names[:4] == ["search", "correlation", "manual", "retraining"]
    of_one = ["joint_bohb-{}", "joint_random-{}", "joint_hyperband-{}"]
    of_one += [f"{arm}-{{}}-{step}" for arm, step in product(TWO_STEPS, (1, 2))]
    assert names[4:] == [name.format(repeat) for repeat in (0, 1) for name in of_one]


def test_only_searches_are_sampled_and_promoted():
    kinds = {name.split("-")[0]: study.plan.kind for name, study in plan(studies=ALL).items()}
    assert {name for name, kind in kinds.items() if kind == "random"} == {"correlation", "joint_random"}
    assert kinds["manual"] == "manual"
    assert kinds["retraining"] == "retraining"
    searches = {"search", "joint_bohb", "joint_hyperband", *TWO_STEPS}
    assert {name for name, kind in kinds.items() if kind == "search"} == searches


def test_eight_brackets_of_the_paper_cost_each_arm_thirty_full_budgets():
    """By hand: 108, 81, 108 and 108 of 27ths, twice."""
    spent = budgets_of_arms(plan(studies={"arms": {}}))
    assert len(spent) == 5 * 5
    assert set(spent.values()) == {2 * (108 + 81 + 108 + 108) / 27}


def test_arms_see_all_that_came_before_and_the_search_keeps_its_lags():
    planned = plan(search={"lags": [0, 2, 3, 4]}, studies=ALL)
    for name, study in planned.items():
        assert study.experiment.lags == ((0,) * 4 if "-" in name else (0, 2, 3, 4))


def test_no_study_but_the_search_begins_with_what_another_one_found():
    config = configuration(studies=ALL)
    started = resolve(config).model_copy(update={"warm_start": "a" * 64})
    planned = kinds.plan(config, started)
    assert {name for name, study in planned.items() if study.experiment.warm_start is not None} == {"search"}


@pytest.mark.parametrize(("sampler", "own"), [("bohb", {"num_samples": 7}), ("hyperband", {})])
def test_arms_have_the_sampler_of_their_name_with_the_settings_that_the_search_has_for_it(sampler, own):
    planned = plan(search={"sampler": sampler, "sampler_settings": own}, studies={"arms": {"repeats": 1}})
    used = {name: study.experiment for name, study in planned.items() if study.plan.kind == "search" and "-" in name}
    assert used["joint_hyperband-0"].sampler == "hyperband"
    for name in ("joint_bohb-0", *(f"{arm}-0-{step}" for arm in TWO_STEPS for step in (1, 2))):
        assert used[name].sampler == "bohb"
        assert used[name].sampler_settings == (planned["search"].experiment.sampler_settings if own else {})


def test_joint_arms_search_the_whole_space():
    planned = plan(studies={"arms": {}})
    for name, study in planned.items():
        if name.startswith("joint_"):
            assert study.experiment.space == planned["search"].experiment.space
            assert (study.plan.follows, study.plan.keeps) == ((), ())


@pytest.mark.parametrize(
    ("arm", "first", "second"),
    [
        ("architecture_first", ARCHITECTURE_PARAMETERS, TRAINING_PARAMETERS),
        ("hyperparameters_first", TRAINING_PARAMETERS, ARCHITECTURE_PARAMETERS),
    ],
)
def test_each_of_two_steps_searches_one_part_and_the_second_keeps_what_the_first_found(arm, first, second):
    planned = plan(studies={"arms": {"arms": {"joint_bohb": None, arm: None}, "repeats": 2, "start": "resnet_20"}})
    for repeat in (0, 1):
        one, two = (planned[f"{arm}-{repeat}-{step}"] for step in (1, 2))
        assert searched(one) == set(first)
        assert searched(two) == set(second)
        assert (one.plan.follows, two.plan.follows) == ((), (f"{arm}-{repeat}-1",))
        assert set(two.plan.keeps) == set(first)


def test_the_first_step_begins_with_the_values_of_the_literature():
    planned = plan(studies={"arms": {"repeats": 1, "start": "resnet_20"}})
    # He et al. (2016), section 4.2.
    training = {"learning_rate": 0.1, "weight_decay": 1e-4, "momentum": 0.9, "batch_size": 128}
    training |= {"mixup_alpha": 0, "cutout_length": 0, "shakedrop_death_rate": 0}
    assert fixed(planned["architecture_first-0-1"]) == training
    blocks = {name: 3 for name in ARCHITECTURE_PARAMETERS if name.startswith("residual_blocks")}
    assert blocks.items() <= fixed(planned["hyperparameters_first-0-1"]).items()


OTHERS = {"mixup_alpha": "of_images", "cutout_length": "of_images", "residual_blocks_1": "depth"}


def other_space(folder: Path, part_of, **hyperparameters: dict) -> str:
    """The paper's space in other words: `part_of` names the part of a hyperparameter, None for none."""
    raw = yaml.safe_load((SPACES / "joint17.yaml").read_text())
    for name, one in raw["hyperparameters"].items():
        one |= {"part": part_of(name)} | hyperparameters.get(name, {})
    (folder / "space.yaml").write_text(yaml.safe_dump(raw))
    return str(folder / "space.yaml")


def test_a_space_of_three_parts_has_an_arm_for_each_which_searches_it_before_all_others(tmp_path):
    space = other_space(tmp_path, lambda name: OTHERS.get(name, "rest"))
    planned = plan(space=space, studies={"arms": {"repeats": 1}})
    everything = set(planned["search"].experiment.space.hyperparameters)
    arms = ["depth_first", "of_images_first", "rest_first"]
    assert list(planned)[4:] == [f"{arm}-0-{step}" for arm in arms for step in (1, 2)]
    for arm, first in (("depth_first", {"residual_blocks_1"}), ("of_images_first", {"mixup_alpha", "cutout_length"})):
        one, two = (planned[f"{arm}-0-{step}"] for step in (1, 2))
        assert (searched(one), searched(two)) == (first, everything - first)
        assert set(two.plan.keeps) == first and fixed(one).keys() == everything - first
    assert fixed(planned["depth_first-0-1"])["mixup_alpha"] == 0
    spent = budgets_of_arms(planned)
    assert len(spent) == 6 and len(set(spent.values())) == 1


def test_steps_keep_the_parts_of_their_spaces():
    planned = plan(studies={"arms": {"repeats": 1}})
    assert {tuple(study.experiment.space.parts.items()) for study in planned.values()} == {
        tuple(planned["search"].experiment.space.parts.items())
    }


def test_a_space_without_parts_has_the_joint_arms_and_no_others(tmp_path):
    space = other_space(tmp_path, lambda name: None)
    assert list(plan(space=space, studies={"arms": {"repeats": 1}})) == [
        "search",
        "joint_bohb-0",
        "joint_random-0",
        "joint_hyperband-0",
    ]
    with pytest.raises(UserError) as told:
        plan(space=space, studies={"arms": {"arms": {"joint_bohb": None, "architecture_first": None}}})
    assert str(told.value) == (
        "studies.arms.arms.architecture_first: needs the parts of the space, which names none; "
        "give each hyperparameter a `part`, or leave this arm out"
    )


def test_a_part_of_constants_has_no_arm(tmp_path):
    space = other_space(tmp_path, lambda name: OTHERS.get(name, "rest"))
    raw = yaml.safe_load(Path(space).read_text())
    raw["hyperparameters"]["residual_blocks_1"] = {"type": "constant", "value": 3, "part": "depth"}
    Path(space).write_text(yaml.safe_dump(raw))
    says = r"studies\.arms\.arms\.depth_first\.steps\.0: has nothing to search, as all is constant; leave it out"
    with pytest.raises(UserError, match=says):
        plan(space=space, studies={"arms": {}})
    planned = plan(space=space, studies={"arms": {"arms": {"joint_bohb": None, "rest_first": None}, "repeats": 1}})
    assert searched(planned["rest_first-0-2"]) == {"mixup_alpha", "cutout_length"}


def test_first_steps_begin_with_the_values_given_in_place_of_the_defaults_of_the_space(tmp_path):
    defaults = {name: {"default": value} for name, value in architecture("resnet_56").values.items()}
    space = other_space(tmp_path, lambda name: OTHERS.get(name, "rest"), **defaults)
    arms = {"arms": {"joint_bohb": None, "depth_first": None}, "repeats": 1}

    def begun(**start):
        return fixed(plan(space=space, studies={"arms": arms | start})["depth_first-0-1"])

    given = begun(start={"momentum": 0.5, "cutout_length": 8.0})
    assert (given["residual_blocks_2"], given["momentum"], given["cutout_length"]) == (9, 0.5, 8)
    assert type(given["cutout_length"]) is int
    # The architecture that is taken if nothing is asked for, as it lies in the space.
    assert begun() == begun(start="resnet_20") == begun(start={}) and begun()["residual_blocks_2"] == 3


def test_where_the_architecture_does_not_fit_the_defaults_of_the_space_do(tmp_path):
    narrow = (SPACES / "joint17.yaml").read_text().replace("lower: 1, upper: 16", "lower: 1, upper: 2")
    raw = yaml.safe_load(narrow)
    (tmp_path / "none.yaml").write_text(narrow)
    for one in raw["hyperparameters"].values():
        one["default"] = one["upper"]
    (tmp_path / "all.yaml").write_text(yaml.safe_dump(raw))
    arms = {"arms": {"joint_bohb": None, "hyperparameters_first": None}, "repeats": 1}
    begun = fixed(plan(space=str(tmp_path / "all.yaml"), studies={"arms": arms})["hyperparameters_first-0-1"])
    assert begun == {name: raw["hyperparameters"][name]["upper"] for name in ARCHITECTURE_PARAMETERS}
    with pytest.raises(UserError, match=r"^studies\.arms\.start: no value of initial_filters, .*; give values here"):
        plan(space=str(tmp_path / "none.yaml"), studies={"arms": arms})


def test_first_steps_in_a_space_of_other_names_begin_with_what_is_given():
    numbers = {"type": "float", "lower": 0, "upper": 1}
    raw = {"trees": numbers | {"part": "forest"}, "rate": numbers | {"part": "boosting", "default": 0.25}}
    space = SpaceFile.parse({"hyperparameters": raw})
    searched = resolve(configuration()).model_copy(update={"space": space})
    assert Start.of({"trees": 1}, searched).values == {"rate": 0.25, "trees": 1.0}
    nothing = Start.of(None, searched)
    assert (nothing.name, nothing.values) == (None, {"rate": 0.25})
    nothing.need(["rate"])
    says = r"^studies\.arms\.start: no value of .*trees; an arm .*; give values here, or a `default` in the space$"
    for start in (None, "resnet_20"):
        with pytest.raises(UserError, match=says):
            Start.of(start, searched).need(space.in_order)


@pytest.mark.parametrize("changes", [{"objective": "mine:evaluate"}, {"training": {"network": "mine:build"}}])
def test_a_manual_architecture_is_no_start_where_another_network_or_no_network_is_trained(changes):
    raw = {
        "learning_rate": {"type": "float", "lower": 1e-3, "upper": 1, "default": 0.25, "part": "steps"},
        "batch_size": {"type": "integer", "lower": 32, "upper": 128, "default": 40, "part": "data"},
    }
    ours = resolve(configuration()).model_copy(update={"space": SpaceFile.parse({"hyperparameters": raw})})
    experiment = Experiment.model_validate(ours.model_dump() | changes)
    assert Start.of(None, experiment).values == {"learning_rate": 0.25, "batch_size": 40}
    says = r"^studies\.arms\.start: resnet_20 is for the multi-branch network, which is not trained here; give values"
    with pytest.raises(UserError, match=says):
        Start.of("resnet_20", experiment)


@pytest.mark.parametrize("second", [{}, {"sampler": "gradients"}])
def test_what_a_first_step_searches_needs_a_value_too_for_later_steps_should_it_find_none(second):
    depths = {name: architecture("resnet_20").values[name] for name in ARCHITECTURE_PARAMETERS}
    steps = [{"search": "hyperparameters"}, {"search": "architecture"} | second]
    arms = {"arms": {"joint_bohb": None, "a": {"steps": steps}}, "repeats": 1}
    says = (
        "studies.arms.start: no value of batch_size, cutout_length, .*; an arm of several steps needs one of each hyper"
    )
    with pytest.raises(UserError, match=says):
        plan(studies={"arms": arms | {"start": depths}})
    rates = {name: architecture("resnet_20").values[name] for name in TRAINING_PARAMETERS}
    assert fixed(plan(studies={"arms": arms | {"start": depths | rates}})["a-0-2"]) == rates


def test_what_is_inactive_in_the_values_stays_as_it_is():
    space = SpaceFile.read(SPACES / "joint17.yaml")
    names = ("momentum", "shakedrop_death_rate")
    found = restricted(space, {"momentum": 0.5, "learning_rate": 0.1}, names).hyperparameters
    changed = {name for name, one in found.items() if one != space.hyperparameters[name]}
    assert changed == {"momentum"}
    assert found["momentum"] == Constant(type="constant", value=0.5, part="hyperparameters")


def test_each_configuration_of_the_correlation_study_is_trained_at_every_budget():
    study = plan(studies={"correlation": {"configurations": 11}})["correlation"]
    assert [(item.sizes, item.levels) for item in study.brackets] == [((11,) * 4, (0, 1, 2, 3))]


def test_and_as_many_times_as_it_has_seeds():
    study = plan(studies={"correlation": {"configurations": 11, "seeds": 2}})["correlation"]
    assert [item.sizes for item in study.brackets] == [(22,) * 4]
    once, twice = (
        kinds.proposer(one).propose(study.experiment, one, 0, 1, {}).proposals
        for one in (plan(studies={"correlation": {"configurations": 11}})["correlation"].plan, study.plan)
    )
    assert [one.values for one in twice] == [one.values for one in once for _ in range(2)]


def test_it_is_refused_where_the_search_trains_at_the_full_budget_alone():
    single = {"budget": {"rung_sizes": "single"}}
    with pytest.raises(
        UserError, match=r"^studies\.correlation: budget\.rung_sizes: single trains at .*; set it to bohb"
    ):
        plan(studies={"correlation": {}}, **single)
    without = {"arms": {"joint_bohb": None, "full": {"hyperband": False}}, "repeats": 1}
    assert plan(studies={"correlation": {}, "arms": without})["full-0"].experiment.budget.rung_sizes == "single"
    assert list(plan(**single)) == ["search"]


def test_manual_architectures_are_trained_with_all_seeds_at_the_full_budget():
    study = plan(studies={"manual": {"architectures": ["resnet_20", "resnet_56"], "seeds": 4}})["manual"]
    assert [(item.sizes, item.levels) for item in study.brackets] == [((8,), (3,))]


@pytest.mark.parametrize(("others", "size"), [({}, 5), ({"manual": {"seeds": 1}}, 10)])
def test_the_last_trainings_use_the_validation_images_too(others, size):
    planned = plan(studies={"retraining": {"seeds": 5}, **others})
    study, search = planned["retraining"], planned["search"]
    assert [(item.sizes, item.levels) for item in study.brackets] == [((size,), (3,))]
    assert study.experiment.data.train_on == "training_and_validation"
    assert study.experiment.training.snapshot_ensemble
    for one in planned.values():
        if one is not study:
            assert one.experiment.data.train_on == "training"
            assert not one.experiment.training.snapshot_ensemble
    same = {"data": search.experiment.data, "training": search.experiment.training}
    assert study.experiment.model_copy(update=same) == search.experiment


def test_studies_change_nothing_of_the_search():
    alone, among = plan()["search"], plan(studies=ALL)["search"]
    assert among == alone
    assert among.experiment.id == alone.experiment.id


def test_settings_that_differ_make_another_experiment():
    ids = {name: study.experiment.id for name, study in plan(studies=ALL | {"arms": {"repeats": 1}}).items()}
    assert {name for name, one in ids.items() if one == ids["search"]} == {"search", "correlation", "manual"}
    # A training on other images, or of another space, never passes for one of the search.
    apart = ["search", "retraining", "joint_bohb-0", "joint_hyperband-0", *(f"{arm}-0-1" for arm in TWO_STEPS)]
    assert len({ids[name] for name in apart}) == len(apart)


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (
            {"manual": {"architectures": ["resnet20"]}},
            "studies.manual.architectures: no manual architecture 'resnet20'; did you mean 'resnet_20'?",
        ),
        ({"arms": {"start": "foo"}}, "studies.arms.start: no manual architecture 'foo'; known are resnet_20, "),
        (
            {"manual": {"architectures": ["resnet_20", "resnet_56", "resnet_20"]}},
            "studies.manual.architectures: resnet_20 appears twice; remove one",
        ),
        ({"arms": {"start": 3}}, "studies.arms.start: expected the name of a manual architecture, or values by hyper"),
        ({"arms": {"start": {"momentum": None}}}, "studies.arms.start: momentum: expected a value of this hyper"),
        (
            {"arms": {"start": {"momentun": 0.9}}},
            "studies.arms.start.momentun: no hyperparameter of the space; did",
        ),
        ({"arms": {"start": {"momentum": 9}}}, "studies.arms.start.momentum: 9 is outside of the space"),
        (
            {"arms": {"start": {"momentum": 0.9}}},
            "studies.arms.start: no value of initial_filters, residual_blocks_1, ",
        ),
        ({"arms": {"repeats": 0}}, "studies.arms.repeats: Input should be greater than or equal to 1 (got 0)"),
        ({"correlation": {"configurations": 2}}, "studies.correlation.configurations: Input should be greater"),
        ({"retraining": {"seeds": 0}}, "studies.retraining.seeds: Input should be greater than or equal to 1 (got 0)"),
        ({"retrainings": {}}, "studies.retrainings: unknown key; did you mean 'retraining'?"),
    ],
)
def test_a_mistake_is_told_in_one_line(asked, says):
    with pytest.raises(UserError) as error:
        plan(studies=asked)
    assert says in str(error.value)
    assert "\n" not in str(error.value)


def test_joint_arms_need_no_whole_rounds_and_no_architecture_to_start_with(tmp_path):
    shallow = (SPACES / "joint17.yaml").read_text().replace("lower: 1, upper: 16", "lower: 1, upper: 2")
    (tmp_path / "space.yaml").write_text(shallow)
    arms = {"arms": {"joint_bohb": None, "joint_random": None}, "brackets": 6, "repeats": 1}
    planned = plan(space=str(tmp_path / "space.yaml"), studies={"arms": arms})
    # By hand: a round costs 108, 81, 108 and 108 of 27ths.
    assert len(planned["joint_bohb-0"].brackets) == 6
    assert planned["joint_random-0"].brackets[0].sizes == (22,)


@pytest.mark.parametrize(
    ("asked", "where"),
    [
        ({"manual": {"architectures": ["resnet_20", "resnet_56"]}}, "studies.manual.architectures"),
        ({"arms": {"start": "resnet_56"}}, "studies.arms.start"),
    ],
)
def test_an_architecture_outside_of_the_space_is_refused_by_name(tmp_path, asked, where):
    shallow = (SPACES / "joint17.yaml").read_text().replace("lower: 1, upper: 16", "lower: 1, upper: 8")
    (tmp_path / "space.yaml").write_text(shallow)
    with pytest.raises(UserError, match=rf"^{where}: resnet_56: its residual_blocks_1 of 9 is outside of the space; "):
        plan(space=str(tmp_path / "space.yaml"), studies=asked)


def test_manual_architectures_are_divided_and_named_so_in_the_plan():
    section = {"architectures": ["resnet_56", "wide_resnet_28_10"], "scale": 4, "seeds": 2}
    names = dict.fromkeys(["joint_bohb", "architecture_first"])
    arms = {"arms": names, "brackets": 8, "repeats": 1, "start": "resnet_56/4"}
    space = str(SPACES / "joint17-quarter.yaml")
    planned = plan(space=space, studies={"manual": section, "arms": arms})
    assert planned["manual"].plan.names == ("resnet_56/4", "wide_resnet_28_10/4")
    assert planned["manual"].brackets[0].sizes == (4,)
    fixed = planned["architecture_first-0-1"].experiment.space.hyperparameters["learning_rate"]
    assert fixed.value == architecture("resnet_56/4").values["learning_rate"]
    with pytest.raises(UserError, match=r"^studies\.manual\.architectures: resnet_56: its residual_blocks_1 of 9 is"):
        plan(space=space, studies={"manual": {**section, "scale": 1}})


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        ({"manual": {"seedz": 1}}, "studies.manual.seedz: unknown key; did you mean 'seeds'?"),
        ({"arms": {"start": "resnet_20", "bracket": 8}}, "studies.arms.bracket: unknown key; did you mean 'brackets'?"),
        ({"manual": {"architectures": []}}, "studies.manual.architectures: expected a list of at least 1; for"),
    ],
)
def test_a_mistake_in_a_study_is_one_line(raw, says):
    with pytest.raises(UserError) as error:
        plan(studies=raw)
    assert says in str(error.value)


def test_conditions_of_the_space_hold_for_manual_architectures_and_keep_out_steps(tmp_path):
    raw = yaml.safe_load((SPACES / "joint17.yaml").read_text())
    raw["conditions"] = [{"child": "shakedrop_death_rate", "parent": "residual_branches_3", "equals": 1}]
    (tmp_path / "s.yaml").write_text(yaml.safe_dump(raw))
    with pytest.raises(UserError, match=r"studies\.arms\.arms\.architecture_first: a step that fixes"):
        plan(space=str(tmp_path / "s.yaml"), studies={"arms": {}})
    names = ["shake_shake_14_2x8d"]
    study = plan(space=str(tmp_path / "s.yaml"), studies={"manual": {"architectures": names, "seeds": 1}})["manual"]
    [one] = propose(study).proposals
    assert "shakedrop_death_rate" not in one.values


def test_a_space_without_a_place_for_a_part_of_an_architecture_is_refused(tmp_path):
    raw = yaml.safe_load((SPACES / "joint17.yaml").read_text())
    del raw["hyperparameters"]["residual_branches_2"]
    (tmp_path / "s.yaml").write_text(yaml.safe_dump(raw))
    with pytest.raises(UserError, match="shake_shake_14_2x8d: its residual_branches_2 of 2 is not in the space"):
        plan(
            space=str(tmp_path / "s.yaml"), studies={"manual": {"architectures": ["resnet_20", "shake_shake_14_2x8d"]}}
        )


def test_a_continued_training_of_the_correlation_study_waits_for_that_below():
    one = StudyJobs.all_from_config(configuration(training={"continuation": True}, studies={"correlation": {}}))[
        "correlation"
    ]
    assert "after" not in one.inputs("proposals", 0, 0)
    assert one.inputs("proposals", 0, 2)["after"] == one.rungs[1]


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"correlation": {"configurations": 100_000}}, "studies: with correlation the experiment has more than"),
        ({"manual": {"seeds": 100_000, "architectures": ["resnet_20"]}}, "studies: with manual the"),
        ({"retraining": {"seeds": 100_000}}, "studies: with retraining the"),
        ({"arms": {"repeats": 100_000}}, "studies: with "),
        ({"arms": {"brackets": 99_984}}, "studies.arms.brackets: 99984 brackets are more than 100,000 trainings"),
    ],
)
def test_more_trainings_than_anybody_can_want_are_refused_before_they_are_listed(asked, says):
    with pytest.raises(UserError) as told:
        plan(studies=asked)
    assert str(told.value).startswith(says)


class Default(StudyKind):
    """A kind of study that nobody has thought of: one training of what the space takes for its default."""

    name = "default"

    def plan(self, config, experiment):
        whole = (at_full_budget(1, experiment),)
        planned = StudyPlan(name="default", kind=self.name, settings=experiment.id, brackets=whole, follows=("search",))
        yield PlannedStudy(planned, experiment)

    def propose(self, experiment, study, bracket, rung, followed):
        values = followed["search"][0].proposal.values
        return same_rung(experiment, study.name, bracket, rung, [(values, Origin(sampler="mine", kind="given"))])


def test_a_new_kind_of_study_is_a_class_and_its_line_in_the_list(monkeypatch):
    monkeypatch.setattr(kinds, "KINDS", (*kinds.KINDS, Default()))
    planned = plan(studies={"correlation": {}})
    assert list(planned) == ["search", "correlation", "default"]
    [proposal] = propose(planned["default"], search=[evaluation(values={"a": 0.25})]).proposals
    assert proposal.values == {"a": 0.25}
