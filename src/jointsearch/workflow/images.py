"""The images of an experiment, before its first training."""

import sys
from collections.abc import Iterator
from pathlib import Path

from jointsearch.core.data_set import DataSet
from jointsearch.core.errors import UserError
from jointsearch.core.fields import Digest
from jointsearch.core.files import read_record, write_record
from jointsearch.networks import own
from jointsearch.results.folder import DoubtingFolder
from jointsearch.search.experiment import Experiment
from jointsearch.training import datasets


def find(
    output: Path, experiment: Experiment, data_root: Path | None, cache: Path | None, fraction_given: bool
) -> DataSet:
    """Read (or download) the images, write their record, and warn of anything to know about them.

    A network of one's own is looked up too, so that one job reports what is wrong with it, not all.

    Parameters
    ----------
    output
        `data.json`, in the folder of the experiment.
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
        If the images, or the network, are missing or broken; if they are not those that were found, or trained on,
        before.
    """
    if experiment.training.network is not None:
        own.builder(experiment.training.network)
    found = datasets.find(experiment.data, data_root, experiment.split_seed, cache, fraction_given)
    for warning in found.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    for path, *known in _known(output):
        if known != [found.images.digest, found.images.split]:
            raise UserError(
                f"{data_root}: other images, or another split, than {path} says; restore them, or, if another version "
                "of this workflow checked them, continue with that one"
            )
    write_record(output, found.images)
    return found.images


def _known(output: Path) -> Iterator[tuple[Path, Digest | None, Digest | None]]:
    """Digests of the images and of the split, and what says so: `data.json`; without it, what has been trained."""
    if output.exists():
        images = read_record(output, DataSet)
        yield output, images.digest, images.split
        return
    folder = DoubtingFolder(output.parent)
    for place, one in folder.evaluations.items():
        yield folder.path / folder.file(*place), one.made_with.data, one.made_with.split
