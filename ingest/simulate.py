"""The viewers of the demo data are simulated: this is the generator, `python -m ingest.simulate` runs it.

No rating here was given by a person. A simulated viewer is drawn so:

* a taste: three genres (weights 1, .8, .6), two directors (1, .8), three actors (1, .8, .6) out of
  those with two films or more, and one decade; genres, directors and actors by how many films they have;
* a liking for each film: 2.5 · genres + 4 · directors + 3 · actors + 2 · decade + .4 · the film's
  popularity (standard normal, one value a film) + noise (standard Gumbel), each part the summed weight
  of what the film shares with the taste;
* 15 to 40 films seen: those with the highest liking, and a tenth of them any others;
* a rating from 1 to 5: the higher the liking among the viewer's films the better, with noise;
* times: one film after another from a day in 2023 on, in an order drawn;
* for a few pairs a remark, whose words are picked by the rating, and which says that it is simulated.

Everything is made of `Generator.random()`, so one seed gives one set of files, byte for byte.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ingest.table_files import read_rows

FOLDER = Path(__file__).parent / "demo_data"
SEED = 20_240_607
VIEWERS = 600
REMARKS = 240

FloatArray = npt.NDArray[np.float64]

POPULARITY = 0.4
STRENGTH = {"genres": 2.5, "directors": 4.0, "actors": 3.0, "decade": 2.0}
"""How much a shared genre, director, actor or decade adds to the liking."""
WEIGHTS = {"genres": (1.0, 0.8, 0.6), "directors": (1.0, 0.8), "actors": (1.0, 0.8, 0.6), "decade": (1.0,)}
"""How many of each a viewer has a taste for, and how strong."""

GOOD = ("I would see it again tomorrow.", "Just what I look for in a film.", "It stayed with me for days.")
FAIR = ("Well made, if not quite mine.", "I liked the first half better.", "Good company for a rainy evening.")
POOR = ("It left me cold.", "I looked at the clock more than once.", "Not for me, I am afraid.")


@dataclass(frozen=True, eq=False)
class Film:
    """A film's id, name and what a taste can attach to: {'genres': [...], ...}."""

    key: str
    features: dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class Seen:
    """One simulated viewing."""

    viewer: str
    film: str
    rating: int
    at: int
    remark: str = ""


def read_films(folder: Path = FOLDER) -> list[Film]:
    """Read the films that viewers can see."""
    rows = read_rows(folder, "films.csv").frame
    columns = {kind: rows[kind].str.split("|") for kind in STRENGTH}
    return [
        Film(str(rows["id"].iloc[row]), {kind: tuple(columns[kind].iloc[row]) for kind in STRENGTH})
        for row in range(len(rows))
    ]


def simulate(films: Sequence[Film], generator: np.random.Generator) -> list[Seen]:
    """Simulate all viewers, in order.

    Args:
        films: the films.
        generator: what draws; only its `random()` is used.
    """
    popularity = _normal(generator, len(films))
    seen = [
        pair
        for number in range(1, VIEWERS + 1)
        for pair in _simulate_viewer(f"{number:03d}", films, popularity, generator)
    ]
    return _with_remarks(seen, generator)


def write(folder: Path, seen: Iterable[Seen]) -> None:
    """Write `viewers.csv`, `ratings.csv` and `remarks.csv`."""
    pairs = list(seen)
    viewers = sorted({pair.viewer for pair in pairs})
    _write_csv(folder / "viewers.csv", ("id", "name"), [(v, f"Viewer {v} (simulated)") for v in viewers])
    ratings = [
        (p.viewer, p.film, p.rating, datetime.fromtimestamp(p.at, UTC).strftime("%Y-%m-%d %H:%M")) for p in pairs
    ]
    _write_csv(folder / "ratings.csv", ("viewer", "film", "rating", "at"), ratings)
    remarks = [(p.viewer, p.film, p.remark) for p in pairs if p.remark]
    _write_csv(folder / "remarks.csv", ("viewer", "film", "remark"), remarks)


def _simulate_viewer(
    viewer: str, films: Sequence[Film], popularity: FloatArray, generator: np.random.Generator
) -> list[Seen]:
    gumbel = -np.log(-np.log(generator.random(len(films))))
    liking = _taste(films, generator) + POPULARITY * popularity + gumbel
    number = 15 + int(generator.random() * 26)
    at_random = number // 10
    ranked = np.argsort(-liking, kind="stable")
    others = ranked[number - at_random :]
    strays = others[np.argsort(generator.random(len(others)), kind="stable")[:at_random]]
    chosen = np.concatenate([ranked[: number - at_random], strays])
    ratings = _ratings(liking[chosen], generator)
    order = np.argsort(generator.random(number), kind="stable")
    at = _times(number, generator)
    return [
        Seen(viewer, films[chosen[place]].key, int(ratings[place]), int(time))
        for place, time in zip(order, at, strict=True)
    ]


def _taste(films: Sequence[Film], generator: np.random.Generator) -> FloatArray:
    """Draw a taste and give what it adds to each film's liking: float [films]."""
    added = np.zeros(len(films))
    for kind, strength in STRENGTH.items():
        counts = Counter(name for film in films for name in film.features[kind])
        names = sorted(name for name, count in counts.items() if count > 1)
        share = np.array([counts[name] for name in names], dtype=float)
        first = np.argsort(-np.log(generator.random(len(names))) / share, kind="stable")
        liked = {names[place]: weight for place, weight in zip(first, WEIGHTS[kind], strict=False)}
        added += strength * np.array([sum(liked.get(name, 0.0) for name in film.features[kind]) for film in films])
    return added


def _ratings(liking: FloatArray, generator: np.random.Generator) -> npt.NDArray[np.int64]:
    """Give 1 to 5 by the place of a film's liking among the viewer's films, with noise."""
    place = np.argsort(np.argsort(liking, kind="stable"), kind="stable") / max(len(liking) - 1, 1)
    return np.clip(np.rint(2.6 + 2.2 * place + 0.6 * _normal(generator, len(liking))), 1, 5).astype(np.int64)


def _times(number: int, generator: np.random.Generator) -> npt.NDArray[np.int64]:
    """Give minutes as seconds since 1970: from a day in 2023, one film every eight days or so."""
    start = datetime(2023, 1, 1, tzinfo=UTC).timestamp() + generator.random() * 300 * 86_400
    steps = -np.log(generator.random(number)) * 8 * 86_400
    return (np.floor((start + np.cumsum(steps)) / 60) * 60).astype(np.int64)


def _with_remarks(seen: list[Seen], generator: np.random.Generator) -> list[Seen]:
    chosen = set(np.argsort(generator.random(len(seen)), kind="stable")[:REMARKS].tolist())
    return [_remarked(pair, generator) if place in chosen else pair for place, pair in enumerate(seen)]


def _remarked(pair: Seen, generator: np.random.Generator) -> Seen:
    words = GOOD if pair.rating >= 4 else FAIR if pair.rating == 3 else POOR
    remark = f"[simulated] {words[int(generator.random() * len(words))]}"
    return Seen(pair.viewer, pair.film, pair.rating, pair.at, remark)


def _normal(generator: np.random.Generator, number: int) -> FloatArray:
    """Draw standard normal numbers from `random()` alone (Box-Muller)."""
    radius = np.sqrt(-2 * np.log(1 - generator.random(number)))
    made: FloatArray = radius * np.cos(2 * np.pi * generator.random(number))
    return made


def _write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


if __name__ == "__main__":
    write(FOLDER, simulate(read_films(), np.random.default_rng(SEED)))
