import dataclasses
import itertools

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from jointsearch.training.augment import Augmentation
from jointsearch.training.minibatches import Minibatch, Minibatches

CPU = torch.device("cpu")
PLAIN = Augmentation(0, False, 0)
RICH = Augmentation(2, True, 3)


def stream(data, batch_size, alpha=0.0, seed=0, augmentation=PLAIN) -> Minibatches:
    return Minibatches(data, batch_size, augmentation, alpha, np.random.SeedSequence(seed), CPU)


def take(source, count) -> list[Minibatch]:
    return list(itertools.islice(iter(source.__next__, None), count))


def batches(data, batch_size, count, alpha=0.0, seed=0, augmentation=PLAIN) -> list[Minibatch]:
    return take(stream(data, batch_size, alpha, seed, augmentation), count)


def equal(one: Minibatch, other: Minibatch) -> bool:
    """Whether two batches agree to the last bit."""
    partners = (one.partners is None) == (other.partners is None) and (
        one.partners is None or torch.equal(one.partners, other.partners)
    )
    same = torch.equal(one.images, other.images) and torch.equal(one.labels, other.labels)
    return same and partners and one.share == other.share


@pytest.fixture(scope="module")
def numbered(few_digits):
    """Data whose labels tell the images apart."""
    return dataclasses.replace(few_digits, train_labels=torch.arange(40))


def test_an_epoch_shows_each_image_once_and_leaves_out_the_rest(numbered):
    drawn = batches(numbered, 12, 9)
    orders = [torch.cat([batch.labels for batch in drawn[start : start + 3]]).tolist() for start in (0, 3, 6)]
    assert [len(set(order)) for order in orders] == [36, 36, 36]
    assert orders[0] != orders[1] != orders[2]


def test_images_left_over_wait_for_another_epoch(numbered):
    drawn = batches(numbered, 12, 60)
    epochs = [{label for batch in drawn[start : start + 3] for label in batch.labels.tolist()} for start in range(20)]
    left_over = [set(range(40)) - epoch for epoch in epochs[::3]]
    assert all(len(some) == 4 for some in left_over)
    assert len(set.union(*left_over)) > 4


def test_a_batch_may_hold_all_images(numbered):
    one, other = batches(numbered, 40, 2)
    assert sorted(one.labels.tolist()) == sorted(other.labels.tolist()) == list(range(40))
    assert one.labels.tolist() != other.labels.tolist()


def test_images_go_with_their_labels(numbered):
    (batch,) = batches(numbered, 40, 1)
    pixels = batch.images * numbered.std.view(-1, 1, 1) + numbered.mean.view(-1, 1, 1)
    torch.testing.assert_close(pixels, numbered.train_images[batch.labels].float(), atol=1e-3, rtol=0)


def test_images_have_their_channels_first(few_digits):
    colours = dataclasses.replace(
        few_digits,
        train_images=few_digits.train_images[:, :, :5].repeat(1, 3, 1, 1),
        mean=torch.zeros(3),
        std=torch.ones(3),
    )
    (batch,) = batches(colours, 8, 1, augmentation=RICH)
    assert batch.images.shape == (8, 3, 5, 8)


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


def test_each_image_of_a_batch_is_a_partner_once(few_digits):
    one, other = batches(few_digits, 20, 2, 0.5)
    assert sorted(one.partners.tolist()) == sorted(other.partners.tolist()) == list(range(20))
    assert one.partners.tolist() != other.partners.tolist()


@pytest.mark.parametrize("alpha", [0.1, 1.0])
def test_mixup_shares_follow_a_beta_distribution(few_digits, alpha):
    shares = np.array([batch.share for batch in batches(few_digits, 40, 2000, alpha)])
    assert shares.mean() == pytest.approx(0.5, abs=5 * shares.std() / 2000**0.5)
    assert shares.var() == pytest.approx(1 / (4 * (2 * alpha + 1)), rel=0.1)


def test_the_seed_decides_everything(few_digits):
    one, same, other = (batches(few_digits, 16, 5, 0.4, seed, RICH) for seed in (1, 1, 2))
    assert all(equal(a, b) for a, b in zip(one, same, strict=True))
    assert not torch.equal(one[0].images, other[0].images)


@settings(max_examples=60)
@given(st.integers(0, 9), st.integers(0, 9), st.sampled_from([0.0, 0.4]), st.sampled_from([12, 40]))
def test_restored_batches_go_on_to_the_same_bits(numbered, steps, elsewhere, alpha, batch_size):
    """From any step, epochs of 3 or 1 steps, into batches of another seed that are anywhere."""
    original = stream(numbered, batch_size, alpha, 1, RICH)
    take(original, steps)
    restored = stream(numbered, batch_size, alpha, 2, RICH)
    take(restored, elsewhere)
    restored.restore(original.state())
    assert all(equal(a, b) for a, b in zip(take(original, 8), take(restored, 8), strict=True))


@pytest.mark.parametrize("steps", [2, 3])
def test_a_state_stays_as_it_was_and_can_be_restored_again(numbered, steps):
    original = stream(numbered, 12, 0.4, 1, RICH)
    take(original, steps)
    state = original.state()
    expected = take(original, 7)
    for _ in range(2):
        original.restore(state)
        assert all(equal(a, b) for a, b in zip(expected, take(original, 7), strict=True))


def test_asking_for_the_state_changes_nothing(numbered):
    asked = stream(numbered, 12, 0.4, 1, RICH)
    plain = batches(numbered, 12, 9, 0.4, 1, RICH)
    for expected in plain:
        asked.state()
        assert equal(next(asked), expected)
