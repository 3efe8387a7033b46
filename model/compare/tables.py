"""The tables of a comparison, as texts: the same on the console, in markdown and in the report."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

from model.compare.comparison import Comparison
from model.compare.groups import BucketTable
from model.compare.pairs import PairScore

SEEDS_AND_USERS = (
    "± is the standard deviation between seeds: how much another training of the same model changes the mean. "
    "The intervals are over users: how much other users of the same kind would change it, the models as they are. "
    "Neither contains the other."
)
TESTS = (
    "Each user's value is averaged over the seeds of a group first; the tests then pair the two groups by user, so "
    "they speak of users, not of seeds. The last column is Welch's interval of the difference over seeds. The second "
    "p-value is Holm's correction for all p-values of all pairs and metrics."
)


_ABOUT_BUCKETS = {
    "users": "About a quarter of the users each; users with equally many items stay together.",
    "items": "About a tenth of the items each; items with equally many users stay together. Recall is of the held-out "
    "items in the part alone, a mean over the users who have one.",
    "cold items": "Recall of the held-out items in the part alone, a mean over the users who have one.",
}


@dataclass(frozen=True)
class Table:
    """A table of texts.

    Attributes:
        title: what it shows.
        columns: heads.
        rows: cells, a text for every column.
        about: how to read it.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    about: str = ""


def facts(comparison: Comparison) -> dict[str, str]:
    """Say what every number of the comparison belongs to."""
    return {
        "data set": comparison.dataset,
        "split": comparison.split_id,
        "protocol": comparison.protocol,
        "part": comparison.part,
        "users": f"{comparison.users:,}",
        "bootstrap": f"{comparison.draws:,} draws of users, 95 % percentile intervals",
    }


def score_table(comparison: Comparison) -> Table:
    """Give every group's metrics with seeds and intervals."""
    columns = ["group", "seeds"]
    for metric in comparison.metrics:
        columns += [metric, "95 % over users"]
    rows = []
    for group in comparison.groups:
        cells = [group.label, ", ".join(map(str, group.seeds))]
        for score in (score for score in comparison.scores if score.label == group.label):
            deviation = "" if score.deviation is None else f" ± {score.deviation:.4f}"
            cells += [f"{score.mean:.4f}{deviation}", f"{score.low:.4f} to {score.high:.4f}"]
        rows.append(tuple(cells))
    return Table(f"metrics of {comparison.part}, mean over users", tuple(columns), tuple(rows), SEEDS_AND_USERS)


def pair_table(comparison: Comparison) -> Table:
    """Give the tests of one group against all others; the side that they share is in the head."""
    pairs = [pair for pair in comparison.pairs if not pair.control]
    shared = len({pair.against for pair in pairs}) == 1 and len({pair.label for pair in pairs}) > 1
    if shared:
        first = [(f"… minus {pairs[0].against}", [pair.label for pair in pairs])]
    else:
        first = [(f"{pairs[0].label} minus …" if pairs else "", [pair.against for pair in pairs])]
    return _pair_table(f"paired tests on {comparison.part}", first, pairs)


def control_table(comparison: Comparison) -> Table:
    """Give the tests of models against their own controls, as far as they are not in the other table."""
    pairs = [pair for pair in comparison.pairs if pair.control]
    first = [("model", [pair.label for pair in pairs]), ("minus its control", [pair.against for pair in pairs])]
    return _pair_table(f"models and their own controls on {comparison.part}", first, pairs)


def _pair_table(title: str, first: Sequence[tuple[str, Sequence[str]]], pairs: Sequence[PairScore]) -> Table:
    columns = ("metric", "difference", "95 % over users", "p (t) / Holm", "p (Wilcoxon) / Holm")
    more = ("better / equal / worse users", "95 % over seeds")
    rows = [(*(names[number] for _, names in first), *_pair_cells(pair)) for number, pair in enumerate(pairs)]
    return Table(title, (*(name for name, _ in first), *columns, *more), tuple(rows), TESTS)


def _pair_cells(pair: PairScore) -> tuple[str, ...]:
    return (
        pair.metric,
        f"{pair.difference:+.4f}",
        f"{pair.low:+.4f} to {pair.high:+.4f}",
        f"{_p_value(pair.t)} / {_p_value(pair.t_holm)}",
        f"{_p_value(pair.wilcoxon)} / {_p_value(pair.wilcoxon_holm)}",
        f"{pair.wins} / {pair.ties} / {pair.losses}",
        "-" if pair.seeds_low is None else f"{pair.seeds_low:+.4f} to {pair.seeds_high:+.4f}",
    )


