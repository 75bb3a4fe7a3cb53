"""The values with which arms of several steps begin."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from jointsearch.core.errors import UserError, suggest
from jointsearch.core.fields import Value, Values
from jointsearch.networks import manual
from jointsearch.search.experiment import Experiment
from jointsearch.search.studies.manual import check_inside

START = "resnet_20"
"""The manual architecture that arms of our network begin with, if it lies in the space and nothing else is given."""


@dataclass(frozen=True)
class Start:
    """Values to begin with.

    Attributes
    ----------
    name
        The manual architecture that they are of; None if they are others.
    values
        By hyperparameter.
    key
        Of the configuration, for messages.
    """

    name: str | None
    values: Mapping[str, Value]
    key: str

    @classmethod
    def of(cls, start: str | Values | None, experiment: Experiment, where: str = "studies.arms") -> "Start":
        """Resolve what a configuration asks for.

        Parameters
        ----------
        start, experiment
            What is asked for, and of which search; its space may have defaults.
        where
            The section that has the key `start`, for messages.

        Raises
        ------
        UserError
            If an architecture is named, but its network is not the one that is trained; or if any value is outside of
            the space.
        """
        space, key = experiment.space, f"{where}.start"
        if start is None and experiment.is_multibranch and _has_default_start(experiment):
            start = START
        if isinstance(start, str):
            if not experiment.is_multibranch:
                raise UserError(
                    f"{key}: {start} is for the multi-branch network, which is not trained here; give values by "
                    "hyperparameter"
                )
            check_inside(start, space, key)
            return cls(start, manual.architecture(start).values, key)
        given = start or {}
        for parameter, value in given.items():
            if parameter not in space.hyperparameters:
                known = suggest(parameter, space.hyperparameters)
                raise UserError(f"{key}.{parameter}: no hyperparameter of the space; {known}")
            if not space.hyperparameters[parameter].allows(value):
                raise UserError(f"{key}.{parameter}: {value!r} is outside of the space; give a value inside")
        return cls(None, space.defaults | space.typed(given), key)

    def need(self, parameters: Collection[str]) -> None:
        """Refuse to begin where some have no value: those that a step searches keep it if that step finds nothing.

        Raises
        ------
        UserError
            Names them.
        """
        if missing := [parameter for parameter in parameters if parameter not in self.values]:
            raise UserError(
                f"{self.key}: no value of {', '.join(missing)}; an arm of several steps needs one of each "
                "hyperparameter, should a step find none; give values here, or a `default` in the space"
            )


def _has_default_start(experiment: Experiment) -> bool:
    known = manual.architecture(START).values
    return all(name in known and one.allows(known[name]) for name, one in experiment.space.hyperparameters.items())
