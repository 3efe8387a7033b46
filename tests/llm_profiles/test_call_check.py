from __future__ import annotations

import json

import pytest

from llm_profiles.calls.check import Check

GOOD = (
    "Amber River is a quiet film about two sisters who return to the house of their mother. "
    "It will please viewers who like slow stories, for its director is known for them."
)


def answered(text: str) -> str:
    return json.dumps({"profile": text})


def test_a_good_answer_gives_its_profile() -> None:
    verdict = Check().of("item", answered(GOOD), finish_reason="stop")
    assert (verdict.text, verdict.outcome, verdict.repaired) == (GOOD, "ok", False)


@pytest.mark.parametrize(
    "content",
    [f"```json\n{answered(GOOD)}\n```", answered(GOOD)[:-1] + ",", f"Here you go: {answered(GOOD)} Enjoy!"],
    ids=["fence", "broken", "among words"],
)
def test_what_can_be_read_all_the_same_is_recorded_as_repaired(content: str) -> None:
    verdict = Check().of("item", content)
    assert (verdict.text, verdict.repaired) == (GOOD, True)


@pytest.mark.parametrize(
    ("content", "reason", "outcome", "remedy"),
    [
        (answered(GOOD)[:60], "length", "length", "room"),
        (answered(GOOD)[:60], "max_tokens", "length", "room"),
        ("", "stop", "empty", "same"),
        (answered(" "), "stop", "schema", "told"),
        (answered(""), "stop", "empty", "same"),
        ("", "content_filter", "content_filter", ""),
        ("", "SAFETY", "content_filter", ""),
        ("I'm sorry, but I can't help with that.", "stop", "refusal", ""),
        (answered("I’m sorry, but I can’t write about this film."), "stop", "refusal", ""),
        (answered("As an AI language model, I do not watch films, but this one is good."), "stop", "refusal", ""),
        ("it is all in the attachment {", "stop", "json", "told"),
        (answered(GOOD)[:80], "stop", "text", "told"),
        ('{"summary": 3}', "stop", "schema", "told"),
        ("[1, 2]", "stop", "schema", "told"),
        ("null", "stop", "schema", "told"),
    ],
)
def test_what_is_wrong_has_a_name_and_a_remedy(content: str, reason: str, outcome: str, remedy: str) -> None:
    verdict = Check().of("item", content, finish_reason=reason)
    assert (verdict.text, verdict.outcome, verdict.remedy) == ("", outcome, remedy)
    assert verdict.error


@pytest.mark.parametrize(
    "text",
    [
        "A film.",
        "Error code: 429 - Rate limit reached for requests, please try again in a while or so.",
        "Model call failed after 3 attempts with an error that nobody wanted to see here.",
        f"{GOOD} See https://example.org for more.",
        f"{GOOD} Write to someone@example.org for more.",
        f"[Insert name] {GOOD}",
        f"{GOOD} ===== data 12ab end =====",
        "Der Film erzählt von zwei Schwestern, die in das Haus ihrer Mutter zurückkehren und dort einen langen Sommer "
        "verbringen, bis eines Tages ein Fremder vor der Tür steht und bleibt.",
        " ".join(["word"] * 400),
    ],
)
def test_a_text_that_is_no_profile_does_not_pass(text: str) -> None:
    prompted = Check().of("item", answered(text), prompt="Write the profile in English.")
    assert (prompted.text, prompted.outcome, prompted.remedy) == ("", "text", "told")


@pytest.mark.parametrize(
    "text",
    [
        "I'm Sorry by Brenda Lee is a ballad of the early sixties that was a hit in many countries.",
        "Error is the stage name of a producer who makes slow electronic music for late hours.",
        "Sorry We Missed You is a film by Ken Loach about the price of work that never ends.",
        "Unfortunately Yours brings two people together who would rather not have met at all.",
    ],
)
def test_names_that_look_like_a_refusal_or_an_error_pass(text: str) -> None:
    assert Check().of("item", answered(text), prompt="Write in English.").text == text


def test_a_text_above_the_cap_is_cut_where_a_sentence_ends() -> None:
    verdict = Check().of("user", answered(" ".join([GOOD] * 4)))
    assert verdict.repaired
    assert verdict.text.endswith(".")
    assert 50 < len(verdict.text.split()) <= 100


def test_a_copy_of_the_prompt_does_not_pass_and_names_from_it_do() -> None:
    names = "Queen, David Bowie, Owen Pallett, Radiohead, Blur"
    prompt = f"Write in English about this.\nReviews: {GOOD}\nItems: {names}"
    assert Check().of("item", answered(f"It says: {GOOD}"), prompt=prompt).outcome == "text"
    told = f"This listener is at home with {names}, and with all that is close to them."
    assert Check().of("user", answered(told), prompt=prompt).outcome == "ok"


def test_the_same_text_does_not_pass_for_many_nodes() -> None:
    check = Check(most_alike=2)
    outcomes = [check.of("item", answered(GOOD)).outcome for _ in range(3)]
    assert outcomes == ["ok", "ok", "alike"]


def test_a_bare_paragraph_is_taken_as_it_is_without_its_preamble() -> None:
    assert Check("text").of("item", GOOD).repaired is False
    verdict = Check("text").of("item", f"Sure! Here is the profile:\n\n{GOOD}")
    assert (verdict.text, verdict.repaired) == (GOOD, True)
    assert Check("text").of("item", answered(GOOD)).text == GOOD


def test_own_prompts_may_have_another_language() -> None:
    german = (
        "Der Film erzählt von zwei Schwestern, die in das Haus ihrer Mutter zurückkehren und dort einen langen Sommer "
        "verbringen, bis eines Tages ein Fremder vor der Tür steht und bleibt."
    )
    prompt = (
        "Du schreibst Profile von Filmen. Schreibe einen Absatz mit höchstens hundert Wörtern über den Film, dessen "
        "Daten folgen, und sage, wem er gefallen wird und woran man das sieht."
    )
    assert Check().of("item", answered(german), prompt=prompt).text == german


def test_an_answer_that_speaks_of_its_marks_is_no_profile() -> None:
    prompt = "The system message.\n===== data 62c76d5b3a4e begin =====\nFilm: Alien\n===== data 62c76d5b3a4e end ====="
    told = "Alien is a film in which a crew is hunted, and this is a part of the dataset called data 62c76d5b3a4e."
    assert Check("text").of("item", told, prompt=prompt).error.startswith("it speaks of the data")
    assert Check("text").of("item", told.replace("62c76d5b3a4e", "of the studio"), prompt=prompt).outcome == "ok"
