"""The rendering's promises, for every template and any chat."""

import threading

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from transformers import AutoTokenizer

from sftviz.assets import locate
from sftviz.chat.formats import parse
from sftviz.chat.messages import Chat, ChatError, Message
from sftviz.chat.rendering import Rendering, render, render_all
from sftviz.chat.tokenizers import load_tokenizer
from sftviz.chat.write.leaves import dicts
from sftviz.chat.write.templates import TEMPLATES

from .chats import SHORT, TOOLS, TWO_TURNS, alternating_chat, any_chat, chat

TINY = "sftviz/tiny"
EVERY_TEMPLATE = pytest.mark.parametrize("template", TEMPLATES)
FEW = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def pieces(rendering: Rendering) -> list[tuple[int | None, str, str]]:
    return [(span.turn, span.part, rendering.text[span.start : span.end]) for span in rendering.spans]


def template_variables(rendering: Rendering) -> dict[str, str]:
    """The template's own begin and end tokens, as far as the tokenizer knows them."""
    named = {"bos_token": rendering.template.bos, "eos_token": rendering.template.eos}
    known = {key: piece for key, piece in named.items() if rendering.tokenizer.id_of(piece) is not None}
    return {"bos_token": "", **rendering.tokenizer.variables, **known}


def assert_tiles(rendering: Rendering) -> None:
    ends = [0, *(span.end for span in rendering.spans)]
    assert [span.start for span in rendering.spans] == ends[:-1]
    assert ends[-1] == len(rendering.text)
    assert "".join(token.text for token in rendering.tokens) == rendering.text
    assert rendering.tokenizer.decode(rendering.ids) == rendering.text
    for token in rendering.tokens:
        first, last = rendering.spans[token.spans[0]], rendering.spans[token.spans[-1]]
        assert first.start <= token.start
        assert token.end <= last.end


@EVERY_TEMPLATE
@FEW
@given(chat=alternating_chat())
def test_spans_tile_the_text_and_tokens_decode_back(template: str, chat: Chat) -> None:
    assert_tiles(render(chat, TINY, template))


@settings(max_examples=100, deadline=None)
@given(chat=any_chat())
def test_any_roles_in_any_order_tile_under_chatml(chat: Chat) -> None:
    assert_tiles(render(chat, TINY, "chatml"))


@EVERY_TEMPLATE
@FEW
@given(chat=alternating_chat())
def test_message_text_is_found_where_the_template_put_it(template: str, chat: Chat) -> None:
    rendering = render(chat, TINY, template)
    assume(rendering.parts_known)
    for i, message in enumerate(chat.messages):
        own = "".join(text for at, part, text in pieces(rendering) if at == i and part == "content")
        assert own in message.content
        assert own.strip() == message.content.strip()


@pytest.mark.parametrize("template", [name for name in TEMPLATES if name not in ("alpaca", "plain")])
def test_generation_blocks_are_those_transformers_finds(template: str) -> None:
    """Sound here: one thread, no byte-split characters at a block's edge, untrimmed offsets."""
    rendering = render(TWO_TURNS, TINY, template)
    tokenizer = AutoTokenizer.from_pretrained(locate(TINY))
    theirs = tokenizer.apply_chat_template(
        dicts(TWO_TURNS.messages, rendering.template.takes_parts),
        chat_template=rendering.template.jinja,
        return_assistant_tokens_mask=True,
        return_dict=True,
        **template_variables(rendering),
    )
    ours = [int(any(rendering.spans[i].generated for i in token.spans)) for token in rendering.tokens]
    assert rendering.ids == theirs["input_ids"]
    assert ours == theirs["assistant_masks"]


@EVERY_TEMPLATE
def test_the_text_is_what_transformers_renders(template: str) -> None:
    rendering = render(SHORT, TINY, template)
    tokenizer = AutoTokenizer.from_pretrained(locate(TINY))
    text = tokenizer.apply_chat_template(
        dicts(SHORT.messages, rendering.template.takes_parts),
        chat_template=rendering.template.jinja,
        tokenize=False,
        **template_variables(rendering),
    )
    assert rendering.text == text


def test_every_part_of_a_chat_with_tools_and_reasoning_is_named() -> None:
    assert pieces(render(TOOLS, TINY, "chatml"))[-14:] == [
        (2, "tool_call", '"}}\n</tool_call>'),
        (2, "end", "<|im_end|>"),
        (2, "after_end", "\n"),
        (3, "header", "<|im_start|>tool\n"),
        (3, "tool_result", '{"gloss": "a short digit"}'),
        (3, "end", "<|im_end|>"),
        (3, "after_end", "\n"),
        (4, "header", "<|im_start|>assistant\n"),
        (4, "reasoning", "<think>\n"),
        (4, "reasoning", "The tool answered."),
        (4, "reasoning", "\n</think>\n\n"),
        (4, "content", "A thumb is a short digit."),
        (4, "end", "<|im_end|>"),
        (4, "after_end", "\n"),
    ]


def test_content_equal_to_the_templates_own_words_is_still_content() -> None:
    """Provenance is by marks, never by searching the text."""
    found = pieces(render(chat(("user", "<|im_start|>assistant\n"), ("assistant", "assistant\n")), TINY, "chatml"))
    assert (0, "content", "<|im_start|>assistant\n") in found
    assert (1, "content", "assistant\n") in found


def test_a_control_token_from_a_message_is_told_from_the_templates() -> None:
    rendering = render(chat(("user", "hi<|im_end|>"), ("assistant", "yes")), TINY, "chatml")
    ends = [token for token in rendering.tokens if token.text == "<|im_end|>"]
    assert [token.is_forged for token in ends] == [True, False, False]
    assert len({token.id for token in ends}) == 1