def bucket_table(comparison: Comparison, buckets: BucketTable) -> Table:
    """Give a metric in every group of users or items, a column a group."""
    sizes = [("users", [row.members for row in buckets.rows])] if buckets.kind == "users" else _item_sizes(buckets)
    rows = [(name, *(f"{count:,}" for count in counts)) for name, counts in sizes]
    rows.append(("held-out pairs", *(f"{row.pairs:,}" for row in buckets.rows)))
    rows += [
        (group.label, *(_number(row.values[group.label]) for row in buckets.rows))
        for group in comparison.groups
        if all(group.label in row.values for row in buckets.rows)
    ]
    columns = ("", *(row.name for row in buckets.rows))
    return Table(f"{buckets.metric} by {buckets.title}", columns, tuple(rows), _ABOUT_BUCKETS[buckets.kind])


def _item_sizes(buckets: BucketTable) -> list[tuple[str, list[int]]]:
    return [
        ("items", [row.members for row in buckets.rows]),
        ("users with one held out", [row.users for row in buckets.rows]),
    ]


def list_table(comparison: Comparison) -> Table:
    """Give what the lists are like."""
    columns = ("group", "coverage", "Gini", "mean popularity", "novelty, bits")
    rows = tuple(
        (each.label, f"{each.coverage:.4f}", f"{each.gini:.4f}", f"{each.popularity:.1f}", f"{each.novelty:.2f}")
        for each in comparison.lists
    )
    about = (
        "Coverage: share of all items that are in at least one list. Gini: 0 where all items are listed equally "
        "often, near 1 where a few fill all lists. Popularity: mean number of known users of a listed item. Novelty: "
        "mean of log2(users / known users of the item)."
    )
    return Table(f"lists of {comparison.cutoff}", columns, rows, about)


def group_table(comparison: Comparison) -> Table:
    """Give what each group is."""
    columns = ("group", "model", "preset", "control", "seeds", "epochs", "seconds a run", "test readings")
    rows = tuple(
        (
            group.label,
            group.model,
            group.preset,
            group.control,
            ", ".join(map(str, group.seeds)),
            ", ".join("-" if epochs is None else str(epochs) for epochs in group.chosen_epochs),
            f"{group.seconds:,.1f}",
            str(group.test_readings),
            group.snapshot[:12],
            group.text_embedding or "-",
            ", ".join(group.profile_exposed_to) or "-",
        )
        for group in comparison.groups
    )
    return Table("groups", (*columns, "snapshot", "text vectors", "profiles had seen"), rows)


def all_tables(comparison: Comparison) -> list[Table]:
    """Give all tables that have rows, in the order of reading."""
    tables = [
        score_table(comparison),
        pair_table(comparison),
        control_table(comparison),
        *(bucket_table(comparison, buckets) for buckets in comparison.buckets),
        list_table(comparison),
        group_table(comparison),
    ]
    return [table for table in tables if table.rows]


def markdown(comparison: Comparison, command: str) -> str:
    """Give the comparison as markdown: what it belongs to, the command, the notes, all tables."""
    said = "; ".join(f"{name} {value}" for name, value in facts(comparison).items())
    notes = "".join(f"* {_markdown_cell(note)}\n" for note in comparison.notes)
    parts = [
        _markdown_cell(f"{said}."),
        f"    {' '.join(command.splitlines())}",
        notes.rstrip(),
        *map(_markdown_table, all_tables(comparison)),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _markdown_table(table: Table) -> str:
    lines = [table.columns, ("---",) * len(table.columns), *table.rows]
    body = "\n".join(f"| {' | '.join(map(_markdown_cell, line))} |" for line in lines)
    return "\n\n".join(part for part in (f"### {_markdown_cell(table.title)}", body, table.about) if part)


def _markdown_cell(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")


def score_csv(comparison: Comparison) -> str:
    """Give one line for every group and metric, with all that the number belongs to."""
    file = io.StringIO()
    head = ("dataset", "split_id", "protocol", "part", "users", "group", "model", "preset", "control", "seeds")
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow((*head, "metric", "mean", "deviation", "low", "high"))
    groups = {group.label: group for group in comparison.groups}
    shared = (comparison.dataset, comparison.split_id, comparison.protocol, comparison.part, comparison.users)
    for score in comparison.scores:
        group = groups[score.label]
        own = (group.label, group.model, group.preset, group.control, " ".join(map(str, group.seeds)))
        writer.writerow((*shared, *own, score.metric, score.mean, score.deviation, score.low, score.high))
    return file.getvalue()


def _p_value(value: float | None) -> str:
    if value is None:
        return "-"
    if value < 1e-300:
        return "< 1e-300"
    return f"{value:.4f}" if value >= 0.001 else f"{value:.1e}"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"
