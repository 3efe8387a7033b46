"""`spikegraph recommend`, `similar`: what the graph recommends, and what it holds similar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from spikegraph import api
from spikegraph.cli.command import Answer, Session, command
from spikegraph.cli.names import Item, Name
from spikegraph.cli.tables import show_table
from spikegraph.errors import UsageError
from spikegraph.settings import Settings

if TYPE_CHECKING:
    from cypher.answers.recommendation import Recommendation
    from cypher.answers.together import By

Count = Annotated[int, typer.Option("--k", help="How many.", min=1, max=1000)]
Texts = list[str] | None

OPTIONS_OF = {
    "the list": {"--reasons"},
    "--items": set(),
    "--with": set(),
    "--diverse": {"--relation", "--cap"},
    "--live": {"--cap"},
    "--because": set(),
    "--latest": set(),
    "several users": {"--least-misery"},
}
"""The ways to ask, and the further options that fit each."""

REASONS, CAP = 3, 2


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    for function in (recommend, similar):
        command(app)(function)


def recommend(
    session: Session,
    name: Name,
    users: Annotated[
        Texts, typer.Argument(help="A user, or several to ask for all: key, short key or name.", metavar="USER")
    ] = None,
    k: Count = 10,
    reasons: Annotated[int | None, typer.Option(min=0, max=20, help=f"Reasons for each item [{REASONS}].")] = None,
    items: Annotated[
        Texts, typer.Option("--items", metavar="ITEM", help="An item of a session without a user, the latest last.")
    ] = None,
    linked: Annotated[
        Texts, typer.Option("--with", metavar="ENTITY", help="Only items with a fact about this genre, maker ….")
    ] = None,
    diverse: Annotated[bool, typer.Option("--diverse", help="At most --cap items for each entity.")] = False,
    relation: Annotated[
        Texts, typer.Option(metavar="TYPE", help="Of --diverse: the relations that count, else all.")
    ] = None,
    live: Annotated[bool, typer.Option("--live", help="Collaborative filtering in the graph, without a run.")] = False,
    cap: Annotated[int | None, typer.Option(min=1, help="Of --diverse: items; of --live: users of an item.")] = None,
    because: Annotated[
        Texts, typer.Option("--because", metavar="ITEM", help="An item the user had: what is similar to it.")
    ] = None,
    latest: Annotated[int | None, typer.Option(min=1, help="The same for so many of the user's latest items.")] = None,
    least_misery: Annotated[bool, typer.Option("--least-misery", help="Of several users: the least content.")] = False,
) -> Answer:
    """Give a user's list from the active run, with reasons as paths of the graph; or ask in another way."""
    ways = {
        "--items": items, "--with": linked, "--diverse": diverse, "--live": live, "--because": because,
        "--latest": latest,
    }  # fmt: skip
    further = {
        "--reasons": reasons is not None, "--relation": relation, "--cap": cap, "--least-misery": least_misery,
    }  # fmt: skip
    asked_for = users or []
    way = _way(asked_for, [option for option, value in ways.items() if value])
    _require_fitting(way, [option for option, value in further.items() if value])
    settings = session.settings
    if way == "several users":
        return _group(settings, name, asked_for, k, least_misery=least_misery)
    if way == "--items":
        found = api.recommend_for_session(settings, name, items or (), k=k)
        return _answer(found, f"after {', '.join(items or ())} of {name}", dataset=name, items=items)
    user = asked_for[0]
    if way in ("--because", "--latest"):
        return _because(settings, name, user, because or (), latest or 1, k)
    if way == "--with":
        found = api.recommend_linked(settings, name, user, linked or (), k=k)
    elif way == "--diverse":
        found = api.recommend_diverse(settings, name, user, k=k, relations=relation or (), cap=cap or CAP)
    elif way == "--live":
        found = api.recommend_live(settings, name, user, k=k, cap=cap)
    else:
        found = api.recommend(settings, name, user, k=k, reasons=REASONS if reasons is None else reasons)
    return _answer(found, f"for {user} of {name}", dataset=name, user=user)


