from __future__ import annotations

from pathlib import Path

import pytest

from llm_profiles.chat.prices import SHIPPED, Price, find_price
from spikegraph.errors import UsageError


def test_a_call_costs_what_its_tokens_cost() -> None:
    price = Price(input=2.0, output=10.0, cached=0.2, batch=0.5, read="2026-01-01")
    assert price.cost(1_000_000, 100_000) == pytest.approx(3.0)
    assert price.cost(1_000_000, 0, 500_000) == pytest.approx(1.1)
    assert price.cost(1_000_000, 100_000, batch=True) == pytest.approx(1.5)


def test_a_fixed_version_costs_what_its_model_costs() -> None:
    listed = find_price("openai", "gpt-4o-mini")
    assert listed is not None
    assert find_price("openai", "gpt-4o-mini-2024-07-18") == listed
    assert listed.read.startswith("2026-")


def test_who_is_not_listed_has_no_price() -> None:
    assert find_price("openai", "gpt-of-tomorrow") is None
    assert find_price("nobody", "x") is None
    assert find_price("openai", "gpt-4o-mini", listed=False) is None


def test_the_users_file_goes_first(tmp_path: Path) -> None:
    own = tmp_path / "prices.toml"
    own.write_text('[openai]\nread = 2027-01-01\n[openai.models]\n"gpt-4o-mini" = { input = 9, output = 9 }\n')
    found = find_price("openai", "gpt-4o-mini", own, listed=False)
    assert found == Price(9, 9, 9, 1, "2027-01-01")
    assert find_price("openai", "gpt-4.1-mini", own) == find_price("openai", "gpt-4.1-mini")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[openai", "is not TOML"),
        ("[openai]\nread = 2027-01-01\nprice = 3\n[openai.models]\n", "'price' is not a key we know"),
        ("[openai]\nread = 2027-01-01\n[openai.models]\nx = { input = -1 }\n", "models.x.input"),
    ],
)
def test_a_bad_file_is_refused_with_its_name(tmp_path: Path, text: str, says: str) -> None:
    own = tmp_path / "prices.toml"
    own.write_text(text)
    with pytest.raises(UsageError, match=says) as raised:
        find_price("openai", "gpt-4o-mini", own)
    assert "prices.toml" in str(raised.value)
    with pytest.raises(UsageError, match="cannot be read"):
        find_price("openai", "gpt-4o-mini", tmp_path / "absent.toml")


def test_every_listed_price_can_be_read_and_says_where_it_is_from() -> None:
    text = SHIPPED.read_text(encoding="utf-8")
    assert find_price("anthropic", "claude-haiku-5-5-20261007") == Price(0.1, 0.5, 0.01, 0.5, "2026-10-24")
    assert text.count("source = ") == text.count(".models]")
