"""Whether a space is one of networks: every configuration of it can be built and trained."""

from pydantic import ValidationError

from jointsearch.core.errors import UserError, suggest
from jointsearch.core.fields import Value
from jointsearch.networks.hyperparameters import Hyperparameters, TrainingHyperparameters
from jointsearch.space.file import SpaceFile
from jointsearch.space.hyperparameters import Categorical, Constant, Float, Integer, Ordinal


def check_trainable(space: SpaceFile, own_network: bool = False) -> None:
    """Check that every configuration of a space is one that a network can be built and trained with.

    Parameters
    ----------
    space
        The space.
    own_network
        Whether the network is one of the user's own: it takes whatever the training loop does not know.

    Raises
    ------
    UserError
        If a name is no hyperparameter of a training, one without a neutral value is missing or conditional,
        or a range reaches outside of what makes sense.
    """
    known: type[TrainingHyperparameters] = TrainingHyperparameters if own_network else Hyperparameters
    fields = known.model_fields
    for name, one in space.hyperparameters.items():
        if name not in fields:
            if own_network:
                continue
            raise UserError(f"space: hyperparameters.{name}: unknown; {suggest(name, fields)}")
        if fields[name].annotation is int and isinstance(one, Float):
            raise UserError(f"space: hyperparameters.{name}: counts something; make its type integer")
        for value in _extremes(one):
            _check_trainable_value(name, value)
    for name, field in fields.items():
        if field.is_required() and name not in space.hyperparameters:
            raise UserError(f"space: hyperparameters.{name}: missing; add it, as a constant if it is not searched")
        if field.is_required() and name in space.parents():
            raise UserError(f"space: conditions: {name} must always be active; remove its condition")


def _extremes(one: Float | Integer | Categorical | Ordinal | Constant) -> tuple[Value, ...]:
    match one:
        case Categorical():
            return one.choices
        case Ordinal():
            return one.sequence
        case Constant():
            return (one.value,)
        case _:
            return one.lower, one.upper


def _check_trainable_value(name: str, value: Value) -> None:
    try:
        Hyperparameters.model_validate({name: value}, strict=not isinstance(value, int | float))
    except ValidationError as error:
        for problem in error.errors():
            if problem["loc"][0] == name and problem["type"] != "missing":
                raise UserError(f"space: hyperparameters.{name}: {problem['msg']} (got {value!r})") from None
