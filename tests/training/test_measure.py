import pytest
import torch
import torch.nn.functional as F
from torch import nn

from jointsearch.training.measure import ensemble_error, measure

CPU = torch.device("cpu")
IMAGES = torch.arange(5 * 4, dtype=torch.uint8).view(5, 1, 2, 2)
LABELS = torch.tensor([0, 1, 2, 1, 0])
MEAN, STD = torch.tensor([3.0]), torch.tensor([2.0])


class Fixed(nn.Module):
    """Answers with given logits in order, and keeps what it was shown."""

    def __init__(self, logits, channels=1):
        super().__init__()
        self.logits, self.shown, self.modes = logits, torch.zeros(0, channels, 2, 2), set()
        self.formats, self.devices = [], set()

    def forward(self, images):
        seen = len(self.shown)
        self.shown = torch.cat([self.shown, images])
        self.modes.add(self.training)
        self.devices.add(images.device.type)
        self.formats.append([images.is_contiguous(memory_format=kind) for kind in FORMATS])
        return self.logits[seen : seen + len(images)]


FORMATS = [torch.contiguous_format, torch.channels_last]


@pytest.mark.parametrize("batch_size", [1, 2, 5, 100])
def test_loss_and_error_are_means_over_all_images(batch_size, generator):
    logits = torch.randn(5, 3, generator=generator)
    network = Fixed(logits)
    measured = measure(network, IMAGES, LABELS, MEAN, STD, batch_size, CPU)
    assert measured.loss == pytest.approx(F.cross_entropy(logits, LABELS).item())
    assert measured.error == (logits.argmax(1) != LABELS).sum().item() / 5
    assert torch.equal(measured.probabilities, logits.softmax(1))
    assert torch.equal(network.shown, (IMAGES.float() - 3) / 2)


@pytest.mark.parametrize("chosen", FORMATS)
def test_images_come_in_the_memory_format_of_the_network(chosen):
    images = torch.arange(5 * 12, dtype=torch.uint8).view(5, 3, 2, 2)
    mean, std = torch.tensor([1.0, 2, 3]), torch.tensor([4.0, 5, 6])
    network = Fixed(torch.zeros(5, 3), channels=3)
    measure(network, images, LABELS, mean, std, 2, CPU, chosen)
    assert network.formats == [[kind is chosen for kind in FORMATS]] * 3
    assert torch.equal(network.shown, (images.float() - mean.view(-1, 1, 1)) / std.view(-1, 1, 1))


def test_measuring_leaves_the_images_as_they_were():
    images = IMAGES.clone()
    measure(Fixed(torch.zeros(5, 3)), images, LABELS, MEAN, STD, 2, CPU)
    assert torch.equal(images, IMAGES)


def test_images_are_brought_to_the_device_of_the_network():
    """Without data: the `meta` device has none, so only the last step fails there."""
    network = Fixed(torch.zeros(5, 3, device="meta"))
    network.shown = network.shown.to("meta")
    with pytest.raises((RuntimeError, NotImplementedError), match="meta"):
        measure(network, IMAGES, LABELS, MEAN, STD, 2, torch.device("meta"))
    assert network.devices == {"meta"}
    assert network.shown.shape == (5, 1, 2, 2)


@pytest.mark.parametrize("training", [False, True])
def test_network_is_in_evaluation_mode_and_then_as_before(training):
    network = Fixed(torch.zeros(5, 3)).train(training)
    measure(network, IMAGES, LABELS, MEAN, STD, 2, CPU)
    assert network.modes == {False}
    assert network.training is training


def test_answers_that_are_not_finite_are_wrong_and_leave_no_loss():
    logits = F.one_hot(LABELS, 3).float()
    logits[0, 0] = float("nan")
    logits[3, 1] = float("inf")
    measured = measure(Fixed(logits), IMAGES, LABELS, MEAN, STD, 2, CPU)
    assert (measured.loss, measured.error) == (None, 2 / 5)


def test_an_ensemble_averages_probabilities_and_not_votes():
    sure, unsure = torch.tensor([[0.9, 0.1]]), torch.tensor([[0.4, 0.6]])
    assert ensemble_error([unsure, unsure, sure], torch.tensor([0])) == 0
    assert ensemble_error([unsure, unsure, unsure], torch.tensor([0])) == 1
