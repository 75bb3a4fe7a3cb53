"""Table: the claims of the study, the evidence on each in this experiment, and a word that follows from it."""

from dataclasses import asdict, fields

import pandas as pd

from jointsearch.analysis.claims import claims
from jointsearch.analysis.exploration import CONFIGURATIONS, explore
from jointsearch.analysis.number import Number, sources
from jointsearch.analysis.table import Table
from jointsearch.analysis.verdict import ClaimEvidence
from jointsearch.results.results import Results


def data(results: Results) -> pd.DataFrame:
    """Judge each claim.

    Returns
    -------
    pandas.DataFrame
        One row a piece of evidence, the columns of `verdict.ClaimEvidence`; a claim that was not studied has one too.
    """
    types = {
        field.name: "float64" if field.type is float else "int64" if field.type is int else "str" for field in _FIELDS
    }
    rows = [asdict(one) for one in claims(results)]
    return pd.DataFrame(rows, columns=list(types)).astype(types)


_FIELDS = fields(ClaimEvidence)


def numbers(results: Results, table: pd.DataFrame) -> dict[str, Number]:
    """Give how much the search has explored; what is known of other claims are numbers of their figures and tables."""
    found = explore(results)
    if found is None:
        return {}
    of = sources(found.evaluations)
    what = f"share of the regions of the space that {CONFIGURATIONS} configurations reach"
    return {
        name: Number(meaning=meaning, value=value, unit=unit, digits=digits, sources=of)
        for name, meaning, value, unit, digits in (
            ("explored", f"{what} of those trained at the full budget", 100 * found.share, "%", 1),
            ("explored_by_random", f"{what} of random ones", 100 * found.share_random, "%", 1),
            ("exploration", "the first of these shares relative to the second", found.ratio, "", 2),
            (
                "exploration_low",
                "lower 95 % limit of the exploration, by the jackknife over brackets",
                found.low,
                "",
                2,
            ),
            (
                "exploration_high",
                "upper 95 % limit of the exploration, by the jackknife over brackets",
                found.high,
                "",
                2,
            ),
            (
                "exploration_of_random",
                "the exploration by the configurations among them that were drawn at random, without the others",
                found.share_drawn / found.share_random,
                "",
                2,
            ),
            (
                "exploration_of_model",
                "the exploration by the configurations among them that a model proposed, without the others",
                found.share_model / found.share_random,
                "",
                2,
            ),
        )
        if value == value
    }


TABLE = Table(studies="all", category="Claims", data=data, numbers=numbers)
