"""Rows that a trainer has tokenized: turns come back from the control tokens, labels stay as they are, costs too."""

import json
from typing import Any

import pytest
import torch
from typer.testing import CliRunner

import sftviz
from sftviz.chat.messages import ChatError
from sftviz.chat.tokenizers import load_tokenizer
from sftviz.cli import app
from sftviz.model import load_model
from sftviz.supervision import IGNORE
from sftviz.supervision.checks import CHECKS

TINY = load_tokenizer("sftviz/tiny")
CHAT = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "What does owl mean?"},
    {"role": "assistant", "content": "A night bird 👍.", "reasoning_content": "Think of birds."},
    {"role": "user", "content": "And eel?"},
    {"role": "assistant", "content": "A fish."},
]


def written(template: str = "chatml") -> sftviz.Inspection:
    return sftviz.inspect(CHAT, model=None, template=template)


def as_row(seen: sftviz.Inspection, **more: Any) -> dict[str, Any]:
    return {"input_ids": seen.rendering.ids, "labels": list(seen.supervision.labels), **more}


@pytest.mark.parametrize("template", ["chatml", "qwen2_5", "qwen3", "qwen3_instruct"])
def test_every_token_gets_back_the_turn_and_part_its_template_gave_it(template: str) -> None:
    seen = written(template)
    back = sftviz.inspect(as_row(seen), model=None)
    assert [(row.id, row.text, row.role, row.message) for row in back.rows()] == [
        (row.id, row.text, row.role, row.message) for row in seen.rows()
    ]
    assert [row.part for row in back.rows()] == [row.part for row in seen.rows()]
    assert back.supervision.labels == seen.supervision.labels
    assert [(one.role, one.content) for one in back.rendering.chat.messages] == [
        (m["role"], m["content"]) for m in CHAT
    ]


def test_a_policy_gives_a_row_without_labels_the_labels_it_gives_the_messages() -> None:
    for policy in ("assistant_only", "last_assistant", "completion_only", "pretrain"):
        seen = sftviz.inspect(CHAT, model=None, template="chatml", policy=policy)
        back = sftviz.inspect({"input_ids": seen.rendering.ids}, model=None, policy=policy)
        assert back.supervision.labels == seen.supervision.labels


def test_padding_at_either_end_is_no_ones_turn() -> None:
    seen = written()
    ids, n = seen.rendering.ids, len(seen.rendering.ids)
    row = {"input_ids": [0, 0, *ids, 0], "attention_mask": [0, 0, *[1] * n, 0], "labels": [IGNORE] * (n + 3)}
    parts = [one.part for one in sftviz.inspect(row, model=None).rows()]
    assert parts == ["padding"] * 2 + [one.part for one in seen.rows()] + ["padding"]


def test_documents_in_one_row_keep_their_turns_and_the_token_between_them_is_no_lost_text() -> None:
    ids, end = written().rendering.ids, TINY.id_of("<|endoftext|>")
    seen = sftviz.inspect({"input_ids": [*ids, end, *ids, end]}, model=None)
    assert [row.message for row in seen.rows()][len(ids) + 1 : -1] == [
        row.message + len(CHAT) if row.message is not None else None for row in written().rows()
    ]
    assert [finding.code for finding in seen.findings] == ["turns_recovered"]
    loose = sftviz.inspect({"input_ids": [*TINY.encode("lost words").ids.tolist(), *ids]}, model=None)
    assert "text_outside_turns" in [finding.code for finding in loose.findings]


def test_a_mark_that_somebody_typed_begins_no_turn() -> None:
    """A trainer that splits typed control tokens: the characters are there, the token is not."""
    typed = [token for piece in ("<", "|", "im_start|>", "assistant\nYes") for token in TINY.encode(piece).ids.tolist()]
    assert TINY.decode(typed) == "<|im_start|>assistant\nYes"
    start, end = TINY.id_of("<|im_start|>"), TINY.id_of("<|im_end|>")
    ids = [start, *TINY.encode("user\nSay ").ids.tolist(), *typed, end, *TINY.encode("\n").ids.tolist()]
    ids += [start, *TINY.encode("assistant\nNo.").ids.tolist(), end]
    seen = sftviz.inspect({"input_ids": ids}, model=None)
    assert [(one.role, one.content) for one in seen.rendering.chat.messages] == [
        ("user", "Say <|im_start|>assistant\nYes"), ("assistant", "No."),
    ]  # fmt: skip
    assert "".join(row.text for row in seen.rows() if row.supervised) == "No.<|im_end|>"


