"""Spaces in ConfigSpace's own JSON and YAML formats, beside the library itself."""

import json
import warnings
from io import StringIO
from pathlib import Path

import ConfigSpace as cs
import numpy as np
import pytest

from jointsearch.core import yaml_file
from jointsearch.core.errors import UserError
from jointsearch.space.conditions import AnyCondition
from jointsearch.space.file import SpaceFile
from jointsearch.space.hyperparameters import Constant
from jointsearch.space.space import Space

SPACES = Path(__file__).parents[2] / "config" / "spaces"


def everything() -> cs.ConfigurationSpace:
    """Each kind of hyperparameter, condition and forbidden clause that is understood."""
    space = cs.ConfigurationSpace(name="everything", seed=1)
    space.add(
        cs.UniformFloatHyperparameter("rate", 1e-5, 1, log=True, meta={"unit": "per step"}),
        cs.UniformFloatHyperparameter("share", -0.5, 0.5, default_value=0.1),
        cs.UniformIntegerHyperparameter("depth", 1, 16, log=True),
        cs.UniformIntegerHyperparameter("width", 1, 10),
        cs.CategoricalHyperparameter("method", ["sgd", "adam", "on", "1e3"], default_value="adam"),
        cs.CategoricalHyperparameter("flag", [True, False], weights=[1, 1]),
        cs.CategoricalHyperparameter("mixed", ["1", 1, 2.5]),
        cs.CategoricalHyperparameter("alone", ["x"]),
        cs.OrdinalHyperparameter("size", ["small", "middle", "large"]),
        cs.Constant("fixed", 0.5),
    )
    space.add(cs.EqualsCondition(space["share"], space["flag"], True))
    space.add(cs.InCondition(space["width"], space["method"], ["sgd", "on"]))
    space.add(
        cs.AndConjunction(
            cs.GreaterThanCondition(space["mixed"], space["size"], "small"),
            cs.LessThanCondition(space["mixed"], space["depth"], 9),
            cs.NotEqualsCondition(space["mixed"], space["method"], "adam"),
        )
    )
    space.add(
        cs.OrConjunction(
            cs.EqualsCondition(space["rate"], space["method"], "sgd"),
            cs.AndConjunction(
                cs.EqualsCondition(space["rate"], space["size"], "large"),
                cs.GreaterThanCondition(space["rate"], space["depth"], 4),
            ),
        )
    )
    space.add(cs.ForbiddenEqualsClause(space["depth"], 2))
    space.add(cs.ForbiddenInClause(space["size"], ["middle"]))
    space.add(
        cs.ForbiddenAndConjunction(
            cs.ForbiddenEqualsClause(space["flag"], False), cs.ForbiddenInClause(space["method"], ["adam", "on"])
        )
    )
    return space


def simple() -> cs.ConfigurationSpace:
    return cs.ConfigurationSpace({"rate": (0.1, 1.0), "depth": (1, 5), "method": ["a", "b"]})


def written(space: cs.ConfigurationSpace, path: Path) -> Path:
    space.to_yaml(path) if path.suffix == ".yaml" else space.to_json(path)
    return path


def plain(configuration: cs.Configuration) -> dict:
    return {name: value.item() if hasattr(value, "item") else value for name, value in dict(configuration).items()}


def same(theirs: cs.ConfigurationSpace, ours: SpaceFile) -> None:
    """See that two spaces have the same ranges, and that what is drawn from either is valid in the other."""
    space = Space(ours)
    for name, one in theirs.items():
        other = space.configuration_space[name]
        if len(getattr(one, "choices", "ab")) == 1:
            assert other.value == one.choices[0]
            continue
        assert type(other) is type(one)
        for field in ("lower", "upper", "log", "choices", "sequence", "value"):
            assert getattr(other, field, None) == getattr(one, field, None)
    theirs.seed(0)
    drawn = [plain(one) for one in theirs.sample_configuration(300)]
    for values in drawn:
        space.check(values)
    ours_drawn = space.sample(300, np.random.default_rng(0))
    for values in ours_drawn:
        cs.Configuration(theirs, values=values).check_valid_configuration()
    assert {frozenset(values) for values in drawn} == {frozenset(values) for values in ours_drawn}


