import os
import subprocess
import sys
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import LogNorm, Normalize, SymLogNorm, to_rgb
from matplotlib.lines import Line2D
from synthetic import NAMES, search

from jointsearch.analysis.csv_file import write_csv
from jointsearch.analysis.footprint import footprint
from jointsearch.analysis.observations import configurations, table
from jointsearch.core.config import BudgetSettings
from jointsearch.core.errors import UserError
from jointsearch.plotting import budget_correlation, full_budget_evaluations, style


def write_both(folder: Path) -> None:
    observations = table(search(8, BudgetSettings(unit="epochs", minimum=1, maximum=27)), NAMES)
    encoded = np.array([list(values.values()) for values in configurations(observations, NAMES).values()])
    correlation = budget_correlation.from_observations(observations, np.random.default_rng(0))
    evaluations = full_budget_evaluations.from_observations(observations, footprint(encoded, "cccc"))
    evaluations = evaluations.assign(across="", up="")
    for name, module, data in (("bc", budget_correlation, correlation), ("fb", full_budget_evaluations, evaluations)):
        write_csv(data, folder / f"{name}.csv")
        style.save(module.draw(data), folder / name)


def test_figures_and_their_data_are_made_again_byte_for_byte(tmp_path) -> None:
    for name in ("0", "1"):
        (tmp_path / name).mkdir()
    call = f"from pathlib import Path; from test_style import write_both; write_both(Path({str(tmp_path / '0')!r}))"
    here = Path(__file__).parent
    environment = {
        **os.environ,
        "PYTHONHASHSEED": "0",
        "PYTHONPATH": os.pathsep.join([str(here), str(here.parent), os.environ.get("PYTHONPATH", "")]),
    }
    subprocess.run([sys.executable, "-c", call], check=True, env=environment)
    # A process that may have done anything before, and has other hashes.
    write_both(tmp_path / "1")
    files = sorted(path.name for path in (tmp_path / "0").iterdir())
    assert files == [f"{name}.{suffix}" for name in ("bc", "fb") for suffix in ("csv", "pdf", "png", "svg")]
    for name in files:
        assert (tmp_path / "0" / name).read_bytes() == (tmp_path / "1" / name).read_bytes(), name


def test_a_legend_takes_as_many_columns_as_fit_beside_the_others() -> None:
    with style.look():
        figure = style.new_figure(style.DOUBLE_COLUMN, 2)
        figure.subplots()
        for loc, number in (("outside upper left", 2), ("outside upper right", 8)):
            labels = [f"at {budget} nominal seconds" for budget in range(number)]
            style.legend(figure, [Line2D([], [], label=label) for label in labels], loc)
        figure.draw_without_rendering()
        left, right = (legend.get_window_extent() for legend in figure.legends)
    assert left.x0 >= 0 and left.x1 <= right.x0 and right.x1 <= figure.bbox.x1
    assert [legend._ncols for legend in figure.legends] == [2, 2]


def test_files_are_what_their_names_say_with_fonts_that_can_be_edited_and_no_dates(tmp_path) -> None:
    figure = style.new_figure(style.SINGLE_COLUMN, 2)
    figure.subplots().set_xlabel("x")
    paths = style.save(figure, tmp_path / "v1.2")
    pdf, svg, png = (path.read_bytes() for path in paths)
    assert [path.name for path in paths] == ["v1.2.pdf", "v1.2.svg", "v1.2.png"]
    assert pdf.startswith(b"%PDF") and b"/Type3" not in pdf and b"Date" not in pdf
    assert svg.startswith(b"<?xml") and b"dc:date" not in svg
    # Width and height in pixels stand at byte 16 of a PNG: 3.3 in by 2 in at 300 dpi.
    assert [int.from_bytes(png[start : start + 4], "big") for start in (16, 20)] == [990, 600]


def test_drawing_leaves_the_settings_of_matplotlib_alone(tmp_path) -> None:
    before = dict(matplotlib.rcParams)
    style.save(
        budget_correlation.draw(budget_correlation.from_observations(table([], []), np.random.default_rng(0))),
        tmp_path / "x",
    )
    assert dict(matplotlib.rcParams) == before


def test_place_that_cannot_be_written_is_named(tmp_path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot be written"):
        style.save(style.new_figure(1, 1), tmp_path / "file" / "figure")


def test_data_keep_every_digit(tmp_path) -> None:
    write_csv(pd.DataFrame({"x": [0.1 + 0.2]}), tmp_path / "x.csv")
    assert (tmp_path / "x.csv").read_text() == "x\n0.30000000000000004\n"


@pytest.mark.parametrize(
    ("percent", "scale", "norm"),
    [
        ([10, 20], "linear", Normalize),
        ([3, 90], "log", LogNorm),
        ([0, 3, 90], "symlog", SymLogNorm),
        ([0, 0], "linear", Normalize),
        ([5, 5], "linear", Normalize),
    ],
)
def test_scale_follows_the_spread_of_the_errors(percent, scale, norm) -> None:
    errors = np.array(percent, dtype=float)
    assert style.error_scale(errors)[0] == scale
    mapped = style.error_norm(errors)
    assert type(mapped) is norm
    assert ((mapped(errors) >= 0) & (mapped(errors) <= 1)).all()


@pytest.mark.parametrize(
    ("losses", "scale"), [([-1, 0.5, 3], "linear"), ([-9, -1], "linear"), ([0, 1, 500], "linear"), ([0.1, 2e4], "log")]
)
def test_losses_that_are_no_errors_have_a_scale_too(losses, scale) -> None:
    assert style.error_scale(np.array(losses))[0] == scale


def test_origins_differ_in_grey_too() -> None:
    looks = list(full_budget_evaluations.ORIGINS.values())
    lightness = [np.dot(to_rgb(look["color"]), [0.299, 0.587, 0.114]) for look in looks]
    assert abs(lightness[0] - lightness[1]) > 0.2
    assert len({look["marker"] for look in looks}) == len({look["linestyle"] for look in looks}) == len(looks)


def test_a_matplotlibrc_changes_nothing():
    with matplotlib.rc_context({"axes.grid": True, "font.size": 20, "savefig.dpi": 10}):
        changed = style.render(drawn())
    assert changed == style.render(drawn())


@style.look()
def drawn():
    figure = style.new_figure(2, 1)
    figure.subplots().plot([1, 2])
    return figure
