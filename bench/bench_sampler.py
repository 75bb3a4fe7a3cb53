"""How long BOHB takes to propose: 27 configurations from 1,000 evaluations in 17 dimensions.

Beside it, in the same run, the loop that HpBandSter makes: statsmodels densities, one candidate at a time.
"""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from statsmodels.nonparametric.kernel_density import KDEMultivariate

from jointsearch.records import Observation
from jointsearch.samplers import make
from jointsearch.samplers.bohb import Densities, fit
from jointsearch.samplers.settings import BohbSettings
from jointsearch.space import Space
from jointsearch.space_file import SpaceFile

PROPOSALS, EVALUATIONS = 27, 1000
SPACE = Path(__file__).parents[1] / "config" / "spaces" / "joint17.yaml"


def main() -> None:
    space = Space(SpaceFile.read(SPACE))
    history = invented_history(space)
    propose = make("bohb", {})
    propose(space, history, PROPOSALS, np.random.default_rng(1))
    ours = min(cpu_seconds(lambda: propose(space, history, PROPOSALS, np.random.default_rng(1))) for _ in range(5))
    model = fit(space, history, BohbSettings(), np.random.default_rng(1))
    assert model is not None
    naive = cpu_seconds(lambda: one_by_one(model, space.vartypes)) * PROPOSALS * (1 - BohbSettings().random_fraction)
    print(f"{PROPOSALS} proposals from {EVALUATIONS} evaluations in {space.dimension} dimensions:")
    print(f"  {ours:.3f} CPU s here, {naive:.2f} CPU s with statsmodels one by one ({naive / ours:.0f} times)")


def invented_history(space: Space) -> list[Observation]:
    """Evaluations at one budget whose loss depends on the learning rate and noise."""
    rng = np.random.default_rng(0)
    return [
        Observation(evaluation=f"0-0-{slot}@0", budget=1, values=values, loss=loss)
        for slot, values in enumerate(space.sample(EVALUATIONS, rng))
        for loss in [min(1.0, abs(np.log10(float(values["learning_rate"])) + 1) / 3 + 0.1 * rng.random())]
    ]


def one_by_one(model: Densities, vartypes: str) -> None:
    """One pick as HpBandSter makes it."""
    good = KDEMultivariate(model.good.data, vartypes, bw=model.good.bandwidths)
    bad = KDEMultivariate(model.bad.data, vartypes, bw=model.bad.bandwidths)
    candidates = model.draw(BohbSettings().num_samples, BohbSettings(), np.random.default_rng(2))
    min(candidates, key=lambda point: max(1e-32, bad.pdf(point)) / max(1e-32, good.pdf(point)))


def cpu_seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


if __name__ == "__main__":
    main()
