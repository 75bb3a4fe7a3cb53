"""Settings of the images."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from jointsearch.core.config.settings import Settings


class DataSettings(Settings):
    """The images, how they are split, and how they are augmented."""

    name: Literal["cifar10", "cifar100", "svhn", "digits", "image_folder"] = "cifar10"
    """Which images. `cifar10`, `cifar100` and `svhn` are read by torchvision, and downloaded if possible; `digits`
    comes with scikit-learn; `image_folder` is config/README.md#your-own-images, any tree `train/<class>/*` (and
    `val/<class>/*`, `test/<class>/*`) in `data_root`."""
    image_size: Annotated[int, Field(ge=4)] | None = None
    """Side in pixels. The images of a folder are cropped to a square and scaled to it; needed if their sizes differ."""
    validation_fraction: Annotated[float, Field(gt=0, lt=1)] = 0.1
    """Share of the training images that are held out for validation, by which the search chooses (paper: 10 %). They
    are never augmented. Not allowed if a folder has validation images of its own."""
    train_on: Literal["training", "training_and_validation"] = "training"
    """The images that are trained on. With the validation images among them, the validation error means nothing, but
    the test error still does. `studies.retraining` does this, after all choices are made."""
    test_fraction: Annotated[float, Field(gt=0, lt=1)] = 0.2
    """Share of the images held out for testing if the data has no test part (`digits`, a folder without `test/`)."""
    crop_padding: Annotated[int, Field(ge=0)] = 4
    """Pixels of padding before the random crop."""
    horizontal_flip: bool = True
    """Mirror half of the training images."""

    @model_validator(mode="after")
    def _only_folders_are_resized(self) -> Self:
        if self.image_size is not None and self.name != "image_folder":
            raise ValueError(f"image_size is for image_folder; the images of {self.name} keep theirs, remove it")
        return self
