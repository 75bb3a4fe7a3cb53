"""Tasks of the benchmark: optima that are published or follow from a formula, and what budgets do."""

import numpy as np
import pytest

from jointsearch.core.errors import UserError
from jointsearch.search.hyperband import budgets
from search import conditional, synthetic, tasks

MADE = [name for name in tasks.catalogue() if not name.startswith("table-")]


@pytest.fixture(params=MADE)
def task(request) -> tasks.Task:
    return tasks.make(request.param)


@pytest.mark.parametrize(
    ("name", "optimum", "point"),
    [
        # Dixon and Szegö (1978), as in the Virtual Library of Simulation Experiments.
        ("hartmann3", -3.86278, (0.114614, 0.555649, 0.852547)),
        ("hartmann6", -3.32237, (0.20169, 0.150011, 0.476874, 0.275332, 0.311652, 0.6573)),
        ("branin", 0.397887, ((np.pi + 5) / 15, 2.275 / 15)),
        ("currin", -13.79872, (0.216667, 0.022840)),
    ],
)
def test_published_optima(name, optimum, point):
    task = tasks.make(name)
    assert task.optimum == pytest.approx(optimum, abs=1e-4)
    values = {f"x{index}": float(value) for index, value in enumerate(point)}
    assert task.true_loss(values) == pytest.approx(optimum, abs=1e-4)


@pytest.mark.parametrize(("name", "each"), [("count-16", 8), ("count-64", 32)])
def test_counting_ones_is_minus_the_dimension_at_its_best(name, each):
    task = tasks.make(name)
    ones = {f"cat_{index}": 1 for index in range(each)} | {f"float_{index}": 1.0 for index in range(each)}
    assert task.optimum == task.true_loss(ones) == task.evaluate(ones, 9, seed=3) == -2 * each
    # BOHB paper, section 5.1: 9 to 729 samples.
    assert budgets(task.budget) == (9, 27, 81, 243, 729)


def test_counting_ones_sees_means_of_so_many_samples():
    task = tasks.make("count-16")
    values = {f"cat_{index}": 0 for index in range(8)} | {f"float_{index}": 0.25 for index in range(8)}
    for budget in (9, 729):
        losses = task.observe([values] * 2000, budget, range(2000))
        assert losses.mean() == pytest.approx(-2, abs=0.1 / np.sqrt(budget))
        # The sum of 8 means of `budget` Bernoulli variables.
        assert losses.std() == pytest.approx(np.sqrt(8 * 0.25 * 0.75 / budget), rel=0.1)


def test_nothing_is_better_than_the_optimum(task):
    losses = task.truth(task.space.sample(2000, np.random.default_rng(0)))
    assert np.nanmin(losses) >= task.optimum - 1e-9
    assert task.regret(task.optimum) == 0
    assert task.regret(task.median_random) == 1
    assert not task.best_known


def test_the_full_budget_has_no_bias(task):
    [values] = task.space.sample(1, np.random.default_rng(1))
    while task.true_loss(values) is None:
        [values] = task.space.sample(1, np.random.default_rng(2))
    losses = task.observe([values] * 2000, task.budget.maximum, range(2000))
    error = losses.std() / np.sqrt(len(losses))
    assert losses.mean() == pytest.approx(task.true_loss(values), abs=4 * error + 1e-12)


def test_low_budgets_say_less(task):
    configurations = task.space.sample(300, np.random.default_rng(3))
    truth = task.truth(configurations)
    known = ~np.isnan(truth)
    off = [np.std((task.observe(configurations, budget, range(300)) - truth)[known]) for budget in budgets(task.budget)]
    assert off == sorted(off, reverse=True)
    assert off[0] > 2 * off[-1]


def test_without_noise_seeds_make_no_difference_and_budgets_do(task):
    noiseless = tasks.make(f"{task.name}{tasks.NOISELESS}")
    configurations = task.space.sample(5, np.random.default_rng(4))
    losses = [noiseless.observe(configurations, budget, range(5)) for budget in budgets(task.budget)]
    assert losses[-1] == pytest.approx(task.truth(configurations), nan_ok=True)
    assert noiseless.observe(configurations, task.budget.maximum, range(5, 10)).tolist() == losses[-1].tolist()
    assert noiseless.digest != task.digest
    assert noiseless.median_random == task.median_random


