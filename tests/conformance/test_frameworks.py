"""Every preset beside what the framework itself made of the chats: the same ids, the same labels, the same refusals."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sftviz.chat.write import templates
from sftviz.supervision.frameworks import FRAMEWORKS, PRESETS, Made, make
from tests.conformance import golden, table
from tests.conformance.known import KNOWN
from tests.conformance.rebuild.chats import CHATS

# Frameworks that no package index has: their labels were made once from a checkout, see test_frameworks_seen
FROM_A_CHECKOUT = {"nemo_rl", "nanochat"}
CASES = [case for name in golden.frameworks() for case in golden.cases(name)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tokenizers")


@pytest.fixture(autouse=True)
def trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The templates come with TRL: no need for the bounded process."""
    monkeypatch.setattr(templates, "_tokenizers_own", lambda text: templates.Template("tokenizer", text, trusted=True))


def made(case: golden.Case, name: str, folder: Path) -> Made:
    options = dict(case.options)
    chat = golden.chat(name, options.pop("train", ""))
    own = FRAMEWORKS[case.framework].templates
    tokenizer = golden.tokenizer(golden.tokenizers_template(case), folder)
    return make(case.preset, chat, tokenizer, case.template if own else None, **options)


def mismatch(case: golden.Case, name: str, folder: Path) -> str:
    """Empty where we agree."""
    ours, theirs = made(case, name, folder), case.rows[name]
    if isinstance(theirs, str):
        return "" if ours.no_row is not None and not ours.drops else f"they raise: {theirs}"
    if ours.no_row is not None:
        return "" if not theirs and ours.drops else f"we say {ours.no_row}, they give {len(theirs)} rows"
    mine = [(row.rendering.ids, list(row.verdicts.labels)) for row in ours.rows]
    return "" if mine == theirs else f"ours {mine}\ntheirs {theirs}"


@pytest.mark.parametrize("case", CASES, ids=[case.title for case in CASES])
def test_a_preset_gives_what_its_framework_gives(case: golden.Case, folder: Path) -> None:
    wrong = {name: mismatch(case, name, folder) for name in case.rows}
    expected = {name for title, name in KNOWN if title == case.title}
    assert {name: what for name, what in wrong.items() if what and name not in expected} == {}
    assert {name for name in expected if not wrong[name]} == set(), "a difference that is gone must leave the table"


def test_every_preset_is_compared_and_every_case_has_at_least_sixty_chats() -> None:
    assert {case.preset for case in CASES} == {n for n in PRESETS if PRESETS[n].framework not in FROM_A_CHECKOUT}
    assert {title for case in CASES if len(case.rows) < 60 for title in [case.title]} == set()
    assert all(set(case.rows) == set(CHATS) for case in CASES)


def test_a_framework_that_ran_says_in_which_version() -> None:
    for name in golden.frameworks():
        head = golden.head(name)
        package, _, version = FRAMEWORKS[name].version.partition(" ")
        assert FRAMEWORKS[name].known_by == "ran"
        assert head["versions"][package] == version
        assert head["licence"].startswith(FRAMEWORKS[name].licence)


def test_the_table_is_that_of_the_golden_files() -> None:
    assert table.FILE.read_text(encoding="utf-8") == table.table(), "python -m tests.conformance.table"


def rows(case: golden.Case, folder: Path) -> Iterator[Any]:
    for name in case.rows:
        yield from made(case, name, folder).rows


@pytest.mark.parametrize("framework", golden.frameworks())
def test_every_token_has_a_reason_that_fits_its_label(framework: str, folder: Path) -> None:
    """A sentence in both languages, spans that tile the text, and a target where the verdict says so."""
    from sftviz.words import say

    for case in golden.cases(framework)[:4]:
        for row in rows(case, folder):
            rendering, verdicts = row.rendering, row.verdicts
            assert "".join(rendering.text[span.start : span.end] for span in rendering.spans) == rendering.text
            for position, trained in enumerate(verdicts.supervised):
                assert verdicts.verdicts[int(verdicts.of_token[position])].trained == trained
                reason = verdicts.reason(position)
                assert say(reason, "en")
                assert say(reason, "zh")


def test_a_wrong_label_would_be_seen(folder: Path) -> None:
    case = golden.cases("axolotl")[0]
    ids, labels = case.rows["single"][0]  # pyright: ignore[reportGeneralTypeIssues]
    spoiled = [*labels[:-2], -100, labels[-1]]  # pyright: ignore[reportIndexIssue]
    assert mismatch(
        golden.Case(case.preset, case.template, case.options, {"single": [(ids, spoiled)]}), "single", folder
    )
