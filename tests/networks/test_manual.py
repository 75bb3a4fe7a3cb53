"""Manual architectures: points of the space, counted by hand and beside the literature."""

import itertools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jointsearch.core.errors import UserError
from jointsearch.networks.cost import step_cost
from jointsearch.networks.hyperparameters import ARCHITECTURE_PARAMETERS, TRAINING_PARAMETERS, Hyperparameters
from jointsearch.networks.manual import ARCHITECTURES, ManualArchitecture, architecture, depth
from jointsearch.networks.multibranch import MultiBranchNetwork, parameter_count
from jointsearch.space.file import SpaceFile
from jointsearch.space.space import Space

SPACES = Path(__file__).parents[2] / "config" / "spaces"
JOINT = SpaceFile.read(SPACES / "joint17.yaml")
ALL = pytest.mark.parametrize("one", ARCHITECTURES.values(), ids=ARCHITECTURES)
# By name: blocks a main block, stem, width of the first main block, branches.
REGULAR = {
    "resnet_20": (3, 16, 16, 1),
    "resnet_56": (9, 16, 16, 1),
    "wide_resnet_10_2": (1, 16, 32, 1),
    "wide_resnet_16_4": (2, 16, 64, 1),
    "wide_resnet_28_10": (4, 20, 160, 1),
    "resnext_14_4x8d": (2, 16, 8, 4),
    "resnext_20_4x64d": (3, 16, 64, 4),
    "shake_shake_14_2x8d": (2, 16, 8, 2),
    "shake_shake_26_2x32d": (4, 16, 32, 2),
    "shakedrop_resnet_20": (3, 16, 16, 1),
    "shakedrop_resnet_56": (9, 16, 16, 1),
}


def small() -> list[ManualArchitecture]:
    """Those whose training step costs at most 40 GFLOP."""
    return [
        one
        for one in ARCHITECTURES.values()
        if step_cost(one.parameters, (3, 32, 32), 10, one.parameters.batch_size).operations <= 40e9
    ]


def with_space(**changes: dict[str, object] | None) -> Space:
    """The joint space, with some of its hyperparameters changed; None takes one away."""
    raw = JOINT.model_dump()
    names = {name: changes.get(name, one) for name, one in raw["hyperparameters"].items()}
    return Space(SpaceFile.parse({"hyperparameters": {name: one for name, one in names.items() if one is not None}}))


def test_parameters_are_parted_into_ten_and_seven() -> None:
    assert (len(ARCHITECTURE_PARAMETERS), len(TRAINING_PARAMETERS)) == (10, 7)
    assert Hyperparameters.model_fields.keys() == {*ARCHITECTURE_PARAMETERS, *TRAINING_PARAMETERS}


@ALL
def test_all_17_values_lie_in_the_joint_space(one: ManualArchitecture) -> None:
    assert tuple(one.values) == (*ARCHITECTURE_PARAMETERS, *TRAINING_PARAMETERS)
    assert one.within(Space(JOINT)) == one.values
    typed = JOINT.typed(dict(one.values))
    assert [(value, type(value)) for value in typed.values()] == [(v, type(v)) for v in one.values.values()]


@ALL
def test_blocks_widths_and_depth_are_those_of_the_name(one: ManualArchitecture) -> None:
    blocks, stem, width, branches = REGULAR[one.name]
    parameters = one.parameters
    assert parameters.residual_blocks == (blocks,) * 3
    assert parameters.residual_branches == (branches,) * 3
    assert parameters.initial_filters == stem
    assert parameters.widths == (width, 2 * width, 4 * width)
    named = next(int(part) for part in one.name.split("_") if part.isdigit())
    # Wide ResNets count the convolutions of three skips, and not the classifier.
    assert one.depth == depth(parameters) == (named - 2 if one.family == "Wide ResNet" else named)


