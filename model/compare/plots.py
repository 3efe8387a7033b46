"""The plots of a report, as SVG texts to be put into the page: no script, no fonts, nothing from elsewhere."""

from __future__ import annotations

import io
import re
import textwrap
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from html import escape
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from model.compare.comparison import Comparison, Score
from model.compare.curves import Curve
from model.compare.groups import BucketTable
from model.compare.pairs import PairScore
from model.compare.palette import DASHES, FAINT, MARKERS, SERIES, TEXT, with_page_colours
from model.types import SELECTION_METRIC

MOST_SERIES = len(SERIES)
"""Lines in one plot; more cannot be told apart."""

LABEL_WIDTH = 34
"""Letters of one line of a label beside a plot."""

STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "spikegraph",
    "text.parse_math": False,
    "font.size": 10,
    "legend.fontsize": 9,
    "text.color": TEXT,
    "axes.labelcolor": TEXT,
    "axes.edgecolor": TEXT,
    "xtick.color": TEXT,
    "ytick.color": TEXT,
    "grid.color": FAINT,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.facecolor": "none",
    "figure.facecolor": "none",
    "legend.framealpha": 0,
    "lines.linewidth": 1.8,
    "lines.markersize": 5,
}


def score_bars(comparison: Comparison, metric: str) -> str:
    """Draw every group's mean with its interval over users; dots are the seeds."""
    scores = [score for score in comparison.scores if score.metric == metric]
    names = [_wrapped(score.label) for score in reversed(scores)]
    with _figure(8, 0.9 + 0.25 * len(names) + 0.17 * _lines(names)) as (figure, axes):
        for place, score in enumerate(reversed(scores)):
            _bar(axes, place, score)
        axes.set_yticks(range(len(scores)), names)
        axes.set_xlim(left=0)
        axes.set_xlabel(f"{metric}, {comparison.part} (lines: 95 % over users, dots: seeds)")
        axes.grid(visible=False, axis="y")
        return _svg(figure, f"{metric} of every group with its interval over users")


def _bar(axes: Axes, place: int, score: Score) -> None:
    axes.barh(place, score.mean, height=0.6, color=SERIES[0], alpha=0.35)
    reach = [[max(0.0, score.mean - score.low)], [max(0.0, score.high - score.mean)]]
    axes.errorbar(score.mean, place, xerr=reach, color=TEXT, capsize=4, linewidth=1.5)
    if score.seeds > 1:
        axes.plot(score.by_seed, [place] * score.seeds, "o", color=SERIES[1], markersize=4)


def difference_plot(comparison: Comparison, metric: str) -> str:
    """Draw every tested difference with its interval over users."""
    pairs = [pair for pair in comparison.pairs if pair.metric == metric]
    names = [f"{_wrapped(pair.label)}\n− {_wrapped(pair.against)}" for pair in reversed(pairs)]
    with _figure(8, 0.9 + 0.16 * len(names) + 0.17 * _lines(names)) as (figure, axes):
        axes.axvline(0, color=TEXT, linewidth=1)
        for place, pair in enumerate(reversed(pairs)):
            _difference(axes, place, pair)
        axes.set_yticks(range(len(pairs)), names)
        axes.set_xlabel(f"difference in {metric}, {comparison.part} (lines: 95 % over users)")
        axes.set_ylim(-0.7, len(pairs) - 0.3)
        axes.grid(visible=False, axis="y")
        return _svg(figure, f"differences in {metric} with their intervals over users")


def _difference(axes: Axes, place: int, pair: PairScore) -> None:
    reach = [[max(0.0, pair.difference - pair.low)], [max(0.0, pair.high - pair.difference)]]
    axes.errorbar(pair.difference, place, xerr=reach, fmt="o", color=SERIES[0], capsize=4)


