"""Arms as the configuration describes them: which searches they are, with which budgets, and what they share."""

from pathlib import Path

import numpy as np
import pytest
import yaml

from jointsearch.core.config import Config, parse, read
from jointsearch.core.errors import UserError
from jointsearch.networks.hyperparameters import ARCHITECTURE_PARAMETERS, TRAINING_PARAMETERS
from jointsearch.search import common_numbers, hyperband, proposals
from jointsearch.search.hyperband import Bracket
from jointsearch.search.incumbent import Incumbent
from jointsearch.search.resolve import resolve
from jointsearch.search.studies import kinds
from jointsearch.search.studies.arm import starts
from jointsearch.search.studies.arms import later_step
from jointsearch.search.studies.gradients import Gradients
from jointsearch.search.studies.kind import PlannedStudy
from jointsearch.space.hyperparameters import Constant
from jointsearch.space.space import Space

SPACE = Path(__file__).parents[2] / "config" / "spaces" / "joint17.yaml"
Planned = dict[str, PlannedStudy]


def configuration(arms, space=SPACE, **changes) -> Config:
    raw = {"experiment": "small", "space": str(space), "data": {"name": "digits"}}
    return parse(raw | {"studies": {"arms": {"repeats": 1} | arms}} | changes)


def plan(arms=None, space=SPACE, budget=None, training=None, search=None, **section) -> Planned:
    """The studies of arms, without the search."""
    changes = {"budget": budget or {}, "training": training or {}, "search": search or {}}
    config = configuration({"arms": arms or {}} | section, space, **changes)
    planned = kinds.plan(config, resolve(config))
    return {name: one for name, one in planned.items() if one.plan.arm is not None}


def refusal(arms, **changes) -> str:
    with pytest.raises(UserError) as raised:
        plan(arms, **changes)
    assert "\n" not in str(raised.value)
    return str(raised.value)


def spent(planned: Planned) -> dict[str, float]:
    """What one repeat of each arm trains, in full budgets, which gradient-based steps do not have."""
    found: dict[str, float] = {}
    full = next(one.experiment.budget.maximum for one in planned.values() if one.plan.kind != "gradients")
    for one in planned.values():
        budgets, settings = hyperband.budgets(one.experiment.budget), one.experiment.training
        cost = sum(hyperband.cost(item, budgets, settings.continuation) for item in one.brackets)
        found[one.plan.arm] = found.get(one.plan.arm, 0) + cost / full
    return found


def searched(one: PlannedStudy) -> set[str]:
    return set(one.experiment.space.hyperparameters) - one.experiment.space.fixed


def steps(*parts, **changes) -> dict:
    return {"steps": [{"search": part} | changes for part in parts]}


def by_gradients(first: str, second: str, **changes) -> dict:
    """An arm whose first step is a gradient-based search, and its second step one by BOHB."""
    return {"a": {"steps": [{"search": first, "sampler": "gradients"} | changes, {"search": second}]}}


# Short names, and what they are short for


WRITTEN_OUT = {
    "joint_bohb": {"sampler": "bohb"},
    "joint_random": {"sampler": "random", "hyperband": False},
    "joint_hyperband": {"sampler": "hyperband"},
    "architecture_first": steps("architecture", "hyperparameters"),
    "hyperparameters_first": steps("hyperparameters", "architecture"),
}


def test_the_arms_of_the_paper_are_short_names_and_all_of_them_are_planned_unless_some_are_named():
    assert plan() == plan(dict.fromkeys(WRITTEN_OUT)) == plan(WRITTEN_OUT)


def test_their_settings_are_those_of_their_names():
    planned = plan(search={"sampler": "bohb", "sampler_settings": {"num_samples": 7}})
    found = {name: (one.plan.kind, one.experiment.sampler, one.plan.trainings) for name, one in planned.items()}
    assert found == {
        "joint_bohb-0": ("search", "bohb", 130),
        "joint_random-0": ("random", "random", 30),
        "joint_hyperband-0": ("search", "hyperband", 130),
        **{f"{part}_first-0-{step}": ("search", "bohb", 65) for part in PARTS for step in (1, 2)},
    }
    own = {name: one.experiment.sampler_settings for name, one in planned.items() if one.experiment.sampler == "bohb"}
    assert len(own) == 5 and all(one == {"num_samples": 7} for one in own.values())


