"""Settings of the images."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from jointsearch.core.config.settings import Settings


class DataSettings(Settings):
    """The images, how they are split, and how they are augmented."""

    name: Literal["cifar10", "cifar100", "svhn", "digits", "image_folder"] = "cifar10"
    """Which images. `image_folder` is any tree `train/<class>/*` (and `val/<class>/*`, `test/<class>/*`) under the data
    root."""
    image_size: Annotated[int, Field(ge=4)] | None = None
    """Side in pixels to which the images of a folder are scaled; needed if their sizes differ."""
    validation_fraction: Annotated[float, Field(gt=0, lt=1)] = 0.1
    """Share of the training images held out for validation (paper: 10 %). Not for a folder with validation images."""
    train_on: Literal["training", "training_and_validation"] = "training"
    """The images that are trained on. With the validation images among them, the validation error says nothing about
    new images; the test error does. For trainings after all choices are made, see `studies.retraining`."""
    test_fraction: Annotated[float, Field(gt=0, lt=1)] = 0.2
    """Share held out for testing if the data has no test part."""
    crop_padding: Annotated[int, Field(ge=0)] = 4
    """Pixels of padding before the random crop."""
    horizontal_flip: bool = True
    """Mirror half of the training images."""

    @model_validator(mode="after")
    def _only_folders_are_resized(self) -> Self:
        if self.image_size is not None and self.name != "image_folder":
            raise ValueError(f"image_size is for image_folder; the images of {self.name} keep theirs, remove it")
        return self
