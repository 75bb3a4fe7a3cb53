"""Somebody who asks a training to end."""

import signal

from jointsearch.core.interruption import Interruption


class After(Interruption):
    """Asks to end once the state was asked for so many times."""

    def __init__(self, steps: int):
        super().__init__()
        self.steps = steps

    @property
    def by(self):
        self.steps -= 1
        return signal.SIGTERM if self.steps <= 0 else None

    @by.setter
    def by(self, value):
        pass
