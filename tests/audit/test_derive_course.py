"""What an audit says of promotions that do not follow from the evaluations."""

import pytest
from factories import evaluation
from own_searches import own_search

from jointsearch.audit.derive_course import wrong_promotion


@pytest.mark.parametrize(
    ("tests", "says"),
    [
        ((None, None, None), "promotes 0-0-0, but the losses promote 0-0-2"),
        ((0.5, 0.7, 0.9), "promotes 0-0-0, but the losses promote 0-0-2: chosen by the test loss"),
        ((0.7, 0.5, 0.9), "promotes 0-0-0, but the losses promote 0-0-2"),
    ],
)
def test_the_first_ids_are_chosen_by_the_test_loss_only_if_there_is_one(tests, says):
    _, evaluations = own_search(1)
    below = [
        one.model_copy(update={"loss": -slot, "test_error": test})
        for slot, (one, test) in enumerate(zip(evaluations[:3], tests, strict=True))
    ]
    assert wrong_promotion(below, ["0-0-0"], ["0-0-2"]) == says


def test_errors_are_called_so():
    below = [evaluation("0-0-0", 0.5, test_error=0.1), evaluation("0-0-1", 0.4, test_error=0.2)]
    says = "promotes 0-0-0, but the validation errors promote 0-0-1: chosen by the test error"
    assert wrong_promotion(below, ["0-0-0"], ["0-0-1"]) == says
