"""Joint neural architecture and hyperparameter search: the library behind the workflow; docs/design.md draws it.

What code of one's own raises is here: `Diverged`, `Invalid`, `OutOfMemory`.
"""

from jointsearch.core.errors import Diverged, Invalid, OutOfMemory

__all__ = ["Diverged", "Invalid", "OutOfMemory"]
