"""Which multi-branch network a training had, and what a step of it cost. Computing costs imports torch."""

from typing import TYPE_CHECKING

from jointsearch.core.config import DataSettings
from jointsearch.core.data_set import DataSet
from jointsearch.core.evaluation import Evaluation
from jointsearch.networks.choices import SharedHyperparameters
from jointsearch.networks.hyperparameters import Hyperparameters
from jointsearch.search.experiment import Experiment

if TYPE_CHECKING:
    from jointsearch.networks.cost import StepCost


def trained(one: Evaluation, settings: Experiment, data: DataSet) -> Hyperparameters:
    """What was trained: a configuration, or the choices of a gradient-based search that are within the limits.

    Raises
    ------
    UserError
        If there is nothing with the values of its proposal.
    """
    from jointsearch.networks.cost import fitted

    parameters = settings.parameters(one.proposal.values)
    assert isinstance(parameters, Hyperparameters)
    if isinstance(parameters, SharedHyperparameters):
        return fitted(parameters, settings.training, *_of_step(parameters, one, settings, data))
    return parameters


def step_cost(one: Evaluation, settings: Experiment, data: DataSet) -> "StepCost":
    """The cost of a step of it; raises as `trained` does."""
    from jointsearch.networks import cost

    parameters = trained(one, settings, data)
    return cost.step_cost(parameters, *_of_step(parameters, one, settings, data))


def _of_step(
    parameters: Hyperparameters, one: Evaluation, settings: Experiment, data: DataSet
) -> tuple[tuple[int, int, int], int, int, int]:
    """Shape of the images, classes, images in a batch, bytes of an activation."""
    batch_size = parameters.batch_of(_training_images(settings.data, data))
    return data.shape, len(data.classes), batch_size, 2 if one.made_with.precision == "bfloat16" else 4


def _training_images(settings: DataSettings, data: DataSet) -> int:
    return data.train + (data.validation if settings.train_on == "training_and_validation" else 0)
