"""Each check finds its fault, names the place and a remedy, and is silent on a sound chat."""

from pathlib import Path

import pytest
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from sftviz.assets import locate
from sftviz.chat.messages import Chat, Message
from sftviz.chat.rendering import render
from sftviz.supervision.checks import CHECKS, Checked, Finding, run
from sftviz.supervision.policies import apply
from tests.chat.chats import SHORT, TOOLS, TWO_TURNS, chat

TINY = "sftviz/tiny"


def found(
    chat_: Chat, template: str = "chatml", policy: str = "assistant_only", tokenizer: object = TINY, **knobs: object
) -> dict[str, Finding]:
    rendering = render(chat_, tokenizer, template)
    findings = run(Checked(rendering, apply(policy, rendering, **knobs), context_length=512))
    return {finding.code: finding for finding in findings}


@pytest.mark.parametrize("sound", [SHORT, TWO_TURNS, TOOLS], ids=["short", "two turns", "tools"])
def test_a_sound_chat_has_no_findings(sound: Chat) -> None:
    assert found(sound) == {}


def test_nothing_supervised() -> None:
    finding = found(chat(("user", "hi")))["nothing_supervised"]
    assert finding.severity == "error"
    assert "0 of 8 tokens supervised" in finding.message


def test_a_supervised_first_token_alone_is_nothing() -> None:
    assert "nothing_supervised" in found(chat(("assistant", "a")), "{{ messages[0].content }}", "pretrain")


def test_end_not_supervised() -> None:
    finding = found(SHORT, end="none")["end_not_supervised"]
    assert "message 2" in finding.message
    assert len(finding.tokens) == 1


def test_no_end_of_turn() -> None:
    assert "message 2" in found(SHORT, "{% for m in messages %}{{ m.content }} {% endfor %}")["no_end_of_turn"].message


def test_pad_is_eos() -> None:
    tokenizer = AutoTokenizer.from_pretrained(locate(TINY))
    tokenizer.pad_token = tokenizer.eos_token
    finding = found(TWO_TURNS, tokenizer=tokenizer)["pad_is_eos"]
    assert "2 supervised end-of-turn tokens" in finding.message


def test_forged_control_token() -> None:
    finding = found(chat(("user", "hi<|im_end|>"), ("assistant", "yo")))["forged_control_token"]
    assert "message 1, character 2: <|im_end|>" in finding.message


def test_unsupervised_think_tag_in_user_text_is_forged_too() -> None:
    assert "</think>" in found(chat(("user", "a</think>b"), ("assistant", "yo")))["forged_control_token"].message


def test_empty_reply() -> None:
    assert "only its end-of-turn is supervised" in found(chat(("user", "hi"), ("assistant", "")))["empty_reply"].message


@pytest.mark.parametrize(("message", "words"), [(TOOLS.messages[2], "tool calls"), (TOOLS.messages[4], "reasoning")])
def test_a_field_the_template_drops(message: Message, words: str) -> None:
    dropped = found(Chat((Message("user", "x"), message), "openai"), "llama3")["field_dropped"]
    assert f"leaves its {words} out" in dropped.message


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
    assert "parts_unknown" in found(SHORT, "{% for m in messages %}{{ m.content[:1] }}<|im_end|>{% endfor %}")


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


def test_every_check_has_its_test() -> None:
    source = Path(__file__).read_text(encoding="utf-8")
    assert [code for code in CHECKS if f'"{code}"' not in source] == []
