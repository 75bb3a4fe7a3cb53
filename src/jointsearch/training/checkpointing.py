"""An interrupted training resumes later from where it was, in another process and on another node."""

import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from jointsearch.core.errors import UserError
from jointsearch.core.interruption import Interruption
from jointsearch.core.observed import Attempt
from jointsearch.training import checkpoint_file
from jointsearch.training.attempt import RunningAttempt


@dataclass
class Checkpointer:
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
    attempt
        That of this process.
    earlier
        Those of the processes that came before, once the state was loaded.
    """

    path: Path
    identity: str
    every: float
    interruption: Interruption
    attempt: RunningAttempt
    earlier: tuple[Attempt, ...] = ()
    _saved: float = field(default_factory=time.monotonic)

    def load(self) -> dict[str, Any] | None:
        """State to resume from; None, after a warning if it is damaged or of another training."""
        if not self.path.exists():
            return None
        try:
            state = checkpoint_file.read(self.path, self.identity)
            self.earlier = tuple(Attempt.model_validate(one) for one in state.pop("attempts"))
        except (UserError, ValidationError) as error:
            what = error if isinstance(error, UserError) else f"{self.path}: of another version"
            print(f"warning: {what}: not used, this training starts from the beginning", file=sys.stderr)
            return None
        return state

    def due(self) -> bool:
        """Whether it is time to save."""
        return self.interruption.by is not None or time.monotonic() - self._saved >= self.every

    def save(self, state: dict[str, Any]) -> bool:
        """Save a state; returns whether that worked: on a full disk the training continues, after a warning."""
        self._saved = time.monotonic()
        attempts = [one.model_dump() for one in (*self.earlier, self.attempt.ended())]
        try:
            checkpoint_file.write(self.path, self.identity, state | {"attempts": attempts})
        except UserError as error:
            print(f"warning: the state of this training is not saved: {error}", file=sys.stderr)
            return False
        return True
