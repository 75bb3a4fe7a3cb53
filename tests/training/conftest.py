import dataclasses

import pytest
import torch

from jointsearch.core.config import DataSettings
from jointsearch.training import datasets
from jointsearch.training.image_data import ImageData


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("gpu") and not torch.cuda.is_available():
        pytest.skip("needs a GPU")


@pytest.fixture(scope="session")
def digits() -> ImageData:
    return datasets.load(DataSettings(name="digits"), None, 1)


@pytest.fixture(scope="session")
def few_digits(digits) -> ImageData:
    """40 images to train on, 20 each to validate and test on."""
    return dataclasses.replace(
        digits,
        train_images=digits.train_images[:40],
        train_labels=digits.train_labels[:40],
        validation_images=digits.validation_images[:20],
        validation_labels=digits.validation_labels[:20],
        test_images=digits.test_images[:20],
        test_labels=digits.test_labels[:20],
    )


@pytest.fixture
def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)
