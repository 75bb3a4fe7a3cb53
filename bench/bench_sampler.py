"""How long samplers take to propose in 17 dimensions: BOHB, and the Gaussian process beside well-kept libraries; PPO.

BOHB: 27 configurations from 1,000 evaluations; beside it the loop that HpBandSter makes, with statsmodels densities,
one candidate at a time. `mfgp`: 27 from up to 5,000 evaluations at four budgets; beside it, its process alone, and the
same by scikit-learn and, where it is installed, by BoTorch (`pip install botorch`). `ppo`: its training from up to
5,000 evaluations, and what each further proposal costs.
"""

import importlib.util
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from statsmodels.nonparametric.kernel_density import KDEMultivariate
from threadpoolctl import threadpool_limits

from jointsearch.core.history import Observation
from jointsearch.samplers import Outlook
from jointsearch.samplers.bohb import Densities, fit
from jointsearch.samplers.bohb_settings import BohbSettings
from jointsearch.samplers.gaussian_process import NOISE_FLOOR, Draws, LogNormal, Prior, matern
from jointsearch.samplers.gaussian_process import fit as fit_process
from jointsearch.samplers.registry import make
from jointsearch.space.file import SpaceFile
from jointsearch.space.space import Space

PROPOSALS = 27
BUDGETS = (400.0, 1200.0, 3600.0, 10800.0)
SPACE = Path(__file__).parents[1] / "config" / "spaces" / "joint17.yaml"
FITTED, OBSERVED, CANDIDATES = 250, 600, 800

Array = NDArray[np.float64]


def main() -> None:
    space = Space(SpaceFile.read(SPACE))
    with threadpool_limits(1):
        bench_bohb(space)
        bench_mfgp(space)
        bench_processes(space)
        bench_ppo(space)


def bench_bohb(space: Space) -> None:
    history = invented_history(space, 1000, (1.0,))
    propose = partial(make("bohb", {}), space, history, PROPOSALS)
    ours = cpu_seconds(lambda: propose(np.random.default_rng(1)))
    model = fit(space, history, BohbSettings(), np.random.default_rng(1))
    assert model is not None
    naive = cpu_seconds(lambda: one_by_one(model, space.vartypes)) * PROPOSALS * (1 - BohbSettings().random_fraction)
    print(f"bohb, {PROPOSALS} proposals from 1,000 evaluations in {space.dimension} dimensions:")
    print(f"  {ours:.3f} CPU s here, {naive:.2f} CPU s with statsmodels one by one ({naive / ours:.0f} times)")


def bench_mfgp(space: Space) -> None:
    print(f"mfgp, {PROPOSALS} proposals, fit included, CPU ms a proposal:")
    for evaluations in (100, 500, 2000, 5000):
        history = invented_history(space, evaluations, BUDGETS)
        propose = partial(make("mfgp", {}), space, history, PROPOSALS)
        seconds = cpu_seconds(lambda propose=propose: propose(np.random.default_rng(1), Outlook(BUDGETS)))  # type: ignore[misc]
        print(f"  {1000 * seconds / PROPOSALS:5.1f} from {evaluations:,} evaluations")


def bench_ppo(space: Space) -> None:
    print("ppo, CPU s: a proposal, training included, and each further one of the same bracket:")
    for evaluations in (100, 500, 2000, 5000):
        history = invented_history(space, evaluations, BUDGETS)
        propose = partial(make("ppo", {}), space, history)
        first = cpu_seconds(lambda propose=propose: propose(1, np.random.default_rng(1)))  # type: ignore[misc]
        many = cpu_seconds(lambda propose=propose: propose(PROPOSALS, np.random.default_rng(1)))  # type: ignore[misc]
        print(f"  {first:5.2f} and {max(many - first, 0) / (PROPOSALS - 1):.4f} from {evaluations:,} evaluations")


def bench_processes(space: Space) -> None:
    """Fit on 250 points, condition on 600, draw 27 functions at 800 points."""
    rng = np.random.default_rng(0)
    points, elsewhere = rng.random((OBSERVED, space.dimension + 1)), rng.random((CANDIDATES, space.dimension + 1))
    targets = np.sin(5 * points[:, 0]) + points[:, 1] + 0.2 * rng.standard_normal(OBSERVED)
    targets = (targets - targets.mean()) / targets.std()
    libraries: dict[str, Callable[[Array, Array, Array], object]] = {"here": here, "scikit-learn": scikit_learn}
    if importlib.util.find_spec("botorch") is not None:
        libraries["BoTorch"] = botorch
    print(f"the process alone: fit on {FITTED}, condition on {OBSERVED}, {PROPOSALS} draws at {CANDIDATES} points:")
    for name, draw in libraries.items():
        seconds = cpu_seconds(lambda draw=draw: draw(points, targets, elsewhere))  # type: ignore[misc]
        print(f"  {seconds:6.2f} CPU s {name} ({1000 * seconds / PROPOSALS:.1f} ms a proposal)", flush=True)