@ALL
@pytest.mark.parametrize(("channels", "classes"), [(3, 10), (1, 100)])
def test_parameter_count_is_the_closed_form(one: ManualArchitecture, channels: int, classes: int) -> None:
    n, stem, w, b = REGULAR[one.name]
    total = 9 * channels * stem + 2 * stem + 4 * w * classes + classes
    # Where nothing changes the first main block has no convolutions in its skip.
    total += 0 if stem == w else stem * w + 2 * w
    total += 2 * w * w + 4 * w + 8 * w * w + 8 * w
    total += b * (9 * stem * w + 9 * w * w + 4 * w + (n - 1) * (18 * w * w + 4 * w))
    total += b * (54 * w * w + 8 * w + (n - 1) * (72 * w * w + 8 * w))
    total += b * (216 * w * w + 16 * w + (n - 1) * (288 * w * w + 16 * w))
    assert parameter_count(one.parameters, channels, classes) == total


@pytest.mark.parametrize("name", [name for name in REGULAR if name not in ("wide_resnet_28_10", "resnext_20_4x64d")])
def test_built_network_has_as_many_weights(name: str) -> None:
    parameters = architecture(name).parameters
    network = MultiBranchNetwork(parameters, 3, 10)
    assert sum(weight.numel() for weight in network.parameters()) == parameter_count(parameters, 3, 10)


@pytest.mark.parametrize(("name", "published"), [("resnet_20", 269_722), ("resnet_56", 853_018)])
def test_resnets_have_the_weights_of_the_literature_and_those_of_two_skips(name: str, published: int) -> None:
    """He et al. (2016), table 6: 0.27 and 0.85 million, with skips of the identity and zeros, without weights."""
    skips = (16 * 32 + 2 * 32) + (32 * 64 + 2 * 64)
    assert parameter_count(architecture(name).parameters, 3, 10) - skips == published


@pytest.mark.parametrize(
    ("name", "millions"), [("wide_resnet_16_4", 2.7), ("wide_resnet_28_10", 36.5), ("shake_shake_26_2x32d", 2.9)]
)
def test_others_have_the_weights_that_the_literature_tells(name: str, millions: float) -> None:
    assert parameter_count(architecture(name).parameters, 3, 10) / 1e6 == pytest.approx(millions, abs=0.06)


def test_each_family_has_a_small_member() -> None:
    families = {one.family for one in ARCHITECTURES.values()}
    assert {one.family for one in small()} == families
    assert len(families) == 5


@ALL
def test_regularisation_follows_from_the_family(one: ManualArchitecture) -> None:
    assert (one.parameters.shakedrop_death_rate > 0) == (one.family == "ShakeDrop")
    assert (one.parameters.residual_branches_1 > 1) == (one.family in ("Shake-Shake", "ResNeXt-like"))


def test_misspelt_name_is_told_in_one_line_with_a_suggestion() -> None:
    with pytest.raises(UserError, match=r"^no manual architecture 'resnet20'; did you mean 'resnet_20'\?$"):
        architecture("resnet20")


def test_what_a_space_leaves_inactive_is_left_out() -> None:
    raw = JOINT.model_dump()
    conditions = [
        {"child": "shakedrop_death_rate", "parent": f"residual_branches_{index}", "equals": 1} for index in (1, 2, 3)
    ]
    space = Space(SpaceFile.parse({"hyperparameters": raw["hyperparameters"], "conditions": conditions}))
    shaken, dropped = (architecture(name) for name in ("shake_shake_14_2x8d", "shakedrop_resnet_20"))
    assert dropped.within(space) == dropped.values
    assert shaken.within(space) == {k: v for k, v in shaken.values.items() if k != "shakedrop_death_rate"}


