"""What each policy supervises, on every template, and the sentence every token gets."""

import pytest
from hypothesis import given, settings

from sftviz.chat.messages import Chat, Message
from sftviz.chat.rendering import Rendering, render
from sftviz.chat.write.templates import TEMPLATES
from sftviz.loss import IGNORE
from sftviz.supervision.policies import POLICIES, Supervision, apply
from tests.chat.chats import SHORT, TOOLS, TWO_TURNS, alternating_chat, any_chat, chat

TINY = "sftviz/tiny"


def texts(rendering: Rendering, supervision: Supervision) -> list[str]:
    """Supervised text, neighbouring tokens joined."""
    joined: list[str] = []
    before = False
    for token, yes in zip(rendering.tokens, supervision.supervised, strict=True):
        if yes and before:
            joined[-1] += token.text
        elif yes:
            joined.append(token.text)
        before = yes
    return joined


def supervised(chat_: Chat, policy: str, template: str = "chatml", **knobs: object) -> list[str]:
    rendering = render(chat_, TINY, template)
    return texts(rendering, apply(policy, rendering, **knobs))


def test_the_end_token_of_a_reply_is_supervised() -> None:
    assert supervised(SHORT, "assistant_only") == ["4<|im_end|>"]


def test_every_reply_is_supervised_or_only_the_last() -> None:
    assert supervised(TWO_TURNS, "assistant_only") == ["Hello!<|im_end|>", "See you.<|im_end|>"]
    assert supervised(TWO_TURNS, "last_assistant") == ["See you.<|im_end|>"]


def test_pretraining_supervises_every_token() -> None:
    rendering = render(TWO_TURNS, TINY, "chatml")
    assert texts(rendering, apply("pretrain", rendering)) == [rendering.text]


def test_completion_is_all_after_the_prompt() -> None:
    assert supervised(TWO_TURNS, "completion_only") == ["See you.<|im_end|>\n"]
    assert supervised(TOOLS, "completion_only")[0].startswith("<tool_call>")
    assert "a short digit" in supervised(TOOLS, "completion_only")[0]  # the tool's answer too


def test_a_sample_says_itself_where_its_completion_starts() -> None:
    turns = (
        Message("user", "Hi"),
        Message("assistant", "Hello!"),
        Message("user", "Bye"),
        Message("assistant", "See you."),
    )
    sample = Chat(turns, "prompt_completion", completion_start=1)
    assert supervised(sample, "completion_only") == [
        "Hello!<|im_end|>\n<|im_start|>user\nBye<|im_end|>\n<|im_start|>assistant\nSee you.<|im_end|>\n"
    ]


def test_end_of_turn_each_last_or_none() -> None:
    assert supervised(TWO_TURNS, "assistant_only", end="last") == ["Hello!", "See you.<|im_end|>"]
    assert supervised(TWO_TURNS, "assistant_only", end="none") == ["Hello!", "See you."]


def test_headers_reasoning_and_tool_calls_have_knobs() -> None:
    assert supervised(SHORT, "assistant_only", header=True) == ["<|im_start|>assistant\n4<|im_end|>"]
    assert supervised(TOOLS, "assistant_only", reasoning=False)[-1] == "A thumb is a short digit.<|im_end|>"
    assert supervised(TOOLS, "assistant_only", tool_calls=False)[0] == "<|im_end|>"


def test_roles_are_chosen() -> None:
    assert supervised(SHORT, "assistant_only", roles={"user"}) == ["What is 2 + 2?<|im_end|>"]


def test_the_tools_answer_and_the_tool_list_are_context() -> None:
    found = "".join(supervised(TOOLS, "assistant_only"))
    assert "a short digit" in found  # the reply quotes it
    assert "gloss" not in found
    assert "Look a word up" not in found


@pytest.mark.parametrize("template", TEMPLATES)
@settings(max_examples=15, deadline=None)
@given(chat_=alternating_chat())
def test_assistant_only_is_exactly_what_generation_markers_hold(template: str, chat_: Chat) -> None:
    rendering = render(chat_, TINY, template)
    supervision = apply("assistant_only", rendering)
    marked = tuple(any(rendering.spans[i].generated for i in token.spans) for token in rendering.tokens)
    assert supervision.supervised == marked


@settings(max_examples=100, deadline=None)
@given(chat_=any_chat())
def test_no_policy_breaks_its_promises_on_any_chat(chat_: Chat) -> None:
    rendering = render(chat_, TINY, "chatml")
    for name in POLICIES:
        supervision = apply(name, rendering)
        assert len(supervision.supervised) == len(rendering.tokens)
        for token, yes, label in zip(rendering.tokens, supervision.supervised, supervision.labels, strict=True):
            assert label == (token.id if yes else IGNORE)
        assert all(len(reason) > 10 for reason in supervision.reasons)
        assert supervision.targets == (*supervision.labels[1:], IGNORE)
    replies = apply("assistant_only", rendering).supervised
    assert all(
        every or not reply for every, reply in zip(apply("pretrain", rendering).supervised, replies, strict=True)
    )


def test_a_template_without_markers_is_supervised_by_its_turns() -> None:
    chatml = "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    assert supervised(TWO_TURNS, "assistant_only", chatml) == ["Hello!<|im_end|>", "See you.<|im_end|>"]


def test_a_token_over_a_border_keeps_both_sides_in_its_reason() -> None:
    glued = "{% for m in messages %}{{ m.content }}{% endfor %}"
    rendering = render(chat(("user", "in th"), ("assistant", "e end")), TINY, glued)
    crossing = [i for i, token in enumerate(rendering.tokens) if len(token.spans) > 1]
    assert crossing
    assert "also covers" in apply("assistant_only", rendering).reasons[crossing[0]]


def test_reasons_name_part_and_rule() -> None:
    rendering = render(SHORT, TINY, "chatml")
    reasons = dict(zip([t.text for t in rendering.tokens], apply("assistant_only", rendering).reasons, strict=True))
    assert reasons["4"].startswith("assistant content: inside the template's generation block")
    assert reasons["What"] == "user content: assistant_only trains on assistant turns only"


def test_unknown_names_list_the_known() -> None:
    rendering = render(SHORT, TINY, "chatml")
    with pytest.raises(ValueError, match="policy 'all' is unknown; use one of pretrain, assistant_only"):
        apply("all", rendering)
    with pytest.raises(ValueError, match="knob colour is unknown"):
        apply("pretrain", rendering, colour=1)
    with pytest.raises(ValueError, match="end='first' is unknown"):
        apply("pretrain", rendering, end="first")