def test_groups_without_noise():
    noisy = tasks.select(["development"])
    assert tasks.select(["development-noiseless"]) == [f"{one}-noiseless" for one in noisy]


def test_low_budgets_prefer_the_wrong_one_of_two_basins():
    task = tasks.make("basins")
    bottoms = [{f"x{index}": place for index in range(4)} for place in (synthetic.RIGHT, synthetic.WRONG)]
    right, wrong = np.array([task.expected(bottoms, budget) for budget in budgets(task.budget)]).T
    assert (right > wrong).tolist() == [True, True, True, False]
    assert task.regret(right[-1]) == pytest.approx(0, abs=1e-9)
    assert task.regret(wrong[-1]) == pytest.approx(0.33, abs=0.01)


@pytest.mark.parametrize("name", ["cells", "learners"])
def test_instances_of_new_families_differ(name):
    assert tasks.make(name).identity != tasks.make(f"{name}-other").identity


def test_equal_seeds_give_equal_losses(task):
    configurations = task.space.sample(5, np.random.default_rng(4))
    budget = budgets(task.budget)[0]
    first = task.evaluate_all(configurations, budget, range(5))
    assert first == task.evaluate_all(configurations, budget, range(5))
    # One by one or together makes no difference.
    assert first == pytest.approx([task.evaluate(one, budget, seed) for seed, one in enumerate(configurations)])
    assert first != task.evaluate_all(configurations, budget, range(5, 10))


def test_cond17_has_17_mixed_hyperparameters_and_fails_in_places():
    task = tasks.make("cond17")
    assert task.space.dimension == 17
    kinds = {one.type for one in task.space.file.hyperparameters.values()}
    assert kinds == {"categorical", "float", "integer", "ordinal"}
    assert len(task.space.file.conditions) == 5
    losses = task.truth(task.space.sample(2000, np.random.default_rng(0)))
    assert 0.05 < np.isnan(losses).mean() < 0.3
    [values] = [one for one in task.space.sample(50, np.random.default_rng(5)) if task.true_loss(one) is None][:1]
    assert task.evaluate(values, 27, seed=0) is None


@pytest.mark.parametrize("instance", range(2))
def test_cond17_reaches_its_optimum(instance):
    """Walk down from many configurations, one hyperparameter after another: no other knowledge of where it is."""
    task = conditional.task("cond17", "report", instance)
    space, rng = task.space, np.random.default_rng(instance)
    units = space.encode_all(space.sample(1000, rng))
    for spread in np.geomspace(0.3, 0.001, 30):
        losses = np.nan_to_num(task.truth([v for v in map(space.decode, units) if v is not None]), nan=np.inf)
        best = units[np.argsort(losses)[:10]]
        children = np.repeat(best, 30, axis=0)
        moved = rng.random(children.shape) < 0.15
        for column, levels in enumerate(space.levels):
            place = (
                rng.integers(levels, size=len(children))
                if levels
                else np.clip(
                    np.nan_to_num(children[:, column], nan=0.5) + spread * rng.standard_normal(len(children)), 0, 1
                )
            )
            # What was inactive may become active.
            known = ~np.isnan(children[:, column])
            children[:, column] = np.where(moved[:, column] | ~known, place, children[:, column])
        units = np.vstack([best, children])
    lowest = np.nanmin(task.truth([v for v in map(space.decode, units) if v is not None]))
    assert task.optimum <= lowest < task.optimum + 0.02


def test_development_tasks_are_other_functions_than_those_reported():
    for ours, theirs in (("hartmann6-other", "hartmann6"), ("cond17-other", "cond17"), ("count-16", "count-64")):
        assert tasks.make(ours).digest != tasks.make(theirs).digest
        assert (tasks.make(ours).role, tasks.make(theirs).role) == ("development", "report")


def test_instances_of_hartmann_are_drawn_from_their_number():
    one, same, other = (synthetic.hartmann("h", "development", 6, instance) for instance in (1, 1, 2))
    assert one.optimum == same.optimum != other.optimum


def test_groups_of_tasks():
    assert set(tasks.select(["development", "report"])) == set(tasks.select(["all"])) == set(tasks.catalogue())
    assert tasks.select(["branin", "branin"]) == ["branin"]
    with pytest.raises(UserError, match="did you mean 'branin'"):
        tasks.select(["brannin"])
