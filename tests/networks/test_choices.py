import math

import pytest

from jointsearch.core.config import TrainingSettings
from jointsearch.core.errors import UserError
from jointsearch.networks.choices import (
    SharedHyperparameters,
    choices_of,
    entropy,
    largest_weights,
    narrowed,
)
from jointsearch.networks.cost import broken_limit, fitted, step_cost
from jointsearch.space.file import SpaceFile

TRAINING = {"learning_rate": 0.1, "batch_size": 32}
FULL = {
    "residual_blocks_1": {"type": "integer", "lower": 1, "upper": 16, "log": True},
    "residual_blocks_2": {"type": "integer", "lower": 1, "upper": 16, "log": True},
    "residual_blocks_3": {"type": "integer", "lower": 1, "upper": 16, "log": True},
    "initial_filters": {"type": "integer", "lower": 8, "upper": 32, "log": True},
    "widen_factor_1": {"type": "float", "lower": 0.5, "upper": 8, "log": True},
    "residual_branches_1": {"type": "integer", "lower": 1, "upper": 5},
    "learning_rate": {"type": "constant", "value": 0.1},
    "batch_size": {"type": "constant", "value": 32},
}


def shared(space: dict = FULL, settings: dict | None = None, **others) -> SharedHyperparameters:
    return SharedHyperparameters.of(
        SpaceFile.parse({"hyperparameters": space, **others}), TRAINING, {} if settings is None else settings
    )


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (FULL["residual_blocks_1"], (1, 2, 4, 8, 16)),
        (FULL["initial_filters"], (8, 11, 16, 23, 32)),
        (FULL["widen_factor_1"], (0.5, 1.0, 2.0, 4.0, 8.0)),
        (FULL["residual_branches_1"], (1, 2, 3, 4, 5)),
        ({"type": "float", "lower": 1, "upper": 2}, (1.0, 1.25, 1.5, 1.75, 2.0)),
        ({"type": "integer", "lower": 1, "upper": 7, "log": True}, (1, 2, 3, 4, 7)),
        ({"type": "categorical", "choices": [4, 1, 2]}, (1, 2, 4)),
        ({"type": "ordinal", "sequence": [16, 8, 4, 2, 1, 32]}, (1, 2, 4, 8, 16, 32)),
    ],
)
def test_a_range_becomes_evenly_spaced_choices_on_its_scale(entry, expected):
    space = SpaceFile.parse({"hyperparameters": {"one": entry}})
    found = choices_of(space.hyperparameters["one"], 5)
    assert found == expected
    assert all(space.hyperparameters["one"].allows(value) for value in found)


def test_its_fields_are_those_of_the_largest_network():
    found = shared()
    assert found.residual_blocks == (16, 16, 16)
    assert found.widths == (256, 256, 256)
    assert found.values_of("widen_factor_1") == (0.5, 1.0, 2.0, 4.0, 8.0)
    # Not searched, not even in the space.
    assert found.values_of("widen_factor_2") == (1.0,)
    assert "learning_rate" not in found.choices


def test_choices_are_narrowed_where_that_saves_most():
    """By a cost that is the product of all fields: what halves one saves half, and names break ties."""
    left = []

    def cost(some: SharedHyperparameters) -> float:
        return some.initial_filters * some.widen_factor_1 * math.prod(some.residual_blocks)

    def fits(some: SharedHyperparameters) -> bool:
        left.append((some.residual_blocks, some.initial_filters, some.widen_factor_1))
        return len(left) == 6

    found = narrowed(shared(), fits, cost)
    assert left == [
        ((16, 16, 16), 32, 8.0),
        ((8, 16, 16), 32, 8.0),
        ((4, 16, 16), 32, 8.0),
        ((2, 16, 16), 32, 8.0),
        ((1, 16, 16), 32, 8.0),
        ((1, 8, 16), 32, 8.0),
    ]
    assert found.choices["residual_blocks_1"] == (1,)
    assert found.choices["residual_blocks_2"] == (1, 2, 4, 8)


def test_the_largest_network_fits_the_limits_and_the_next_larger_ones_do_not():
    settings = TrainingSettings(maximum_step_gflop=40, maximum_memory_gb=1)
    image = (3, 32, 32), 10, 32, 4
    found = fitted(shared(), settings, *image)
    assert broken_limit(settings, step_cost(found, *image)) is None
    assert broken_limit(settings, step_cost(shared(), *image)) is not None
    assert found == fitted(shared(), settings, *image)
    assert fitted(shared(), TrainingSettings(), *image) == shared()


def test_the_smallest_network_is_left_if_nothing_fits():
    found = narrowed(shared(), lambda some: False, lambda some: some.initial_filters)
    assert {len(of) for of in found.choices.values()} == {1}


def test_a_batch_is_of_one_half_of_the_images():
    assert shared().batch_of(1000) == 32
    assert shared().batch_of(41) == 20


@pytest.mark.parametrize(
    ("space", "settings", "message"),
    [
        (
            FULL | {"learning_rate": {"type": "float", "lower": 0.1, "upper": 1}},
            {},
            "learning_rate: gradient-based search learns the architecture alone; search it in another step",
        ),
        (FULL, {"rate": 1}, "sampler_settings: rate: unknown setting of gradients; "),
        (FULL, {"choices": 1}, "sampler_settings: choices: Input should be greater than or equal to 2 (got 1)"),
    ],
)
def test_what_it_cannot_learn_is_refused(space, settings, message):
    with pytest.raises(UserError) as raised:
        shared(space, settings)
    assert str(raised.value).startswith(message)
    assert "\n" not in str(raised.value)


def test_conditions_are_refused():
    condition = {"child": "widen_factor_1", "parent": "residual_branches_1", "equals": 1}
    with pytest.raises(UserError, match="without conditions and forbidden clauses"):
        shared(conditions=[condition])


def test_the_largest_weight_is_found_and_the_first_of_equal_ones():
    choices = {"a": (1, 2, 4), "b": (0.5, 1.0)}
    assert largest_weights(choices, {"a": (0.2, 0.5, 0.3), "b": (0.5, 0.5)}) == {"a": 2, "b": 0.5}


def test_entropy_is_that_of_the_weights():
    assert entropy([0.25] * 4) == pytest.approx(math.log(4))
    assert entropy([0, 1, 0]) == 0
    assert entropy([0.5, 0.25, 0.25]) == pytest.approx(1.5 * math.log(2))
