import pytest
import torch
import torch.nn.functional as F
from torch import nn

from jointsearch.training.measure import measure

IMAGES = torch.arange(5 * 4, dtype=torch.uint8).view(5, 1, 2, 2)
LABELS = torch.tensor([0, 1, 2, 1, 0])
MEAN, STD = torch.tensor([3.0]), torch.tensor([2.0])


class Fixed(nn.Module):
    """Answers with given logits in order, and keeps what it was shown."""

    def __init__(self, logits):
        super().__init__()
        self.logits, self.shown, self.modes = logits, torch.zeros(0, 1, 2, 2), set()

    def forward(self, images):
        seen = len(self.shown)
        self.shown = torch.cat([self.shown, images])
        self.modes.add(self.training)
        return self.logits[seen : seen + len(images)]


@pytest.mark.parametrize("batch_size", [1, 2, 5, 100])
def test_loss_and_error_are_means_over_all_images(batch_size, generator):
    logits = torch.randn(5, 3, generator=generator)
    network = Fixed(logits)
    loss, error = measure(network, IMAGES, LABELS, MEAN, STD, batch_size)
    assert loss == pytest.approx(F.cross_entropy(logits, LABELS).item())
    assert error == (logits.argmax(1) != LABELS).sum().item() / 5
    assert torch.equal(network.shown, (IMAGES.float() - 3) / 2)


def test_network_is_in_evaluation_mode_and_then_as_before():
    network = Fixed(torch.zeros(5, 3)).train()
    measure(network, IMAGES, LABELS, MEAN, STD, 2)
    assert network.modes == {False}
    assert network.training


def test_answers_that_are_not_finite_are_wrong_and_leave_no_loss():
    logits = F.one_hot(LABELS, 3).float()
    logits[0, 0] = float("nan")
    logits[3, 1] = float("inf")
    assert measure(Fixed(logits), IMAGES, LABELS, MEAN, STD, 2) == (None, 2 / 5)