@pytest.mark.parametrize("name", ["space.json", "space.yaml"])
@pytest.mark.parametrize("make", [everything, simple])
def test_what_configspace_writes_is_read_as_the_same_space(tmp_path, make, name):
    ours = SpaceFile.read(written(make(), tmp_path / name))
    same(make(), ours)
    # It goes on as one of our files.
    (tmp_path / "ours.yaml").write_bytes(yaml_file.dump(ours))
    assert SpaceFile.read(tmp_path / "ours.yaml") == ours
    assert SpaceFile.model_validate_json(ours.model_dump_json()) == ours


@pytest.mark.parametrize("name", ["joint17", "conditional"])
def test_a_space_that_we_export_is_read_again(name):
    ours = SpaceFile.read(SPACES / f"{name}.yaml")
    again = SpaceFile.parse(Space(ours).configuration_space.to_serialized_dict())
    same(Space(ours).configuration_space, again)
    # ConfigSpace gives each a default.
    assert all(one.default is not None for name, one in again.hyperparameters.items() if name not in ours.fixed)
    made = {name: one.model_copy(update={"default": None}) for name, one in again.hyperparameters.items()}
    assert made == {name: one.model_copy(update={"default": None}) for name, one in ours.hyperparameters.items()}
    assert again.parts == ours.parts and list(ours.parts) == ["architecture", "hyperparameters"]


OLD = {
    "name": "old",
    "hyperparameters": [
        {"name": "rate", "type": "uniform_float", "log": True, "lower": 1e-4, "upper": 1.0, "default": 0.01, "q": None},
        {"name": "depth", "type": "uniform_int", "log": False, "lower": 1, "upper": 8, "default": 3, "q": 1},
        {"name": "method", "type": "categorical", "choices": ["a", "b", "c"], "default": "b", "weights": None},
        {"name": "kernel", "type": "categorical", "choices": ["x", "y"], "default": "x", "probabilities": [0.5, 0.5]},
        {"name": "size", "type": "ordinal", "sequence": ["s", "m", "l"], "default": "m"},
        {"name": "fixed", "type": "constant", "value": "z"},
    ],
    "conditions": [
        {"child": "depth", "parent": "method", "type": "EQ", "value": "a"},
        {
            "child": "kernel",
            "type": "AND",
            "conditions": [
                {"child": "kernel", "parent": "method", "type": "IN", "values": ["a", "b"]},
                {"child": "kernel", "parent": "size", "type": "GT", "value": "s"},
            ],
        },
    ],
    "forbiddens": [
        {
            "name": "method",
            "type": "AND",
            "clauses": [
                {"name": "method", "type": "EQUALS", "value": "c"},
                {"name": "size", "type": "IN", "values": ["s", "l"]},
            ],
        }
    ],
    "python_module_version": "0.6.0",
    "json_format_version": 0.4,
}


@pytest.mark.parametrize("version", [0.1, 0.2, 0.4])
def test_the_format_of_configspace_0_4_to_0_7_is_read_as_the_same_space(tmp_path, version):
    path = tmp_path / "space.json"
    path.write_text(json.dumps(OLD | {"json_format_version": version}))
    with warnings.catch_warnings():
        # Today's ConfigSpace reads it, and says that names have changed.
        warnings.simplefilter("ignore")
        theirs = cs.ConfigurationSpace.from_json(StringIO(json.dumps(OLD)))
    same(theirs, SpaceFile.read(path))


def test_a_part_is_in_the_meta_data_and_a_default_stays_one(tmp_path):
    space = cs.ConfigurationSpace()
    space.add(
        cs.UniformFloatHyperparameter("rate", 0.1, 1, default_value=0.25, meta={"part": "sgd", "unit": "per step"}),
        cs.CategoricalHyperparameter("method", ["a", "b"], default_value="b", meta={"part": "sgd"}),
        cs.CategoricalHyperparameter("alone", ["x"], meta={"part": "shape"}),
        cs.Constant("fixed", 3, meta={"part": "shape"}),
    )
    for name in ("space.json", "space.yaml"):
        ours = SpaceFile.read(written(space, tmp_path / name))
        assert ours.parts == {"sgd": ("method", "rate"), "shape": ("alone", "fixed")}
        assert ours.defaults == {"rate": 0.25, "method": "b", "alone": "x", "fixed": 3}
    assert SpaceFile.parse(OLD).defaults["depth"] == 3


