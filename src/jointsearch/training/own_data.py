"""Images of one's own: arrays that a function returns."""

from collections.abc import Mapping
from pathlib import Path

from jointsearch.core import dotted
from jointsearch.core.errors import UserError, shown, suggest
from jointsearch.training import arrays
from jointsearch.training.raw_data import RawData

KEY = "data.name"


def read(name: str, root: Path | None) -> RawData:
    """Call a function of one's own with the data root, and check what it returns.

    It returns a mapping. `train`, and if there are such parts `validation` and `test`, are pairs of images and labels,
    as `arrays.checked` takes them. `classes` are the names of the classes; without them, the labels.

    Raises
    ------
    UserError
        If there is no such function, or it returns anything else.
    Exception
        What the function raises.
    """
    where = f"{KEY}: {name}"
    found = dotted.callable_with(dotted.own(name, KEY), where, "load(root)", root)(root)
    if not isinstance(found, Mapping) or found.get("train") is None:
        raise UserError(f"{where}: returns {shown(found)}; it must return a mapping with train, a pair of arrays")
    for key in found:
        if key not in (*arrays.PARTS, "classes"):
            raise UserError(
                f"{where}: returns {key!r}, which is unknown; {suggest(str(key), (*arrays.PARTS, 'classes'))}"
            )
    pairs = {key: found[key] for key in arrays.PARTS if found.get(key) is not None}
    return arrays.checked(pairs, found.get("classes"), where)
