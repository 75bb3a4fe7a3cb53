import hashlib
from itertools import product

from jointsearch.core.seeds import derive_seed


def test_each_place_has_its_own_seed():
    places = list(product([0, 1], ["search", "correlation"], ["sample", "train"], [0, 1, 12], [0, 2]))
    assert len({derive_seed(*place) for place in places}) == len(places)


def test_a_seed_is_the_head_of_the_digest_of_its_place():
    expected = hashlib.sha256(b'[0,"search","sample",0]').hexdigest()[:13]
    assert derive_seed(0, "search", "sample", 0) == int(expected, 16) < 2**53
