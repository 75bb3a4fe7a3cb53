import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn.model_selection import train_test_split

from jointsearch.core.errors import UserError
from jointsearch.training.split import split

TWO, THREE = ("training", "validation"), ("training", "validation", "test")


def labels_of(counts) -> np.ndarray:
    return np.random.default_rng(0).permutation(np.repeat(np.arange(len(counts)), counts))


def plain(labels, held_out, seed):
    random = np.random.RandomState(np.random.MT19937(seed))
    return [
        np.sort(part)
        for part in train_test_split(np.arange(len(labels)), test_size=held_out, random_state=random, stratify=labels)
    ]


@given(st.lists(st.integers(2, 40), min_size=2, max_size=6), st.floats(0.05, 0.9), st.integers(0, 2**53))
def test_each_part_has_each_class_and_its_size_and_a_plain_split_stays_as_it_is(counts, fraction, seed):
    labels, held_out = labels_of(counts), round(fraction * sum(counts))
    assume(len(counts) <= held_out <= sum(counts) - len(counts))
    kept, held = split(labels, "abcdef"[: len(counts)], fraction, seed, "here", TWO)
    assert sorted([*kept, *held]) == list(range(len(labels)))
    assert len(held) == held_out
    parts = [np.bincount(labels[part], minlength=len(counts)) for part in (kept, held)]
    assert min(part.min() for part in parts) >= 1
    usual = plain(labels, held_out, seed)
    if all(len(np.unique(labels[part])) == len(counts) for part in usual):
        assert all(map(np.array_equal, (kept, held), usual))


@pytest.mark.parametrize("fraction", [0.05, 0.2, 0.6, 0.8])
def test_a_class_with_an_image_for_each_part_has_one_in_each(fraction):
    """Of 200 images of one class and 3 of another, a share of a tenth rounds to none of the three."""
    labels = labels_of([200, 3])
    kept, test = split(labels, ("cat", "emu"), fraction, 7, "test_fraction", THREE)
    assert (labels[test] == 1).sum() == 1
    _, validation = split(labels[kept], ("cat", "emu"), 0.1, 3, "validation_fraction", TWO)
    assert (labels[kept][validation] == 1).sum() == 1


def test_the_same_seed_gives_the_same_split_of_rare_classes():
    labels = labels_of([200, 3, 2])
    first, second, other = (split(labels, "abc", 0.1, seed, "here", TWO)[1] for seed in (1, 1, 2))
    assert np.array_equal(first, second)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize(("counts", "parts"), [((200, 2), THREE), ((200, 1), TWO), ((50, 1, 50), THREE)])
def test_a_class_with_fewer_images_than_parts_is_named(counts, parts):
    with pytest.raises(UserError) as caught:
        split(labels_of(counts), ("cat", "emu", "owl")[: len(counts)], 0.2, 0, "data.test_fraction", parts)
    assert str(caught.value) == (
        f"data.test_fraction: too few images of class emu: {counts[1]} of the {len(parts)} needed, one each for "
        f"{', '.join(parts)}; add images of it, or remove the class"
    )


@pytest.mark.parametrize("fraction", [0.001, 0.999])
def test_a_part_with_fewer_images_than_classes_is_told(fraction):
    with pytest.raises(UserError, match=r"too few images: [\d,]+ of 2,000 would be held out, of 2 classes with 1,000"):
        split(labels_of([1000, 1000]), "ab", fraction / 2 if fraction < 0.5 else fraction, 0, "here", THREE)
