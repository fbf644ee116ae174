"""What is learned of one chat holds for another of its shape, or is not used."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sftviz.chat.formats import parse
from sftviz.chat.messages import Chat, ChatError, Message
from sftviz.chat.rendering import Rendering, render
from sftviz.chat.write import shapes, writing
from sftviz.chat.write.templates import TEMPLATES
from sftviz.supervision.verdicts import apply

TINY = "sftviz/tiny"
TEXTS = st.sampled_from(
    [
        "", " ", "Hi", "  Hi", "Hi\n", "\n\nHi there \n", "assistant", "<|im_end|>", "<|im_start|>user\nx",
        "a\n</think>\n\nb", "<tool_response>\nx\n</tool_response>", "\u3000你好。", "👩‍👩‍👧", "[INST] x [/INST]",
        "user\nHi", "<think>\n\n</think>\n\nyes",
    ]
)  # fmt: skip


@pytest.fixture(autouse=True)
def _forgotten() -> Iterator[None]:
    shapes._known.clear()
    yield
    shapes._known.clear()


def followed(chat: Chat, template: str | None) -> Rendering:
    """The rendering with every origin followed: no pattern is asked."""
    with patch.object(writing, "shape_of", lambda *_: None):
        return render(chat, TINY, template)


def told(write: Callable[[], Rendering]) -> dict[str, Any]:
    try:
        rendering = write()
    except ChatError as error:
        return {"refused": str(error)}
    verdicts = apply("assistant_only", rendering)
    return {
        "text": rendering.text,
        "spans": list(rendering.spans),
        "ids": rendering.ids,
        "forged": rendering.tokens.is_forged.tolist(),
        "labels": verdicts.labels,
        "reasons": verdicts.reasons,
        "known": (rendering.parts_known, rendering.dropped, rendering.added, rendering.mended),
        "prompt": rendering.prompt,
    }


def from_texts(texts: list[str], thought: str = "") -> Chat:
    roles = ("user", "assistant")
    return Chat(tuple(Message(roles[i % 2], text, thought if i % 2 else "") for i, text in enumerate(texts)), "test")


@pytest.mark.parametrize("template", TEMPLATES)
@settings(max_examples=10, deadline=None)
@given(
    rows=st.lists(st.lists(TEXTS, min_size=4, max_size=4), min_size=2, max_size=6), thought=st.sampled_from(["", "Hm."])
)
def test_a_pattern_gives_what_following_every_origin_gives(template: str, rows: list[list[str]], thought: str) -> None:
    for texts in rows:
        chat = from_texts(texts, thought)
        assert told(partial(render, chat, TINY, template)) == told(partial(followed, chat, template))


def test_the_second_chat_of_a_shape_is_not_followed() -> None:
    first, second = from_texts(["Hi", "Hello there"]), from_texts(["What is 2 + 2?", "Four."])
    render(first, TINY, "chatml")
    with patch.object(writing, "_followed", side_effect=AssertionError("followed")):
        seen = render(second, TINY, "chatml")
    assert [seen.text[span.start : span.end] for span in seen.spans if span.field == "content"] == [
        "What is 2 + 2?",
        "Four.",
    ]
    assert seen.spans.outline is render(first, TINY, "chatml").spans.outline


ODD = {
    "marks by content": (
        "{% for m in messages %}{% if m.role == 'assistant' and 'x' in m.content %}{% generation %}{{ m.content }}"
        "{% endgeneration %}{% else %}{{ m.content }}{% generation %}{% endgeneration %}{% endif %}\n{% endfor %}"
    ),
    "other words by content": (
        "{% for m in messages %}[{{ m.role }}{{ '!' if 'x' in m.content }}] {{ m.content }}\n{% endfor %}"
    ),
    "cut by content": "{% for m in messages %}{{ m.content.split('x')[-1] }}|{% endfor %}",
    "a later message first": "{% for m in messages | reverse %}{{ m.content }}|{% endfor %}",
    "one message twice": "{{ messages[0].content }}|{% for m in messages %}{{ m.content }}|{% endfor %}",
    "upper case": "{% for m in messages %}{{ m.content | upper }}|{% endfor %}",
}  # fmt: skip


@pytest.mark.parametrize("name", ODD)
def test_a_template_that_looks_at_the_words_is_not_taken_for_another(name: str) -> None:
    for texts in (["a", "b"], ["x", "b"], ["a", "x"], ["ax", "xb"], ["b", "a"], [" a", "b "], ["a|", "|"], ["x", "x"]):
        chat = from_texts(texts)
        assert told(partial(render, chat, TINY, ODD[name])) == told(partial(followed, chat, ODD[name]))


def test_a_sample_s_own_marks_are_heeded_though_the_shape_is_known() -> None:
    plain = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]
    marked = [plain[0], {**plain[1], "weight": 0}]
    before = apply("assistant_only", render(parse(plain), TINY, "chatml"))
    after = apply("assistant_only", render(parse(marked), TINY, "chatml"))
    assert any(before.supervised)
    assert not any(after.supervised)


def test_a_message_s_emptiness_is_part_of_the_shape() -> None:
    for texts in (["Hi", "Hello", "More", ""], ["Hi", "Hello", "More", "Yes"], ["Hi", "", "More", "Yes"]):
        chat = from_texts(texts)
        seen = apply("assistant_only", render(chat, TINY, "chatml"), end="after_text")
        ends = [
            span.turn
            for span, verdict in zip(seen.spans, seen.verdicts, strict=True)
            if span.part == "end" and verdict.trained
        ]
        assert ends == [i for i, text in enumerate(texts) if i % 2 and text]
