"""`spikegraph compare` and `import-lists`: the truth about run folders."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer
from rich.console import Console

from spikegraph import api
from spikegraph.cli.command import Answer, Session, command, key_values
from spikegraph.cli.tables import show_pairs, show_table
from spikegraph.cli.training import show_metrics
from spikegraph.errors import UsageError

if TYPE_CHECKING:
    from model.compare.comparison import Comparison
    from model.runs.run_folder import RunRecord
    from spikegraph.api.compare import Part


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    command(app)(compare)
    command(app, "import-lists")(import_lists)


def compare(
    _session: Session,
    runs: Annotated[list[Path], typer.Argument(help="Run folders, or folders of run folders.", metavar="RUN…")],
    part: Annotated[str, typer.Option(help="valid, or test where every run has read it.")] = "valid",
    label: Annotated[list[str] | None, typer.Option(help="A name for a run's group.", metavar="RUN=TEXT")] = None,
    against: Annotated[str | None, typer.Option(help="Test the others against this group.", metavar="LABEL")] = None,
    metric: Annotated[list[str] | None, typer.Option(help="A metric to show and test (may be given again).")] = None,
    at: Annotated[int, typer.Option(help="List length of the results by group: 10, 20 or 40.")] = 20,
    snapshot: Annotated[list[Path] | None, typer.Option(help="A snapshot that has moved.", metavar="DIR")] = None,
    seed: Annotated[int, typer.Option(help="Seed of the bootstrap.")] = 0,
    to: Annotated[Path | None, typer.Option("--to", help="A folder for report.html and tables.", metavar="DIR")] = None,
) -> Answer:
    """Compare runs: seeds, paired tests, groups of users and items, what the lists are like."""
    found = api.compare(
        runs,
        part=measured_part(part),
        labels={Path(path): text for path, text in key_values(label or (), "--label").items()},
        against=against,
        metrics=metric or (),
        cutoff=at,
        snapshots=snapshot or (),
        seed=seed,
        to=to,
    )
    document = {**found.document(), "report": str(to / "report.html") if to else None}
    return Answer(document, lambda console: _show(console, found, to))


def _show(console: Console, found: Comparison, to: Path | None) -> None:
    from model.compare.tables import all_tables, facts

    show_pairs(console, "comparison", facts(found))
    for note in found.notes:
        console.print(f"note: {note}", style="yellow", markup=False, highlight=False, soft_wrap=True)
    for table in all_tables(found):
        console.print()
        show_table(console, table.title, table.columns, table.rows)
        if table.about:
            console.print(table.about, style="dim", markup=False, highlight=False)
    if to is not None:
        console.print(f"\nreport: {to / 'report.html'}", markup=False, highlight=False, soft_wrap=True)


def import_lists(
    _session: Session,
    snapshot: Annotated[Path, typer.Argument(help="The snapshot they are measured on.", metavar="SNAPSHOT")],
    file: Annotated[Path, typer.Argument(help="A .parquet, .csv or .tsv of user, item, rank.", metavar="FILE")],
    to: Annotated[Path, typer.Option("--to", help="The run folder to make.", metavar="RUN")],
    name: Annotated[str, typer.Option("--label", help="What the lists are called.", metavar="NAME")],
    part: Annotated[str, typer.Option(help="The part they are for: valid, or test, which is noted.")] = "valid",
    seed: Annotated[int, typer.Option(help="Seed of the model that made them.")] = 0,
) -> Answer:
    """Make a run folder of lists that were made elsewhere, measured as every other run is."""
    record = api.import_lists(snapshot, file, to, name=name, part=measured_part(part), seed=seed)
    return show_imported(record, to)


def show_imported(record: RunRecord, folder: Path) -> Answer:
    """Answer with the run that lists became."""
    document: dict[str, Any] = record.summary()

    def show(console: Console) -> None:
        about = {key: document[key] for key in ("dataset", "split_id", "protocol", "model", "seed")}
        show_pairs(console, str(folder), about)
        show_metrics(console, {document["model"]: document["metrics"]})

    return Answer(document, show)


def measured_part(text: str) -> Part:
    """Give the part that a word names.

    Raises:
        UsageError: it names none.
    """
    if text not in ("valid", "test"):
        raise UsageError(f"there is no part '{text}'", where="--part", hint="valid or test")
    return cast("Part", text)
