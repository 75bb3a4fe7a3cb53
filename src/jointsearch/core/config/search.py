"""Settings of the search: the optimiser, its length, and what it starts from."""

import math
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_serializer

from jointsearch.core.config.budget import LengthUnit
from jointsearch.core.config.settings import Count, Settings
from jointsearch.core.paths import UserPath, escape
from jointsearch.core.records import ERRORS, Losses


def _named_losses(given: Any) -> Any:
    """Refuse what is no way to make errors of losses, in one line."""
    if given == "ranks":
        return given
    if isinstance(given, list | tuple) and len(given) == 2 and all(type(one) in (int, float) for one in given):
        low, high = map(float, given)
        if low < high and math.isfinite(high - low):
            return low, high
    raise ValueError("expected `ranks`, or [LOW, HIGH], the losses that stand for the errors 0 and 1")


class WarmStartSettings(Settings):
    """Evaluations that a search starts from; the folder alone is short for one whose losses are errors."""

    folder: UserPath
    """Folder of an HpBandSter run or of an export, or the `warm_start.json` of another search."""
    losses: Annotated[Losses, BeforeValidator(_named_losses)] = ERRORS
    """How its losses become errors between 0 and 1: [LOW, HIGH], those that stand for 0 and 1, such as [0, 100] for
    percent; or `ranks`: the share of the losses at the same budget that are lower, ties counted half."""

    @property
    def flag(self) -> str:
        """`losses` as `scripts/warm_start.py` takes them: `ranks`, or `LOW,HIGH`."""
        return self.losses if self.losses == "ranks" else ",".join(map(str, self.losses))

    @model_serializer
    def _briefly(self) -> str | dict[str, Any]:
        folder = escape(self.folder)
        return folder if self.losses == ERRORS else {"folder": folder, "losses": self.losses}


def _with_folder(given: Any) -> Any:
    return {"folder": given} if isinstance(given, str) else given


class SearchSettings(Settings):
    """The optimiser and how long it searches."""

    sampler: str = "bohb"
    """`bohb`, `hyperband`, `random`, another of `samplers.REGISTRY`, or the dotted name of your own."""
    sampler_settings: dict[str, Any] = Field({})
    """Settings of the sampler; see `config/README.md`."""
    length: Count = 256
    """How long the search is, counted in `length_unit`. Raise it to continue a finished search."""
    length_unit: LengthUnit = "full_budget_evaluations"
    """`brackets`; `full_budget_evaluations`: at least so many at the full budget;
    `full_budget_equivalents`: at most so many times the full budget, all budgets counted."""
    lags: tuple[Annotated[int, Field(ge=0)], ...] | None = None
    """Per budget, lowest first: bracket b sees brackets up to b - 1 - lag. Default 1, 2, 3, ..."""
    warm_start: Annotated[
        WarmStartSettings | None,
        BeforeValidator(_with_folder, json_schema_input_type=str | WarmStartSettings | None),
    ] = None
    """Evaluations of another search that every bracket's model sees from the beginning: their folder, or with how
    their losses become errors `{folder: ..., losses: ...}`."""
