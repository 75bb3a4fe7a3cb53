from dataclasses import replace

from arm_runs import arms
from factories import evaluation
from synthetic import results
from timelines import named

from jointsearch.analysis.number import Number
from jointsearch.core.config import BudgetSettings
from jointsearch.core.data_set import DataSet
from jointsearch.paper.checklist import NO, NOT_APPLICABLE, PARTLY, YES, checklist
from jointsearch.paper.citation import Citation
from jointsearch.search.hyperband import Bracket
from jointsearch.search.plan import StudyPlan

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
    assert answers(images=twice)["Are the parts of the data disjoint?"] == (NO, "3 images are in more than one part")
    assert answers(images=None)["Are data and split identified?"][0] == NO
    clock = BudgetSettings(unit="seconds", minimum=1, maximum=9)
    assert answers(settings=clock)["Are budgets independent of the speed of machines?"][0] == NO


def test_energy_is_measured_of_all_of_some_or_of_none() -> None:
    def with_energy(slot, joules):
        one = evaluation(f"0-0-{slot}", slot=slot)
        return one.model_copy(update={"observed": one.observed.model_copy(update={"energy_joules": joules})})

    question = "Is the energy measured?"
    assert answers(with_energy(0, 5.0), with_energy(1, 5.0))[question][0] == YES
    assert answers(with_energy(0, 5.0), with_energy(1, None))[question] == (PARTLY, "for 1 of 2 trainings")
    assert answers(with_energy(0, None))[question] == (NO, "of no training")


def test_test_data_that_nobody_recorded_was_not_kept_from_anything() -> None:
    assert answers(evaluation("0-0-0", None))["Is test data kept from every choice?"][0] == NOT_APPLICABLE
    assert answers(evaluation("0-0-0", test_error=0.3))["Is test data kept from every choice?"][0] == YES


def test_nobody_knows_which_data_an_objective_of_ones_own_looks_at() -> None:
    known = results(SETTINGS, search=[evaluation("0-0-0", test_error=0.3)])
    own = replace(known, experiment=known.experiment.model_copy(update={"objective": "my_trees.fit:fit_it"}))
    found = {one.question: one.answer for one in checklist(own, None, {}, {}, CITED)}
    assert found["Is test data kept from every choice?"] == NOT_APPLICABLE


def test_estimates_have_intervals_by_the_share_that_has_one() -> None:
    def answer(bounded: int, alone: int) -> tuple[str, str]:
        names = [f"{name}{end}" for name in range(bounded) for end in ("", "_low", "_high")]
        names += [f"alone_{name}" for name in range(alone)]
        measured = dict.fromkeys(names, Number(meaning="made up", value=1.0, unit="", digits=2, sources=()))
        count = Number(meaning="a count", value=3, unit="", digits=0, sources=())
        found = checklist(results(SETTINGS), None, {}, measured | {"evaluations": count}, CITED)
        return next((one.answer, one.evidence) for one in found if one.question == "Do estimates have intervals?")

    assert answer(1, 299) == (PARTLY, "1 of 300 numbers other than counts have a 95 % interval")
    assert [answer(*given)[0] for given in ((1, 1), (0, 2), (0, 0))] == [YES, NO, NOT_APPLICABLE]


def test_final_results_are_repeated_if_two_trainings_of_each_finalist_succeeded() -> None:
    whole = Bracket(0, (6,), (2,))
    plan = StudyPlan(name="retraining", kind="retraining", settings="5" * 64, brackets=(whole,), seeds=3)

    def answer(**losses: list[float | None]) -> str:
        made = [
            named("retraining", name, slot, loss) for name, given in losses.items() for slot, loss in enumerate(given)
        ]
        found = checklist(results(SETTINGS, beside=[plan], retraining=made), None, {}, {}, CITED)
        return next(one.answer for one in found if one.question == "Are final results repeated with other seeds?")

    assert answer(incumbent=[0.1, 0.2], resnet_20=[0.3, 0.4, None]) == YES
    assert answer(incumbent=[0.1, 0.2], resnet_20=[0.3, None, None]) == NO
    assert answer(incumbent=[0.1, 0.2, 0.3]) == answer() == NO


def test_licences_instructions_and_the_compute_are_asked_for() -> None:
    found = answers(evaluation("0-0-0"))
    assert found["Is the licence of the code stated?"] == (YES, "MIT")
    assert found["Is the licence of the data stated?"][0] == NO
    assert found["Are there instructions to run it again?"][0] == YES
    assert found["Is the total compute stated?"][0] == YES


def test_searches_are_repeated_if_two_repeats_are_complete_in_every_arm() -> None:
    def answer(**missing: int) -> tuple[str, str]:
        found = checklist(arms(SETTINGS, 3, 4, **missing), None, {}, {}, CITED)
        return next((one.answer, one.evidence) for one in found if one.question == "Are searches repeated?")

    assert answer() == (YES, "3 of 3 repeats are complete in every arm")
    assert answer(joint_bohb_2=1) == (YES, "2 of 3 repeats are complete in every arm")
    assert answer(joint_bohb_2=1, hyperparameters_first_1_2=1000) == (NO, "1 of 3 repeats are complete in every arm")
