from factories import VALUES, evaluation
from synthetic import results

from jointsearch.core.config import BudgetSettings
from jointsearch.core.data_set import DataSet
from jointsearch.core.evaluation import LearnedArchitecture
from jointsearch.networks.cost import step_cost
from jointsearch.networks.hyperparameters import parameters_of
from jointsearch.paper import conditions
from jointsearch.paper.compute import ALL, StudyCompute, compute

SETTINGS = BudgetSettings(unit="epochs", minimum=1, maximum=9)
IMAGES = DataSet(digest="d" * 64, split="5" * 64, classes=("a", "b"), shape=(3, 8, 8), train=80, validation=10, test=10)


def trained(slot, *, budget=9.0, epochs=9.0, joules=None, host="one", **seconds):
    one = evaluation(f"0-0-{slot}", slot=slot, budget=budget, epochs=epochs, values=VALUES)
    seen = {"training_seconds": 100.0, "evaluation_seconds": 20.0, "startup_seconds": 10.0, "device": host}
    update = {"observed": one.observed.model_copy(update={**seen, "energy_joules": joules, **seconds}), "steps": 50}
    return one.model_copy(update=update)


def of(*made, images=IMAGES) -> dict[str, StudyCompute]:
    known = results(SETTINGS, search=list(made))
    return compute(known, images, {}, conditions.machines(known, {}))


def test_times_and_energy_add_up() -> None:
    found = of(trained(0, joules=1.8e6), trained(1, joules=5.4e6))["search"]
    assert (found.training, found.beside, found.energy) == ("3.3 min", "60 s", "2 kWh")
    assert of(trained(0, joules=7200.0))["search"].energy == "2 Wh"


def test_energy_that_was_not_measured_everywhere_is_unknown() -> None:
    assert of(trained(0, joules=1.8e6), trained(1))["search"].energy == ""


def test_operations_are_those_of_all_steps() -> None:
    of_step = step_cost(parameters_of(VALUES, None), IMAGES.shape, 2, int(VALUES["batch_size"])).operations
    found = of(trained(0), trained(1))["search"].operations
    amount, unit = found.split()
    assert float(amount) * {"GFLOP": 1e9, "MFLOP": 1e6, "TFLOP": 1e12}[unit] == float(f"{100 * of_step:.3g}")
    assert of(trained(0), images=None)["search"].operations == ""


def test_steps_that_a_continued_training_did_at_a_lower_budget_count_once() -> None:
    below = trained(0, budget=3.0).model_copy(update={"steps": 20})
    above = trained(0, budget=9.0).model_copy(update={"rung": 1, "steps": 60, "continues": "0-0-0@0"})
    alone = trained(1).model_copy(update={"steps": 60})
    assert of(below, above)["search"].operations == of(alone)["search"].operations


def test_epochs_are_those_of_the_full_budget() -> None:
    made = [trained(0, epochs=8.0), trained(1, epochs=10.0), trained(2, budget=3.0, epochs=3.0)]
    assert of(*made)["search"].epochs == "9 (8 to 10)"
    assert of(trained(0))["search"].epochs == "9"


def test_epochs_of_weight_sharing_networks_are_left_out() -> None:
    found = LearnedArchitecture(choices={}, weights={}, values={}, entropies={}, losses=())
    sharing = trained(1, epochs=200.0).model_copy(update={"architecture": found})
    assert of(trained(0), sharing)["search"].epochs == "9"
    assert of(sharing)["search"].epochs == ""


def test_large_amounts_are_written_in_full() -> None:
    assert of(trained(0, epochs=1234.4))["search"].epochs == "1,234"
    assert of(trained(0, epochs=999.7))["search"].epochs == "1,000"


def test_machines_have_letters_and_all_studies_a_row() -> None:
    found = of(trained(0), trained(1), trained(2, host="two"))
    assert found["search"].machines == found[ALL].machines == "A, B"
    assert of() == {}
