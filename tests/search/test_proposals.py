"""What the studies beside the search train: drawn, listed, or chosen from what is known."""

import subprocess
import sys

import pytest
from factories import evaluation
from hypothesis import given
from hypothesis import strategies as st
from synthetic import SPACE

from jointsearch.core.config import Config, DataSettings
from jointsearch.core.errors import UserError
from jointsearch.core.files import digest
from jointsearch.core.proposal import Rung
from jointsearch.networks.manual import architecture
from jointsearch.samplers import base
from jointsearch.search import proposals
from jointsearch.search.experiment import Experiment
from jointsearch.search.hyperband import Bracket
from jointsearch.search.plan import StudyPlan
from jointsearch.search.resolve import resolve
from jointsearch.search.studies.kinds import proposer
from jointsearch.search.studies.retraining import finalists
from jointsearch.space.file import SpaceFile
from jointsearch.space.space import Space

EXPERIMENT = resolve(Config(experiment="small", space=SPACE, data=DataSettings(name="digits")))
EVERY_BUDGET = Bracket(0, (7,) * 4, (0, 1, 2, 3))
MANUAL = ["resnet_20", "resnet_20", "wide_resnet_10_2", "wide_resnet_10_2"]


def at_full_budget(size: int) -> Bracket:
    return Bracket(3, (size,), (3,))


def propose(
    kind: str, study: str, item: Bracket, rung: int = 0, experiment=EXPERIMENT, followed=None, **fields
) -> Rung:
    """Propose a rung of a study, as it is planned."""
    planned = StudyPlan(name=study, kind=kind, settings=experiment.id, brackets=(item,), **fields)
    return proposer(planned).propose(experiment, planned, item.index, rung, followed or {})


def configurations(study: str, rung: int = 0, experiment: Experiment = EXPERIMENT) -> list[dict]:
    return [one.values for one in propose("random", study, EVERY_BUDGET, rung, experiment).proposals]


def seeds(rung) -> list[int]:
    return [EXPERIMENT.identity(rung, slot).seed for slot in range(len(rung.proposals))]


def manual(name: str, slot: int, loss: float | None, **changes):
    return evaluation(f"3-0-{slot}", loss, study="manual", origin=given_as(name), **changes)


def given_as(name: str) -> dict[str, str]:
    return {"sampler": "manual", "kind": "given", "name": name}


def test_histories_and_promotions_import_no_numerical_library():
    code = "import sys, jointsearch.search.proposals; print({'ConfigSpace', 'numpy', 'scipy'} & sys.modules.keys())"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "set()\n"


def test_random_configurations_are_the_same_at_every_budget_and_trained_with_seeds_of_their_own():
    rungs = [propose("random", "correlation", EVERY_BUDGET, rung) for rung in range(4)]
    assert [rung.rung for rung in rungs] == [0, 1, 2, 3]
    assert all(rung.proposals == rungs[0].proposals for rung in rungs)
    assert [one.id for one in rungs[0].proposals] == [f"0-0-{slot}" for slot in range(7)]
    assert len({seed for rung in rungs for seed in seeds(rung)}) == 4 * 7


def test_random_configurations_are_of_the_space_and_differ():
    space, drawn = Space(EXPERIMENT.space), configurations("correlation")
    for values in drawn:
        space.check(values)
    assert len({digest(values) for values in drawn}) == 7


def test_another_repeat_and_another_seed_draw_others():
    other = EXPERIMENT.model_copy(update={"seed": 1})
    drawn = [configurations("joint_random-0"), configurations("joint_random-1")]
    drawn.append(configurations("joint_random-0", experiment=other))
    assert len({digest(values) for group in drawn for values in group}) == 3 * 7
    assert configurations("joint_random-0") == drawn[0]


