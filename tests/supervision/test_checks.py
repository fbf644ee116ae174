"""Each check finds its fault, names the place and a remedy, and is silent on a sound chat."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from sftviz.assets import locate
from sftviz.chat.formats import parse
from sftviz.chat.messages import Chat, Message, TrainingMark
from sftviz.chat.rendering import render
from sftviz.chat.tokenizers import load_tokenizer
from sftviz.supervision.checks import CHECKS, Evidence, Finding, Report, run
from sftviz.supervision.row import Row, row_of
from sftviz.supervision.verdicts import apply
from sftviz.words import using
from tests.chat.chats import SHORT, TOOLS, TWO_TURNS, chat

TINY = "sftviz/tiny"


def found(
    chat_: Chat, template: str = "chatml", policy: str = "assistant_only", tokenizer: object = TINY, **knobs: object
) -> dict[str, Finding]:
    return {finding.code: finding for finding in report(chat_, template, policy, tokenizer, **knobs).findings}


def report(
    chat_: Chat,
    template: str | None = "chatml",
    policy: str = "assistant_only",
    tokenizer: object = TINY,
    **knobs: object,
) -> Report:
    rendering = render(chat_, tokenizer, template)
    row = replace(row_of(rendering), context_length=512, vocabulary=4096, priced=min(512, len(rendering.tokens)))
    return run(Evidence(row, apply(policy, rendering, **knobs)))


def of_row(ids: list[int], labels: list[int], **more: object) -> dict[str, Finding]:
    arrays = {name: np.array(value) if isinstance(value, list) else value for name, value in more.items()}
    row = Row(np.array(ids), np.array(labels), tokenizer=load_tokenizer(TINY), **arrays)
    return {finding.code: finding for finding in run(Evidence(row)).findings}


@pytest.mark.parametrize("sound", [SHORT, TWO_TURNS, TOOLS], ids=["short", "two turns", "tools"])
def test_a_sound_chat_has_no_findings(sound: Chat) -> None:
    assert {code for code, finding in found(sound).items() if finding.severity != "note"} == set()


def test_a_name_that_no_template_writes_is_told_without_alarm() -> None:
    finding = found(TOOLS)["field_dropped"]
    assert finding.severity == "note"
    assert "leaves its name out" in finding.message


def test_nothing_supervised() -> None:
    finding = found(chat(("user", "hi")))["nothing_supervised"]
    assert finding.severity == "error"
    assert "0 of 7 tokens supervised" in finding.message


def test_a_supervised_first_token_alone_is_nothing() -> None:
    assert "nothing_supervised" in found(chat(("assistant", "a")), "{{ messages[0].content }}", "pretrain")


def test_end_not_supervised() -> None:
    finding = found(SHORT, end="none")["end_not_supervised"]
    assert str(finding.where) == "message 2"
    assert len(finding.tokens) == 1


def test_one_end_that_is_supervised_is_enough_and_none_is_not() -> None:
    """A turn with two end tokens, one of them trained: the model learns to stop."""
    twice = (
        "{% for m in messages %}<|im_start|>{{ m.role }}\n{% generation %}{{ m.content }}<|im_end|>{% endgeneration %}"
        "<|im_end|>\n{% endfor %}"
    )
    assert "end_not_supervised" not in found(SHORT, twice)


def test_no_end_of_turn() -> None:
    finding = found(SHORT, "{% for m in messages %}{{ m.content }} {% endfor %}")["no_end_of_turn"]
    assert str(finding.where) == "message 2"


def test_a_reply_without_an_end_is_told_once() -> None:
    cut = found(parse("<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nAn ow"), None)
    assert "no_end_of_turn" in cut
    assert "cut_short" not in cut


def test_pad_is_eos() -> None:
    tokenizer = AutoTokenizer.from_pretrained(locate(TINY))
    tokenizer.pad_token = tokenizer.eos_token
    finding = found(TWO_TURNS, tokenizer=tokenizer)["pad_is_eos"]
    assert "supervised ends of turns, 2 here" in finding.message


def test_forged_control_token() -> None:
    finding = found(chat(("user", "hi<|im_end|>"), ("assistant", "yo")))["forged_control_token"]
    assert str(finding.where) == "message 1, content, character 2"
    assert finding.message.startswith("<|im_end|> stands in the chat's own text")


def test_forged_tokens_of_one_field_are_one_finding() -> None:
    finding = found(chat(("user", "a<|im_end|>b<|im_end|>c<|im_end|>"), ("assistant", "yo")))["forged_control_token"]
    assert len(finding.tokens) == 3
    assert finding.message.endswith("(and 2 more)")


def test_a_forged_tokens_place_is_within_its_own_field_as_pasted() -> None:
    trimmed = found(chat(("user", "   ab<|eot_id|>"), ("assistant", "yo")), "llama3")
    assert "character 5" in str(trimmed["forged_control_token"].where)
    after_a_thought = Chat((Message("user", "x"), Message("assistant", "ab<|im_end|>", reasoning="hm hm hm")), "openai")
    assert "character 2" in str(found(after_a_thought)["forged_control_token"].where)


def test_unsupervised_think_tag_in_user_text_is_forged_too() -> None:
    assert "</think>" in found(chat(("user", "a</think>b"), ("assistant", "yo")))["forged_control_token"].message


def test_empty_reply() -> None:
    assert "only its end-of-turn is supervised" in found(chat(("user", "hi"), ("assistant", "")))["empty_reply"].message


@pytest.mark.parametrize(("message", "words"), [(TOOLS.messages[2], "tool calls"), (TOOLS.messages[4], "reasoning")])
def test_a_field_the_template_drops(message: Message, words: str) -> None:
    dropped = found(Chat((Message("user", "x"), message), "openai"), "llama3")["field_dropped"]
    assert words in dropped.message.split(":")[0]
    assert str(dropped.where) == "message 2"


def test_control_text_that_is_no_token() -> None:
    finding = found(SHORT, "cohere2")["control_text_is_split"]
    assert "<|START_OF_TURN_TOKEN|>" in finding.message


def test_two_bos() -> None:
    twice = "{{ bos_token }}<|begin_of_text|>{% for m in messages %}{{ m.content }}{% endfor %}"
    tokenizer = AutoTokenizer.from_pretrained(locate(TINY))
    tokenizer.bos_token = "<|begin_of_text|>"
    assert "two begin-of-sequence" in found(SHORT, twice, tokenizer=tokenizer)["two_bos"].message


def test_too_long() -> None:
    finding = found(chat(("user", "word " * 600), ("assistant", "yo")))["too_long"]
    assert "truncation would cut 3 supervised tokens" in finding.message
    assert finding.tokens[0] == 512


def test_prompt_differs() -> None:
    thinks = (
        "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
        "{% if add_generation_prompt %}<|im_start|>assistant\n<think>\n{% endif %}"
    )
    assert "they part at character" in found(SHORT, thinks)["prompt_differs"].message


def test_parts_unknown_and_no_markers() -> None:
    codes = found(SHORT, "{% for m in messages %}{{ m.content | upper | replace('A', 'B') }}<|im_end|>{% endfor %}")
    assert "no_generation_markers" in codes
    assert "parts_unknown" in found(SHORT, "{% for m in messages %}{{ m.content | title }}<|im_end|>{% endfor %}")


def test_content_shortened() -> None:
    first = found(SHORT, "{% for m in messages %}{{ m.content[:1] }}<|im_end|>{% endfor %}")["content_shortened"]
    assert "leaves 9 of the 10 characters" in first.message  # What is 2 + 2?, white space apart, but for its W
    assert str(first.where) == "message 1"


def test_depends_on_date() -> None:
    assert "depends_on_date" in found(
        SHORT, "{{ strftime_now('%Y') }}{% for m in messages %}{{ m.content }}{% endfor %}"
    )


def test_invisible_characters() -> None:
    assert "2 invisible" in found(chat(("user", "a\u200bb\u202e"), ("assistant", "x")))["invisible_characters"].message


def test_ends_without_reply() -> None:
    assert found(chat(("user", "a"), ("assistant", "b"), ("user", "c")))["ends_without_reply"].severity == "note"


def test_unknown_tokens_and_text_that_no_token_covers() -> None:
    backend = Tokenizer(WordLevel({"[UNK]": 0, "hi": 1, "yo": 2}, unk_token="[UNK]"))
    backend.pre_tokenizer = Whitespace()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=backend, unk_token="[UNK]")
    codes = found(chat(("user", "hi there "), ("assistant", "yo")), "plain", tokenizer=tokenizer)
    assert "1 tokens are the unknown token" in codes["unknown_token"].message
    assert "2 characters are covered by no token" in codes["text_not_covered"].message


def test_nothing_written_names_the_roles_that_were_skipped() -> None:
    finding = found(chat(("developer", "x"), ("wizard", "y")), "{# nothing #}")["nothing_written"]
    assert finding.severity == "error"
    assert "developer and wizard" in finding.message


def test_too_long_is_longer_than_the_context_and_not_as_long() -> None:
    ids = list(range(10, 22))
    assert "too_long" in of_row(ids, ids, context_length=11)
    assert "too_long" not in of_row(ids, ids, context_length=12)


def test_not_priced_counts_the_targets_without_a_cost() -> None:
    finding = of_row([5, 6, 7, 8], [-100, 6, -100, 8], context_length=2, priced=2)["not_priced"]
    assert "loss counts 1 targets less" in finding.message


def test_labels_that_were_shifted_already() -> None:
    finding = of_row([5, 6, 7, 8], [-100, 7, 8, -100])["labels_shifted"]
    assert finding.severity == "error"
    assert "shifted already" in finding.message
    assert "labels_shifted" not in of_row([5, 6, 7, 8], [-100, 6, 7, 8])
    assert "labels_shifted" not in of_row([5, 5, 5], [5, 5, 5])


def test_label_not_token() -> None:
    finding = of_row([5, 6, 7, 8], [-100, 6, 9, 8])["label_not_token"]
    assert "at position 2 the label is 9, the token 7" in finding.message
    assert finding.tokens == (2,)


def test_label_out_of_range() -> None:
    finding = of_row([5, 6, 7], [-100, 5000, -5])["label_out_of_range"]
    assert "2 labels are outside the vocabulary of 4,096" in finding.message


def test_weighted() -> None:
    mark = TrainingMark("weight", 0.5)
    turns = Chat((Message("user", "a"), Message("assistant", "b", mark=mark)), "openai")
    assert "from 0.5 to 0.5" in found(turns)["weighted"].message


def test_padding_supervised() -> None:
    assert of_row([5, 6, 0], [-100, 6, 0], attention_mask=[1, 1, 0])["padding_supervised"].tokens == (2,)
    assert "padding_supervised" not in of_row([5, 6, 0], [-100, 6, -100], attention_mask=[1, 1, 0])


def test_documents_attend() -> None:
    rows = {"position_ids": [0, 1, 0, 1], "attention_mask": [1, 1, 1, 1]}
    assert "restart 2 times" in of_row([5, 6, 7, 8], [5, 6, 7, 8], **rows)["documents_attend"].message
    apart = rows | {"attention_mask": [1, 1, 2, 2]}
    assert "documents_attend" not in of_row([5, 6, 7, 8], [5, 6, 7, 8], **apart)


def test_content_changed() -> None:
    finding = found(chat(("user", "  hi "), ("assistant", "yo")), "llama3")["content_changed"]
    assert "3 white-space characters" in finding.message


def test_system_added() -> None:
    finding = found(SHORT, "qwen2_5")["system_added"]
    assert "You are" in finding.message
    assert "system_added" not in found(TOOLS, "qwen2_5")


def test_think_added() -> None:
    assert "tokens are trained" in found(SHORT, "qwen3")["think_added"].message


def test_prompt_trained() -> None:
    assert found(SHORT, "qwen2_5")["prompt_trained"].tokens


def test_prompt_refused() -> None:
    refuses = (
        "{% if add_generation_prompt %}{{ raise_exception('not here') }}{% endif %}"
        "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    )
    assert "not here" in found(SHORT, refuses)["prompt_refused"].message


def test_turns_joined() -> None:
    two_users = chat(("user", "Hi"), ("user", "More"), ("assistant", "ok"))
    assert "messages 2 were joined" in found(two_users, None, tokenizer="mistral:v7")["turns_joined"].message


def test_text_rewritten() -> None:
    pasted = parse("<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nAn ow")
    assert "text_rewritten" not in found(pasted, None)
    assert "from character" in found(pasted, "chatml")["text_rewritten"].message


TURN = "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nyo<|im_end|>\n"


@pytest.mark.parametrize(
    "text",
    [TURN.replace("Hi<|im_end|>\n", "Hi<|im_end|>"), TURN.replace("\n<|im_s", "\n\n<|im_s")],
    ids=["lost after an end", "doubled before a header"],
)
def test_white_space_differs(text: str) -> None:
    assert "white_space_differs" in found(parse(text), None)


@pytest.mark.parametrize("text", [TURN, TURN.strip(), TURN.replace("yo", "  yo")])
def test_white_space_that_is_the_templates_or_the_replys_own_is_none(text: str) -> None:
    assert "white_space_differs" not in found(parse(text), None)


def test_edge_white_space() -> None:
    assert "begins or ends" in found(parse(TURN.replace("yo", "yo ")), None)["edge_white_space"].message
    assert str(found(parse(TURN.replace("user\n", "user\n\n")), None)["edge_white_space"].where) == "message 1"
    assert "edge_white_space" in found(chat(("user", "Hi"), ("assistant", " yo")))
    assert "edge_white_space" not in found(chat(("user", "Hi "), ("assistant", "yo")))


def test_the_runner_names_what_it_could_not_look_at() -> None:
    seen = run(Evidence(Row(np.array([5, 6]), np.array([-100, 6]))))
    assert seen.unseen["forged_control_token"] == ("turns",)
    assert seen.unseen["two_bos"] == ("tokenizer",)
    assert "nothing_supervised" not in seen.unseen
    assert set(report(SHORT).unseen) == {"padding_supervised", "documents_attend"}


def test_a_finding_speaks_chinese() -> None:
    with using("zh"):
        assert "受监督" in found(chat(("user", "hi")))["nothing_supervised"].message


def test_every_check_has_its_test() -> None:
    source = Path(__file__).read_text(encoding="utf-8")
    assert [code for code in CHECKS if f'"{code}"' not in source] == []