def test_space_without_a_training_parameter_gives_its_neutral_value() -> None:
    one = architecture("resnet_20")
    values = one.within(with_space(mixup_alpha=None))
    assert "mixup_alpha" not in values
    assert Hyperparameters.from_values(values) == one.parameters


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        (
            "resnet_56",
            {"residual_blocks_1": {"type": "integer", "lower": 1, "upper": 8, "part": "architecture"}},
            "residual_blocks_1 is 9",
        ),
        (
            "shake_shake_14_2x8d",
            {"residual_branches_2": None},
            "residual_branches_2 is 2, and the space",
        ),
        (
            "resnet_20",
            {"batch_size": {"type": "constant", "value": 64, "part": "hyperparameters"}},
            "batch_size is 128",
        ),
    ],
)
def test_space_that_cannot_hold_an_architecture_refuses_it(name: str, changes: dict, message: str) -> None:
    with pytest.raises(UserError, match=message):
        architecture(name).within(with_space(**changes))


@given(st.tuples(*[st.integers(1, 16)] * 3))
def test_depth_counts_two_layers_a_block_and_both_ends(blocks: tuple[int, int, int]) -> None:
    values = {f"residual_blocks_{index}": number for index, number in enumerate(blocks, start=1)}
    parameters = Hyperparameters(**values, initial_filters=8, learning_rate=0.1, batch_size=32)
    assert depth(parameters) == 2 + 2 * sum(blocks)


def test_a_scale_model_has_its_lengths_divided_and_all_else_as_published() -> None:
    one, whole = architecture("wide_resnet_28_10/4"), architecture("wide_resnet_28_10")
    # 4 blocks and 20 filters; a factor is no length.
    divided = {
        **dict.fromkeys(("residual_blocks_1", "residual_blocks_2", "residual_blocks_3"), 1),
        "initial_filters": 5,
    }
    assert dict(one.values) == {**whole.values, **divided}
    assert (one.name, one.title, one.family) == ("wide_resnet_28_10/4", "WRN-28-10 / 4", whole.family)
    assert architecture("resnet_20/1") == architecture("resnet_20")


@pytest.mark.parametrize(
    ("name", "blocks", "filters"),
    [
        ("resnet_56/4", 2, 4),
        ("resnet_20/4", 1, 4),
        ("resnet_56/6", 2, 3),
        ("shake_shake_26_2x32d/8", 1, 2),
        ("resnet_20/99", 1, 1),
    ],
)
def test_quotients_are_rounded_with_halves_up_and_are_one_at_least(name: str, blocks: int, filters: int) -> None:
    values = architecture(name).values
    assert [values[f"residual_blocks_{index}"] for index in (1, 2, 3)] == [blocks] * 3
    assert values["initial_filters"] == filters


@pytest.mark.parametrize("whole", list(REGULAR))
def test_the_weights_of_a_scale_model_are_those_of_the_formula_and_of_the_network(whole: str) -> None:
    parameters = architecture(f"{whole}/4").parameters
    n, stem = parameters.residual_blocks_1, parameters.initial_filters
    b, w = parameters.residual_branches_1, round(stem * parameters.widen_factor_1)
    widths = stem, w, 2 * w, 4 * w
    total = 29 * stem + widths[3] * 10 + 10
    for before, after in itertools.pairwise(widths):
        total += (before * after + 2 * after) * (before != after or after > w)
        total += b * (9 * before * after + 9 * after**2 + 4 * after) + (n - 1) * b * (18 * after**2 + 4 * after)
    assert parameter_count(parameters, 3, 10) == total
    network = MultiBranchNetwork(parameters, 3, 10)
    assert sum(weight.numel() for weight in network.parameters()) == total


@pytest.mark.parametrize("name", ["resnet_56/0", "resnet_56/", "resnet_56/-4", "resnet_56/100"])
def test_a_scale_that_is_none_is_reported_in_one_line(name: str) -> None:
    with pytest.raises(UserError, match=rf"^{name}: '.*' is no scale; give a whole number from 1 to 99, such as"):
        architecture(name)


def test_a_scale_that_is_given_twice_is_reported_in_one_line() -> None:
    with pytest.raises(
        UserError, match=r"^resnet_56/4/4: its scale is given twice; give it once, such as resnet_56/4$"
    ):
        architecture("resnet_56/4/4")
