"""Settings of the images."""

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from jointsearch.core import dotted
from jointsearch.core.config.settings import Settings
from jointsearch.core.errors import suggest

KNOWN = ("cifar10", "cifar100", "svhn", "digits", "image_folder")
TORCHVISION = "torchvision:"
NPZ = ".npz"


def _is_ours(name: str) -> bool:
    """Whether it is a data set that we read, not one that a function of the user's loads."""
    patterns = (rf"{TORCHVISION}\w+(/\w+)?", rf"[^/\0]+{re.escape(NPZ)}")
    return name in KNOWN or any(re.fullmatch(pattern, name) for pattern in patterns)


def _check_name(name: str) -> str:
    if not _is_ours(name) and not dotted.is_own(name):
        others = "or 'torchvision:Name', a file 'name.npz', or your own, 'package.module:function'"
        raise ValueError(f"no such data set; {suggest(name, KNOWN)} ({others})")
    return name


class DataSettings(Settings):
    """The images, how they are split, and how they are augmented."""

    name: Annotated[str, AfterValidator(_check_name)] = "cifar10"
    """Which images. `cifar10`, `cifar100` and `svhn` are read by torchvision, and downloaded if possible; `digits`
    comes with scikit-learn; `image_folder` is config/README.md#your-own-images, any tree `train/<class>/*` (and
    `val/<class>/*`, `test/<class>/*`) in `data_root`; `torchvision:FashionMNIST` is a data set of torchvision with one
    label an image, `torchvision:EMNIST/letters` one of its variants; `pathmnist.npz` a file of arrays in `data_root`,
    with the names that MedMNIST gives them; `package.module:function` a function of your own that returns arrays."""
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None = Field(None, exclude_if=lambda value: value is None)
    """Digest of a file of arrays, which is refused if it has another."""
    image_size: Annotated[int, Field(ge=4)] | None = None
    """Side in pixels. The images of a folder or of torchvision are cropped to a square and scaled to it; needed if
    their sizes differ."""
    validation_fraction: Annotated[float, Field(gt=0, lt=1)] = 0.1
    """Share of the training images that are held out for validation, by which the search chooses (paper: 10 %). They
    are never augmented. Not allowed if the data has validation images of its own."""
    train_on: Literal["training", "training_and_validation"] = "training"
    """The images that are trained on. With the validation images among them, the validation error means nothing, but
    the test error still does. `studies.retraining` does this, after all choices are made."""
    test_fraction: Annotated[float, Field(gt=0, lt=1)] = 0.2
    """Share of the images held out for testing if the data has no test part (`digits`, a folder without `test/`)."""
    crop_padding: Annotated[int, Field(ge=0)] = 4
    """Pixels of padding before the random crop."""
    horizontal_flip: bool = True
    """Mirror half of the training images."""

    @property
    def own(self) -> str | None:
        """The dotted name of a function of one's own that loads the images."""
        return None if _is_ours(self.name) else self.name

    @model_validator(mode="after")
    def _only_pictures_are_resized(self) -> Self:
        if self.image_size is not None and self.name != "image_folder" and not self.name.startswith(TORCHVISION):
            raise ValueError(f"image_size is for image_folder and torchvision; {self.name} keeps its sizes, remove it")
        return self

    @model_validator(mode="after")
    def _only_files_have_a_digest(self) -> Self:
        if self.sha256 is not None and not self.name.endswith(NPZ):
            raise ValueError(f"sha256 is for a file of arrays; {self.name} is none, remove it")
        return self
