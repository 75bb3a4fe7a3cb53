"""The base of all parts of the configuration."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from jointsearch.core import dotted

MOST_TRAININGS = 100_000
"""More than this in an experiment, its studies included, are taken for a mistake."""
Count = Annotated[int, Field(ge=1, le=MOST_TRAININGS)]


def _dotted(name: str) -> str:
    if not dotted.is_own(name):
        raise ValueError("expected the name of a function, as package.module:function")
    return name


DottedName = Annotated[
    str, AfterValidator(_dotted), Field(json_schema_extra={"pattern": dotted.PATTERN, "format": "dotted name"})
]
"""Of a function of one's own: `package.module:function`."""


class Settings(BaseModel):
    """Base of every part of the configuration: immutable, no unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)