PARTS = {"architecture": set(ARCHITECTURE_PARAMETERS), "hyperparameters": set(TRAINING_PARAMETERS)}


def test_arms_keep_the_order_in_which_they_are_written_repeat_by_repeat():
    arms = {"z": {}, "architecture_first": None, "a": {"sampler": "random"}}
    names = list(plan(arms, repeats=2))
    of_one = ["z-{}", "architecture_first-{}-1", "architecture_first-{}-2", "a-{}"]
    assert names == [name.format(repeat) for repeat in (0, 1) for name in of_one]


@pytest.mark.parametrize(
    ("arms", "asked", "reference"),
    [
        ({"a": {}, "joint_bohb": None}, {}, "joint_bohb"),
        ({"b": {}, "a": {}}, {}, "b"),
        ({"a": {}, "joint_bohb": None}, {"reference": "a"}, "a"),
    ],
)
def test_one_arm_is_the_reference(arms, asked, reference):
    config = configuration({"arms": arms} | asked)
    experiment = resolve(config)
    recorded = kinds.record(kinds.plan(config, experiment), experiment)
    assert recorded.reference == reference
    assert recorded.arms == list(arms)


# Any sampler, in any order of parts


def test_an_arm_has_any_sampler_of_the_registry_or_of_ones_own_with_its_settings(tmp_path, monkeypatch):
    (tmp_path / "my_sampler.py").write_text("def make(**settings):\n    return settings\n")
    monkeypatch.syspath_prepend(tmp_path)
    asked = {
        "evolve": {"sampler": "evolution", "sampler_settings": {"population_size": 5}},
        "own": {"sampler": "my_sampler:make", "sampler_settings": {"width": 3}, "hyperband": False},
    }
    planned = plan(asked, search={"sampler": "evolution", "sampler_settings": {"sample_size": 2}})
    evolve, own = planned["evolve-0"].experiment, planned["own-0"].experiment
    assert (evolve.sampler, evolve.sampler_settings) == ("evolution", {"population_size": 5})
    assert (own.sampler, own.sampler_settings) == ("my_sampler:make", {"width": 3})


def test_without_hyperband_one_is_trained_after_another_at_the_full_budget_unless_nothing_is_learned():
    planned = plan(
        {"joint_bohb": None, "own": {"hyperband": False}, "chance": {"sampler": "random", "hyperband": False}}
    )
    own, chance = planned["own-0"], planned["chance-0"]
    assert own.plan.kind == "search"
    assert own.brackets == tuple(Bracket(index, (1,), (3,)) for index in range(30))
    assert (chance.plan.kind, chance.brackets) == ("random", (Bracket(0, (30,), (3,)),))
    assert {own.bracket(17), own.brackets[17]} == {Bracket(17, (1,), (3,))}
    # The same training as that of a search at its full budget.
    assert hyperband.budgets(own.experiment.budget) == hyperband.budgets(planned["joint_bohb-0"].experiment.budget)


def three_parts(folder: Path) -> Path:
    raw = yaml.safe_load(SPACE.read_text())
    for name, one in raw["hyperparameters"].items():
        one["part"] = {"learning_rate": "rate", "momentum": "rate"}.get(name, one["part"])
    (folder / "space.yaml").write_text(yaml.safe_dump(raw))
    return folder / "space.yaml"


def test_each_of_three_steps_keeps_all_that_was_found_before_it(tmp_path):
    planned = plan(
        {"a": steps("rate", "architecture", "hyperparameters"), "joint_bohb": None}, three_parts(tmp_path), brackets=12
    )
    one, two, three = (planned[f"a-0-{step}"] for step in (1, 2, 3))
    rate, architecture = ("learning_rate", "momentum"), PARTS["architecture"]
    assert (searched(one), searched(two)) == (set(rate), architecture)
    assert searched(three) == PARTS["hyperparameters"] - set(rate)
    assert (one.plan.follows, one.plan.keeps) == ((), ())
    assert (two.plan.follows, set(two.plan.keeps)) == (("a-0-1",), set(rate))
    assert (three.plan.follows, set(three.plan.keeps)) == (("a-0-1", "a-0-2"), architecture | set(rate))


