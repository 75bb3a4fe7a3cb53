import dataclasses
import itertools

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from jointsearch.training.augment import Augmentation
from jointsearch.training.batches import Batch, stream

CPU = torch.device("cpu")
PLAIN = Augmentation(0, False, 0)


def batches(data, batch_size, count, alpha=0.0, seed=0) -> list[Batch]:
    endless = stream(data, batch_size, PLAIN, alpha, np.random.SeedSequence(seed), CPU)
    return list(itertools.islice(endless, count))


@pytest.fixture
def numbered(few_digits):
    """Data whose labels tell the images apart."""
    return dataclasses.replace(few_digits, train_labels=torch.arange(40))


def test_an_epoch_shows_each_image_once_and_leaves_out_the_rest(numbered):
    drawn = batches(numbered, 12, 9)
    orders = [torch.cat([batch.labels for batch in drawn[start : start + 3]]).tolist() for start in (0, 3, 6)]
    assert [len(set(order)) for order in orders] == [36, 36, 36]
    assert orders[0] != orders[1] != orders[2]


def test_images_go_with_their_labels(numbered):
    (batch,) = batches(numbered, 40, 1)
    pixels = batch.images * numbered.std.view(-1, 1, 1) + numbered.mean.view(-1, 1, 1)
    torch.testing.assert_close(pixels, numbered.train_images[batch.labels].float(), atol=1e-3, rtol=0)


def test_without_mixup_the_loss_is_the_cross_entropy(few_digits, generator):
    (batch,) = batches(few_digits, 40, 1)
    logits = torch.randn(40, 10, generator=generator)
    assert batch.partners is None
    torch.testing.assert_close(batch.loss(logits), F.cross_entropy(logits, batch.labels))


def test_with_mixup_the_loss_is_the_cross_entropy_with_blended_labels(few_digits, generator):
    (batch,) = batches(few_digits, 40, 1, alpha=0.5)
    own, other = (F.one_hot(labels, 10) for labels in (batch.labels, batch.labels[batch.partners]))
    logits = torch.randn(40, 10, generator=generator)
    blended = batch.share * own + (1 - batch.share) * other
    torch.testing.assert_close(batch.loss(logits), F.cross_entropy(logits, blended))


def test_mixup_blends_the_images_of_the_partners(few_digits):
    (plain,), (mixed,) = (batches(few_digits, 40, 1, alpha) for alpha in (0, 0.5))
    assert torch.equal(plain.labels, mixed.labels)
    expected = mixed.share * plain.images + (1 - mixed.share) * plain.images[mixed.partners]
    torch.testing.assert_close(mixed.images, expected)


@pytest.mark.parametrize("alpha", [0.1, 1.0])
def test_mixup_shares_follow_a_beta_distribution(few_digits, alpha):
    shares = np.array([batch.share for batch in batches(few_digits, 40, 2000, alpha)])
    assert shares.mean() == pytest.approx(0.5, abs=5 * shares.std() / 2000**0.5)
    assert shares.var() == pytest.approx(1 / (4 * (2 * alpha + 1)), rel=0.1)


def test_the_seed_decides_everything(few_digits):
    one, same, other = (batches(few_digits, 16, 5, 0.4, seed) for seed in (1, 1, 2))
    assert all(torch.equal(a.images, b.images) for a, b in zip(one, same, strict=True))
    assert not torch.equal(one[0].images, other[0].images)
