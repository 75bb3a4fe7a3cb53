"""What the number of images leaves open: the sampling error of an error that is counted on validation or test images.

It is beside the spread over seeds: trainings with other seeds are counted on the same images, so their mean has it too,
however many there are.
"""

import math
from collections.abc import Iterator

from statsmodels.stats.proportion import proportion_confint

from jointsearch.results.results import Results


def images(results: Results, part: str) -> int | None:
    """Images of the `validation` or `test` part on which errors are counted; None where losses are no errors."""
    if results.data is None or not results.experiment.measure.is_error:
        return None
    return (results.data.validation if part == "validation" else results.data.test) or None


def wilson(error: float, number: int) -> tuple[float, float]:
    """95 % interval of the error of one training on other images of the same kind (Wilson 1927), within 0 and 1.

    Parameters
    ----------
    error, number
        Its share of wrong answers, and of how many images.
    """
    low, high = proportion_confint(round(error * number), number, method="wilson")
    return max(float(low), 0.0), min(float(high), 1.0)


def standard_error(error: float, number: int | None) -> float:
    """Standard error of the error of one training; nan if the number of images is not known.

    That of a mean of several on the same images is at most this: less, if they are wrong on different ones.
    """
    return math.sqrt(error * (1 - error) / number) if number else math.nan


def ends(error: float, number: int | None) -> Iterator[tuple[str, str, float]]:
    """Suffix, meaning and value of the ends of `wilson`, for numbers; none if the number of images is not known."""
    if number:
        for suffix, side, value in zip(("_low", "_high"), ("lower", "upper"), wilson(error, number), strict=True):
            yield suffix, f"{side} end of the 95 % interval (Wilson, of {number:,} images) of the", value
