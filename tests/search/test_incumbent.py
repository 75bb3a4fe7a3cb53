import pytest
from factories import VALUES, evaluation

from jointsearch.core.files import read_record, write_record
from jointsearch.search.incumbent import Incumbent, incumbent


def test_incumbent_is_the_best_at_the_largest_budget_that_has_a_success() -> None:
    found = incumbent(
        [
            evaluation("0-0-0", 0.1, budget=1),
            evaluation("0-0-1", 0.4, budget=9, test_error=0.45),
            evaluation("0-0-2", 0.3, budget=3),
            evaluation("0-0-3", 0.5, budget=9),
            evaluation("0-0-4", None, budget=27),
        ]
    )
    assert (found.proposal, found.budget, found.loss, found.test_error) == ("0-0-1", 9, 0.4, 0.45)
    assert (found.values, found.evaluations, found.failed, found.message) == (VALUES, 5, 1, None)


def test_a_learned_architecture_has_no_errors_of_the_network_that_it_was_learned_in() -> None:
    learned = {
        "choices": {"initial_filters": (4, 8)},
        "weights": {"initial_filters": (0.2, 0.8)},
        "values": {"initial_filters": 8},
        "entropies": {"initial_filters": (0.5,)},
        "losses": (1.2,),
    }
    found = incumbent([evaluation("0-0-0", 0.3, values={"learning_rate": 0.1}, architecture=learned)])
    assert (found.evaluation, found.values) == ("0-0-0@0", {"learning_rate": 0.1, "initial_filters": 8})
    assert (found.loss, found.test_error, found.parameters) == (None, None, None)
    assert "weight-sharing network" in found.message


def test_ties_go_to_the_first_proposal_in_numeric_order() -> None:
    assert incumbent([evaluation("10-0-0"), evaluation("9-0-10"), evaluation("9-0-2")]).evaluation == "9-0-2@0"


def test_test_error_does_not_choose() -> None:
    assert incumbent([evaluation("0-0-0", 0.2, test_error=0.9), evaluation("0-0-1", 0.3, test_error=0.1)]).loss == 0.2


@pytest.mark.parametrize(
    ("evaluations", "message"),
    [
        ([], "no evaluation is finished"),
        (
            [evaluation("0-0-0", None), evaluation("0-0-1", None), evaluation("0-0-2", None, status="too_large")],
            "no evaluation succeeded: 2 diverged, 1 too_large",
        ),
    ],
)
def test_incumbent_is_empty_and_says_why_where_nothing_succeeded(tmp_path, evaluations, message) -> None:
    found = incumbent(evaluations)
    assert found == Incumbent(evaluations=len(evaluations), failed=len(evaluations), message=message)
    write_record(tmp_path / "incumbent.json", found)
    assert read_record(tmp_path / "incumbent.json", Incumbent) == found
