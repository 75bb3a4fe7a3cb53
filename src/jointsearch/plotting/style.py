"""The look of every figure, and how figures and the data behind them are written.

Made for print: 8 pt, one column (3.3 in) or two (7 in) wide, the colour-blind safe palette of Okabe and Ito,
and never colour alone: markers, line styles or text distinguish things in grey too.
"""

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import matplotlib
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LogNorm, Normalize, SymLogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullLocator

from jointsearch.core.files import write_bytes

SINGLE_COLUMN, DOUBLE_COLUMN = 3.3, 7.0
"""Widths in inches."""

BLACK, ORANGE, SKY, GREEN, YELLOW, BLUE, VERMILLION, PURPLE = (
    "#000000",
    "#E69F00",
    "#56B4E9",
    "#009E73",
    "#F0E442",
    "#0072B2",
    "#D55E00",
    "#CC79A7",
)
BROWN = "#6A3D00"
"""An eighth dark colour, which the colour-blind distinguish from those of Okabe and Ito too."""
GREY, LIGHT_GREY = "#777777", "#D9D9D9"

RC: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 8,
    "axes.labelsize": 8,
    "axes.titlesize": 8,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 7,
    "legend.frameon": False,
    "legend.handletextpad": 0.4,
    "legend.borderaxespad": 0.2,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "lines.linewidth": 1.0,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "pdf.fonttype": 42,
    "svg.hashsalt": "jointsearch",
}
"""matplotlib settings beyond its defaults."""


@contextmanager
def look() -> Iterator[None]:
    """Draw and save with these settings, whatever a matplotlibrc says."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(RC)
        yield


_FORMATS: dict[str, dict[str, Any]] = {
    "pdf": {"metadata": dict.fromkeys(["Creator", "Producer", "CreationDate", "ModDate"])},
    "svg": {"metadata": dict.fromkeys(["Creator", "Date"])},
    "png": {"metadata": {"Software": None}, "dpi": 300},
}


def new_figure(width: float, height: float) -> Figure:
    """Make an empty figure of a size in inches, without pyplot's global state."""
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


LegendPosition = Literal["outside upper left", "outside upper center", "outside upper right"]


_FITS = 0.95
"""Share of the width that legends may take: text is a little wider in a PDF than it was measured."""


def legend(figure: Figure, handles: Sequence[Artist], loc: LegendPosition, **appearance: Any) -> None:
    """Put a legend above the panels, in as many columns as fit beside the legends that the figure has.

    Parameters
    ----------
    figure, handles
        Of what.
    loc
        Where.
    appearance
        As for `Figure.legend`.
    """
    left = _FITS * figure.bbox.width - sum(one.get_window_extent().width for one in figure.legends)
    for columns in range(len(handles), 0, -1):
        made = figure.legend(handles=handles, loc=loc, ncols=columns, **appearance)
        if columns == 1 or made.get_window_extent().width <= left:
            return
        made.remove()


@look()
def render(figure: Figure) -> dict[str, bytes]:
    """Render a figure as `pdf`, `svg` and `png` (300 dpi).

    The same figure gives the same bytes: no dates, no creators, fixed identifiers.
    """
    _settle(figure)
    images = {}
    for suffix, options in _FORMATS.items():
        buffer = io.BytesIO()
        figure.savefig(buffer, format=suffix, **options)
        images[suffix] = buffer.getvalue()
    return images


def _settle(figure: Figure) -> None:
    """Lay a figure out once and for all: the solver's last bits differ from time to time, and SVG hashes them."""
    figure.draw_without_rendering()
    # Not "none": that leaves a placeholder, for which each file would be drawn twice.
    figure.set_layout_engine(None)
    for axes in figure.axes:
        left, bottom, width, height = (round(side, 5) for side in axes.get_position(original=True).bounds)
        axes.set_position((left, bottom, width, height))


def save(figure: Figure, stem: Path) -> tuple[Path, ...]:
    """Write `<stem>.pdf`, `<stem>.svg` and `<stem>.png`, each atomically.

    Returns
    -------
    tuple of Path
        The files written.
    """
    paths = []
    for suffix, image in render(figure).items():
        path = stem.with_name(f"{stem.name}.{suffix}")
        write_bytes(path, image)
        paths.append(path)
    return tuple(paths)


def error_scale(percent: np.ndarray) -> tuple[str, dict[str, Any]]:
    """Choose the scale for errors in percent, or losses: linear, or logarithmic where they differ by 5 times and more.

    An error of 0 keeps a place on it: the scale is then linear up to the smallest positive error. Losses that are
    no errors have a linear one if any of them is not positive.

    Returns
    -------
    (str, dict)
        Name and settings of a matplotlib scale: `linear`, `log` or `symlog`.
    """
    positive = percent[percent > 0]
    if not len(positive) or percent.max() < 5 * positive.min() or percent.min() < 0:
        return "linear", {}
    if percent.min() > 0:
        return "log", {}
    if percent.max() > 100:
        return "linear", {}
    return "symlog", {"linthresh": float(positive.min()), "linscale": 0.3}


def scale_errors(axis: Axis, percent: np.ndarray) -> None:
    """Give an axis the scale of `error_scale`, labelled in plain numbers at 1, 2 and 5 times powers of ten."""
    name, settings = error_scale(percent)
    (axis.axes.set_xscale if axis is axis.axes.xaxis else axis.axes.set_yscale)(name, **settings)
    plain_ticks(axis, name, settings)


def error_norm(percent: np.ndarray) -> Normalize:
    """Map errors in percent to a colour scale as `error_scale` maps them to an axis."""
    name, settings = error_scale(percent)
    low, high = float(percent.min()), float(percent.max())
    if name == "log":
        return LogNorm(low, high)
    if name == "symlog":
        return SymLogNorm(vmin=low, vmax=high, base=10, **settings)
    return Normalize(low, high) if low < high else Normalize(low - 1, high + 1)


def plain_ticks(axis: Axis, scale: str, settings: dict[str, Any]) -> None:
    """Label a logarithmic axis in plain numbers; leave a linear one alone."""
    if scale == "linear":
        return
    if scale == "log":
        axis.set_major_locator(LogLocator(subs=[1, 2, 5]))
    else:
        round_numbers = np.outer(10.0 ** np.arange(-3, 3), [1, 2, 5]).ravel()
        axis.set_major_locator(FixedLocator([0, *round_numbers[round_numbers >= settings["linthresh"]]]))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_locator(NullLocator())


def say(axes: Axes, text: str) -> None:
    """Say in the middle of empty axes why they are empty."""
    axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", color=GREY)
    axes.set(xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set_visible(False)


def only_saying(text: str) -> Figure:
    """Make a figure of two columns that shows nothing, and says why."""
    figure = new_figure(DOUBLE_COLUMN, 1.2)
    say(figure.subplots(), text)
    return figure


def words(name: str) -> str:
    """Write a name of a configuration in words: `widen_factor_1` is `widen factor 1`."""
    return name.replace("_", " ")


def letter(axes: Sequence[Axes]) -> None:
    """Mark panels a, b, c ... at their upper left."""
    for name, panel in zip("abcdefgh", axes, strict=False):
        panel.set_title(name, loc="left", fontweight="bold")
