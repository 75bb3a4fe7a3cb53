"""Joint neural architecture and hyperparameter search: the library behind the workflow; docs/design.md draws it.

What code of one's own needs is here: the `Trial` that an objective is called with; `Diverged`, `Invalid` and
`OutOfMemory`, which say that a configuration has no result.
"""

from jointsearch.core.errors import Diverged, Invalid, OutOfMemory
from jointsearch.training.trial import Trial

__all__ = ["Diverged", "Invalid", "OutOfMemory", "Trial"]
