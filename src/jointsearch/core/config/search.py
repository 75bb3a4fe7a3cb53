"""Settings of the search: the optimiser, its length, and what it starts from."""

import math
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_serializer

from jointsearch.core.config.budget import LengthUnit
from jointsearch.core.config.settings import Count, Settings
from jointsearch.core.fields import ERRORS, Losses
from jointsearch.core.paths import UserPath, escape


def _named_losses(value: Any) -> Any:
    """Refuse, in one line, what is no way to convert losses to errors."""
    if value == "ranks":
        return value
    if isinstance(value, list | tuple) and len(value) == 2 and all(type(one) in (int, float) for one in value):
        low, high = map(float, value)
        if low < high and math.isfinite(high - low):
            return low, high
    raise ValueError("expected `ranks`, or [LOW, HIGH], the losses that stand for the errors 0 and 1")


class WarmStartSettings(Settings):
    """Evaluations that a search starts from; if their losses are those of this search, the folder alone is enough."""

    folder: UserPath
    """Folder of an HpBandSter run or of an export, or the `warm_start.json` of another search. Looked up like
    `space`."""
    losses: Annotated[Losses, BeforeValidator(_named_losses)] = ERRORS
    """How its losses become errors between 0 and 1: by the losses `[LOW, HIGH]` that stand for 0 and 1, or by their
    ranks. Not with an objective of your own, which takes losses as they are."""

    @property
    def flag(self) -> str:
        """`losses` as `scripts/warm_start.py` takes them: `ranks`, or `LOW,HIGH`."""
        return self.losses if self.losses == "ranks" else ",".join(map(str, self.losses))

    @model_serializer
    def _briefly(self) -> str | dict[str, Any]:
        folder = escape(self.folder)
        return folder if self.losses == ERRORS else {"folder": folder, "losses": self.losses}


def _with_folder(value: Any) -> Any:
    return {"folder": value} if isinstance(value, str) else value


class SearchSettings(Settings):
    """The optimiser and how long it searches."""

    sampler: str = "bohb"
    """One of the config/README.md#samplers, or the dotted name, `package.module:function`, of your own."""
    sampler_settings: dict[str, Any] = Field({})
    """Settings of the sampler, listed with the config/README.md#samplers."""
    length: Count = 256
    """How long the search is, in units of `length_unit`. Raise it to continue a finished search."""
    length_unit: LengthUnit = "full_budget_evaluations"
    """What `length` counts (config/README.md#how-long-a-search-is). `full_budget_evaluations`: at least that many
    trainings at the full budget. `full_budget_equivalents`: at most that many times the full budget, over all
    budgets."""
    lags: tuple[Annotated[int, Field(ge=0)], ...] | None = None
    """One per budget, lowest first: the model of bracket b sees the results of the brackets up to b - 1 - lag
    (config/README.md#lags). Without them, 1, 2, 3, ..."""
    warm_start: Annotated[
        WarmStartSettings | None,
        BeforeValidator(_with_folder, json_schema_input_type=UserPath | WarmStartSettings | None),
    ] = None
    """Evaluations of another search that every bracket's model sees from the beginning
    (config/README.md#starting-from-another-search): their folder or, if their losses are not errors,
    `{folder: ..., losses: ...}`."""
