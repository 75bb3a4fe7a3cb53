"""Common random numbers: what the arms of one repeat share, so that they can be compared repeat by repeat.

They share the split of the images, as all studies do; the random configurations that they try; and the seeds of their
trainings. A configuration has a number, its position in its search, bracket by bracket and slot by slot. What a sampler
draws from the prior is the configuration with this number in one endless sequence of the repeat, whatever the sampler,
the sizes of its brackets, and what else it has drawn. In the sequence each hyperparameter has its own seed, so that a
step that searches a part of the space draws for this part what a search of the whole space draws. Trainings of
configurations with one number at one budget have the same seed: the same configuration then gets the same loss.

What models propose differs between arms, and so do the losses.
"""

from collections.abc import Sequence

from jointsearch.core.fields import Values
from jointsearch.core.proposal import Proposal
from jointsearch.search.experiment import Experiment
from jointsearch.space.space import ATTEMPTS, Space, hardly_any_left


def configuration(experiment: Experiment, space: Space, number: int) -> Values:
    """Draw the configuration with a number in the sequence of a repeat.

    Parameters
    ----------
    experiment
        Settings of a step of an arm.
    space
        That of the experiment.
    number
        From 0.

    Raises
    ------
    UserError
        If almost every configuration is forbidden.
    """
    for attempt in range(ATTEMPTS):
        seeds = {name: experiment.seed_of("arms", "sample", number, name, attempt) for name in space.names}
        if (values := space.decode(space.draw_by_name(seeds))) is not None:
            return values
    raise hardly_any_left()


def drawn(proposals: Sequence[Proposal], experiment: Experiment, space: Space) -> tuple[Proposal, ...]:
    """Replace the configurations that a sampler drew from the prior by those of the sequence of the repeat."""
    return tuple(
        one.model_copy(update={"values": configuration(experiment, space, experiment.number(one.id))})
        if one.origin.kind == "random"
        else one
        for one in proposals
    )
