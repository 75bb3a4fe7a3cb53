"""Space files: what is read, and what one line says about what cannot be."""

import subprocess
import sys
from pathlib import Path

import pytest

from jointsearch.core.errors import UserError
from jointsearch.networks.hyperparameters import ARCHITECTURE_PARAMETERS, TRAINING_PARAMETERS, Hyperparameters
from jointsearch.space.file import SpaceFile
from jointsearch.space.hyperparameters import Float, Integer

SPACES = Path(__file__).parents[2] / "config" / "spaces"

# Zela et al. (2018), table 1.
PAPER = {
    "residual_blocks_1": ("integer", 1, 16, True),
    "residual_blocks_2": ("integer", 1, 16, True),
    "residual_blocks_3": ("integer", 1, 16, True),
    "initial_filters": ("integer", 8, 32, True),
    "widen_factor_1": ("float", 0.5, 8, True),
    "widen_factor_2": ("float", 0.5, 4, True),
    "widen_factor_3": ("float", 0.5, 4, True),
    "residual_branches_1": ("integer", 1, 5, False),
    "residual_branches_2": ("integer", 1, 5, False),
    "residual_branches_3": ("integer", 1, 5, False),
    "learning_rate": ("float", 1e-3, 1, True),
    "batch_size": ("integer", 32, 128, True),
    "weight_decay": ("float", 1e-5, 1e-3, True),
    "momentum": ("float", 1e-3, 0.99, False),
    "mixup_alpha": ("float", 0, 1, False),
    "cutout_length": ("integer", 0, 20, False),
    "shakedrop_death_rate": ("float", 0, 1, False),
}

X = {"type": "float", "lower": 0, "upper": 1}
PAIR = {"type": "categorical", "choices": ["a", "b"]}
BASE = {"x": X, "pair": PAIR}


def test_the_papers_space():
    space = SpaceFile.read(SPACES / "joint17.yaml")
    assert {name: (one.type, one.lower, one.upper, one.log) for name, one in space.hyperparameters.items()} == PAPER
    assert space.conditions == space.forbidden == ()


def test_the_digits_space_searches_all_17_dimensions():
    space = SpaceFile.read(SPACES / "joint17-digits.yaml")
    assert list(space.hyperparameters) == list(PAPER)
    assert set(PAPER) == set(Hyperparameters.model_fields)
    assert all(isinstance(one, Float | Integer) for one in space.hyperparameters.values())


def test_numbers_as_people_write_them(tmp_path):
    path = tmp_path / "space.yaml"
    path.write_text(
        "hyperparameters:\n"
        "  x: {type: float, lower: 1e-3, upper: 1E+2}\n"
        "  y: {type: categorical, choices: [1e-1, 2, 0.5, true, '1e-1', abc]}\n"
    )
    space = SpaceFile.read(path)
    assert (space.hyperparameters["x"].lower, space.hyperparameters["x"].upper) == (0.001, 100.0)
    choices = space.hyperparameters["y"].choices
    assert choices == (0.1, 2, 0.5, True, "1e-1", "abc")
    assert [type(choice) for choice in choices] == [float, int, float, bool, str, str]


def test_yaml_merges_are_no_duplicates(tmp_path):
    path = tmp_path / "space.yaml"
    path.write_text("hyperparameters:\n  a: &a {type: float, lower: 0, upper: 1}\n  b: {<<: *a, upper: 2}\n")
    assert SpaceFile.read(path).hyperparameters["b"] == Float(type="float", lower=0, upper=2)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("hyperparameters: {x: {type: float, lower: 0, upper: 1}, x: {type: float, lower: 0, upper: 2}}", "'x'"),
        ("hyperparameters:\n  x: {type: float, lower: 0, lower: 1, upper: 2}", "'lower' appears twice"),
        ("hyperparameters:\n  x: {type: float, lower: 0, upper: 1, part: a, part: b}", "'part' appears twice"),
        ("hyperparameters: [", "no valid YAML"),
        ("? [a]\n: 1", "no valid YAML"),
        ("", "expected keys and values"),
        ("just words", "expected keys and values"),
    ],
)
def test_a_file_that_is_no_space(tmp_path, text, says):
    path = tmp_path / "space.yaml"
    path.write_text(text)
    with pytest.raises(UserError) as told:
        SpaceFile.read(path)
    message = str(told.value)
    assert message.startswith(f"{path}: ")
    assert says in message
    assert "\n" not in message


