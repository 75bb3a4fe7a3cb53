"""Images held out of the training images: stratified, and no part without a class."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from jointsearch.core.errors import UserError

Places = NDArray[np.int64]


def split(
    labels: Places, classes: Sequence[str], fraction: float, seed: int, setting: str, parts: Sequence[str]
) -> tuple[Places, Places]:
    """Split images so that each class gives its share, and at least one image to each part.

    Parameters
    ----------
    labels
        Class of each image (N,), an index into `classes`.
    fraction
        Share of the images to hold out, rounded to whole images.
    seed
        Which images these are, not negative.
    setting
        Where the fraction is set.
    parts
        Names of the parts still to be held out of these images, the present one included.

    Returns
    -------
    tuple of arrays
        Places of the images that stay, and of those held out, each in order.

    Raises
    ------
    UserError
        If there are too few images, in all or of a class.
    """
    from sklearn.model_selection import train_test_split

    total, held_out, counts = len(labels), round(fraction * len(labels)), np.bincount(labels, minlength=len(classes))
    present = (counts > 0).astype(np.int64)
    number, others = int(present.sum()), len(parts) - 1
    for place, name in enumerate(classes):
        if 0 < counts[place] <= others:
            raise UserError(
                f"{setting}: too few images of class {name}: {counts[place]} of the {len(parts)} needed, one "
                f"each for {', '.join(parts)}; add images of it, or remove the class"
            )
    if not number <= held_out <= total - others * number:
        raise UserError(
            f"{setting}: too few images: {held_out:,} of {total:,} would be held out, of {number:,} classes with "
            f"{counts[counts > 0].min():,} or more each; each part needs one of each class: add images or change it"
        )
    random = np.random.RandomState(np.random.MT19937(seed))
    _, taken = train_test_split(np.arange(total), test_size=held_out, random_state=random, stratify=labels)
    held = np.zeros(total, bool)
    held[taken] = True
    # A share of a rare class may round to none of it, or to all.
    shares = np.bincount(labels[taken], minlength=len(classes))
    missing = _sizes(shares, present, counts - others * present) - shares
    for kind in np.flatnonzero(missing):
        candidates = np.flatnonzero((labels == kind) & (held != (missing[kind] > 0)))
        held[random.choice(candidates, abs(missing[kind]), replace=False)] = missing[kind] > 0
    return np.flatnonzero(~held), np.flatnonzero(held)


def _sizes(shares: Places, least: Places, most: Places) -> Places:
    """Bring shares within bounds and keep their sum: the largest shares give, those with most room take."""
    sizes = shares.clip(least, most)
    while excess := int(sizes.sum() - shares.sum()):
        sizes[np.argmax(sizes - least if excess > 0 else most - sizes)] -= 1 if excess > 0 else -1
    return sizes
