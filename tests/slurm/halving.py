"""An objective of one's own that takes no time, but for as long as a test wants it to."""

import time
from pathlib import Path

from jointsearch import Trial


def evaluate(trial: Trial) -> dict[str, float] | None:
    """Halve a number in each round; in the middle of the first attempt, wait while there is a file `pause`."""
    state = trial.scratch / "state"
    done, left = state.read_text().split() if state.exists() else ("0", str(trial.values["start"]))
    rounds, number, resumed = int(done), float(left), state.exists()
    while rounds < trial.budget:
        rounds, number = rounds + 1, number / 2
        trial.report(rounds, number, {"seed": trial.seed})
        state.write_text(f"{rounds} {number!r}")
        while rounds == 3 and Path("pause").exists() and not (resumed or trial.should_stop()):
            time.sleep(0.05)
        if trial.should_stop():
            return None
    return {"loss": number, "rounds": rounds}