@pytest.mark.parametrize("place", ["missing.yaml", "."])
def test_a_file_that_cannot_be_read(tmp_path, place):
    with pytest.raises(UserError, match="cannot be read"):
        SpaceFile.read(tmp_path / place)


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        ({"hyperparameterz": BASE}, "hyperparameters"),
        ({"hyperparameters": BASE, "condition": []}, "did you mean 'conditions'?"),
        ({"hyperparameters": {}}, "hyperparameters"),
        ({"hyperparameters": {"x": {**X, "uper": 2}}}, "hyperparameters.x.uper: unknown key; did you mean 'upper'?"),
        ({"hyperparameters": {"x": {"type": "flaot"}}}, "did you mean 'float'?"),
        ({"hyperparameters": {"x": {"lower": 0}}}, "hyperparameters.x: type is missing"),
        ({"hyperparameters": {"x": {"type": "float", "lower": 0}}}, "hyperparameters.x.upper: missing"),
        ({"hyperparameters": {"x": 3}}, "hyperparameters.x: expected keys and values"),
        ({"hyperparameters": {"x": {**X, "lower": 2}}}, "hyperparameters.x: lower (2.0) must be below upper (1.0)"),
        ({"hyperparameters": {"x": {**X, "lower": 1}}}, "must be below"),
        ({"hyperparameters": {"x": {**X, "log": True}}}, "a log scale needs lower > 0"),
        ({"hyperparameters": {"x": {**X, "upper": float("nan")}}}, "hyperparameters.x.upper"),
        ({"hyperparameters": {"x": {**X, "upper": float("inf")}}}, "hyperparameters.x.upper"),
        ({"hyperparameters": {"x": {**X, "upper": "high"}}}, "hyperparameters.x.upper"),
        ({"hyperparameters": {"x": {"type": "integer", "lower": 0.5, "upper": 3}}}, "hyperparameters.x.lower"),
        ({"hyperparameters": {"x": {"type": "categorical", "choices": ["a"]}}}, "hyperparameters.x.choices"),
        ({"hyperparameters": {"x": {"type": "categorical", "choices": [1, True]}}}, "True appears twice"),
        ({"hyperparameters": {"x": {"type": "ordinal", "sequence": [1, 2, 1]}}}, "1 appears twice"),
        ({"hyperparameters": {"x": {"type": "categorical", "choices": [["a"], "b"]}}}, "hyperparameters.x.choices.0"),
        ({"hyperparameters": {"x": {"type": "constant", "value": 1}}}, "nothing to search"),
        ({"hyperparameters": BASE, "forbidden": [{"y": 1}]}, "forbidden.0: no hyperparameter 'y'"),
        ({"hyperparameters": BASE, "forbidden": [{"x": 2}]}, "x never has the value 2"),
        ({"hyperparameters": BASE, "forbidden": [{"pair": ["a", "c"]}]}, "pair never has the value 'c'"),
        ({"hyperparameters": BASE, "forbidden": [{}]}, "forbidden.0"),
        ({"hyperparameters": BASE, "forbidden": {"x": 1}}, "forbidden: expected a list"),
        ({"hyperparameters": BASE, "forbidden": [{"pair": ["a", None]}]}, "forbidden.0.pair.1: null cannot be a value"),
        ({"hyperparameters": BASE, "conditions": "none"}, "conditions: expected a list (got 'none')"),
        ({"hyperparameters": None}, "hyperparameters: expected keys and values (got None)"),
        ({"hyperparameters": "x"}, "hyperparameters: expected keys and values (got 'x')"),
        ({"hyperparameters": BASE | {"y": {**X, "part": "a"}}}, "hyperparameters.x: part is missing, which others"),
        ({"hyperparameters": {"x": {**X, "part": "a"}, "y": {**X, "part": "a"}}}, "all have the part 'a'; name two"),
        ({"hyperparameters": {"x": {**X, "part": "a"}, "y": {**X, "part": "A"}}}, "parts 'A' and 'a' differ in case"),
        ({"hyperparameters": {"x": {**X, "prat": "a"}}}, "hyperparameters.x.prat: unknown key; did you mean 'part'?"),
        ({"hyperparameters": {"x": {**X, "part": ["a", "b"]}}}, "hyperparameters.x.part: a part is one word"),
        ({"hyperparameters": {"x": {**X, "part": "a b"}}}, "hyperparameters.x.part: a part is one word"),
        ({"hyperparameters": {"x": {**X, "part": "a__b"}}}, "hyperparameters.x.part: a part is one word"),
        ({"hyperparameters": {"x": {**X, "part": 1}}}, "of letters and digits, with single _ inside"),
        ({"hyperparameters": {"x": {**X, "part": "a" * 41}}}, "hyperparameters.x.part: a part is one word"),
        ({"hyperparameters": {"x": {**X, "default": 2}}}, "hyperparameters.x.default: x never has the value 2"),
        ({"hyperparameters": {"x": {**PAIR, "default": "c"}}}, "x never has the value 'c'; choose one of its range"),
        ({"hyperparameters": {"x": {**X, "default": [1]}}}, "hyperparameters.x.default: a list cannot be a value"),
        ({"hyperparameters": ["x" * 1000]}, "hyperparameters.0: expected keys and values (got 'xxx"),
        ({"hyperparameters": {"x": ["y" * 1000]}}, "hyperparameters.x: expected keys and values (got ['yyy"),
    ],
)
def test_a_space_that_makes_no_sense(raw, says):
    with pytest.raises(UserError) as told:
        SpaceFile.parse(raw, "my.yaml")
    message = str(told.value)
    assert message.startswith("my.yaml: ")
    assert says in message
    assert "\n" not in message
    assert len(message) < 200