def similar(
    session: Session,
    name: Name,
    item: Item,
    k: Count = 10,
    run: Annotated[str | None, typer.Option(help="Another run than the active one.", metavar="RUN_ID")] = None,
) -> Answer:
    """Give the items that the active run, or another, holds most similar to an item."""
    found = api.similar(session.settings, name, item, k=k, run=run)

    def show(console: Console) -> None:
        rows = [(each.rank, each.name, each.key, each.score) for each in found]
        show_table(console, f"similar to {item}", ("rank", "item", "key", "score"), rows)
        _show_sources(console, {each.source for each in found})

    return Answer({"dataset": name, "item": item, "similar": [asdict(each) for each in found]}, show)


def show_recommendations(console: Console, title: str, found: Sequence[Recommendation]) -> None:
    """Print a list, each item with its reasons below each other, and with its source where there are several."""
    sources = {item.source for item in found}
    columns = ["rank", "item", "score"]
    rows: list[list[Any]] = [[item.rank, item.name, item.score] for item in found]
    if any(item.reasons for item in found):
        columns.append("because")
        rows = [[*row, "\n".join(r.text for r in item.reasons)] for row, item in zip(rows, found, strict=True)]
    if len(sources) > 1:
        columns.append("source")
        rows = [[*row, item.source] for row, item in zip(rows, found, strict=True)]
    show_table(console, title, columns, rows)
    if len(sources) == 1:
        _show_sources(console, sources)


def _way(users: Sequence[str], chosen: Sequence[str]) -> str:
    """Tell which way is asked, or refuse what does not go together."""
    if len(chosen) > 1:
        raise UsageError(f"{' and '.join(chosen)} do not go together", hint="spikegraph recommend --help")
    if len(users) > 1:
        if chosen:
            raise UsageError(f"{chosen[0]} asks for one user, {len(users)} were given", where="USER")
        return "several users"
    way = chosen[0] if chosen else "the list"
    if (way == "--items") == bool(users):
        message = "a session of --items has no user" if users else "a user is needed, or the --items of a session"
        raise UsageError(message, where="USER", hint="spikegraph recommend --help")
    return way


def _require_fitting(way: str, further: Sequence[str]) -> None:
    for option in further:
        if option not in OPTIONS_OF[way]:
            fitting = " or ".join(name for name, options in OPTIONS_OF.items() if option in options)
            raise UsageError(f"goes with {fitting} only", where=option)


def _answer(found: Sequence[Recommendation], title: str, **asked: Any) -> Answer:
    document = {**asked, "recommendations": [asdict(item) for item in found]}
    return Answer(document, lambda console: show_recommendations(console, title, found))


def _because(settings: Settings, name: str, user: str, items: Sequence[str], latest: int, k: int) -> Answer:
    found = api.because_of(settings, name, user, items, latest=latest, k=k)

    def show(console: Console) -> None:
        for each in found:
            show_recommendations(console, f"because {user} liked {each.liked.name}", each.items)

    return Answer({"dataset": name, "user": user, "because": [asdict(each) for each in found]}, show)


def _group(settings: Settings, name: str, users: Sequence[str], k: int, *, least_misery: bool) -> Answer:
    by: By = "least misery" if least_misery else "mean"
    found = api.recommend_for_group(settings, name, users, k=k, by=by)
    rows = [
        {
            **asdict(each.recommendation),
            "mean": each.mean,
            "worst": each.worst,
            "members": list(map(asdict, each.members)),
        }
        for each in found
    ]

    def show(console: Console) -> None:
        sources = {row["source"] for row in rows}
        members = [member["name"] for member in rows[0]["members"]] if rows else []
        cells = [
            [row["rank"], row["name"], row["score"], *(member["rank"] for member in row["members"]), row["source"]]
            for row in rows
        ]
        columns = ["rank", "item", "score", *members, "source"]
        several = len(sources) > 1
        show_table(
            console,
            f"for {', '.join(users)} of {name}, by {by}",
            columns if several else columns[:-1],
            cells if several else [row[:-1] for row in cells],
        )
        if not several:
            _show_sources(console, sources)

    return Answer({"dataset": name, "users": list(users), "by": by, "recommendations": rows}, show)


def _show_sources(console: Console, sources: set[str]) -> None:
    for source in sorted(sources):
        console.print(f"source: {source}", highlight=False, markup=False, soft_wrap=True)
