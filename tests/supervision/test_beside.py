"""Frameworks beside each other: one axis, the matrix of parts, what differs and what follows."""

import json

import numpy as np
import pytest

from sftviz.chat.formats import parse
from sftviz.supervision.frameworks import FRAMEWORKS, PRESETS, FrameworkError, SideBySide, make, side_by_side
from sftviz.supervision.frameworks.parts import PARTS, cells, consequences
from sftviz.words import LANGUAGES, say, using
from tests.conformance import golden
from tests.conformance.rebuild.chats import CHATS

NAMES = (
    "trl/plain",
    "trl/assistant_only",
    "axolotl/default",
    "llamafactory/default",
    "torchtune/default",
    "verl/multiturn",
)
MULTI = golden.chat("multi")


def seen(*names: str, chat: str = "multi") -> SideBySide:
    return side_by_side(golden.chat(chat), names or NAMES)


def states(side: SideBySide, name: str) -> dict[str, str]:
    return {part: cell.state for part, cell in side.matrix[name].items()}


def test_rows_with_the_same_ids_share_the_axis_and_others_are_found_by_characters() -> None:
    side = seen()
    for column in side.columns:
        assert column.same_ids == (column.row.rendering.ids == side.axis.ids)
        if column.same_ids:
            assert column.found == tuple(range(len(side.axis.ids)))
            assert column.trained == column.row.verdicts.supervised
    [other] = [column for column in side.columns if not column.same_ids]
    assert other.name == "torchtune/default"  # it writes no line break at the end
    assert other.found[-1] is None
    there = other.row.rendering.tokens.texts
    assert [there[t] for t in other.found[:-1] if t is not None] == side.axis.tokens.texts[:-1]


def test_the_matrix_says_what_the_labels_say() -> None:
    side = seen()
    assert states(side, "trl/assistant_only") == {
        "user": "not", "header": "not", "reply": "trained", "end": "trained", "newline": "not",
        "other_header": "not", "other_end": "not",
    }  # fmt: skip
    assert states(side, "llamafactory/default")["newline"] == "trained"
    assert states(side, "torchtune/default")["header"] == "trained"
    assert set(states(side, "trl/plain").values()) == {"trained"}


@pytest.mark.parametrize("name", [name for name in PRESETS if PRESETS[name].framework != "nanochat"])
def test_the_matrix_counts_each_token_once_and_every_trained_one(name: str) -> None:
    """Of every chat: parts share no token, and what no part counts is white space round messages, media or padding."""
    for chat in CHATS:
        for row in make(name, golden.chat(chat)).rows:
            counted = sum(cell.trained for cell in cells(row).values())
            rest = row.verdicts.is_target.sum() - counted
            others = [span for span in row.rendering.spans if not any(part.holds(span) for part in PARTS)]
            assert rest >= 0
            assert rest <= sum(
                int((row.rendering.tokens.starts < span.end).sum() - (row.rendering.tokens.ends <= span.start).sum())
                for span in others
            ), (name, chat)


def test_differences_are_grouped_by_what_they_are_and_who_trains_them() -> None:
    side = seen()
    newline = [one for one in side.differences if one.trained_by == ("trl/plain", "llamafactory/default",
               "torchtune/default", "verl/multiturn")]  # fmt: skip
    assert [str(one.said) for one in newline] == ["assistant text after the end-of-turn: trained by 4 of 6 (tokens: 1)"]
    for one in side.differences:
        for position in one.positions:
            told = {column.name: column.trained[position] for column in side.columns}
            assert {name for name, yes in told.items() if yes} == set(one.trained_by)
            assert {name for name, yes in told.items() if yes is not None} == set(one.known_to)
    parted = {position for one in side.differences for position in one.positions}
    labels = np.array([[bool(yes) for yes in column.trained] for column in side.columns if column.same_ids])
    assert set(np.flatnonzero(labels.any(0) & ~labels.all(0)).tolist()) <= parted


def test_alike_are_those_with_the_same_ids_and_labels() -> None:
    assert ("trl/assistant_only", "axolotl/default") in seen().alike
    assert ("llamafactory/default", "verl/multiturn") in seen().alike


