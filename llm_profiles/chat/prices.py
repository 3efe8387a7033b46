"""What tokens cost: a dated list of prices, and a file of the user's own that goes first."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from spikegraph.files import read_toml
from spikegraph.settings import configuration_error

SHIPPED = Path(__file__).with_name("prices.toml")

_DATED = re.compile(r"-(\d{4}-\d{2}-\d{2}|\d{8})$")
"""How providers name a fixed version of a model (`gpt-4o-mini-2024-07-18`)."""


@dataclass(frozen=True, slots=True)
class Price:
    """What a model costs, in US dollars per million tokens.

    Attributes:
        input: tokens that are sent.
        output: tokens that are written.
        cached: tokens that are sent and lie in the provider's prompt cache.
        batch: what a batch file costs of that (0.5).
        read: when the price was read (`2026-11-05`).
    """

    input: float
    output: float
    cached: float
    batch: float
    read: str

    def cost(self, tokens_in: int, tokens_out: int, tokens_cached: int = 0, *, batch: bool = False) -> float:
        """Give the US dollars of a call; `tokens_cached` are among `tokens_in`."""
        full = (tokens_in - tokens_cached) * self.input + tokens_cached * self.cached + tokens_out * self.output
        return full * (self.batch if batch else 1.0) / 1e6


FREE = Price(0.0, 0.0, 0.0, 1.0, "")
"""The price of tokens on this machine."""


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    input: float = Field(ge=0)
    output: float = Field(default=0.0, ge=0)
    cached: float | None = Field(default=None, ge=0)
    read: date | None = None


class _Provider(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    read: date
    source: str = ""
    batch: float = Field(default=1.0, gt=0, le=1)
    models: dict[str, _Model]

    def price(self, name: str) -> Price | None:
        """Give the price of a model; a fixed version costs what its model costs unless it is listed itself."""
        found = self.models.get(name) or self.models.get(_DATED.sub("", name))
        if found is None:
            return None
        cached = found.input if found.cached is None else found.cached
        return Price(found.input, found.output, cached, self.batch, (found.read or self.read).isoformat())


def find_price(provider: str, name: str, own: Path | None = None, *, listed: bool = True) -> Price | None:
    """Give what a model costs, or None where nobody says.

    Args:
        provider: `openai`.
        name: of the model, as the provider names it.
        own: the user's price file, which goes first.
        listed: whether the shipped list may answer (it may not for other servers).

    Raises:
        UsageError: the user's file cannot be read or is not in the form of the shipped one.
    """
    files = ([own] if own else []) + ([SHIPPED] if listed else [])
    prices = (providers[provider].price(name) for providers in map(_read, files) if provider in providers)
    return next((price for price in prices if price), None)


def _read(file: Path) -> dict[str, _Provider]:
    tables = read_toml(file, hint=f"see llm.prices; its form is that of {SHIPPED.name}")
    try:
        return {provider: _Provider.model_validate(table) for provider, table in tables.items()}
    except ValidationError as error:
        raise configuration_error(error, str(file)) from error
