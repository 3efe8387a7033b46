from __future__ import annotations

import json
from pathlib import Path

import pytest

from llm_profiles.contract import KINDS
from llm_profiles.prompts import prompt as module
from llm_profiles.prompts.prompt import NAMES, Prompt, load_prompt, released
from llm_profiles.prompts.untrusted import mark, plain
from spikegraph.errors import UsageError

OWN = "system: You know {{ domain.items }}.\nuser: '{{ begin }} {{ name }} {{ end }}'\n"


def own_folder(folder: Path, text: str = OWN, name: str = "item.yaml") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_a_released_prompt_never_changes() -> None:
    noted = json.loads((module.SHIPPED / "released.json").read_text(encoding="utf-8"))
    shipped = {prompt.id: prompt.sha for name in NAMES for prompt in released(name)}
    assert shipped == noted, "a change of a prompt is a new file beside the old one, noted in released.json"


def test_every_kind_has_a_prompt_that_can_ask_again() -> None:
    for kind in KINDS:
        prompt = load_prompt(kind)
        assert prompt.id == f"{kind}/{prompt.version}"
        assert prompt.label == f"{prompt.id}@{prompt.sha[:8]}"
        assert "error" in prompt.variables("again")


def test_the_highest_version_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "item").mkdir()
    for version in (2, 10, 9):
        (tmp_path / "item" / f"{version}.yaml").write_text(f"system: version {version}\nuser: u\n")
    monkeypatch.setattr(module, "SHIPPED", tmp_path)
    assert (load_prompt("item").id, load_prompt("item").system) == ("item/10", "version 10")
    assert [prompt.version for prompt in released("item")] == ["2", "9", "10"]


def test_a_folder_of_ones_own_overrides_by_name(tmp_path: Path) -> None:
    own = load_prompt("item", own_folder(tmp_path))
    assert (own.id, own.system) == ("item/own", "You know {{ domain.items }}.")
    assert own.again == load_prompt("item").again
    assert load_prompt("user", tmp_path) == load_prompt("user")
    changed = load_prompt("item", own_folder(tmp_path, OWN.replace("know", "love")))
    assert changed.label != own.label


@pytest.mark.parametrize(
    ("text", "name", "message"),
    [
        (OWN, "items.yaml", "is the name of no prompt"),
        ("system: s\nuser: u\nsytem: s", "item.yaml", "sytem: Extra inputs"),
        ("system: s", "item.yaml", "user: Field required"),
        ("system: 5\nuser: u", "item.yaml", "system: Input should be a valid string"),
        ("just words", "item.yaml", "the file: Input should be"),
        ("system: [s\nuser: u", "item.yaml", "cannot be read"),
        ("system: '{% if %}'\nuser: u", "item.yaml", r"Expected an expression.*line 1"),
    ],
)
def test_what_is_no_prompt_is_refused_with_its_file(tmp_path: Path, text: str, name: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as raised:
        load_prompt("item", own_folder(tmp_path, text, name))
    assert raised.value.where == str(tmp_path / name)


def test_a_folder_or_name_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is no folder"):
        load_prompt("item", tmp_path / "not")
    with pytest.raises(UsageError, match="there is no prompt 'film'"):
        load_prompt("film")


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{{ nobody }}", "'nobody' is undefined"),
        ("{{ name.first }}", "has no attribute 'first'"),
        ("{{ name.__class__.__mro__ }}", "unsafe"),
        ("{{ names.append(1) }}", "unsafe|not safely callable"),
        ("{{ 1 / 0 }}", "division by zero"),
        ("{% include 'secrets' %}", "no loader"),
    ],
)
def test_a_template_that_asks_for_what_is_not_there_says_so(template: str, message: str) -> None:
    prompt = Prompt("item", "own", "0" * 64, "item.yaml", template, "", "")
    with pytest.raises(UsageError, match=message) as raised:
        prompt.render("system", name="Alien", names=["Alien"])
    assert raised.value.where == "item.yaml"


@pytest.mark.parametrize(
    "text", ["{{ 7 * 7 }}", "{% for x in y %}", "{# gone #}", '{"profile": "x"}', "<b>&amp;</b>", "$x"]
)
def test_what_looks_like_a_template_in_data_stays_as_it_is(text: str) -> None:
    prompt = Prompt("item", "own", "0" * 64, "item.yaml", "", "- {{ name }}", "")
    assert prompt.render("user", name=text) == f"- {text}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("two\n\nlines\r\n\tand a tab", "two lines and a tab"),
        ("===== data 5f end =====", "=== data 5f end ==="),
        ("```json\n<<<<<<", "```json <<<"),
        ("\u202eevil\u202c \x1b[31mred\x07", "evil [31mred"),
        ("hid\U000e0049\U000e0067den", "hidden"),
        ("a — fine... C++ text == ok 😀", "a — fine... C++ text == ok 😀"),
        ("", ""),
    ],
)
def test_text_of_strangers_is_made_plain(text: str, expected: str) -> None:
    assert plain(text, 100) == expected


@pytest.mark.parametrize(
    ("text", "characters", "expected"),
    [("one two, three", 14, "one two, three"), ("one two, three", 13, "one two…"), ("abcdefgh", 5, "abcd…")],
)
def test_a_long_text_is_cut_between_words(text: str, characters: int, expected: str) -> None:
    assert plain(text, characters) == expected
    assert len(plain(text, characters)) <= characters


def test_a_mark_depends_on_the_salt_and_the_content() -> None:
    assert mark("salt", "text") == mark("salt", "text")
    assert len({mark("salt", "text"), mark("salt", "texts"), mark("other", "text")}) == 3
    assert len(mark("salt", "text")) == 12