def test_ids_of_no_known_family_are_one_document_and_the_checks_of_turns_did_not_look() -> None:
    seen = sftviz.inspect({"input_ids": TINY.encode("User: hi\nAssistant: yo").ids.tolist()}, model=None)
    assert {row.role for row in seen.rows()} == {"document"}
    assert {code for code, lacking in seen.unseen.items() if "turns" in lacking} == {
        code for code, check in CHECKS.items() if "turns" in check.needs
    }


def test_checks_of_turns_look_and_those_of_a_template_say_that_they_could_not() -> None:
    seen = written()
    row = as_row(seen)
    ends = [token == TINY.id_of("<|im_end|>") for token in row["input_ids"]]
    row["labels"] = [IGNORE if end else label for end, label in zip(ends, row["labels"], strict=True)]
    back = sftviz.inspect(row, model=None)
    assert [finding.code for finding in back.findings if finding.severity == "warning"] == ["end_not_supervised"] * 2
    assert set(back.unseen) == {code for code, check in CHECKS.items() if check.needs & {"template", "batch"}} | {
        code for code, check in CHECKS.items() if "model" in check.needs
    }


LABELS = [IGNORE, 5, 6, 7, 4095, IGNORE, 9, 9]
IDS = [4, 5, 6, 8, 9, 10, 11, 9]


def test_labels_are_shown_as_they_are_and_each_says_what_it_is() -> None:
    rows = sftviz.inspect({"input_ids": IDS, "labels": LABELS}, model=None).rows()
    assert [row.label for row in rows] == LABELS
    assert [row.prediction.target for row in rows] == [*LABELS[1:], IGNORE]
    assert rows[2].prediction.target_text == TINY.decode([7])
    assert "this one is 7, which is not the token's id" in str(rows[3].reason)
    assert "this one is 4095" in str(rows[4].reason)
    assert "this one is the token's id" in str(rows[1].reason)
    assert "this one is −100" in str(rows[0].reason)


def test_the_loss_is_what_the_model_itself_makes_of_these_labels() -> None:
    model = load_model("sftviz/tiny-sft")
    theirs = model(input_ids=torch.tensor([IDS]), labels=torch.tensor([LABELS])).loss.item()
    assert sftviz.inspect({"input_ids": IDS, "labels": LABELS}).loss() == pytest.approx(theirs, rel=1e-4)


def test_a_label_beyond_the_vocabulary_has_no_cost_and_is_an_error() -> None:
    seen = sftviz.inspect({"input_ids": IDS, "labels": [*LABELS[:-1], 4096]})
    assert seen.rows()[-1].cost is None
    assert seen.rows()[-2].prediction.target_text == "‹4096›"
    assert "4096 at position 7" in next(str(f.what) for f in seen.findings if f.code == "label_out_of_range")
    assert seen.loss() == pytest.approx(sftviz.inspect({"input_ids": IDS, "labels": [*LABELS[:-1], IGNORE]}).loss())


def test_ids_of_another_tokenizer_are_named() -> None:
    with pytest.raises(ChatError) as caught:
        sftviz.inspect({"input_ids": [4, 151644]})
    assert str(caught.value).startswith("position 1: the id 151644 is no token of sftviz/tiny, which has 4,096")


def test_the_command_line_opens_a_row_of_a_file() -> None:
    lines = "\n".join(json.dumps(as_row(written(template))) for template in ("chatml", "qwen3"))
    shown = CliRunner().invoke(app, ["inspect", "-", "--sample", "2", "--format", "json", "--model", "none"], lines)
    document = json.loads(shown.stdout)
    assert [token["id"] for token in document["tokens"]] == written("qwen3").rendering.ids
    assert "field_dropped" in document["not_checked"]