def test_repeats_of_a_search_begin_with_other_configurations():
    rungs = []
    for study in ("search", "joint_hyperband-0", "joint_hyperband-1"):
        begun = proposals.history(EXPERIMENT, study, 0, None, [])
        rungs.append(proposals.first_rung(EXPERIMENT, begun, [], []))
    assert len({digest(one.values) for rung in rungs for one in rung.proposals}) == 3 * 27
    assert len({seed for rung in rungs for seed in seeds(rung)}) == 3 * 27


def test_brackets_of_a_search_share_a_seed_and_repeats_and_experiments_do_not(monkeypatch):
    propose, found = base.propose, []

    def watched(*arguments):
        found.append(arguments[-1].seed)
        return propose(*arguments)

    monkeypatch.setattr(base, "propose", watched)
    repeats = [EXPERIMENT.model_copy(update={"repeat": repeat}) for repeat in (0, 1)]
    for experiment in (EXPERIMENT, EXPERIMENT.model_copy(update={"seed": 99}), *repeats):
        for index in range(2):
            proposals.first_rung(experiment, proposals.history(experiment, "search", index, None, []), [], [])
    assert found[::2] == found[1::2]
    assert len({*found}) == 4


def test_pending_proposals_are_shown_to_a_sampler_with_the_budgets_that_they_start_at(monkeypatch):
    propose, outlooks = base.propose, []

    def watched(*arguments):
        outlooks.append(arguments[-1])
        return propose(*arguments)

    monkeypatch.setattr(base, "propose", watched)
    rungs = []
    for index in range(3):
        begun = proposals.history(EXPERIMENT, "search", index, None, [])
        rungs.append(proposals.first_rung(EXPERIMENT, begun, [], rungs))
    pending = [(one.values, rung.bracket) for rung in rungs[:2] for one in rung.proposals]
    assert [len(one.pending) for one in outlooks] == [0, 27, 27 + 9]
    assert list(outlooks[-1].pending) == pending
    assert [one.level for one in outlooks] == [0, 1, 2]


def test_manual_architectures_keep_the_values_and_the_order_they_are_given_in():
    rung = propose("manual", "manual", at_full_budget(4), names=("resnet_20", "wide_resnet_10_2"), seeds=2)
    assert [one.origin.name for one in rung.proposals] == MANUAL
    assert [one.values for one in rung.proposals] == [architecture(name).values for name in MANUAL]
    assert [one.id for one in rung.proposals] == ["3-0-0", "3-0-1", "3-0-2", "3-0-3"]
    assert len(set(seeds(rung))) == 4
    assert rung.parents == ()


def test_a_training_parameter_that_the_space_does_not_have_is_left_out():
    names = {name: one for name, one in EXPERIMENT.space.hyperparameters.items() if name != "mixup_alpha"}
    smaller = EXPERIMENT.model_copy(update={"space": SpaceFile(hyperparameters=names)})
    rung = propose("manual", "manual", at_full_budget(1), experiment=smaller, names=("resnet_20",), seeds=1)
    [proposal] = rung.proposals
    Space(smaller.space).check(proposal.values)
    assert proposal.values == {k: v for k, v in architecture("resnet_20").values.items() if k != "mixup_alpha"}


def test_the_last_trainings_repeat_each_configuration_and_name_where_it_comes_from():
    best, hand = evaluation("5-0-1", 0.1), manual("resnet_20", 2, 0.2, values=dict(architecture("resnet_20").values))
    followed = {"search": [best], "manual": [hand]}
    rung = propose("retraining", "retraining", at_full_budget(6), followed=followed, seeds=3)
    assert [one.origin.name for one in rung.proposals] == ["incumbent"] * 3 + ["resnet_20"] * 3
    assert [one.values for one in rung.proposals] == [best.proposal.values] * 3 + [hand.proposal.values] * 3
    assert len({one.id for one in rung.proposals}) == 6
    assert len(set(seeds(rung))) == 6
    assert rung.parents == (digest(best.derivable()), digest(hand.derivable()))


