"""Which spaces a network can be built and trained from."""

from pathlib import Path

import pytest

from jointsearch.core.errors import UserError
from jointsearch.networks.space_check import check_trainable
from jointsearch.space.file import SpaceFile

SPACES = Path(__file__).parents[2] / "config" / "spaces"

X = {"type": "float", "lower": 0, "upper": 1}


def trainable(**changes):
    """A minimal space that can be trained on, with changes; None removes."""
    space = {
        **{f"residual_blocks_{block}": {"type": "constant", "value": 1} for block in (1, 2, 3)},
        "initial_filters": {"type": "integer", "lower": 8, "upper": 16},
        "learning_rate": {"type": "float", "lower": 1e-3, "upper": 1, "log": True},
        "batch_size": {"type": "ordinal", "sequence": [32, 64, 128]},
        **changes,
    }
    return {name: one for name, one in space.items() if one is not None}


@pytest.mark.parametrize("path", sorted(SPACES.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_space_that_comes_along_can_be_trained_on(path):
    check_trainable(SpaceFile.read(path))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"lerning_rate": X}, "did you mean 'learning_rate'?"),
        ({"learning_rate": None}, "hyperparameters.learning_rate: missing"),
        ({"learning_rate": X}, "hyperparameters.learning_rate"),
        ({"residual_blocks_1": {"type": "float", "lower": 1, "upper": 4}}, "make its type integer"),
        ({"residual_blocks_1": {"type": "integer", "lower": 0, "upper": 4}}, "(got 0)"),
        ({"momentum": X}, "hyperparameters.momentum"),
        ({"batch_size": {"type": "categorical", "choices": [32, "large"]}}, "(got 'large')"),
        ({"batch_size": {"type": "categorical", "choices": [32, "64"]}}, "(got '64')"),
    ],
)
def test_a_space_that_cannot_be_trained_on(changes, says):
    with pytest.raises(UserError) as told:
        check_trainable(SpaceFile.parse({"hyperparameters": trainable(**changes)}))
    assert says in str(told.value)
    assert "\n" not in str(told.value)


def test_only_what_has_a_neutral_value_may_be_inactive():
    pair = {"type": "ordinal", "sequence": [1, 2]}
    space = {"hyperparameters": trainable(residual_branches_1=pair, momentum={**X, "upper": 0.9})}
    harmless = {"child": "momentum", "parent": "residual_branches_1", "equals": 1}
    check_trainable(SpaceFile.parse({**space, "conditions": [harmless]}))
    with pytest.raises(UserError, match="learning_rate must always be active"):
        check_trainable(SpaceFile.parse({**space, "conditions": [{**harmless, "child": "learning_rate"}]}))


def test_a_network_of_ones_own_takes_what_the_training_does_not_know():
    heads = {"type": "integer", "lower": 1, "upper": 4}
    space = {"learning_rate": {**X, "lower": 1e-3}, "batch_size": {"type": "constant", "value": 32}, "heads": heads}
    check_trainable(SpaceFile.parse({"hyperparameters": space}), own_network=True)
    for changes, says in (
        ({"learning_rate": X}, "hyperparameters.learning_rate"),
        ({"batch_size": X}, "make its type integer"),
        ({"momentum": X}, "hyperparameters.momentum"),
    ):
        with pytest.raises(UserError, match=says):
            check_trainable(SpaceFile.parse({"hyperparameters": space | changes}), own_network=True)
    del space["batch_size"]
    with pytest.raises(UserError, match=r"hyperparameters\.batch_size: missing"):
        check_trainable(SpaceFile.parse({"hyperparameters": space}), own_network=True)
