"""The images of an experiment, before its first training."""

import sys
from pathlib import Path

from jointsearch.core.data_set import DataSet
from jointsearch.networks import own
from jointsearch.search.experiment import Experiment
from jointsearch.training import datasets


def find(experiment: Experiment, data_root: Path | None, cache: Path | None, fraction_given: bool) -> DataSet:
    """Read (or download) the images, and warn of anything to know about them.

    A network of one's own is looked up too, so that one job reports what is wrong with it, not all.

    Parameters
    ----------
    experiment
        Whose images they are.
    data_root
        Folder of the images; None if they need none.
    cache
        Folder of files that can be made again: decoded images.
    fraction_given
        Whether `data.validation_fraction` is in the configuration, or a default.

    Raises
    ------
    UserError
        If the images, or the network, are missing or broken.
    """
    if experiment.training.network is not None:
        own.builder(experiment.training.network)
    found = datasets.find(experiment.data, data_root, experiment.split_seed, cache, fraction_given)
    for warning in found.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    return found.images
