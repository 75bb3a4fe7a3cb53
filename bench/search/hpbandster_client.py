"""HpBandSter's own BOHB as a sampler: asked in the environment of `make test-hpbandster`, in a process of its own.

The process, `hpbandster_server.py`, lives as long as the sampler, so that a proposal does not pay for imports.
"""

import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from jointsearch.errors import UserError
from jointsearch.records import Observation, Origin
from jointsearch.samplers.base import Outlook, Sampled, Suggestion
from jointsearch.space import Space

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


def interpreter() -> Path:
    """Python of the environment that has HpBandSter; HPBANDSTER_PYTHON names another than `.venv-hpbandster`."""
    return Path(os.environ.get("HPBANDSTER_PYTHON", ROOT / ".venv-hpbandster" / "bin" / "python"))


def sampler(**settings: Any) -> "HpBandSter":
    """Make the sampler.

    Raises
    ------
    UserError
        If there is no environment with HpBandSter.
    """
    if not interpreter().exists():
        raise UserError(f"{interpreter()}: missing; `make test-hpbandster` builds the environment")
    return HpBandSter(settings)


class HpBandSter:
    """A sampler that asks HpBandSter; see `jointsearch.samplers.base.Sampler`.

    Attributes
    ----------
    elsewhere_seconds
        Processor time of the other process, its start apart.
    """

    def __init__(self, settings: dict[str, Any]) -> None:
        self.settings = settings
        self.elsewhere_seconds = 0.0
        self._process: subprocess.Popen[str] | None = None

    def __call__(
        self,
        space: Space,
        history: Sequence[Observation],
        count: int,
        rng: np.random.Generator,
        outlook: Outlook | None = None,
    ) -> Suggestion:
        """Propose configurations."""
        request = {
            "space": space.file.model_dump(mode="json", by_alias=True, exclude_none=True),
            "history": [one.model_dump(mode="json") for one in history],
            "count": count,
            "seed": int(rng.integers(2**32)),
            "settings": self.settings,
        }
        answer = self._ask(json.dumps(request))
        self.elsewhere_seconds += answer["cpu_seconds"]
        return Suggestion(
            tuple(
                Sampled(values, Origin(sampler="hpbandster", kind="model" if modelled else "random"))
                for values, modelled in answer["proposals"]
            )
        )

    def _ask(self, line: str) -> Any:
        if self._process is None:
            paths = str(ROOT / "src")
            self._process = subprocess.Popen(
                [interpreter(), HERE / "hpbandster_server.py"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                env={**os.environ, "PYTHONPATH": paths, "PYTHONWARNINGS": "ignore"},
            )
        process = self._process
        assert process.stdin is not None and process.stdout is not None and process.stderr is not None
        try:
            process.stdin.write(line + "\n")
            process.stdin.flush()
            answer = process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        if not answer:
            last = process.stderr.read().strip().splitlines()[-1:]
            raise UserError(f"hpbandster: its process ended: {' '.join(last)}")
        return json.loads(answer)

    def __del__(self) -> None:
        if self._process is not None:
            for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
                if pipe is not None:
                    pipe.close()
            self._process.wait()