def test_a_constant_under_its_old_name_and_a_list_of_one_are_constants():
    ours = SpaceFile.parse(
        {
            "hyperparameters": [
                {"name": "rate", "type": "uniform_float", "lower": 0, "upper": 1},
                {"name": "old", "type": "unparametrized", "value": 3},
                {"name": "alone", "type": "ordinal", "sequence": ["x"]},
            ]
        }
    )
    assert [ours.hyperparameters[name] for name in ("old", "alone")] == [
        Constant(type="constant", value=3),
        Constant(type="constant", value="x"),
    ]


def test_a_condition_with_alternatives_is_written_out():
    ours = SpaceFile.parse(json.loads(json.dumps(everything().to_serialized_dict())))
    of_rate = [one for one in ours.conditions if one.child == "rate"]
    assert all(isinstance(one, AnyCondition) for one in of_rate)
    assert [[one.parent for one in each.alternatives] for each in of_rate] == [["method", "size"], ["method", "depth"]]


def test_alternatives_that_are_forbidden_are_clauses_of_their_own():
    space = simple()
    space.add(
        cs.ForbiddenAndConjunction(
            cs.ForbiddenOrConjunction(
                cs.ForbiddenEqualsClause(space["depth"], 1), cs.ForbiddenEqualsClause(space["depth"], 3)
            ),
            cs.ForbiddenEqualsClause(space["method"], "b"),
        )
    )
    ours = SpaceFile.parse(space.to_serialized_dict())
    assert ours.forbidden == ({"depth": 1, "method": "b"}, {"depth": 3, "method": "b"})
    same(space, ours)


def test_what_can_never_hold_together_forbids_nothing():
    clauses = [{"type": "EQUALS", "name": "depth", "value": value} for value in (1, 3)]
    raw = simple().to_serialized_dict() | {"forbiddens": [{"type": "AND", "clauses": clauses}]}
    assert SpaceFile.parse(raw).forbidden == ()


RATE = {"name": "rate", "type": "uniform_float", "lower": 0.1, "upper": 1.0}
PAIR = {"name": "pair", "type": "categorical", "choices": ["a", "b"]}
EQUAL = {"type": "EQ", "child": "rate", "parent": "pair", "value": "a"}