def test_what_a_step_has_found_stays_even_where_a_later_one_finds_nothing(tmp_path):
    planned = plan({"a": steps("rate", "architecture", "hyperparameters")}, three_parts(tmp_path), brackets=12)
    begun = {
        name: one.value
        for name, one in planned["a-0-1"].experiment.space.hyperparameters.items()
        if isinstance(one, Constant)
    }
    first = Incumbent(values=begun | {"learning_rate": 0.5, "momentum": 0.25}, evaluations=1, failed=0)
    second = Incumbent(values=first.values | {"residual_blocks_1": 7}, evaluations=1, failed=0)
    nothing = Incumbent(evaluations=1, failed=1)

    def kept(*found):
        three = planned["a-0-3"]
        space = later_step(three.experiment, found, three.plan.keeps).space.hyperparameters
        return [space[name].value for name in ("learning_rate", "momentum", "residual_blocks_1")]

    assert kept(first, second) == [0.5, 0.25, 7]
    assert kept(first, nothing) == [0.5, 0.25, 3]
    assert kept(nothing, nothing) == [0.1, 0.9, 3]


def test_a_step_may_search_several_parts_and_an_arm_begin_with_values_of_its_own(tmp_path):
    arms = {
        "joint_bohb": None,
        "a": {"start": "resnet_56"} | steps(["rate", "hyperparameters"], "architecture"),
        "b": steps("rate", ["architecture", "hyperparameters"]),
    }
    planned = plan(arms, three_parts(tmp_path), start="resnet_20")
    assert searched(planned["a-0-1"]) == PARTS["hyperparameters"]
    assert planned["a-0-1"].experiment.space.hyperparameters["residual_blocks_1"].value == 9
    assert planned["b-0-1"].experiment.space.hyperparameters["residual_blocks_1"].value == 3


@pytest.mark.parametrize(
    ("arms", "found"),
    [
        ({"joint_bohb": None}, set()),
        ({"joint_bohb": None, "architecture_first": None}, {"resnet_20"}),
        (
            {"architecture_first": None, "a": {"start": "resnet_56"} | steps("architecture", "hyperparameters")},
            {"resnet_20", "resnet_56"},
        ),
        ({"a": {"start": {"momentum": 0.5}} | steps("architecture", "hyperparameters")}, {None}),
    ],
)
def test_it_is_known_with_which_architectures_arms_begin(arms, found):
    config = configuration({"arms": arms})
    assert starts(config.studies.arms, resolve(config)) == found


# Equal budgets


def test_the_eight_arms_of_the_example_have_equal_budgets():
    """By hand: brackets of 4 budgets cost 4, 3, 4 and 4 full ones."""
    config = read(SPACE.parents[1] / "arms.yaml")
    planned = kinds.plan(config, resolve(config))
    found = spent({name: one for name, one in planned.items() if one.plan.arm and one.plan.repeat == 0})
    assert len(found) == 8 and set(found.values()) == {30}


@pytest.mark.parametrize("sizes", ["bohb", "hyperband"])
@pytest.mark.parametrize(("eta", "levels"), [(2, 3), (3, 2), (3, 4), (4, 3)])
def test_all_arms_have_the_same_budget(eta, levels, sizes):
    budget = {"unit": "steps", "minimum": 5, "maximum": 5 * eta ** (levels - 1), "eta": eta, "rung_sizes": sizes}
    found = spent(
        plan(
            WRITTEN_OUT | {"evolution": {"sampler": "evolution", "hyperband": False}},
            budget=budget,
            brackets=6 * levels,
        )
    )
    assert len(found) == 6
    assert max(found.values()) == pytest.approx(min(found.values()), rel=1e-12)


def test_the_steps_of_an_arm_have_the_shares_that_are_asked_for():
    """By hand: 8 brackets cost 30 full budgets; brackets 0 to 2 and the trainings cost 4, 3 and 4, and 1 each."""
    uneven = {"steps": [{"search": "architecture", "share": 0.367}, {"search": "hyperparameters", "hyperband": False}]}
    planned = plan({"joint_bohb": None, "uneven": uneven})
    one, two = planned["uneven-0-1"], planned["uneven-0-2"]
    assert (len(one.brackets), len(two.brackets)) == (3, 19)
    assert set(spent(planned).values()) == {30}