def test_without_manual_architectures_all_of_the_last_trainings_are_of_the_incumbent():
    best = evaluation("5-0-1", 0.1)
    followed = {"search": [evaluation("5-0-0", 0.2), best]}
    rung = propose("retraining", "retraining", at_full_budget(3), followed=followed, seeds=3)
    assert [one.values for one in rung.proposals] == [best.proposal.values] * 3


def chosen(search, by_hand=()) -> list[str]:
    """Names of the finalists; of the incumbent, the evaluation too."""
    return [f"{one.id}" if name == "incumbent" else name for name, one in finalists(search, by_hand)]


def test_the_incumbent_is_chosen_by_the_validation_error_at_the_full_budget_and_never_by_the_test_error():
    search = [
        evaluation("0-0-0", 0.1, budget=1),
        evaluation("0-0-1", 0.3, budget=27, test_error=0.1),
        evaluation("0-0-2", 0.2, budget=27, test_error=0.4),
        evaluation("0-0-3", None, budget=27),
    ]
    assert chosen(search) == ["0-0-2@0"]
    assert chosen(search[::-1]) == ["0-0-2@0"]


def test_without_manual_architectures_only_the_incumbent_is_trained_again():
    assert len(finalists([evaluation()], [])) == 1


def test_the_best_manual_architecture_has_the_lowest_mean_over_its_seeds():
    by_hand = [manual("a", 0, 0.1), manual("a", 1, 0.5), manual("b", 2, 0.2), manual("b", 3, 0.3)]
    assert chosen([evaluation()], by_hand)[1] == "b"
    assert chosen([evaluation()], by_hand[::-1])[1] == "b"


def test_the_test_error_does_not_choose_among_manual_architectures():
    by_hand = [manual("a", 0, 0.2, test_error=0.9), manual("b", 1, 0.3, test_error=0.1)]
    assert chosen([evaluation()], by_hand)[1] == "a"


def test_an_architecture_that_failed_once_loses_to_one_that_never_did():
    by_hand = [manual("a", 0, 0.01), manual("a", 1, None), manual("b", 2, 0.9), manual("b", 3, 0.9)]
    assert chosen([evaluation()], by_hand)[1] == "b"


def test_ties_go_to_the_one_listed_first_also_where_everything_failed():
    equal = [manual("b", 0, 0.25), manual("a", 1, 0.25)]
    failed = [manual("b", 0, None), manual("a", 1, None)]
    for by_hand in (equal, failed):
        assert chosen([evaluation()], by_hand)[1] == "b"
        assert chosen([evaluation()], by_hand[::-1])[1] == "a"


def test_a_search_in_which_everything_failed_has_a_configuration_to_fail_again():
    assert chosen([evaluation("1-0-0", None), evaluation("0-0-3", None)]) == ["0-0-3@0"]


def test_a_kind_that_nobody_knows_is_named():
    with pytest.raises(UserError, match="mine: no kind of study is named 'grid'; restore its plan"):
        propose("grid", "mine", EVERY_BUDGET)


def test_a_bracket_that_is_not_planned_is_named():
    planned = StudyPlan(name="correlation", kind="random", settings=EXPERIMENT.id, brackets=(EVERY_BUDGET,))
    with pytest.raises(UserError, match="correlation: no bracket 2 is planned; "):
        proposer(planned).propose(EXPERIMENT, planned, 2, 0, {})


LOSS = st.one_of(st.none(), st.floats(0, 1))


@given(st.lists(st.tuples(LOSS, LOSS), min_size=1, max_size=5))
def test_no_other_architecture_has_a_lower_mean(losses):
    by_hand = [manual(str(name), slot, loss) for name, both in enumerate(losses) for slot, loss in enumerate(both)]
    best = losses[int(chosen([evaluation()], by_hand)[1])]
    whole = [sum(both) for both in losses if None not in both]
    assert None in best if not whole else sum(best) == pytest.approx(min(whole))
