"""A history by configuration, by budget, by proposal and by loss."""

from sampler_properties import SPACES, history

from jointsearch.core.history import Observation
from jointsearch.samplers.history import best_first, by_budget, by_configuration, proposal_position


def observed(name, budget, x=1.0, loss=0.5):
    return Observation(evaluation=name, budget=budget, values={"x": x}, loss=loss)


def test_evaluations_of_one_proposal_belong_together_and_come_in_order():
    known = [observed("10-0-0@0", 1), observed("9-1-3@2", 9), observed("9-1-3@1", 3), observed("2-0-1@0", 1)]
    assert [[one.evaluation for one in each.observations] for each in by_configuration(known)] == [
        ["2-0-1@0"],
        ["9-1-3@1", "9-1-3@2"],
        ["10-0-0@0"],
    ]


def test_a_history_by_budget_has_the_largest_first_and_keeps_its_order():
    known = [observed("0-0-1@0", 1), observed("0-0-0@1", 9), observed("0-0-0@0", 1)]
    parts = [(budget, [one.evaluation for one in part]) for budget, part in by_budget(known).items()]
    assert parts == [(9, ["0-0-0@1"]), (1, ["0-0-1@0", "0-0-0@0"])]


def test_the_same_name_with_other_values_is_another_configuration():
    assert len(by_configuration([observed("0-0-0@0", 1), observed("0-0-0@0", 3, x=2.0)])) == 2


def test_of_two_evaluations_at_a_budget_the_later_counts():
    (one,) = by_configuration([observed("0-0-0@0", 1, loss=0.9), observed("0-0-0@0", 1, loss=0.1)])
    assert (one.first.loss, one.last.loss, len(one.observations)) == (0.1, 0.1, 1)


def test_other_names_do_no_harm():
    assert proposal_position(observed("mine", 1)) == ()
    assert [one.last.evaluation for one in by_configuration([observed("0-0-0@0", 1), observed("mine", 1, x=2.0)])] == [
        "mine",
        "0-0-0@0",
    ]


def test_failures_rank_last():
    known = [observed("a", 1, loss=None), observed("b", 1, loss=0.0), observed("c", 1, loss=-1.0)]
    assert [one.evaluation for one in best_first(known)] == ["c", "b", "a"]


def test_every_evaluation_is_collected_once():
    known = history(SPACES["conditional"], 5)
    collected = [one.evaluation for each in by_configuration(known) for one in each.observations]
    assert sorted(collected) == sorted(one.evaluation for one in known)