def shares(*given, **changes):
    parts = ("architecture", "hyperparameters")
    return {
        "a": {"steps": [{"search": part, "share": share} | changes for part, share in zip(parts, given, strict=True)]}
    }


def test_shares_that_are_no_whole_brackets_are_refused_with_the_nearest_that_are():
    assert refusal(shares(0.4, 0.6)) == (
        "studies.arms.arms.a: shares 0.4, 0.6 of the 30 full budgets of 8 brackets are no whole number of brackets; "
        "give its steps the shares 0.3667, 0.6333 or 0.5, 0.5, or set studies.arms.brackets to 20"
    )
    for one in ((0.3667, 0.6333), (0.5, 0.5)):
        assert set(spent(plan(shares(*one))).values()) == {30}


def test_rounded_shares_that_leave_a_training_over_are_refused():
    """By hand: of 1,500 trainings the shares are 500.25 and 999, and so one is left."""
    assert "the shares 0.3333, 0.6667 or 0.334, 0.666, or set" in refusal(
        shares(0.3335, 0.666, hyperband=False), brackets=400
    )
    assert set(spent(plan(shares(0.3333, 0.6667, hyperband=False), brackets=400)).values()) == {1500}


def test_trainings_at_the_full_budget_come_out_whole_or_the_nearest_lengths_are_named():
    """By hand: a bracket costs 3 + 2 or 6 epochs where trainings continue: 22 are no whole number of 3."""
    budget, full = {"unit": "epochs", "minimum": 1, "maximum": 3}, {"joint_bohb": None, "joint_random": None}
    says = "the 7.333 full budgets of 4 brackets are no whole number of trainings at the full budget; "
    says += "set studies.arms.brackets to 5"
    assert (
        refusal(full, budget=budget, training={"continuation": True}, brackets=4)
        == f"studies.arms.arms.joint_random: {says}"
    )
    assert spent(plan(full, budget=budget, training={"continuation": True}, brackets=5)) == {
        "joint_bohb": 9,
        "joint_random": 9,
    }


def test_halves_that_are_no_whole_brackets_are_refused_with_the_nearest_lengths():
    """By hand: 14 brackets cost 52 full budgets, and 7 of them 26."""
    assert refusal(None, brackets=12).endswith("or set studies.arms.brackets to 8 or 14")


# Common random numbers


def first_configurations(one: PlannedStudy, count: int, name: str = "learning_rate") -> list:
    """Values of the first configurations that a study proposes, as long as it has seen no evaluation."""
    found: list = []
    for item in one.brackets:
        if one.plan.is_search:
            begun = proposals.history(one.experiment, one.name, item.index, None, [])
            rung = proposals.first_rung(one.experiment, begun, [], [])
        else:
            rung = kinds.proposer(one.plan).propose(one.experiment, one.plan, item.index, 0, {})
        found += [proposal.values[name] for proposal in rung.proposals]
        if len(found) >= count:
            break
    return found[:count]


def test_arms_of_one_repeat_try_the_same_random_configurations_whatever_their_sampler_and_brackets():
    names = ("bohb", "hyperband", "evolution", "ppo", "mfgp")
    arms = {name: {"sampler": name} for name in names} | {"full": {"hyperband": False}, "joint_random": None}
    planned = plan(arms | {"hyperparameters_first": None}, repeats=2)
    found = {name: first_configurations(one, 12) for name, one in planned.items() if not name.endswith("-2")}
    others = {name: values for name, values in found.items() if "-0" in name}
    assert len(others) == 8 and len({tuple(values) for values in others.values()}) == 1
    assert not {*found["bohb-0"]} & {*found["bohb-1"]}


def test_a_step_draws_for_its_part_what_a_search_of_all_parts_draws():
    planned = plan(dict.fromkeys(["joint_bohb", "architecture_first"]))
    for step, name in ((1, "residual_blocks_1"), (2, "learning_rate")):
        assert first_configurations(planned[f"architecture_first-0-{step}"], 27, name) == first_configurations(
            planned["joint_bohb-0"], 27, name
        )


