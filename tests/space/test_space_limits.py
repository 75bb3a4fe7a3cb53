"""What the space file refuses is what ConfigSpace cannot represent, and nothing that it refuses passes."""

import contextlib
import math

import ConfigSpace as cs
import numpy as np
import pytest
from ConfigSpace.hyperparameters import hp_components
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from jointsearch.core.errors import UserError
from jointsearch.core.files import digest
from jointsearch.space import hyperparameters
from jointsearch.space.file import SpaceFile
from jointsearch.space.space import Space

UNIT = {"type": "float", "lower": 0, "upper": 1}
MAGNITUDES = st.builds(lambda digits, exponent: digits * 10.0**exponent, st.integers(1, 9999), st.integers(-18, 40))
BOUNDS = st.just(0.0) | MAGNITUDES | MAGNITUDES.map(lambda value: -value) | st.floats(-1e100, 1e100)
STEPS = st.integers(1, 2000).map(lambda count: count * 2.0**-52)


def parsed(**hyperparameters) -> SpaceFile:
    return SpaceFile.parse({"hyperparameters": {**hyperparameters, "other": UNIT}})


def samples(space: Space) -> list[dict]:
    drawn = space.sample(20, np.random.default_rng(0))
    for values in drawn:
        space.check(values)
        digest(values)
    return drawn


def test_the_decimals_are_configspaces():
    assert hyperparameters.DECIMALS == hp_components.ROUND_PLACES


@given(BOUNDS, BOUNDS | STEPS, st.booleans())
@example(1e-13, 1.0, True)
@example(1e-12, 1.0, True)
@example(1e99, 1.1e99, True)
@settings(max_examples=100, deadline=None)
def test_a_range_is_told_or_searched(lower, upper, log):
    # Small second numbers are widths, in units in the last place.
    upper = lower * (1 + upper) if 0 < upper < 1e-12 else upper
    assume(lower < upper)
    assume(lower > 0 or not log)
    try:
        space = Space(parsed(x={"type": "float", "lower": lower, "upper": upper, "log": log}))
    except UserError as error:
        assert str(error).startswith("space: hyperparameters.x")
        assert "\n" not in str(error)
        with contextlib.suppress(ValueError):
            kept = cs.UniformFloatHyperparameter("x", lower, upper, log=log)
            # What ConfigSpace takes all the same is a range that it moves, or hardly one.
            moved = [abs(kept.lower / lower - 1) if log else abs(kept.lower - lower) / (upper - lower)]
            moved += [abs(kept.upper / upper - 1) if log else abs(kept.upper - upper) / (upper - lower)]
            assert max(moved) > 0.005 or upper - lower <= 2e-12 * max(abs(lower), abs(upper))
        return
    kept = space.configuration_space["x"]
    assert (kept.lower, kept.upper) == space.file.hyperparameters["x"].kept
    for values in samples(space):
        assert space.file.hyperparameters["x"].allows(values["x"])
    for bound in (kept.lower, kept.upper):
        space.check({"x": bound, "other": 0.5})


WHOLE = st.integers(1 - 2**53, 2**53 - 1)


@given(WHOLE, WHOLE, st.booleans())
@settings(max_examples=40, deadline=None)
def test_any_range_of_whole_numbers_can_be_searched(lower, upper, log):
    assume(lower < upper)
    assume(lower > 0 or not log)
    samples(Space(parsed(x={"type": "integer", "lower": lower, "upper": upper, "log": log})))


CHOICES = st.booleans() | st.integers() | st.floats() | st.text(max_size=3)
CHOICES |= st.sampled_from(["1", "True", "nan", "None", "", 2**53, 2**53 + 1, -(2**63), 2**64, 0.1, 1e300])


@given(
    st.lists(CHOICES, min_size=2, max_size=5), st.sampled_from([("categorical", "choices"), ("ordinal", "sequence")])
)
@settings(max_examples=100, deadline=None)
def test_choices_are_told_or_searched(choices, kind):
    try:
        space = Space(parsed(x={"type": kind[0], kind[1]: choices}))
    except UserError as error:
        assert str(error).startswith("space: hyperparameters.x")
        assert "\n" not in str(error)
        numbers = [one for one in choices if not isinstance(one, str)]
        words = [one for one in choices if isinstance(one, str)]
        assert (
            len(set(choices)) < len(choices)
            or any(isinstance(one, float) and not math.isfinite(one) for one in numbers)
            or any(isinstance(one, int) and abs(one) >= 2**53 for one in numbers)
            or any("\0" in one for one in words)
        )
        return
    assert {values["x"] for values in samples(space)} <= set(choices)
    for choice in choices:
        space.check({"x": choice, "other": 0.5})


@pytest.mark.parametrize(
    ("one", "says"),
    [
        (UNIT | {"lower": 1e-16, "log": True}, "lower (1e-16) would be 0, as ConfigSpace keeps 13 decimals; raise it"),
        (UNIT | {"lower": 1.5e-13, "log": True}, "lower (1.5e-13) would be 2e-13, as ConfigSpace keeps 13 decimals"),
        (UNIT | {"upper": 1e-300}, "lower (0.0) and upper (1e-300) would be the same, as ConfigSpace keeps 13"),
        (UNIT | {"upper": 1.4e-13}, "upper (1.4e-13) would be 1e-13, as ConfigSpace keeps 13 decimals"),
        (UNIT | {"lower": 1 - 1e-15}, "would be the same"),
        ({"type": "categorical", "choices": [float("nan"), 1]}, "nan cannot be a value of a hyperparameter"),
        ({"type": "ordinal", "sequence": [1, float("inf")]}, "inf cannot be a value of a hyperparameter"),
        ({"type": "constant", "value": float("nan")}, "nan cannot be a value of a hyperparameter"),
        (
            {"type": "categorical", "choices": [1, None]},
            "choices.1: null cannot be a value of a hyperparameter; write a word",
        ),
        (
            {"type": "categorical", "choices": ["a", ["b", "c"]]},
            "choices.1: a list cannot be a value",
        ),
        (
            {"type": "categorical", "choices": ["a", {"b": 1}]},
            "choices.1: a dict cannot be a value",
        ),
        (
            {"type": "ordinal", "sequence": [1, 2**60]},
            "sequence.1: 1152921504606846976 has more digits than JSON keeps",
        ),
        ({"type": "constant", "value": None}, "value: null cannot be a value of a hyperparameter"),
    ],
)
def test_what_cannot_be_a_value_or_a_range_is_told_with_the_reason(one, says):
    with pytest.raises(UserError) as told:
        parsed(x=one)
    assert str(told.value).startswith("space: hyperparameters.x")
    assert says in str(told.value)


def test_a_value_beyond_what_configspace_keeps_is_in_no_condition():
    # 16 digits of a third are more than the 13 decimals that are kept.
    raw = {"hyperparameters": {"x": UNIT | {"upper": 1 / 3}, "y": UNIT}}
    Space(SpaceFile.parse(raw))
    for rule in (
        {"conditions": [{"child": "y", "parent": "x", "equals": 0.33333333333334}]},
        {"forbidden": [{"x": 0.33333333333334}]},
    ):
        with pytest.raises(UserError, match="x never has the value"):
            SpaceFile.parse(raw | rule)


@pytest.mark.parametrize("value", [32.0001, True, "32", 32.5])
def test_a_value_is_whole_or_refused(value):
    space = Space(parsed(x={"type": "integer", "lower": 0, "upper": 64}))
    with pytest.raises(ValueError, match="x never has the value"):
        space.check({"x": value, "other": 0.5})