@pytest.mark.parametrize("empty", ["conditions", "forbidden"])
def test_an_empty_list_of_conditions_or_forbidden_combinations_is_none(tmp_path, empty):
    path = tmp_path / "space.yaml"
    path.write_text(f"hyperparameters:\n  x: {{type: float, lower: 0, upper: 1}}\n{empty}:\n  # - none so far\n")
    assert SpaceFile.read(path) == SpaceFile.parse({"hyperparameters": {"x": X}})


def test_parts_are_listed_in_one_order_whatever_that_of_the_file_conditional_ones_and_constants_too():
    one = {"b": X | {"part": "late"}, "c": X | {"part": "a_1"}, "a": {"type": "constant", "value": 1, "part": "late"}}
    conditions = [{"child": "b", "parent": "c", "greater_than": 0.5}]
    for names in ("bca", "abc", "cab"):
        space = SpaceFile.parse({"hyperparameters": {name: one[name] for name in names}, "conditions": conditions})
        assert list(space.parts.items()) == [("a_1", ("c",)), ("late", ("a", "b"))]
        assert space.in_order == ["c", "a", "b"]
        assert SpaceFile.model_validate_json(space.model_dump_json()).parts == space.parts


def test_a_space_without_parts_is_written_as_before_and_listed_by_name():
    space = SpaceFile.parse({"hyperparameters": {"x": X, "pair": PAIR}})
    assert (space.parts, space.in_order) == ({}, ["pair", "x"])
    assert all({"part", "default"}.isdisjoint(one) for one in space.model_dump()["hyperparameters"].values())


def test_the_built_in_spaces_name_the_two_parts_of_the_built_in_network():
    for path in SPACES.glob("*.yaml"):
        parts = SpaceFile.read(path).parts
        assert list(parts) == ["architecture", "hyperparameters"], path
        assert set(parts["architecture"]) <= set(ARCHITECTURE_PARAMETERS), path
        assert set(parts["hyperparameters"]) <= set(TRAINING_PARAMETERS), path