@pytest.mark.parametrize(
    ("one", "says"),
    [
        (
            {"type": "normal_float", "mu": 0, "sigma": 1},
            "x: normal_float is not uniform; write uniform_float with lower",
        ),
        ({"type": "normal_int", "mu": 0, "sigma": 1}, "x: normal_int is not uniform; write uniform_int with lower"),
        ({"type": "beta_float", "alpha": 1, "beta": 2, "lower": 0, "upper": 1}, "x: beta_float is not uniform; write"),
        ({"type": "beta_int", "alpha": 1, "beta": 2, "lower": 0, "upper": 9}, "x: beta_int is not uniform; write"),
        ({**RATE, "q": 0.1}, "x: quantised in steps of 0.1; list its values as an ordinal, or remove q"),
        ({"type": "uniform_int", "lower": 0, "upper": 9, "q": 3}, "x: quantised in steps of 3; list its values"),
        ({**PAIR, "weights": [0.2, 0.8]}, "x: weighted choices; all are equally probable here, remove its weights"),
        ({**PAIR, "probabilities": [0.2, 0.8]}, "x: weighted choices; all are equally probable here, remove its prob"),
        ({**PAIR, "choices": ["a", None]}, "x.choices.1: null cannot be a value of a hyperparameter"),
        ({**PAIR, "choices": ["a", ["b"]]}, "x.choices.1: a list cannot be a value"),
        ({**RATE, "lower": 1e-20, "log": True}, "x: lower (1e-20) would be 0, as ConfigSpace keeps 13 decimals"),
        ({**RATE, "lower": 2}, "x: lower (2.0) must be below upper (1.0)"),
        ({"type": "uniform_float", "upper": 1}, "x.lower: missing; add it"),
        ({**RATE, "meta": {"parts": "sgd"}}, "x.meta.parts: unknown key; did you mean 'part'?"),
        ({**RATE, "meta": {"Part": "sgd"}}, "x.meta.Part: unknown key; did you mean 'part'?"),
        ({**RATE, "meta": {"part": ["a", "b"]}}, "x.part: a part is one word of letters and digits"),
        ({**RATE, "meta": "sgd"}, "x.meta: expected keys and values (got 'sgd')"),
        ({**RATE, "part": "a", "meta": {"part": "b"}}, "x: part is no key of ConfigSpace's format; write it in its"),
        ({**RATE, "default_value": 3}, "x.default: x never has the value 3; choose one of its range"),
        ({**RATE, "uper": 2}, "x.uper: unknown key; did you mean 'upper'?"),
        ({"type": "uniform"}, "x: unknown type; did you mean 'uniform_int'?"),
        ({"type": 3}, "x: unknown type; known are uniform_float"),
        ({}, "x: unknown type; known are uniform_float"),
    ],
)
def test_a_hyperparameter_that_cannot_be_searched_is_named_with_what_to_write(one, says):
    raw = {"hyperparameters": [RATE, PAIR, one | {"name": "x"}]}
    assert refusal(raw).startswith(f"my.json: hyperparameters.{says}")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"hyperparameters": ["rate"]}, "hyperparameters.0: expected keys and values (got 'rate')"),
        ({"hyperparameters": [{"type": "constant", "value": 1}]}, "hyperparameters.0: name is missing; add it"),
        ({"hyperparameters": [RATE, RATE]}, "hyperparameters.1: the name 'rate' appears twice; rename one"),
        ({"hyperparameters": []}, "hyperparameters: Dictionary should have at least 1 item"),
        ({"condition": []}, "condition: unknown key of ConfigSpace's format; did you mean 'conditions'?"),
        ({"conditions": [EQUAL | {"type": "EQUALS"}]}, "conditions.0: unknown type; known are EQ, NEQ, LT, GT, IN"),
        (
            {"conditions": [EQUAL | {"parent": "pear"}]},
            "conditions.0.parent: no hyperparameter 'pear'; did you mean 'pair",
        ),
        ({"conditions": [EQUAL | {"value": "c"}]}, "conditions.0: pair never has the value 'c'"),
        (
            {"conditions": [{"type": "AND", "child": "rate", "conditions": ["x"]}]},
            "conditions.0.conditions.0: expected",
        ),
        ({"conditions": ["x"]}, "conditions.0: expected keys and values"),
        ({"conditions": 3}, "conditions: expected a list (got 3)"),
        ({"conditions": [{"type": "AND", "child": "rate"}]}, "conditions.0: conditions: expected a list (got None)"),
        (
            {"conditions": [{"type": "OR", "child": "rate", "conditions": []}]},
            "conditions.0: conditions: expected a list",
        ),
        ({"forbiddens": {"type": "EQUALS"}}, "forbiddens: expected a list (got {'type': 'EQUALS'})"),
        ({"forbiddens": [{"type": "OR", "clauses": 3}]}, "forbiddens.0: clauses: expected a list (got 3)"),
        (
            {"forbiddens": [{"type": "CLAUSE_GT", "name": "rate", "value": 0.5}]},
            "forbiddens.0: CLAUSE_GT does not compare",
        ),
        (
            {"forbiddens": [{"type": "RELATION_EQ", "left": "rate", "right": "pair"}]},
            "forbiddens.0: RELATION_EQ does not compare",
        ),
        (
            {"forbiddens": [{"type": "RELATION", "left": "rate", "right": "pair", "lambda": "LESS"}]},
            "forbiddens.0: REL",
        ),
        ({"forbiddens": [{"type": "IN", "name": "pair", "values": "a"}]}, "forbiddens.0: unknown type"),
        (
            {"forbiddens": [{"type": "EQUALS", "name": "pair", "value": "c"}]},
            "forbidden.0: pair never has the value 'c'",
        ),
    ],
)
def test_a_file_of_configspace_with_a_mistake_is_told_in_one_line(changes, says):
    assert refusal({"hyperparameters": [RATE, PAIR]} | changes).startswith(f"my.json: {says}")


def test_a_condition_of_too_many_parts_is_refused():
    pairs = [{"type": "AND", "child": "rate", "conditions": [EQUAL, EQUAL]}] * 12
    raw = {"hyperparameters": [RATE, PAIR], "conditions": [{"type": "OR", "child": "rate", "conditions": pairs}]}
    assert "conditions.0: written out it has 4,096 parts; make it simpler" in refusal(raw)


def refusal(raw: dict) -> str:
    with pytest.raises(UserError) as told:
        SpaceFile.parse(raw, "my.json")
    message = str(told.value)
    assert "\n" not in message
    assert len(message) < 300
    return message
