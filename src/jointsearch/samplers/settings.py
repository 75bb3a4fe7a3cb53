"""Settings of a sampler, and its requirements: the base of `<sampler>_settings.py`, which is light to import."""

from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from jointsearch.core import dotted
from jointsearch.samplers.base import Sampler

Share = Annotated[float, Field(ge=0, le=1)]
Number = Annotated[int, Field(ge=1)]


class SamplerSettings(BaseModel):
    """Settings of a sampler, and its requirements on the workflow and the environment."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    factory: ClassVar[str]
    """Dotted name, `package.module:class`, of the sampler, whose module is imported only when it is made."""
    learns: ClassVar[bool] = True
    """Whether its proposals depend on what was evaluated before."""
    sees_pending: ClassVar[bool] = False
    """Whether it uses the proposals that have no result yet."""
    pools_budgets: ClassVar[bool] = False
    """Whether one model learns from evaluations at all budgets."""
    library: ClassVar[str | None] = None
    """The library whose method it is, with its version as pip has it; None if it needs none."""

    def sampler(self, name: str) -> Sampler:
        """Make the sampler with these settings.

        Parameters
        ----------
        name
            Its name in the origin of its proposals.
        """
        made: Sampler = dotted.load(self.factory)(name, self)
        return made

    def observations_needed(self, dimension: int) -> int | None:
        """Fewest evaluations, at one budget or in all, for a model; None if there is none or it does not say."""
        return None
