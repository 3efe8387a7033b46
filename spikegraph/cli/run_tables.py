"""How two runs differ, as the console shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console

from spikegraph.cli.tables import show_pairs, show_table

if TYPE_CHECKING:
    from export.run_difference import RunDifference


def show_difference(console: Console, found: RunDifference) -> None:
    """Print metrics and lists of two runs beside each other."""
    ids = (found.run.id, found.other.id)
    rows = [(metric, *values) for metric, values in found.metrics.items()]
    show_table(console, "metrics", ("metric", *ids), rows)
    pairs = {
        "users": found.users,
        f"overlap@{found.k}, mean": found.overlap,
        "users with the same items": found.users_with_the_same_items,
    }
    show_pairs(console, f"lists, their first {found.k} places", pairs)
    counts = [
        ("items recommended to anybody", *found.items),
        ("items that only it recommends", *found.items_only),
        ("users that only it has a list for", *found.users_only),
    ]
    show_table(console, "what each recommends", ("what", *ids), counts)
    items = [(item.name, item.lists, item.lists_other, f"{item.difference:+}") for item in found.items_changed]
    show_table(console, "items whose number of lists differs most", ("item", *ids, "difference"), items)
    users = [(user.name, user.key, f"{user.shared} of {user.length}", user.overlap) for user in found.users_changed]
    show_table(console, "users whose lists differ most", ("user", "key", "shared", "overlap"), users)
