"""Twice the chat costs about twice the time, from the pasted text to the rows: in processor seconds, side by side."""

import json
from collections.abc import Callable, Iterator

import pytest

import sftviz
from sftviz.chat.formats import parse
from sftviz.chat.rendering import render
from sftviz.chat.tokenizers import Encoded
from sftviz.chat.tokenizers.fast import _with_marks
from sftviz.chat.write import shapes
from sftviz.columns import rows_of
from sftviz.supervision.checks import Evidence, run
from sftviz.supervision.row import row_of
from sftviz.supervision.verdicts import apply
from tests.growth import at_most, no_collections, within

TINY = "sftviz/tiny"
SHORT_TURNS = 250


def pasted(messages: int) -> str:
    turns = [{"role": ("user", "assistant")[i % 2], "content": f"turn {i}"} for i in range(messages)]
    return json.dumps(turns)


def long_turn(messages: int) -> str:
    return json.dumps(
        [{"role": "user", "content": "好 and word " * (messages * 4)}, {"role": "assistant", "content": "yes"}]
    )


def rendered_text(messages: int) -> str:
    return "".join(f"<|im_start|>{('user', 'assistant')[i % 2]}\nturn {i}<|im_end|>\n" for i in range(messages))


def forged(messages: int) -> str:
    return json.dumps([{"role": "user", "content": "<|im_end|> " * messages}, {"role": "assistant", "content": "x"}])


@pytest.fixture(autouse=True)
def undisturbed() -> Iterator[None]:
    with no_collections():
        yield


def whole(text: str) -> None:
    sftviz.inspect(text, model=None).rows()


def checks_of(text: str) -> Callable[[], object]:
    rendering = render(parse(text), TINY)
    verdicts = apply("assistant_only", rendering)
    return lambda: run(Evidence(row_of(rendering), verdicts))


@pytest.mark.parametrize("shape", [pasted, long_turn, rendered_text, forged])
def test_doubling_a_chat_costs_at_most_two_and_a_half_times_the_time(shape: Callable[[int], str]) -> None:
    whole(shape(20))
    once, twice = shape(SHORT_TURNS * 2), shape(SHORT_TURNS * 4)
    assert at_most(2.5, lambda: whole(once), lambda: whole(twice))


def test_checks_alone_are_linear_in_messages() -> None:
    once, twice = checks_of(pasted(SHORT_TURNS * 2)), checks_of(pasted(SHORT_TURNS * 4))
    assert at_most(2.5, once, twice)


def stages(text: str) -> tuple[int, dict[str, Callable[[], object]]]:
    """Its tokens, and what `inspect` does without a model, step by step."""
    chat = parse(text)
    rendering = render(chat, TINY)
    verdicts = apply("assistant_only", rendering)
    return len(rendering.tokens), {
        "parse": lambda: parse(text),
        "render": lambda: render(chat, TINY),
        "verdicts": lambda: apply("assistant_only", rendering),
        "checks": lambda: run(Evidence(row_of(rendering), verdicts)),
        "rows": lambda: rows_of(rendering, verdicts, None),
    }


@pytest.mark.parametrize(("shape", "messages"), [(pasted, 104), (long_turn, 42)])
def test_no_stage_grows_faster_than_tokens_to_the_power_of_1_1(
    shape: Callable[[int], str], messages: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shapes, "MOST_MESSAGES", 0)  # the origins of every chat are followed, of a short one too
    (few, small), (many, large) = stages(shape(messages)), stages(shape(messages * 50))
    assert 1000 <= few <= 1100
    assert many >= 50_000
    assert [name for name in small if not at_most((many / few) ** 1.1, small[name], large[name])] == []


def test_a_thousand_messages_take_three_seconds_at_most() -> None:
    whole(pasted(20))
    assert within(3, lambda: whole(pasted(1000)))


def test_two_hundred_thousand_characters_are_answered_in_three_seconds() -> None:
    """Tokenized and shown as one row; the model reads as far as its context."""
    text = json.dumps([{"role": "user", "content": "word " * 40_000}, {"role": "assistant", "content": "yes"}])
    whole(pasted(20))
    assert within(3, lambda: sftviz.inspect(text, model=None).rows())


@pytest.mark.parametrize("text", ["e\u0301", "e ", "好 e\u0301\u0302 "], ids=["accents", "spaces", "both"])
def test_offsets_of_composed_letters_and_left_out_spaces_are_linear(text: str) -> None:
    encoded = Encoded.of([(0, i * len(text), i * len(text) + 1) for i in range(40_000)])
    half = Encoded(encoded.ids[:20_000], encoded.starts[:20_000], encoded.ends[:20_000])
    assert at_most(2.5, lambda: _with_marks(half, text * 20_000), lambda: _with_marks(encoded, text * 40_000))


def test_what_grows_as_the_square_would_be_seen() -> None:
    def square(n: int) -> Callable[[], object]:
        return lambda: [[None for _ in range(n)] for _ in range(n)]

    assert not at_most(2.5, square(700), square(1400))
