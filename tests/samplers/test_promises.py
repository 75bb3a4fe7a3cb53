"""What a sampler of one's own may get wrong is told in one line that names it, and what it must return."""

import importlib
import sys
import traceback
from pathlib import Path

import numpy as np
import pytest
from pydantic import BaseModel

from jointsearch.core.config import BudgetSettings, Config, DataSettings, SearchSettings
from jointsearch.core.errors import UserError
from jointsearch.core.history import History
from jointsearch.core.proposal import Model, Origin, Rung
from jointsearch.samplers import Sampled, Suggestion
from jointsearch.search import proposals
from jointsearch.search.resolve import resolve
from jointsearch.space.file import SpaceFile
from jointsearch.space.space import Space

FILE = Path(__file__).parents[2] / "config/spaces/joint17-digits.yaml"
ORIGIN = Origin(sampler="mine", kind="random")
SPACE = Space(SpaceFile.read(FILE))
MUST = "; it must return a Suggestion of 1 Sampled, each with values and an Origin"


CONFIG = Config(
    experiment="own",
    space=str(FILE),
    data=DataSettings(name="digits"),
    budget=BudgetSettings(unit="steps", minimum=1, maximum=1),
    search=SearchSettings(sampler="mine:make"),
)
MINE = """
def make():
    return lambda space, history, count, rng, outlook: returned(space.sample(1, rng)[0])
"""


@pytest.fixture
def first_rung(tmp_path, monkeypatch):
    """Propose one configuration with a sampler of one's own; a function of valid values says what it returns."""
    (tmp_path / "mine.py").write_text(MINE)
    monkeypatch.syspath_prepend(tmp_path)
    experiment = resolve(CONFIG)
    begun = History(experiment=experiment.id, study="search", bracket=0, previous=None, observations=(), parents=())

    def propose(returned) -> Rung:
        importlib.import_module("mine").returned = returned
        return proposals.first_rung(experiment, begun, [], [], SPACE)

    yield propose
    sys.modules.pop("mine", None)


def suggestion(values, origin=ORIGIN, **rest) -> Suggestion:
    return Suggestion((Sampled(values, origin),), **rest)


@pytest.mark.parametrize(
    ("returned", "says"),
    [
        (lambda values: None, "returned None"),
        (lambda values: 0.5, "returned a float"),
        (lambda values: values, "returned a dict"),
        (lambda values: [values], "returned a list"),
        (lambda values: [Sampled(values, ORIGIN)], "returned a list"),
        (lambda values: (Sampled(values, ORIGIN), None), "returned a tuple"),
        (lambda values: iter([Sampled(values, ORIGIN)]), "returned a list_iterator"),
        (lambda values: Sampled(values, ORIGIN), "returned a Sampled"),
        (lambda values: ValueError("no"), "returned a ValueError"),
        (lambda values: ValueError, "returned a type"),
        (lambda values: Suggestion, "returned a type"),
        (lambda values: Suggestion(None), "a Suggestion whose configurations are None, not a tuple"),
        (lambda values: Suggestion(Sampled(values, ORIGIN)), "whose configurations are a Sampled, not a tuple"),
        (lambda values: Suggestion(one for one in [values]), "whose configurations are a generator, not a tuple"),
        (lambda values: Suggestion((values,)), "whose configuration 0 is a dict, not a Sampled"),
        (lambda values: Suggestion(((values, ORIGIN),)), "whose configuration 0 is a tuple, not a Sampled"),
        (lambda values: Suggestion((None,)), "whose configuration 0 is None, not a Sampled"),
        (lambda values: suggestion(values, "random"), "whose configuration 0 has a str as its origin, not an Origin"),
        (lambda values: suggestion(values, None), "has None as its origin, not an Origin"),
        (lambda values: suggestion(None), "has None as its values, not names and values"),
        (lambda values: suggestion([*values.values()]), "has a list as its values, not names and values"),
        (
            lambda values: suggestion(values | {"batch_size": np.int64(32)}),
            "has an int64 as its batch_size, not a plain",
        ),
        (lambda values: suggestion(values | {"batch_size": [32]}), "has a list as its batch_size, not a plain"),
        (lambda values: suggestion(values | {"batch_size": None}), "has None as its batch_size, not a plain"),
        (lambda values: suggestion(values, model="forest"), "whose model is a str, not a Model or None"),
        (
            lambda values: suggestion(values, model=Model(budget=float("nan"), evaluations=())),
            "a Suggestion whose Model cannot be recorded",
        ),
        (
            lambda values: suggestion(values, Origin(sampler="mine", kind="model", model_budget=float("inf"))),
            "a Suggestion whose Origin cannot be recorded",
        ),
    ],
)
def test_what_is_no_suggestion_is_told_with_what_it_must_be(first_rung, returned, says):
    with pytest.raises(UserError) as told:
        first_rung(returned)
    message = str(told.value)
    assert message.startswith("sampler mine:make: returned ")
    assert says in message
    assert MUST in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("returned", "says"),
    [
        (lambda values: Suggestion(()), "proposed 0 configurations, not 1; fix it"),
        (lambda values: Suggestion((Sampled(values, ORIGIN),) * 2), "proposed 2 configurations, not 1; fix it"),
        (lambda values: suggestion({}), "proposed a configuration outside the space"),
        (lambda values: suggestion(values | {"colour": 1}), "proposed a configuration outside the space"),
        (lambda values: suggestion({1: 2}), "proposed a configuration outside the space"),
        (lambda values: suggestion(values | {"batch_size": 10**6}), "proposed a configuration outside the space"),
        (lambda values: suggestion(values | {"batch_size": 33.5}), "proposed a configuration outside the space"),
        (lambda values: suggestion(values | {"batch_size": "32"}), "proposed a configuration outside the space"),
        (lambda values: suggestion(values | {"momentum": float("nan")}), "proposed a configuration outside the space"),
        (
            lambda values: suggestion(values, Origin(sampler="mine", kind="guess")),
            "Origin: kind: expected 'random'",
        ),
        (
            lambda values: suggestion(values, Origin(sampler=3, kind="model")),
            "Origin: sampler: expected text",
        ),
        (
            lambda values: suggestion(values, model=Model(budget="x", evaluations=())),
            "Model: budget: expected a number",
        ),
    ],
)
def test_a_broken_promise_is_told(first_rung, returned, says):
    with pytest.raises(UserError) as told:
        first_rung(returned)
    assert str(told.value).startswith("sampler mine:make: ")
    assert says in str(told.value)
    assert "\n" not in str(told.value)


class Other(BaseModel):
    field: int


@pytest.mark.parametrize(
    "raised", [lambda values: values["none"], lambda values: 1 / 0, lambda values: Other(field="x")]
)
def test_a_mistake_inside_a_sampler_keeps_its_traceback_and_names_the_sampler(first_rung, raised):
    with pytest.raises((KeyError, ZeroDivisionError, ValueError)) as told:
        first_rung(raised)
    assert "raised by the sampler mine:make" in "".join(traceback.format_exception(told.value))
    assert "<lambda>" in "".join(traceback.format_tb(told.tb))


@pytest.mark.parametrize("configurations", [tuple, list])
def test_a_tuple_and_a_list_of_configurations_are_understood(first_rung, configurations):
    made = first_rung(lambda values: Suggestion(configurations([Sampled(values, ORIGIN)])))
    assert [one.origin for one in made.proposals] == [ORIGIN]
