"""The workflow on images of one's own: a folder of files of several sizes and formats."""

import numpy as np
from PIL import Image

from jointsearch.core.data_set import DataSet
from jointsearch.core.files import read_record


def draw(path, hue, rng, kind):
    """A noisy picture of one colour, of some size."""
    height, width = rng.integers(8, 20, size=2)
    pixels = rng.normal(90, 30, size=(height, width, 3))
    pixels[..., hue] += 80
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(path / f"{kind}", quality=95)


def test_a_search_on_a_folder_of_images(workspace):
    rng = np.random.default_rng(0)
    root = workspace.folder / "flowers"
    for hue, name in enumerate(["red", "green", "blue"]):
        for part, size in (("Training", 32), ("valid", 8), ("@eaDir", 1)):
            (root / part / name).mkdir(parents=True)
            for number in range(size):
                draw(root / part / name, hue, rng, f"{number}.{'png' if number % 2 else 'jpg'}")
    workspace.configure(
        data={"name": "image_folder", "image_size": 8},
        data_root="flowers",
        search={"length": 2, "lags": None},
        budget={"unit": "steps", "minimum": 4, "maximum": 12},
    )
    workspace.drive()
    line = "3 classes: blue, green, red; 77 / 24 / 19 images of 8 x 8 x 3 for training, validation, test; "
    line += "validation from valid/, test held out of the training images"
    assert line in workspace.call("status", "config.yaml").stdout
    found = read_record(workspace.results / "data.json", DataSet)
    assert found.classes == ("blue", "green", "red")
    assert found.shape == (3, 8, 8)
    assert (found.train, found.validation, found.test) == (77, 24, 19)
    assert (found.validation_from, found.duplicates) == ("valid/", 0)
    evaluations = workspace.evaluations(2)
    assert len(evaluations) == 3 + 1 + 2
    assert min(item.loss for item in evaluations) < 2 / 3
