"""The words in which prompts speak of the items of a data set: films are watched by viewers, books read by readers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from llm_profiles.sentences import in_words
from spikegraph.errors import UsageError

ANYTHING = "anything"
"""The domain of what is none of the others."""

SHIPPED = Path(__file__).with_name("domains.yaml")


class Domain(BaseModel):
    """The words of one domain (see the head of `domains.yaml`); all but `name` are plain English."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    expert: str
    item: str
    items: str
    person: str
    audience: str
    took: str
    aspects: str
    taste: str
    labels: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()


def load_domain(name: str, folder: Path | None = None) -> Domain:
    """Give a domain by its name.

    Args:
        name: one of `domains.yaml`.
        folder: a folder whose own `domains.yaml`, if any, adds domains or replaces some.

    Raises:
        UsageError: there is none of this name, or the folder's file is wrong.
    """
    known = domains(folder)
    if name not in known:
        raise UsageError(f"there is no domain '{name}'", hint=f"one of: {', '.join(known)}")
    return known[name]


def domain_of(labels: Iterable[str], dataset: str, folder: Path | None = None) -> Domain:
    """Guess the domain: by the type labels of the items, then by the data set's name, else `anything`.

    Args:
        labels: of items (`Movie`, `MusicalArtist`); one that comes more often weighs more.
        dataset: name of the data set.
        folder: as in `load_domain`.
    """
    known = domains(folder)
    votes = Counter(name for label in labels for name in [_by_label(label, known)] if name)
    best = max(votes, key=votes.__getitem__, default=None) or _by_dataset(dataset, known)
    return known[best or ANYTHING]


def domains(folder: Path | None = None) -> dict[str, Domain]:
    """Give all domains by name: those of a folder's own `domains.yaml` first, then those shipped."""
    own = folder / SHIPPED.name if folder else None
    first = _read(own) if own and own.is_file() else {}
    return first | {name: domain for name, domain in _read(SHIPPED).items() if name not in first}


def _by_label(label: str, known: dict[str, Domain]) -> str | None:
    """The last word that is known decides: a `MusicalArtist` is an artist, a `BookEdition` a book."""
    words = in_words(label).replace("_", " ").split()
    found = ((name, word) for word in reversed(words) for name in known if word in known[name].labels)
    return next((name for name, _ in found), None)


def _by_dataset(dataset: str, known: dict[str, Domain]) -> str | None:
    name = re.sub(r"[^a-z0-9]+", "-", dataset.lower())
    return next((domain.name for domain in known.values() if any(part in name for part in domain.datasets)), None)


@cache
def _read(file: Path) -> dict[str, Domain]:
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
        return {name: Domain(name=name, **words) for name, words in content.items()}
    except (OSError, UnicodeDecodeError, yaml.YAMLError, AttributeError, TypeError) as error:
        raise UsageError(f"is no list of domains: {error}", where=str(file), hint=f"write it as {SHIPPED}") from error
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        raise UsageError(f"'{key}': {first['msg']}", where=str(file), hint=f"write it as {SHIPPED}") from error
