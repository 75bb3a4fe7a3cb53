"""The space beside ConfigSpace's own representation and checks."""

import json
import subprocess
import sys
from pathlib import Path

import ConfigSpace as cs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from jointsearch.core.errors import UserError
from jointsearch.space.file import SpaceFile
from jointsearch.space.hyperparameters import Float
from jointsearch.space.space import Space

SPACES = Path(__file__).parents[2] / "config" / "spaces"

# One of each kind; a chain of conditions, of which some parents are conditional themselves; clauses.
EVERYTHING = SpaceFile.parse(
    {
        "hyperparameters": {
            "linear": {"type": "float", "lower": -2, "upper": 3},
            "tiny": {"type": "float", "lower": 1e-12, "upper": 1e-3, "log": True},
            "whole": {"type": "integer", "lower": -3, "upper": 4},
            "doubling": {"type": "integer", "lower": 1, "upper": 16, "log": True},
            "pair": {"type": "categorical", "choices": [True, False]},
            "words": {"type": "categorical", "choices": ["a", 1, 2.5, "b"]},
            "size": {"type": "ordinal", "sequence": ["small", "middle", "large"]},
            "fixed": {"type": "constant", "value": "sgd"},
            "often": {"type": "constant", "value": 7},
        },
        "conditions": [
            {"child": "words", "parent": "pair", "equals": True},
            {"child": "linear", "parent": "words", "not_equals": "a"},
            {"child": "tiny", "parent": "doubling", "greater_than": 4},
            {"child": "tiny", "parent": "size", "in": ["small", "large"]},
            {"child": "often", "parent": "size", "less_than": "large"},
        ],
        "forbidden": [
            {"pair": True, "whole": [-3, 0, 1]},
            {"words": "b", "size": "middle"},
            {"doubling": 1},
        ],
    }
)
EVERY = Space(EVERYTHING)


def flat(**hyperparameters) -> Space:
    return Space(SpaceFile.parse({"hyperparameters": hyperparameters}))


def accepted(space: Space, values: dict) -> None:
    """ConfigSpace's own full check of a configuration; raises if it is not valid."""
    cs.Configuration(space.configuration_space, values=values).check_valid_configuration()


@given(st.integers(0, 2**32), st.integers(1, 30))
@settings(max_examples=30, deadline=None)
def test_samples_are_valid_for_configspace(seed, count):
    drawn = EVERY.sample(count, np.random.default_rng(seed))
    assert len(drawn) == count
    for values in drawn:
        accepted(EVERY, values)
        assert {type(value) for value in values.values()} <= {bool, int, float, str}


def test_conditions_hold_also_below_an_inactive_parent():
    for values in EVERY.sample(300, np.random.default_rng(0)):
        assert ("words" in values) == values["pair"]
        assert ("linear" in values) == (values.get("words", "a") != "a")
        assert ("tiny" in values) == (values["doubling"] > 4 and values["size"] != "middle")
        assert ("often" in values) == (values["size"] != "large")
        assert values["fixed"] == "sgd"


def test_one_of_several_alternatives_is_enough_and_an_inactive_parent_is_none():
    raw = {
        "hyperparameters": {
            "pair": {"type": "categorical", "choices": ["a", "b"]},
            "depth": {"type": "integer", "lower": 1, "upper": 3},
            "below": {"type": "categorical", "choices": [True, False]},
            "x": {"type": "float", "lower": 0, "upper": 1},
        },
        "conditions": [
            {"child": "below", "parent": "pair", "equals": "a"},
            {"child": "x", "any": [{"parent": "below", "equals": True}, {"parent": "depth", "greater_than": 2}]},
            # Saying it twice changes nothing.
            {"child": "x", "any": [{"parent": "depth", "not_equals": 2}, {"parent": "depth", "not_equals": 2}]},
        ],
    }
    space = Space(SpaceFile.parse(raw))
    drawn = space.sample(200, np.random.default_rng(0))
    for values in drawn:
        accepted(space, values)
        assert ("x" in values) == (values["depth"] == 3 or (values.get("below", False) and values["depth"] != 2))
    assert {("x" in values, "below" in values) for values in drawn} == {(a, b) for a in (0, 1) for b in (0, 1)}
    assert space.file.parents() == {"below": {"pair"}, "x": {"below", "depth"}}


