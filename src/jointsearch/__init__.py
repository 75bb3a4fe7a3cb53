"""Joint neural architecture and hyperparameter search: the library behind the workflow; docs/design.md draws it."""