def here(points: Array, targets: Array, elsewhere: Array) -> Array:
    prior = Prior((LogNormal(0.5, 1),) * points.shape[1])
    process = fit_process(points[:FITTED], targets[:FITTED], np.arange(points.shape[1]), prior, matern)
    return Draws(process.given(points, targets), PROPOSALS, np.random.default_rng(0)).look(elsewhere)


def scikit_learn(points: Array, targets: Array, elsewhere: Array) -> Array:
    """It has no priors: maximum likelihood within the same bounds."""
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

    lengths = np.full(points.shape[1], 0.5)
    kernel = ConstantKernel(1, (0.02, 50)) * Matern(lengths, (0.01, 27), 2.5) + WhiteKernel(0.05, (NOISE_FLOOR, 20))
    fitted = GaussianProcessRegressor(kernel, alpha=0).fit(points[:FITTED], targets[:FITTED])
    process = GaussianProcessRegressor(fitted.kernel_, alpha=0, optimizer=None).fit(points, targets)
    drawn: Array = process.sample_y(elsewhere, PROPOSALS, random_state=0)
    return drawn


def botorch(points: Array, targets: Array, elsewhere: Array) -> object:
    import torch
    from botorch.fit import fit_gpytorch_mll
    from botorch.models import SingleTaskGP
    from gpytorch.kernels import MaternKernel, ScaleKernel
    from gpytorch.mlls import ExactMarginalLogLikelihood
    from gpytorch.priors import LogNormalPrior

    torch.set_num_threads(1)
    torch.manual_seed(0)
    x, y, z = (torch.tensor(one) for one in (points, targets[:, None], elsewhere))
    kernel = ScaleKernel(
        MaternKernel(2.5, ard_num_dims=points.shape[1], lengthscale_prior=LogNormalPrior(np.log(0.5), 1)),
        outputscale_prior=LogNormalPrior(0, 1),
    )
    model = SingleTaskGP(x[:FITTED], y[:FITTED], covar_module=kernel)
    likelihood = ExactMarginalLogLikelihood(model.likelihood, model)
    fit_gpytorch_mll(likelihood, optimizer_kwargs={"options": {"maxiter": 30}})
    model.set_train_data(x, y[:, 0], strict=False)
    with torch.no_grad():
        return model.posterior(z).rsample(torch.Size([PROPOSALS]))


def invented_history(space: Space, count: int, budgets: tuple[float, ...]) -> list[Observation]:
    """Evaluations whose loss depends on learning rate, budget and noise; each budget has a third of the lower."""
    rng = np.random.default_rng(0)
    shares = 3.0 ** -np.arange(len(budgets))
    at = rng.choice(budgets, size=count, p=shares / shares.sum())
    return [
        Observation(evaluation=f"0-0-{slot}@0", budget=float(budget), values=values, loss=loss)
        for slot, (values, budget) in enumerate(zip(space.sample(count, rng), at, strict=True))
        for loss in [
            min(1.0, abs(np.log10(float(values["learning_rate"])) + 1) / 3 + 0.1 * rng.random() + 10 / (50 + budget))
        ]
    ]


def one_by_one(model: Densities, vartypes: str) -> None:
    """One pick as HpBandSter makes it."""
    good = KDEMultivariate(model.good.data, vartypes, bw=model.good.bandwidths)
    bad = KDEMultivariate(model.bad.data, vartypes, bw=model.bad.bandwidths)
    candidates = model.draw(BohbSettings().num_samples, BohbSettings(), np.random.default_rng(2))
    min(candidates, key=lambda point: max(1e-32, bad.pdf(point)) / max(1e-32, good.pdf(point)))


def cpu_seconds(work: Callable[[], object]) -> float:
    """Least of three, and a first one for what is imported."""
    work()
    seconds = []
    for _ in range(3):
        start = time.process_time()
        work()
        seconds.append(time.process_time() - start)
    return min(seconds)


if __name__ == "__main__":
    main()