def test_alternatives_are_not_taken_for_the_conjunction_of_the_same_parts():
    pair = {"type": "categorical", "choices": ["a", "b"]}
    parts = [{"parent": "first", "equals": "a"}, {"parent": "second", "equals": "a"}]
    unit = {"type": "float", "lower": 0, "upper": 1}
    conditions = [{"child": "either", "any": parts}, *({"child": "both", **part} for part in parts)]
    hyperparameters = {"first": pair, "second": pair, "either": unit, "both": unit}
    space = Space(SpaceFile.parse({"hyperparameters": hyperparameters, "conditions": conditions}))
    for values in space.sample(100, np.random.default_rng(0)):
        accepted(space, values)
        held = [values["first"] == "a", values["second"] == "a"]
        assert [name in values for name in ("either", "both")] == [any(held), all(held)]


@pytest.mark.parametrize("below", [(), ({"child": "fixed", "parent": "pair", "equals": "a"},)])
def test_a_child_that_wants_another_value_than_a_constant_is_never_active(below):
    hyperparameters = {
        "pair": {"type": "categorical", "choices": ["a", "b"]},
        "fixed": {"type": "constant", "value": 1},
        "x": {"type": "float", "lower": 0, "upper": 1},
    }
    conditions = [*below, {"child": "x", "parent": "fixed", "not_equals": 1}]
    space = Space(SpaceFile.parse({"hyperparameters": hyperparameters, "conditions": conditions}))
    for values in space.sample(20, np.random.default_rng(0)):
        accepted(space, values)
        assert values.keys() == ({"pair", "fixed"} if values["pair"] == "a" or not below else {"pair"})


def test_a_space_is_read_from_a_record_as_strictly_as_records_are():
    alternatives = {"child": "fixed", "any": [{"parent": "pair", "equals": True}, {"parent": "whole", "in": [1, 2]}]}
    conditions = [*EVERYTHING.model_dump(by_alias=True, exclude_none=True)["conditions"], alternatives]
    file = SpaceFile.parse(EVERYTHING.model_dump(by_alias=True) | {"conditions": conditions})
    assert SpaceFile.model_validate_json(file.model_dump_json(), strict=True) == file


def test_what_only_configspace_refuses_is_told_with_its_reason():
    unchecked = Float.model_construct(type="float", lower=0.0, upper=1e-300, log=False)
    file = EVERYTHING.model_copy(update={"hyperparameters": {"x": unchecked}, "conditions": (), "forbidden": ()})
    with pytest.raises(UserError, match=r"^space: ConfigSpace refuses it: .*'x'.* must be larger than .*; change"):
        Space(file)


def test_forbidden_combinations_are_never_drawn():
    drawn = EVERY.sample(300, np.random.default_rng(0))
    assert not [one for one in drawn if one["pair"] and one["whole"] in (-3, 0, 1)]
    assert not [one for one in drawn if one.get("words") == "b" and one["size"] == "middle"]
    assert not [one for one in drawn if one["doubling"] == 1]
    # A clause about an inactive hyperparameter forbids nothing.
    assert [one for one in drawn if "words" not in one and one["size"] == "middle"]


@given(st.integers(0, 2**32))
@settings(max_examples=50, deadline=None)
def test_a_configuration_survives_encoding_and_json(seed):
    [values] = EVERY.sample(1, np.random.default_rng(seed))
    decoded = EVERY.decode(EVERY.encode(values))
    assert decoded.keys() == values.keys()
    for name, value in decoded.items():
        assert value == (pytest.approx(values[name], rel=1e-12) if isinstance(value, float) else values[name])
    # Canonical JSON writes 2.0 as 2.
    reread = {
        name: int(value) if isinstance(value, float) and value.is_integer() else value
        for name, value in json.loads(json.dumps(values)).items()
    }
    np.testing.assert_array_equal(EVERY.encode(reread), EVERY.encode(values))


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_any_point_decodes_to_something_valid_or_nothing(data):
    point = np.array(
        [
            data.draw(st.integers(0, levels - 1) if levels else st.floats(0, 1), label=name)
            for name, levels in zip(EVERY.names, EVERY.levels, strict=True)
        ],
        dtype=float,
    )
    values = EVERY.decode(point)
    if values is not None:
        accepted(EVERY, values)
        again = EVERY.encode(values)
        active = [name in values for name in EVERY.names]
        assert np.isnan(again).tolist() == [not one for one in active]


@given(st.integers(0, 2**32))
@settings(max_examples=30, deadline=None)
def test_points_are_decoded_together_to_the_bits_that_each_has_alone(seed):
    points = EVERY.draw(50, np.random.default_rng(seed))
    assert EVERY.decode_all(points) == [EVERY.decode(point) for point in points]


