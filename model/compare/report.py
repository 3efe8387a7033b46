"""The report: one page that opens offline, with its plots inside, and the tables beside it."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from model.compare.comparison import Comparison
from model.compare.palette import style_variables
from model.compare.plots import MOST_SERIES, bucket_plot, difference_plot, learning_curves, score_bars
from model.compare.tables import (
    Table,
    bucket_table,
    control_table,
    facts,
    group_table,
    list_table,
    markdown,
    pair_table,
    score_csv,
    score_table,
)
from spikegraph.errors import UsageError
from spikegraph.files import replace_text

PAGE, MARKDOWN, CSV = "report.html", "results.md", "results.csv"


def write_report(comparison: Comparison, folder: Path, command: str) -> Path:
    """Write `report.html`, `results.md` and `results.csv`, replacing those of an earlier comparison.

    Args:
        comparison: what was found.
        folder: made where it is missing; other files in it stay.
        command: the command line that repeats it.

    Returns:
        the page.

    Raises:
        UsageError: the folder cannot be written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        replace_text(folder / MARKDOWN, markdown(comparison, command))
        replace_text(folder / CSV, score_csv(comparison))
        replace_text(folder / PAGE, page(comparison, command))
    except OSError as error:
        raise UsageError(f"the report cannot be written: {error}", where=str(folder)) from error
    return folder / PAGE


def page(comparison: Comparison, command: str) -> str:
    """Give the page: no script, no address of the net, every text of the user escaped."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    return environment.get_template("report.html.j2").render(
        comparison=comparison,
        command=command,
        facts=facts(comparison),
        light=style_variables(dark=False),
        dark=style_variables(dark=True),
        sections=_sections(comparison),
        notes=[*comparison.notes, *_more_notes(comparison)],
    )


def _sections(comparison: Comparison) -> list[tuple[str, list[Markup], list[Table]]]:
    """Give heading, plots and tables of each section that has any rows or lines."""
    labels = [group.label for group in comparison.groups]
    sections: list[tuple[str, list[str], list[Table]]] = [
        ("Metrics", [score_bars(comparison, metric) for metric in comparison.metrics], [score_table(comparison)])
    ]
    if comparison.pairs:
        differences = [difference_plot(comparison, metric) for metric in comparison.metrics]
        sections.append(("Paired tests", differences, _with_rows([pair_table(comparison), control_table(comparison)])))
    if comparison.curves:
        sections.append(("Learning curves", [learning_curves(comparison.curves, labels)], []))
    for heading, kinds in (("By group of users", ("users",)), ("By group of items", ("items", "cold items"))):
        chosen = [buckets for buckets in comparison.buckets if buckets.kind in kinds]
        if chosen:
            plots = [bucket_plot(buckets, labels) for buckets in chosen]
            sections.append((heading, plots, [bucket_table(comparison, buckets) for buckets in chosen]))
    if comparison.lists:
        sections.append(("The lists", [], [list_table(comparison)]))
    sections.append(("What was compared", [], [group_table(comparison)]))
    # The plots are our own drawings, in which every label is escaped already.
    return [(heading, [Markup(plot) for plot in plots], tables) for heading, plots, tables in sections]  # noqa: S704


def _with_rows(tables: list[Table]) -> list[Table]:
    return [table for table in tables if table.rows]


def _more_notes(comparison: Comparison) -> list[str]:
    """Say which groups the plots of lines leave out."""
    left_out = [group.label for group in comparison.groups][MOST_SERIES:]
    drawn = f"Plots of lines show the first {MOST_SERIES} groups; not drawn: "
    return [drawn + ", ".join(left_out) + "."] if left_out else []