def test_random_configurations_are_those_of_the_prior():
    [one] = plan({"a": {"sampler": "hyperband"}}).values()
    space = Space(one.experiment.space)
    drawn = [common_numbers.configuration(one.experiment, space, number)["learning_rate"] for number in range(400)]
    low, high = np.log(one.experiment.space.hyperparameters["learning_rate"].kept)
    places = np.sort((np.log(drawn) - low) / (high - low))
    # The distance of Kolmogorov and Smirnov is above 1.95 / sqrt(n) once in a thousand times.
    assert np.abs(places - np.linspace(0, 1, len(places))).max() < 1.95 / np.sqrt(len(places))


def test_trainings_of_configurations_with_one_number_have_one_seed_at_one_budget():
    arms = dict.fromkeys(["joint_bohb", "joint_random"]) | {"full": {"hyperband": False}}
    planned = plan(arms, repeats=2)

    def seed(name: str, bracket: int, slot: int, rung: int = 0) -> int:
        one = planned[name]
        if one.plan.is_search:
            begun = proposals.history(one.experiment, name, bracket, None, [])
            proposed = proposals.first_rung(one.experiment, begun, [], [])
        else:
            proposed = kinds.proposer(one.plan).propose(one.experiment, one.plan, bracket, 0, {})
        return one.experiment.identity(proposed.model_copy(update={"rung": rung}), slot).seed

    # The first bracket has 27 configurations, so that number 29 is the third of the second.
    assert seed("joint_bohb-0", 0, 5, rung=3) == seed("joint_random-0", 0, 5) == seed("full-0", 5, 0)
    assert seed("joint_bohb-0", 1, 2, rung=2) == seed("joint_random-0", 0, 29) == seed("full-0", 29, 0)
    assert len({seed("joint_bohb-0", 0, 5, rung) for rung in range(4)} | {seed("joint_bohb-1", 0, 5)}) == 5


def test_forbidden_combinations_are_never_drawn_and_numbers_stay_common(tmp_path):
    raw = yaml.safe_load(SPACE.read_text())
    raw["forbidden"] = [{"residual_branches_1": [1, 2, 3]}]
    (tmp_path / "space.yaml").write_text(yaml.safe_dump(raw))
    planned = plan(dict.fromkeys(["joint_bohb", "joint_random"]), tmp_path / "space.yaml")
    found = first_configurations(planned["joint_bohb-0"], 27, "residual_branches_1")
    assert found == first_configurations(planned["joint_random-0"], 27, "residual_branches_1")
    assert set(found) <= set(range(4, 10))


# Mistakes


