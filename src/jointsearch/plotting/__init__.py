"""The figures: one module each, and the style that they share."""

import os

# Before matplotlib is imported, which fails where this names what is not installed, as in the shell of a notebook.
os.environ["MPLBACKEND"] = "agg"