def test_a_control_token_that_template_and_message_make_together_is_not_forged() -> None:
    """Forged is what stands in the message whole; here the template's own words close it."""
    template = "{% for m in messages %}{{ m.content }}_end|>{% endfor %}"
    rendering = render(chat(("user", "<|im_end|>hi"), ("assistant", "yes<|im")), TINY, template)
    ends = [token for token in rendering.tokens if token.text == "<|im_end|>"]
    assert [token.is_forged for token in ends] == [True, False]


def test_a_character_of_four_tokens_is_shown_whole_once() -> None:
    rendering = render(chat(("user", "👍"), ("assistant", "ok")), TINY, "chatml")
    thumb = [token for token in rendering.tokens if rendering.text[token.start : token.end] == "👍"]
    assert [token.text for token in thumb] == ["👍", "", "", ""]
    assert len({token.box for token in thumb}) == 1
    assert b"".join(rendering.tokenizer.bytes_of(token.id) for token in thumb) == "👍".encode()


def test_private_use_characters_in_a_message_survive() -> None:
    text = "".join(map(chr, [*range(0xE000, 0xF900), *range(0xF0000, 0xF0100), *range(0x100000, 0x100100)]))
    rendering = render(chat(("user", text), ("assistant", "ok")), TINY, "chatml")
    assert (0, "content", text) in pieces(rendering)


def test_a_typed_template_is_bounded_and_its_mistake_named() -> None:
    with pytest.raises(ChatError, match="stopped after 2 s"):
        render(SHORT, TINY, "{{ (3**20000000) % 7 }}")
    with pytest.raises(ChatError, match=r"line 2.*undefined"):
        render(SHORT, TINY, "{{ messages[0].content }}\n{{ nothing.here }}")
    with pytest.raises(ChatError, match="the template says: no system"):
        render(SHORT, TINY, "{{ raise_exception('no system') }}")


def test_a_typed_template_that_works_gives_the_same_rendering() -> None:
    named = render(TOOLS, TINY, "chatml")
    typed = render(TOOLS, TINY, TEMPLATES["chatml"].jinja())
    assert (typed.text, typed.spans, typed.ids) == (named.text, named.spans, named.ids)


def test_a_template_that_cuts_its_messages_keeps_their_parts() -> None:
    shout = "{% for m in messages %}{{ m.role }}: {{ m.content[:3] | upper }}\n{% endfor %}"
    rendering = render(TWO_TURNS, TINY, shout)
    assert_tiles(rendering)
    assert rendering.parts_known
    assert [text for _, part, text in pieces(rendering) if part == "content"] == ["HI", "HEL", "BYE", "SEE"]


def test_a_template_that_rewrites_its_messages_keeps_turns_only() -> None:
    """A word that comes out by a way nobody can follow is not called lost."""
    swapped = "{% for m in messages %}{{ m.role }}: {{ m.content.swapcase() }}\n{% endfor %}"
    rendering = render(TWO_TURNS, TINY, swapped)
    assert_tiles(rendering)
    assert not rendering.parts_known
    assert [span.turn for span in rendering.spans] == [0, 1, 2, 3]
    assert rendering.dropped == ()


@given(st.lists(any_chat(), max_size=6))
@settings(deadline=None, max_examples=60)
def test_many_chats_at_once_are_each_chat_alone(chats: list[Chat]) -> None:
    def alone(chat: Chat) -> Rendering | str:
        try:
            return render(chat, "sftviz/tiny", "gemma")
        except ChatError as error:
            return str(error)

    for one, expected in zip(render_all(chats, "sftviz/tiny", "gemma"), map(alone, chats), strict=True):
        if isinstance(one, ChatError) or isinstance(expected, str):
            assert str(one) == expected
        else:
            assert (one.text, one.ids, one.spans) == (expected.text, expected.ids, expected.spans)
            assert list(one.tokens) == list(expected.tokens)


def test_what_could_not_be_read_keeps_its_place_among_the_rendered() -> None:
    unread = ChatError("empty")
    found = list(render_all([SHORT, unread, TWO_TURNS], "sftviz/tiny"))
    assert found[1] is unread
    assert [getattr(one, "chat", None) for one in found] == [SHORT, None, TWO_TURNS]


def test_rows_of_ids_and_training_texts_are_rendered_among_others() -> None:
    pasted = parse("<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nHello<|im_end|>\n")
    chats = [parse({"input_ids": [1, 2, 5]}), SHORT, pasted]
    assert [one.ids for one in render_all(chats, "sftviz/tiny") if isinstance(one, Rendering)] == [
        render(chat, "sftviz/tiny").ids for chat in chats
    ]


def test_fifty_threads_render_what_one_does() -> None:
    chats = [
        Chat(tuple(Message(("user", "assistant")[i % 2], f"{k} {i} 字") for i in range(40)), "openai") for k in range(8)
    ]
    wanted = {(k, t): render(c, TINY, t).spans for k, c in enumerate(chats) for t in ("chatml", "llama3")}
    load_tokenizer(TINY)
    wrong: list[tuple[int, str]] = []

    def work(worker: int) -> None:
        for k, c in enumerate(chats):
            template = ("chatml", "llama3")[(worker + k) % 2]
            if render(c, TINY, template).spans != wanted[k, template]:
                wrong.append((k, template))

    threads = [threading.Thread(target=work, args=(i,)) for i in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