@pytest.mark.parametrize(
    ("arms", "says"),
    [
        (
            {"x": None},
            "studies.arms.arms.x: no short name in this space; give it a sampler or steps; known are joint_b",
        ),
        (
            {"architectur_first": None},
            "architectur_first: no short name in this space; give it a sampler or steps; did you mean 'architecture_f",
        ),
        ({"a": steps("architecture", "training")}, "arms.a.steps.1.search: no part 'training' of the space; known are"),
        (
            {"a": steps("architecture", "architecture")},
            "arms.a.steps.1.search: architecture is searched by studies.arms.arms.a.steps.0 already; search each part",
        ),
        ({"a": steps("architecture")}, "studies.arms.arms.a: no step searches hyperparameters; add it to one"),
        ({"a": {"search": "architecture"}}, "studies.arms.arms.a: no step searches hyperparameters; add it to one"),
        ({"a": {"sampler": "bob"}}, "studies.arms.arms.a.sampler: no sampler 'bob'; did you mean 'bohb'?"),
        ({"a": {"sampler": "nobodys:make"}}, "arms.a.sampler: nobodys:make: no module 'nobodys' here or in the"),
        ({"a": {"sampler": "gradient"}}, "arms.a.sampler: no sampler 'gradient'; did you mean 'gradients'?"),
        ({"a": {"sampler": "json:lods"}}, "arms.a.sampler: json:lods: json has no 'lods'; did you mean 'loads'?"),
        (
            {"a": {"sampler_settings": {"num_sample": 3}}},
            "studies.arms.arms.a.sampler_settings: num_sample: unknown setting of bohb; did you mean 'num_samples'?",
        ),
        (
            {"a": steps("architecture", "hyperparameters", sampler_settings={"num_samples": 0})},
            "studies.arms.arms.a.steps.0.sampler_settings: num_samples: Input should be greater than or equal to 1",
        ),
        (shares(0, 1), "studies.arms.arms.a.steps.0.share: Input should be greater than 0 (got 0)"),
        (shares(0.5, 0.6), "studies.arms.arms.a: its shares add up to 1.1; make it 1"),
        (shares(None, 1), "studies.arms.arms.a: its shares add up to 1; leave something for the other steps"),
        (shares(None, None, samplr="x"), "arms.a.steps.0.samplr: unknown key; did you mean 'sampler'?"),
        ({"a": {"sampler": "tpe", "steps": [{}]}}, "arms.a: sampler is for an arm of one step; give it in each of"),
        ({"a-b": {}}, "studies.arms.arms: 'a-b' is no name of an arm; write letters and digits, with single _ inside"),
        ({"../a": {}}, "studies.arms.arms: '../a' is no name of an arm; "),
        ({"search": {}}, "studies.arms.arms: search is, or begins with, what other results are called; give this arm"),
        ({"best_of_all": {}}, "studies.arms.arms: best_of_all is, or begins with, what other results are called"),
        ({"a": {}, "A": {}}, "studies.arms.arms: a and A differ in case only; give one another name"),
        ({"a": 3}, "studies.arms.arms.a: expected keys and values (got 3)"),
        (
            {"a": steps("architecture", "hyperparameters", sampler="gradients")},
            "arms.a: two steps by gradients, which learns all choices at once; search both in one step",
        ),
        (
            by_gradients("hyperparameters", "architecture"),
            "arms.a.steps.0: batch_size: gradient-based search learns the architecture alone; search it in another",
        ),
        ({"a": {"sampler": "gradients"}}, "arms.a: batch_size: gradient-based search learns the architecture alone"),
        (
            by_gradients("architecture", "hyperparameters", sampler_settings={"rate": 1}),
            "arms.a.steps.0: sampler_settings: rate: unknown setting of gradients; ",
        ),
        (
            by_gradients("architecture", "hyperparameters", share=0.51),
            "give its steps the shares 0.5, 0.5 or 0.6333, 0.3667",
        ),
    ],
)
def test_a_mistake_in_an_arm_is_reported_in_one_line(arms, says):
    assert says in refusal(arms)


def test_a_reference_that_is_no_arm_is_refused():
    assert refusal({"a": {}}, reference="b") == "studies.arms.reference: no arm 'b'; known are a"


def test_an_arm_of_steps_needs_values_to_begin_with(tmp_path):
    narrow = SPACE.read_text().replace("lower: 1, upper: 16", "lower: 1, upper: 2")
    (tmp_path / "space.yaml").write_text(narrow)
    arms = {"a": steps("architecture", "hyperparameters")}
    assert "studies.arms.start: no value of initial_filters, residual_" in refusal(arms, space=tmp_path / "space.yaml")
    arms["a"]["start"] = {"momentum": 9}
    assert refusal(arms).startswith("studies.arms.arms.a.start.momentum: 9 is outside of the space; ")


def test_steps_in_a_space_without_parts_are_refused(tmp_path):
    raw = yaml.safe_load(SPACE.read_text())
    for one in raw["hyperparameters"].values():
        del one["part"]
    (tmp_path / "space.yaml").write_text(yaml.safe_dump(raw))
    space = tmp_path / "space.yaml"
    says = "studies.arms.arms.a.steps.0.search: needs the parts of the space, which names none; give each"
    assert says in refusal({"a": steps("architecture", "hyperparameters")}, space=space)
    assert "a.steps.1: searches what " in refusal({"a": {"steps": [{}, {}], "start": "resnet_20"}}, space=space)
    assert list(plan({"a": {"steps": [{}]}}, space=space)) == ["a-0"]


# Gradient-based steps


