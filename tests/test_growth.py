"""Twice the chat costs about twice the time, from the pasted text to the rows: in processor seconds, side by side."""

import json
import time
from collections.abc import Callable

import pytest

import sftviz
from sftviz.chat.formats import parse
from sftviz.chat.rendering import render
from sftviz.supervision.checks import Evidence, run
from sftviz.supervision.row import row_of
from sftviz.supervision.verdicts import apply

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


def seconds(work: Callable[[], object]) -> float:
    """The least of three runs: what the machine's other work adds is never negative."""
    taken: list[float] = []
    for _ in range(3):
        start = time.process_time()
        work()
        taken.append(time.process_time() - start)
    return min(taken)


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
    assert seconds(lambda: whole(twice)) <= 2.5 * seconds(lambda: whole(once)) + 0.02


def test_checks_alone_are_linear_in_messages() -> None:
    once, twice = checks_of(pasted(SHORT_TURNS * 2)), checks_of(pasted(SHORT_TURNS * 4))
    assert seconds(twice) <= 2.5 * seconds(once) + 0.01


def test_a_thousand_messages_take_three_seconds_at_most() -> None:
    whole(pasted(20))
    assert seconds(lambda: whole(pasted(1000))) <= 3


def test_two_hundred_thousand_characters_are_answered_in_three_seconds() -> None:
    """Tokenized and shown as one row; the model reads as far as its context."""
    text = json.dumps([{"role": "user", "content": "word " * 40_000}, {"role": "assistant", "content": "yes"}])
    whole(pasted(20))
    assert seconds(lambda: sftviz.inspect(text, model=None).rows()) <= 3
