from factories import evaluation
from synthetic import results

from jointsearch.core.config import BudgetSettings
from jointsearch.core.data_set import DataSet
from jointsearch.paper.checklist import NO, NOT_APPLICABLE, PARTLY, YES, checklist
from jointsearch.paper.citation import Citation

SETTINGS = BudgetSettings(unit="epochs", minimum=1, maximum=9)
IMAGES = DataSet(digest="d" * 64, split="5" * 64, classes=("a", "b"), shape=(3, 8, 8), train=80, validation=10, test=10)
CITED = Citation("Somebody", "", "MIT")


def answers(*made, images=IMAGES, cited=CITED, settings=SETTINGS):
    found = checklist(results(settings, search=list(made)), images, {}, {}, cited)
    return {one.question: (one.answer, one.evidence) for one in found}


def test_answers_follow_from_the_records() -> None:
    failed = evaluation("0-0-1", None, slot=1, status="too_large")
    found = answers(evaluation("0-0-0"), failed)
    assert found["Are all planned trainings done?"][0] == PARTLY
    assert found["Are failed trainings counted, with the reason?"] == (YES, "1 too large")
    assert found["Are data and split identified?"][0] == YES
    assert found["Are searches repeated?"] == (NO, "the search ran once")
    assert found["Was that code committed?"][0] == NO
    assert found["Are budgets independent of the speed of machines?"][0] == YES
    assert answers()["Are all planned trainings done?"][0] == NO


def test_duplicates_code_and_clock_change_the_answers() -> None:
    one, other = evaluation("0-0-0"), evaluation("0-0-1", slot=1)
    assert answers(one, other)["Did one version of the code train everything?"][0] == YES
    changed = other.model_copy(update={"made_with": other.made_with.model_copy(update={"code": "9" * 64})})
    assert answers(one, changed)["Did one version of the code train everything?"][0] == NO
    twice = IMAGES.model_copy(update={"duplicates": 3})
    assert answers(images=twice)["Are the parts of the data disjoint?"] == (NO, "3 in more than one part")
    assert answers(images=None)["Are data and split identified?"][0] == NO
    clock = BudgetSettings(unit="seconds", minimum=1, maximum=9)
    assert answers(settings=clock)["Are budgets independent of the speed of machines?"][0] == NO


def test_energy_is_measured_of_all_of_some_or_of_none() -> None:
    def with_energy(slot, joules):
        one = evaluation(f"0-0-{slot}", slot=slot)
        return one.model_copy(update={"observed": one.observed.model_copy(update={"energy_joules": joules})})

    question = "Is the energy measured?"
    assert answers(with_energy(0, 5.0), with_energy(1, 5.0))[question][0] == YES
    assert answers(with_energy(0, 5.0), with_energy(1, None))[question] == (PARTLY, "of 1 of 2 trainings")
    assert answers(with_energy(0, None))[question][0] == NO


def test_test_data_that_nobody_recorded_was_not_kept_from_anything() -> None:
    assert answers(evaluation("0-0-0", None))["Is test data kept from every choice?"][0] == NOT_APPLICABLE
    assert answers(evaluation("0-0-0", test_error=0.3))["Is test data kept from every choice?"][0] == YES