@pytest.mark.parametrize("lowest", [1, 12_345_679])
@pytest.mark.parametrize(
    ("arms", "brackets", "budgets"),
    [
        (by_gradients("architecture", "hyperparameters"), 8, (15, 15)),
        # What the other step leaves, whatever its share is rounded to: four of twelve brackets.
        (by_gradients("architecture", "hyperparameters", share=0.6667), 12, (30, 15)),
    ],
)
def test_a_gradient_based_step_is_one_training_of_what_others_leave(arms, brackets, budgets, lowest):
    """Exactly: a budget in epochs is a whole number."""
    budget = {"minimum": lowest, "maximum": 27 * lowest, "unit": "epochs"}
    first, second = plan(arms, brackets=brackets, budget=budget).values()
    assert (first.plan.kind, first.brackets) == ("gradients", (Bracket(0, (1,), (0,)),))
    assert hyperband.budgets(first.experiment.budget) == (27 * lowest * budgets[0],)
    assert searched(first) == set(ARCHITECTURE_PARAMETERS)
    assert second.plan.keeps == first.experiment.space.parts["architecture"]
    assert list(spent({"a": second}).values()) == [budgets[1]]


@pytest.mark.parametrize("unit", ["steps", "seconds"])
@pytest.mark.parametrize(("share", "thousands"), [(1 / 3, 72), (2 / 3, 144)])
def test_thirds_of_a_budget_are_exact(unit, share, thousands):
    """By hand: nine brackets of three budgets cost 24 full ones."""
    budget = {"minimum": 1000, "maximum": 9000, "unit": unit}
    first, second = plan(
        by_gradients("architecture", "hyperparameters", share=share), brackets=9, budget=budget
    ).values()
    assert hyperband.budgets(first.experiment.budget) == (1000 * thousands,)
    assert sum(hyperband.cost(item, (1000, 3000, 9000)) for item in second.brackets) == 1000 * (216 - thousands)


def test_a_gradient_based_step_takes_what_rounding_leaves_over(tmp_path):
    """By hand: of 1,500 trainings 0.3335 are 500.25, and so 500, twice; 0.333 are 499.5."""
    others = [{"search": part, "share": 0.3335, "hyperband": False} for part in ("rate", "hyperparameters")]
    arms = {"a": {"steps": [{"search": "architecture", "sampler": "gradients", "share": 0.333}, *others]}}
    first, *rest = plan(arms, three_parts(tmp_path), brackets=400).values()
    assert hyperband.budgets(first.experiment.budget) == (500 * rest[0].experiment.budget.maximum,)
    assert [len(one.brackets) for one in rest] == [500, 500]


@pytest.mark.parametrize("maximum", [0.1, 10, 1234.5])
def test_all_of_a_budget_is_spent_where_budgets_are_no_whole_numbers(maximum):
    budget = {"minimum": maximum / 28, "maximum": maximum, "unit": "seconds"}
    first, _ = plan(by_gradients("architecture", "hyperparameters"), budget=budget).values()
    assert hyperband.budgets(first.experiment.budget) == (pytest.approx(15 * maximum, rel=1e-15),)


def test_a_gradient_based_step_can_be_the_later_one():
    arms = {"a": {"steps": [{"search": "hyperparameters"}, {"search": "architecture", "sampler": "gradients"}]}}
    first, second = plan(arms).values()
    assert (second.plan.kind, second.plan.follows) == ("gradients", (first.name,))
    found = Incumbent(evaluations=1, failed=0, values={"learning_rate": 0.123})
    settings = later_step(second.experiment, [found], second.plan.keeps)
    [proposal] = Gradients().propose(settings, second.plan, 0, 0, {}).proposals
    assert set(proposal.values) == set(TRAINING_PARAMETERS)
    assert proposal.values["learning_rate"] == 0.123
    assert settings.parameters(proposal.values).choices["residual_blocks_1"] == (1, 2, 4, 8, 16)


def test_networks_and_objectives_of_ones_own_are_not_searched_by_gradients(tmp_path, monkeypatch):
    (tmp_path / "narrow_networks.py").write_text("def build(**values):\n    return None\n")
    monkeypatch.syspath_prepend(tmp_path)
    arms = by_gradients("architecture", "hyperparameters")
    says = "studies.arms.arms.a.steps.0.sampler: gradients: gradient-based search is for the built-in network; name a"
    assert refusal(arms, training={"network": "narrow_networks:build"}).startswith(says)
