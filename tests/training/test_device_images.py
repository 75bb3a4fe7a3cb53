import numpy as np
import pytest
import torch

from jointsearch.training import device_images, minibatches
from jointsearch.training.augment import Augmentation
from jointsearch.training.device_images import SHARE_OF_FREE_MEMORY, Prefetched, Resident, put_on_device
from jointsearch.training.minibatches import Minibatches

CPU = torch.device("cpu")
PADDING = 2
RICH = Augmentation(PADDING, True, 3)


@pytest.fixture
def images(generator) -> torch.Tensor:
    return torch.randint(0, 256, (20, 3, 5, 7), dtype=torch.uint8, generator=generator)


def augmented(source, step) -> torch.Tensor:
    """What becomes of a batch, the random numbers being the same each time."""
    both, places = source.batch(step)
    drawn = RICH.draw(places.shape, torch.Size((5, 7)), torch.Generator().manual_seed(5))
    return RICH(both, places, drawn, torch.tensor([9.0, 8, 7]), torch.tensor([3.0, 4, 5]))


@pytest.mark.parametrize("asked", [[0, 1, 2, 3], [3, 0, 2, 2, 1], [2, 2]])
def test_prefetched_images_are_those_of_resident_ones_in_any_order(images, generator, asked):
    resident, prefetched = (kind(images, PADDING, CPU) for kind in (Resident, Prefetched))
    for _ in range(2):
        order = torch.randperm(20, generator=generator).view(4, 5)
        resident.begin(order)
        prefetched.begin(order)
        for step in asked:
            assert torch.equal(augmented(prefetched, step), augmented(resident, step))


def test_images_asked_for_lie_where_it_is_said(images):
    index = torch.tensor([7, 3, 3, 19])
    padded = torch.nn.functional.pad(images, (PADDING,) * 4).permute(0, 2, 3, 1)
    for kind in (Resident, Prefetched):
        source = kind(images, PADDING, CPU)
        source.begin(index[None])
        both, places = source.batch(0)
        assert torch.equal(both[places], padded[index])
        assert torch.equal(both[places + len(both) // 2], padded[index].flip(2))


def test_each_batch_is_fetched_once_and_ahead(images):
    fetched = []

    class Watched(Prefetched):
        def _fetch(self, step):
            fetched.append(step)
            return super()._fetch(step)

    source = Watched(images, PADDING, CPU)
    source.begin(torch.arange(20).view(4, 5))
    for step in range(4):
        source.batch(step)
        assert fetched == list(range(min(4, step + 2)))


@pytest.mark.parametrize("alpha", [0.0, 0.4])
@pytest.mark.parametrize("batch_size", [12, 40])
def test_training_batches_are_the_same_bits_from_the_host(few_digits, monkeypatch, alpha, batch_size):
    resident, prefetched = [], []
    for kind, results in ((Resident, resident), (Prefetched, prefetched)):
        monkeypatch.setattr(minibatches, "put_on_device", kind)
        stream = Minibatches(few_digits, batch_size, RICH, alpha, np.random.SeedSequence(1), CPU)
        results += [next(stream) for _ in range(8)]
        state = stream.state()
        results += [next(stream) for _ in range(3)]
        stream.restore(state)
        results += [next(stream) for _ in range(3)]
    assert all(torch.equal(a.images, b.images) for a, b in zip(resident, prefetched, strict=True))
    assert all(torch.equal(a.labels, b.labels) for a, b in zip(resident, prefetched, strict=True))


def test_images_are_resident_on_a_cpu(images):
    assert isinstance(put_on_device(images, PADDING, CPU), Resident)


@pytest.mark.parametrize(("spare", "chosen"), [(0, Resident), (1, Resident), (-1, Prefetched)])
def test_images_stay_on_the_host_if_they_take_too_much_of_a_gpu(images, monkeypatch, spare, chosen):
    needed = 2 * 20 * 3 * (5 + 2 * PADDING) * (7 + 2 * PADDING)
    for kind in (Resident, Prefetched):
        monkeypatch.setattr(device_images, kind.__name__, lambda *arguments, kind=kind: kind)
    free = int(needed / SHARE_OF_FREE_MEMORY) + spare
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (free, 10**12))
    assert put_on_device(images, PADDING, torch.device("cuda")) is chosen
