import os
import subprocess
import sys

import pytest

DRAW = """
from jointsearch.plotting import learning_curves, style
print(*style.render(style.only_saying("drawn")))
"""


@pytest.mark.parametrize("backend", ["module://matplotlib_inline.backend_inline", "tkagg"])
def test_figures_are_drawn_whatever_backend_a_notebook_has_left_in_the_environment(backend) -> None:
    drawn = subprocess.check_output([sys.executable, "-c", DRAW], env={**os.environ, "MPLBACKEND": backend}, text=True)
    assert drawn == "pdf svg png\n"
