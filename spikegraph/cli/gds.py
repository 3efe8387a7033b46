"""`spikegraph gds …`: what the Graph Data Science library finds in the graph, without any training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer
from pydantic import BaseModel, ValidationError
from rich.console import Console

from spikegraph import api
from spikegraph.cli.command import Answer, Session, command
from spikegraph.cli.compare import measured_part, show_imported
from spikegraph.cli.names import Name
from spikegraph.cli.tables import show_pairs
from spikegraph.errors import UsageError

if TYPE_CHECKING:
    from export.gds.node_run import NodeRunReport

Relation = Annotated[
    list[str] | None, typer.Option(help="What is projected, given again for each: INTERACTED, HAS_GENRE …")
]
Seed = Annotated[int, typer.Option(help="Equal seeds give equal results.")]

OptionsOf = TypeVar("OptionsOf", bound=BaseModel)


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="Graph Data Science on a data set (extra gds).", no_args_is_help=True)
    command(group)(similarity)
    command(group)(communities)
    command(group)(pagerank)
    command(group)(sample)
    command(group)(lists)
    app.add_typer(group, name="gds")


def similarity(
    session: Session,
    name: Name,
    method: Annotated[str, typer.Option(help="fastrp, or by common users: jaccard, overlap, cosine.")] = "fastrp",
    neighbours: Annotated[int, typer.Option(help="Edges of each item.")] = 20,
    relation: Relation = None,
    users: Annotated[bool, typer.Option("--users", help="Link similar users too.")] = False,
    dimensions: Annotated[int, typer.Option(help="Of the vectors of fastrp.")] = 256,
    weight: Annotated[
        list[float] | None, typer.Option(help="Weight of the first, second … step of fastrp, in order.")
    ] = None,
    normalization: Annotated[float, typer.Option(help="fastrp: below 0 hubs count less.")] = -0.5,
    fewest: Annotated[int, typer.Option(help="Leave out items with fewer users (not fastrp).")] = 1,
    most: Annotated[int | None, typer.Option(help="Leave out items with more users (not fastrp).")] = None,
    seed: Seed = 0,
) -> Answer:
    """Link items that are alike in the graph; `export --similarity RUN` takes the edges as a relation."""
    from export.gds.similarity import SimilarityOptions

    weights = {"iteration_weights": tuple(weight)} if weight else {}
    options = _options(
        SimilarityOptions,
        method=method,
        neighbours=neighbours,
        relations=tuple(relation) if relation else None,
        users=users,
        dimensions=dimensions,
        normalization_strength=normalization,
        fewest=fewest,
        most=most,
        seed=seed,
        **weights,
    )
    report = api.gds_similarity(session.settings, name, options)

    def show(console: Console) -> None:
        edges = {"item edges": report.counts["similar_items"], "user edges": report.counts["similar_users"]}
        show_pairs(console, f"similarity {report.run_id}", {**edges, "seconds": report.seconds["total"]})
        console.print(f"spikegraph export {name} --to DIR --similarity {report.run_id}", highlight=False)

    return Answer(asdict(report) | {"options": options.model_dump(mode="json")}, show)


def communities(
    session: Session,
    name: Name,
    method: Annotated[str, typer.Option(help="leiden or louvain.")] = "leiden",
    relation: Relation = None,
    resolution: Annotated[float, typer.Option(help="leiden: above 1 more and smaller communities.")] = 1.0,
    seed: Seed = 0,
) -> Answer:
    """Find communities of users and items: nodes of the graph that their members are linked with."""
    from export.gds.communities import CommunityOptions

    options = _options(CommunityOptions, method=method, resolution=resolution, seed=seed, **_relations(relation))
    return _written(api.gds_communities(session.settings, name, options), options)


def pagerank(
    session: Session,
    name: Name,
    relation: Relation = None,
    damping: Annotated[float, typer.Option(help="How often a walk goes on.")] = 0.85,
    iterations: Annotated[int, typer.Option(help="The most there are.")] = 50,
) -> Answer:
    """Write the PageRank of each node as its property `pagerank`; the ranks before go."""
    from export.gds.pagerank import PageRankOptions

    options = _options(PageRankOptions, damping=damping, iterations=iterations, **_relations(relation))
    return _written(api.gds_pagerank(session.settings, name, options), options)


def sample(
    session: Session,
    name: Name,
    to: Annotated[Path, typer.Option("--to", help="Where the snapshot goes.", metavar="DIR")],
    ratio: Annotated[float, typer.Option(help="Share of the nodes.")] = 0.2,
    restart: Annotated[float, typer.Option(help="How often a walk begins anew.")] = 0.1,
    relation: Relation = None,
    embedding: Annotated[str, typer.Option(help="Text vectors that go along: lsa, minilm, source or none.")] = "none",
    seed: Seed = 0,
) -> Answer:
    """Export the part of a data set that random walks with restarts reach, as a snapshot."""
    from export.gds.sample import SampleOptions

    relations = tuple(relation) if relation else None
    options = _options(SampleOptions, ratio=ratio, restart=restart, relations=relations, seed=seed)
    manifest = api.gds_sample(session.settings, name, to, options, embedding=embedding).manifest

    def show(console: Console) -> None:
        show_pairs(console, f"{to}", {**manifest.counts, "split": manifest.split_rule})

    return Answer(manifest.model_dump(mode="json") | {"folder": str(to)}, show)


def lists(
    session: Session,
    name: Name,
    run: Annotated[str, typer.Argument(help="A run with similar items, by its id.", metavar="RUN_ID")],
    snapshot: Annotated[Path, typer.Option(help="What the lists are measured on.", metavar="DIR")],
    to: Annotated[Path, typer.Option("--to", help="The run folder to make.", metavar="RUN")],
    part: Annotated[str, typer.Option(help="The part they are for: valid, or test, which is noted.")] = "valid",
) -> Answer:
    """Make a run folder of lists from similar items alone: a rival for `compare` that nothing was trained for."""
    record = api.similar_lists(session.settings, name, run, snapshot, to, part=measured_part(part))
    return show_imported(record, to)


def _relations(relation: list[str] | None) -> dict[str, tuple[str, ...]]:
    return {"relations": tuple(relation)} if relation else {}


def _options(kind: type[OptionsOf], **values: Any) -> OptionsOf:
    """Check options; a wrong one is named as it is typed.

    Raises:
        UsageError: a value that the option does not take.
    """
    try:
        return kind(**values)
    except ValidationError as error:
        first: Mapping[str, Any] = error.errors()[0]
        name = str(first["loc"][0]).partition("_")[0]
        raise UsageError(f"'{first['input']}': {first['msg']}", where=f"--{name}") from error


def _written(report: NodeRunReport, options: BaseModel) -> Answer:
    def show(console: Console) -> None:
        pairs = {**report.counts, "seconds": report.seconds, "removed": ", ".join(report.removed) or "nothing"}
        show_pairs(console, f"run {report.run_id}", pairs)

    return Answer(asdict(report) | {"options": options.model_dump(mode="json")}, show)