def test_an_active_hyperparameter_needs_a_place():
    [values] = EVERY.sample(1, np.random.default_rng(0))
    for column, name in enumerate(EVERY.names):
        point = EVERY.encode(values)
        point[column] = np.nan
        if name in values:
            with pytest.raises(ValueError, match=f"{name} is active and has no position"):
                EVERY.decode(point)
        else:
            assert EVERY.decode(point) == pytest.approx(values)


@given(st.integers(0, 2**32))
@settings(max_examples=30, deadline=None)
def test_the_encoding_is_configspaces(seed):
    [values] = EVERY.sample(1, np.random.default_rng(seed))
    for name, place in zip(EVERY.names, EVERY.encode(values), strict=True):
        if name in values:
            # An ordinal is encoded as an integer would be: its index over the highest one.
            highest = 2 if name == "size" else 1
            assert place == EVERY.configuration_space[name].to_vector(values[name]) / highest


def test_the_encoding_in_closed_form():
    space = flat(
        x={"type": "float", "lower": 1e-3, "upper": 10, "log": True},
        n={"type": "integer", "lower": 2, "upper": 10},
        o={"type": "ordinal", "sequence": [1, 5, 25]},
        u={"type": "categorical", "choices": ["p", "q", "r"]},
        c={"type": "constant", "value": 1},
    )
    assert (space.names, space.vartypes, space.dimension) == (("n", "o", "u", "x"), "ccuc", 4)
    np.testing.assert_allclose(space.encode({"x": 0.1, "n": 4, "o": 5, "u": "r", "c": 1}), [0.25, 0.5, 2, 0.5])
    assert space.encode({"x": 1, "n": 2, "o": 1, "u": "p", "c": 1}).tolist() == pytest.approx([0, 0, 0, 0.75])


def test_the_prior_is_configspaces():
    """Two-sample tests at a fixed seed, for every kind of hyperparameter."""
    space = Space(SpaceFile.parse({"hyperparameters": EVERYTHING.model_dump()["hyperparameters"]}))
    space.configuration_space.seed(1)
    theirs = [dict(one) for one in space.configuration_space.sample_configuration(3000)]
    ours = space.sample(3000, np.random.default_rng(1))
    for name in space.names:
        if name in ("linear", "tiny"):
            p = stats.ks_2samp([one[name] for one in ours], [one[name] for one in theirs]).pvalue
        else:
            choices = sorted({str(one[name]) for one in theirs})
            table = [[sum(str(one[name]) == choice for one in part) for choice in choices] for part in (ours, theirs)]
            p = stats.chi2_contingency(table).pvalue
        assert p > 1e-3, name


def test_the_order_of_the_file_does_not_matter():
    raw = EVERYTHING.model_dump()
    raw["hyperparameters"] = dict(sorted(raw["hyperparameters"].items(), reverse=True))
    other = Space(SpaceFile.parse(raw))
    assert other.names == EVERY.names
    assert other.sample(20, np.random.default_rng(3)) == EVERY.sample(20, np.random.default_rng(3))


def test_a_parent_comes_before_its_children():
    for child, parents in EVERYTHING.parents().items():
        for parent in parents:
            if child in EVERY.names:
                assert EVERY.names.index(parent) < EVERY.names.index(child)


def test_samples_depend_on_the_random_state_alone():
    code = (
        "import sys, numpy as np; from pathlib import Path\n"
        "from jointsearch.space.space import Space; from jointsearch.space.file import SpaceFile\n"
        "from jointsearch.space.hyperparameters import Float\n"
        "space = Space(SpaceFile.read(Path(sys.argv[1]))); space.sample(3, np.random.default_rng(9))\n"
        "np.random.seed(4); print(space.sample(5, np.random.default_rng(7)))"
    )
    path = SPACES / "conditional.yaml"
    run = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == repr(Space(SpaceFile.read(path)).sample(5, np.random.default_rng(7)))


def test_a_space_with_nothing_left_is_refused():
    pair = {"type": "categorical", "choices": ["a", "b"]}
    raw = {"hyperparameters": {"pair": pair}, "forbidden": [{"pair": ["a", "b"]}]}
    with pytest.raises(UserError, match="remove a clause"):
        Space(SpaceFile.parse(raw))


def test_none_asked_none_given():
    assert EVERY.sample(0, np.random.default_rng(0)) == []
    assert EVERY.encode_all([]).shape == (0, EVERY.dimension)