def learning_curves(curves: Sequence[Curve], labels: Sequence[str]) -> str:
    """Draw loss and validation by epoch, a line a run.

    Losses of different objectives have different sizes, so each is shown as a share of its first epoch's.
    """
    shown = _first(labels, {curve.label for curve in curves})
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9, 3.6 + 0.2 * len(shown)), layout="constrained")
        left, right = figure.subplots(1, 2)
        for number, label in shown.items():
            for place, curve in enumerate(curve for curve in curves if curve.label == label):
                _curve(left, right, curve, number, label if place == 0 else None)
        for axes in (left, right):
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        left.set(xlabel="epoch", ylabel="loss / loss of epoch 1")
        right.set(xlabel="epoch", ylabel=f"validation {SELECTION_METRIC}")
        figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=2)
        return _svg(figure, "learning curves: loss and validation by epoch")


def _curve(left: Axes, right: Axes, curve: Curve, number: int, label: str | None) -> None:
    style: dict[str, Any] = {"color": SERIES[number], "linestyle": DASHES[number], "linewidth": 1.3}
    first = curve.losses[0] if curve.losses and curve.losses[0] else 1.0
    left.plot(curve.epochs, [loss / first for loss in curve.losses], label=label or "_", **style)
    right.plot(curve.read_at, curve.values, **style)
    if curve.chosen in curve.read_at:
        best = curve.values[curve.read_at.index(curve.chosen)]
        right.plot([curve.chosen], [best], marker=MARKERS[number], color=SERIES[number])


def bucket_plot(table: BucketTable, labels: Sequence[str]) -> str:
    """Draw a metric by group of users or items, a line a group of runs."""
    shown = _first(labels, {label for row in table.rows for label in row.values})
    with _figure(9, 3.6 + 0.2 * len(shown)) as (figure, axes):
        for number, label in shown.items():
            heights = [row.values.get(label) for row in table.rows]
            places = [place for place, height in enumerate(heights) if height is not None]
            axes.plot(
                places,
                [height for height in heights if height is not None],
                label=label,
                color=SERIES[number],
                marker=MARKERS[number],
                linestyle=DASHES[number],
            )
        axes.set_xticks(range(len(table.rows)), [row.name for row in table.rows])
        axes.set_ylim(bottom=0)
        axes.set(xlabel=table.title, ylabel=table.metric)
        figure.legend(loc="outside lower center", ncols=2)
        return _svg(figure, f"{table.metric} by {table.title}")


def _wrapped(label: str) -> str:
    """Break a label into lines, so that it leaves the plot its room; a word without spaces is broken too."""
    return "\n".join(textwrap.wrap(label, LABEL_WIDTH)) or label


def _lines(names: Sequence[str]) -> int:
    return sum(name.count("\n") + 1 for name in names)


def _first(labels: Sequence[str], present: set[str]) -> dict[int, str]:
    """Give the first labels by their place, which decides their colour in every plot."""
    return {number: label for number, label in enumerate(labels[:MOST_SERIES]) if label in present}


@contextmanager
def _figure(width: float, height: float) -> Iterator[tuple[Figure, Axes]]:
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
        yield figure, figure.subplots()


def _svg(figure: Figure, name: str) -> str:
    """Give the drawing as an element of a page: its ids are its own, its colours and letters the page's."""
    file = io.StringIO()
    figure.savefig(file, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    svg = file.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>", "", svg, flags=re.DOTALL)
    svg = re.sub(r' xmlns(:xlink)?="[^"]*"', "", svg).replace("xlink:href=", "href=")
    svg = re.sub(r'font-family: [^;"]*', "font-family: inherit", svg)
    own = f"p{zlib.crc32(name.encode()):08x}"
    svg = re.sub(r'(id="|href="#|url\(#)', rf"\g<1>{own}-", svg)
    svg = re.sub(r"<svg([^>]*)>", rf'<svg role="img"\g<1>><title>{escape(name)}</title>', svg, count=1)
    return with_page_colours(svg)
