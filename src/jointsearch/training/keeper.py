"""A training that is interrupted goes on later from where it was, in another process and on another node."""

import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from jointsearch.core.errors import UserError
from jointsearch.core.interruption import Interruption
from jointsearch.core.records import Stretch
from jointsearch.training import checkpoint


@dataclass
class Keeper:
    """Keeps the state of one training in a file.

    Attributes
    ----------
    path
        The file. It is written whole or not at all, and checked when it is read.
    identity
        What the state is of: the evaluation, and everything that decides its bits.
    every
        Seconds between two saves.
    interruption
        When the process is asked to end, the state is saved once more.
    here
        This process: a `Stretch` without its end.
    energy
        Joules that the device has taken in this process; None where that is not known.
    earlier
        The processes that came before, once the state was loaded.
    """

    path: Path
    identity: str
    every: float
    interruption: Interruption
    here: Mapping[str, Any]
    energy: Callable[[], float | None] = lambda: None
    earlier: tuple[Stretch, ...] = ()
    _saved: float = field(default_factory=time.monotonic)

    def load(self) -> dict[str, Any] | None:
        """State to go on from; None, after a warning if there is one that is damaged or of something else."""
        if not self.path.exists():
            return None
        try:
            state = checkpoint.read(self.path, self.identity)
            self.earlier = tuple(Stretch.model_validate(one) for one in state.pop("stretches"))
        except (UserError, ValidationError) as error:
            what = error if isinstance(error, UserError) else f"{self.path}: of another version"
            print(f"warning: {what}: not used, this training starts from its beginning", file=sys.stderr)
            return None
        return state

    def due(self) -> bool:
        """Whether it is time to save."""
        return self.interruption.by is not None or time.monotonic() - self._saved >= self.every

    def save(self, state: dict[str, Any]) -> bool:
        """Save a state; whether that worked: where the disk is full the training goes on without, after a warning."""
        self._saved = time.monotonic()
        stretches = (*self.earlier, Stretch(**self.here, finished=time.time(), energy_joules=self.energy()))
        try:
            checkpoint.write(self.path, self.identity, state | {"stretches": [one.model_dump() for one in stretches]})
        except UserError as error:
            print(f"warning: the state of this training is not saved: {error}", file=sys.stderr)
            return False
        return True