@pytest.mark.parametrize(
    ("name", "chat", "codes"),
    [
        ("trl/assistant_only", "multi", set()),
        ("trl/plain", "tool",
         {"write_the_users_turn", "invent_tool_results", "write_on_after_its_end", "open_the_next_turn"}),
        ("axolotl/eos_none", "multi", {"never_stop"}),
        ("axolotl/eos_last", "multi", {"stop_in_some_turns_only"}),
        ("axolotl/default", "empty", {"learn_nothing"}),
        ("axolotl/default", "empty_middle", {"not_learn_some_replies"}),
        ("transformers/lm_collator_pad_eos", "single",
         {"write_the_users_turn", "never_stop", "write_on_after_its_end", "open_the_next_turn"}),
        ("unsloth/last_response", "multi", {"not_learn_some_replies"}),
        ("trl/completion", "tool", {"invent_tool_results", "write_on_after_its_end", "open_the_next_turn"}),
    ],
)  # fmt: skip
def test_what_a_model_trained_so_would_do(name: str, chat: str, codes: set[str]) -> None:
    [row] = make(name, golden.chat(chat)).rows
    assert {one.code.removeprefix("would.") for one in consequences(row)} == codes


def test_another_label_and_an_empty_thought_are_said() -> None:
    [row] = make("llamafactory/default", MULTI, template="glm4").rows
    assert "would.predict_another_token" in {one.code for one in consequences(row)}
    [row] = make("llamafactory/default", MULTI, template="qwen3").rows
    assert "would.write_an_empty_thought" in {one.code for one in consequences(row)}


def test_one_row_a_reply_gives_one_column_a_row() -> None:
    side = side_by_side(MULTI, ["trl/assistant_only", "tinker/examples"], template=None)
    assert [column.name for column in side.columns] == [
        "trl/assistant_only",
        "tinker/examples #1",
        "tinker/examples #2",
    ]


def test_what_only_a_frameworks_own_text_has_is_counted() -> None:
    """tinker frames the last reply by an empty thought, which the template of the others does not write."""
    [_, _, own] = seen("trl/assistant_only", "axolotl", "tinker/all_assistant").columns
    texts = own.row.rendering.tokens.texts
    assert "".join(texts[t] for t in own.only_here) == "<think>\n\n</think>\n\n"


def test_who_gives_no_row_is_named_with_the_reason() -> None:
    side = seen("trl/assistant_only", "llamafactory", "torchtune", chat="twice")
    assert [(made.preset.name, made.drops, str(made.no_row)) for made in side.without] == [
        ("llamafactory/default", True, "the messages are not strict pairs of a request and a reply"),
        ("torchtune/default", False, "message 3 is from assistant, which may not stand there"),
    ]


def test_a_policy_of_ours_is_a_column_too_and_a_framework_is_its_first_preset() -> None:
    side = seen("assistant_only", "trl/assistant_only", "unsloth")
    assert side.alike == (("assistant_only", "trl/assistant_only", "unsloth/responses"),)
    assert side.differences == ()


def test_names_that_are_none_and_chats_that_nobody_takes_are_refused() -> None:
    with pytest.raises(FrameworkError, match=r"'trll' is unknown.*use a framework.*trl, transformers"):
        seen("trll")
    with pytest.raises(
        FrameworkError, match="none of llamafactory/default gives a row of this chat: the messages are not"
    ):
        seen("llamafactory/default", chat="twice")


def test_every_framework_is_seen_in_both_languages() -> None:
    """Sentences of all that is said; in JSON too."""
    side = side_by_side(MULTI, list(FRAMEWORKS))
    for language in LANGUAGES:
        with using(language):
            told = json.loads(json.dumps(side.to_dict(), ensure_ascii=False))
        assert len(told["columns"]) == len(side.columns)
        assert all(len(column["labels"]) == len(column["ids"]) for column in told["columns"])
        assert all(say(one.said, language) for one in side.differences)
    assert told["differences"][0]["sentence"].endswith("）")


@pytest.mark.parametrize("name", PRESETS)
def test_a_row_can_be_shown_like_any_other(name: str) -> None:
    """A Row that the checks can look at: ids, labels, turns."""
    for row in make(name, MULTI).rows:
        assert row.row.labels is not None
        assert {"labels", "tokenizer", "turns"} <= row.row.knows


def test_tools_are_written_where_the_tokenizers_template_is_and_refused_elsewhere() -> None:
    tools = [{"type": "function", "function": {"name": "age", "parameters": {"type": "object", "properties": {}}}}]
    chat = parse(json.dumps({"messages": CHATS["tool"], "tools": tools}))
    assert "You may call these tools" in make("trl/plain", chat).rows[0].rendering.text
    assert str(make("llamafactory/default", chat).no_row).startswith("the chat lists tools")
