"""Rows J, S and K without a browser: what is pasted is read, or refused by name; what is read is inspected."""

import re

import pytest

import sftviz
from sftviz.chat.formats import parse
from sftviz.chat.messages import ChatError
from sftviz.words import SaidError
from tests.reliability.inspected import INSPECTED
from tests.reliability.pastes import PASTES


@pytest.mark.parametrize("case", PASTES)
def test_a_bad_paste_is_answered_as_the_catalogue_says(case: str) -> None:
    row = PASTES[case]
    if row.expected == "error":
        with pytest.raises(ChatError) as caught:
            parse(row.make())
        assert caught.value.code == row.code
        assert row.words in str(caught.value)
        assert caught.value.remedy
        return
    notices = parse(row.make()).notices
    notices = [notice for notice in notices if notice.code != "further_samples"]
    assert [notice.code for notice in notices] == ([row.code] if row.expected == "warn" else [])
    assert all(row.words in f"{notice.where}: {notice.message}" for notice in notices)


@pytest.mark.parametrize("case", INSPECTED)
def test_a_chat_is_inspected_as_the_catalogue_says(case: str, tmp_path) -> None:  # pyright: ignore[reportMissingParameterType]
    row = INSPECTED[case]
    arguments = {"model": None} | {
        name: value(tmp_path / name) if callable(value) else value for name, value in row.arguments.items()
    }
    try:
        seen = sftviz.inspect(row.chat, **arguments)
    except SaidError as error:
        assert row.severity == "refused", str(error)
        assert error.code == row.code
        assert error.remedy
        assert re.search(row.words, str(error))
        return
    assert row.severity != "refused"
    found = [(one.severity, f"{one.where}: {one.message}") for one in seen.findings if one.code == row.code]
    assert [severity for severity, _ in found] == ([] if row.severity == "ok" else [row.severity])
    assert all(re.search(row.words, sentence) for _, sentence in found)
    assert row.holds(seen)
    if "text_not_covered" not in [one.code for one in seen.findings]:
        assert "".join(one.text for one in seen.rows()) == seen.rendering.text


def test_no_text_box_has_a_limit_that_throws_a_paste_away() -> None:
    """J33: Streamlit's `max_chars` empties the box."""
    from tests.test_house import SOURCES

    assert [str(path) for path in SOURCES if "max_chars" in path.read_text(encoding="utf-8")] == []
