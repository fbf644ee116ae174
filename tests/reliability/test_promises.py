"""Every promise of SECURITY.md has its tests; those that fit nowhere else stand here."""

import re
import time
from typing import Any

import pytest

from sftviz.chat.write import helper
from sftviz.strip import payload
from tests.sources import ROOT
from tests.ui.opened import failed, handed, opened, paste, shown

# The first words of a promise -> the tests that hold it, file::test
PROMISES: dict[str, tuple[str, ...]] = {
    "Pasted text is shown as text": (
        "reliability/test_pages.py::test_what_is_pasted_reaches_no_element_that_reads_markdown",
        "reliability/test_pages.py::test_what_is_typed_elsewhere_does_not_either",
        "reliability/test_pages.py::test_a_notebook_escapes_every_payload",
        "browser/test_catalogue.py::test_no_markup_runs_draws_or_fetches",
        "test_cli.py::test_what_a_terminal_would_obey_is_shown_as_a_mark",
        "test_house.py::test_no_source_holds",
    ),
    "The page asks no other host": (
        "browser/test_catalogue.py::test_no_markup_runs_draws_or_fetches",
        "browser/conftest.py::open_page",
        "reliability/test_offline.py::test_so_it_is_in_every_python_that_a_test_starts",
    ),
    "Templates that were typed": (
        "reliability/test_templates.py::test_a_hostile_template_ends_in_time_with_its_cause",
        "reliability/test_templates.py::test_a_slow_template_does_not_make_others_wait",
        "reliability/test_templates.py::test_the_child_can_write_no_file",
        "chat/write/test_helper.py::test_nothing_in_the_child_can_write_a_file",
    ),
    "Where a system cannot limit a process": (
        "reliability/test_promises.py::test_without_limits_a_child_is_ended_by_the_clock",
    ),
    "A template may write": ("reliability/test_templates.py::test_a_hostile_template_ends_in_time_with_its_cause",),
    "A sample has at most a million characters": (
        "reliability/test_pastes.py::test_a_bad_paste_is_answered_as_the_catalogue_says",
    ),
    "An uploaded file has at most 5 MB": (
        "reliability/test_pages.py::test_a_file_is_read_or_refused_by_what_it_holds",
        "chat/test_files.py::test_more_than_is_allowed_is_refused_with_the_limit",
    ),
    "A model reads as far as its context": (
        "test_inspection.py::test_a_chat_longer_than_the_model_is_priced_as_far_as_it_reads",
        "reliability/test_promises.py::test_a_browser_is_sent_twenty_thousand_tokens_and_told_of_the_rest",
    ),
    "Models are safetensors only": (
        "reliability/test_sources.py::test_a_damaged_model_is_refused_by_name_and_runs_nothing",
        "test_house.py::test_nobodys_code_is_trusted",
    ),
    "A folder box tells nothing": (
        "reliability/test_sources.py::test_what_is_no_source_is_told_the_same_whatever_there_is",
        "chat/tokenizers/test_folder.py::test_a_damaged_folder_is_refused_by_name_or_loads",
    ),
    "The network is asked only where": (
        "conftest.py::no_network",
        "reliability/test_sources.py::test_an_id_nobody_has_fails_at_once_and_lists_what_works_offline",
        "chat/tokenizers/test_folder.py::test_a_hub_that_does_not_answer_is_given_up_after_three_seconds",
    ),
    "Errors show a message": (
        "reliability/test_pages.py::test_a_paste_that_is_refused_is_named_and_nothing_is_lost",
        "ui/test_pages.py::test_a_fault_of_ours_is_named_in_the_sessions_language_and_the_rest_goes_on",
        "ui/test_pages.py::test_damaged_weights_are_named_where_they_are_needed",
        "test_defaults.py::test_the_safe_value_is_in_force",
    ),
    "Slow loading of one name": (
        "chat/tokenizers/test_folder.py::test_a_tokenizer_that_is_there_waits_for_no_slow_one",
        "model/test_load.py::test_a_model_that_is_there_waits_for_no_other",
    ),
    "What is typed stays in its browser tab": (
        "browser/test_recovery.py::test_two_tabs_know_nothing_of_each_other",
        "browser/test_recovery.py::test_refresh_and_back_lose_nothing",
        "browser/test_recovery.py::test_a_server_that_is_killed_and_started_again_loses_nothing",
        "browser/test_draft.py::test_a_second_tab_knows_nothing_of_the_first",
        "reliability/test_pages.py::test_a_chat_never_comes_from_the_address",
        "reliability/test_promises.py::test_a_chat_is_put_into_no_address",
    ),
    "`sftviz app` has the safe settings": (
        "ui/test_launch.py::test_every_setting_is_given_and_a_list_once_an_item",
        "ui/test_launch.py::test_started_in_an_empty_folder_it_turns_a_foreign_host_away",
        "test_defaults.py::test_the_safe_value_is_in_force",
        "test_wheel.py::test_everything_of_the_package_and_every_lesson_is_in_it",
    ),
}


def promised() -> list[str]:
    """The list of SECURITY.md, each entry on one line."""
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    return [" ".join(one.split()) for one in re.findall(r"^- (.*(?:\n  .*)*)", text, re.M)]


def test_every_promise_has_tests_and_every_test_a_promise() -> None:
    assert len(promised()) == len(PROMISES)
    assert [one for one in promised() if not any(one.startswith(words) for words in PROMISES)] == []


@pytest.mark.parametrize("promise", PROMISES)
def test_the_tests_of_a_promise_are_there(promise: str) -> None:
    for name in PROMISES[promise]:
        file, _, test = name.partition("::")
        assert f"\ndef {test}(" in (ROOT / "tests" / file).read_text(encoding="utf-8"), name


def test_without_limits_a_child_is_ended_by_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    assert helper.WALL_SECONDS == 20
    monkeypatch.setattr(helper, "WALL_SECONDS", 0.3)
    monkeypatch.setattr(helper, "limit_self", lambda: None)

    def endless(job: Any) -> Any:
        while True:
            time.sleep(1)

    assert "template_time" in str(helper.in_child({}, endless))  # pyright: ignore[reportArgumentType]


def test_a_browser_is_sent_twenty_thousand_tokens_and_told_of_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    assert payload.MOST_DRAWN == 20_000
    monkeypatch.setattr(payload, "MOST_DRAWN", 50)
    app = paste(opened(""), "User: hi\nAssistant: " + "a b " * 60)
    assert failed(app) == set()
    assert [len(given["shown"]) for given in handed(app).values() if "shown" in given] == [50]
    assert any(re.search(r"\b50\b", one.value) for one in app.caption)


def test_a_chat_is_put_into_no_address() -> None:
    app = opened("")
    paste(app, "User: quokka\nAssistant: wallaby")
    assert "wallaby" in shown(app)
    assert not any("wallaby" in str(value) for value in dict(app.query_params).values())
