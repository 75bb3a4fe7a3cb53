"""The values with which arms of several steps begin."""

from collections.abc import Collection, Mapping

from jointsearch.core.errors import UserError, suggest
from jointsearch.core.records import Value, Values
from jointsearch.networks import manual
from jointsearch.search.experiment import Experiment
from jointsearch.search.studies.manual import check_inside

START = "resnet_20"
"""The manual architecture that arms of our network begin with, if it lies in the space and nothing else is given."""


def start_architecture(start: str | Values | None, experiment: Experiment, where: str = "studies.arms") -> str | None:
    """The manual architecture that an arm begins with; None if it begins with other values.

    Parameters
    ----------
    start
        What the configuration asks for.
    experiment
        Of which search.
    where
        The section that has the key `start`, for messages.

    Raises
    ------
    UserError
        If one is named, but its network is not the one that is trained.
    """
    if not experiment.is_multibranch:
        if isinstance(start, str):
            raise UserError(
                f"{where}.start: {start} is for the multi-branch network, which is not trained here; give "
                "values by hyperparameter"
            )
        return None
    if start is None:
        known = manual.architecture(START).values
        within = experiment.space.hyperparameters.items()
        inside = all(name in known and one.allows(known[name]) for name, one in within)
        return START if inside else None
    return start if isinstance(start, str) else None


def start_values(
    start: str | Values | None, experiment: Experiment, needed: Collection[str], where: str = "studies.arms"
) -> Mapping[str, Value]:
    """Choose the values with which an arm begins.

    Parameters
    ----------
    start, experiment
        What is asked for, and of which search; its space may have defaults.
    needed
        The hyperparameters that its first step does not search.
    where
        The section that has the key `start`, for messages.

    Raises
    ------
    UserError
        If one of those has no value, or if any value is outside of the space.
    """
    space, key = experiment.space, f"{where}.start"
    if (name := start_architecture(start, experiment, where)) is not None:
        check_inside(name, space, key)
        values = manual.architecture(name).values
    else:
        given = {} if start is None or isinstance(start, str) else start
        for parameter, value in given.items():
            if parameter not in space.hyperparameters:
                known = suggest(parameter, space.hyperparameters)
                raise UserError(f"{key}.{parameter}: no hyperparameter of the space; {known}")
            if not space.hyperparameters[parameter].allows(value):
                raise UserError(f"{key}.{parameter}: {value!r} is outside of the space; give a value inside")
        values = space.defaults | space.typed(given)
    missing = [parameter for parameter in space.in_order if parameter in needed and parameter not in values]
    if missing:
        raise UserError(
            f"{key}: no value of {', '.join(missing)} to begin with; give values here, or a `default` in the space"
        )
    return values