def test_yes_and_no_are_names_of_choices(tmp_path):
    path = tmp_path / "space.yaml"
    path.write_text("hyperparameters:\n  x: {type: categorical, choices: [yes, no, on, off, true]}\n")
    assert SpaceFile.read(path).hyperparameters["x"].choices == ("yes", "no", "on", "off", True)


@pytest.mark.parametrize(
    ("condition", "says"),
    [
        ({"child": "y", "parent": "pair", "equals": "a"}, "conditions.0.child: no hyperparameter 'y'"),
        ({"child": "x", "parent": "pear", "equals": "a"}, "did you mean 'pair'?"),
        ({"child": "x", "parent": "pair", "equals": "c"}, "pair never has the value 'c'"),
        ({"child": "x", "parent": "pair", "in": []}, "conditions.0.in"),
        ({"child": "x", "parent": "pair", "in": ["a", "c"]}, "pair never has the value 'c'"),
        ({"child": "x", "parent": "pair", "greater_than": "a"}, "pair has no order"),
        ({"child": "x", "parent": "pair"}, "give exactly one of"),
        ({"child": "x", "parent": "pair", "equals": "a", "in": ["b"]}, "give exactly one of"),
        ({"child": "x", "parent": "pair", "equls": "a"}, "did you mean 'equals'?"),
        ({"child": "x", "parent": "x", "equals": 1}, "a circle of x -> x"),
        ({"child": "x", "parent": "pair", "equals": ["a"]}, "conditions.0.equals: a list cannot be a value"),
        ({"child": "x", "any": []}, "conditions.0.any"),
        ({"child": "x", "any": {"parent": "pair", "equals": "a"}}, "conditions.0.any: expected a list"),
        ({"child": "x", "any": [3]}, "conditions.0.any.0: expected keys and values (got 3)"),
        ({"child": "x", "any": [{"parent": "pair", "equls": "a"}]}, "conditions.0.any.0.equls: unknown key; did you"),
        ({"child": "x", "any": [{"parent": "pair"}]}, "conditions.0.any.0: give exactly one of"),
        ({"child": "x", "any": [{"parent": "pear", "equals": "a"}]}, "conditions.0.parent: no hyperparameter 'pear'"),
        ({"child": "x", "any": [{"parent": "x", "equals": 1}]}, "a circle of x -> x"),
        (
            {"child": "x", "any": [{"parent": "pair", "equals": "a"}], "equals": 1},
            "conditions.0.equals: unknown key; known are child, any",
        ),
        (3, "conditions.0: expected keys and values (got 3)"),
    ],
)
def test_a_condition_that_makes_no_sense(condition, says):
    with pytest.raises(UserError) as told:
        SpaceFile.parse({"hyperparameters": BASE, "conditions": [condition]})
    assert says in str(told.value)
    assert "\n" not in str(told.value)


def test_conditions_in_a_circle():
    conditions = [
        {"child": "x", "parent": "pair", "equals": "a"},
        {"child": "pair", "parent": "x", "greater_than": 0.5},
    ]
    with pytest.raises(UserError, match="a circle of"):
        SpaceFile.parse({"hyperparameters": BASE, "conditions": conditions})


def test_reading_a_space_imports_nothing_heavy():
    code = "import sys, jointsearch.space.file; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert {"numpy", "scipy", "ConfigSpace", "statsmodels", "pandas", "torch"}.isdisjoint(loaded)


def test_values_take_the_types_of_their_hyperparameters():
    file = SpaceFile.parse(
        {
            "hyperparameters": {
                "x": {"type": "float", "lower": 0, "upper": 2},
                "n": {"type": "integer", "lower": 0, "upper": 2},
                "rate": {"type": "categorical", "choices": [0.5, 1.0]},
                "depth": {"type": "ordinal", "sequence": [1, 2]},
                "fixed": {"type": "constant", "value": 1.0},
            }
        }
    )
    typed = file.typed({"x": 1, "n": 1.0, "rate": 1, "depth": 1.0, "fixed": 1})
    assert [(name, type(value)) for name, value in typed.items()] == [
        ("x", float),
        ("n", int),
        ("rate", float),
        ("depth", int),
        ("fixed", float),
    ]
    assert set(typed.values()) == {1}
