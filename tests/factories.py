"""Small valid records for tests to vary."""

import contextlib
import os
from collections.abc import Iterator
from typing import Any, TextIO

from jointsearch.core.evaluation import Evaluation

EXPERIMENT = "e" * 64
VALUES = {
    "residual_blocks_1": 1,
    "residual_blocks_2": 1,
    "residual_blocks_3": 1,
    "initial_filters": 8,
    "learning_rate": 0.1,
    "batch_size": 32,
}


def evaluation(proposal: str = "0-0-0", loss: float | None = 0.5, **changes: Any) -> Evaluation:
    """Build an evaluation record; any field can be given, `values` and `origin` of the proposal too."""
    bracket, rung, slot = (int(part) for part in proposal.split("-"))
    record = {
        "experiment": EXPERIMENT,
        "study": "search",
        "bracket": bracket,
        "rung": rung,
        "slot": slot,
        "proposal": {
            "id": proposal,
            "values": changes.pop("values", VALUES),
            "origin": changes.pop("origin", {"sampler": "bohb", "kind": "random"}),
        },
        "budget": 1,
        "budget_unit": "epochs",
        "seed": 7,
        "status": "success" if loss is not None else "diverged",
        "loss": loss,
        "test_error": loss,
        "parameters": 1000,
        "epochs": 1,
        "steps": 10,
        "curve": [
            {"step": 10, "epoch": 1, "learning_rate": 0, "train_loss": 1.5, "validation_error": loss}
            | {"test_error": changes.get("test_error", loss)}
        ],
        "made_with": {
            "code": "c" * 64,
            "lock": None,
            "python": "3.11.7",
            "torch": "2.14.1",
            "data": "d" * 64,
            "split": "5" * 64,
            "device_type": "cpu",
            "threads": 1,
            "precision": "float32",
            "compiled": False,
        },
        "observed": {
            "started": 100.0,
            "finished": 110.0,
            "training_seconds": 8.0,
            "evaluation_seconds": 1.0,
            "startup_seconds": 0.5,
            "curve_seconds": [8.0],
            "host": "node",
            "device": "cpu",
            "environment": "a" * 64,
        },
        "parents": ["b" * 64],
    }
    return Evaluation.model_validate(record | changes)


@contextlib.contextmanager
def broken_pipe() -> Iterator[TextIO]:
    """A stream that nobody reads any more: writing fails, as to a terminal that has closed."""
    read, write = os.pipe()
    os.close(read)
    stream = os.fdopen(write, "w")
    yield stream
    with contextlib.suppress(BrokenPipeError):
        stream.close()
