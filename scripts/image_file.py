"""Make a file of small images from a folder of pictures, such as that of the scale model.

Takes the first pictures of each class by name, resizes them as `data.image_size` does, and writes one file of arrays,
which `data: {name: FILE.npz}` reads. The same pictures and version of Pillow give the same bytes.
"""

import argparse
import hashlib
from pathlib import Path

from jointsearch.core import cli
from jointsearch.core.files import write_bytes
from jointsearch.training import image_file


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="pictures in train/<class>/ and test/<class>/")
    parser.add_argument("file", type=Path, help="the file to write, FILE.npz")
    parser.add_argument("--size", type=cli.positive(int), required=True, help="side in pixels")
    parser.add_argument("--train", metavar="N", type=cli.positive(int), required=True, help="pictures of a class")
    parser.add_argument("--test", metavar="N", type=cli.positive(int), required=True, help="pictures of a class")
    arguments = parser.parse_args()
    written = image_file.made_of(arguments.folder, arguments.size, arguments.train, arguments.test)
    write_bytes(arguments.file, written)
    print(f"{arguments.file}: {len(written) / 1e6:.1f} MB, sha256: {hashlib.sha256(written).hexdigest()}")


if __name__ == "__main__":
    cli.run(main)
