"""The samples are short, are read without complaint, and show what they say."""

import pytest

from sftviz.chat.formats import parse
from sftviz.chat.rendering import render
from sftviz.chat.samples import SAMPLES


@pytest.mark.parametrize("name", SAMPLES)
def test_every_sample_is_read_without_complaint_and_is_short(name: str) -> None:
    chat = parse(SAMPLES[name].text)
    assert chat.notices == ()
    assert 20 <= len(render(chat, "sftviz/tiny").tokens) <= 220


@pytest.mark.parametrize("name", SAMPLES)
def test_every_sample_says_in_one_sentence_what_to_look_at(name: str) -> None:
    sample = SAMPLES[name]
    assert (sample.name, bool(sample.title)) == (name, True)
    assert sample.shows.endswith(".")
    assert ". " not in sample.shows


def test_the_samples_come_in_many_forms() -> None:
    assert len(SAMPLES) == 8
    assert len({parse(sample.text).form for sample in SAMPLES.values()}) >= 5


def test_the_samples_show_every_part_of_a_chat() -> None:
    chats = {name: parse(sample.text) for name, sample in SAMPLES.items()}
    assert [message.role for message in chats["multi_turn"].messages[:4]] == ["system", "user", "assistant", "user"]
    assert chats["system"].messages[0].role == "system"
    assert chats["tool_call"].messages[1].tool_calls[0].arguments == {"word": "canyon"}
    assert chats["tool_call"].tools[0]["function"]["name"] == "lookup"
    assert chats["reasoning"].messages[1].reasoning.startswith("Hammer is a noun.")
    assert "<|im_end|>" in chats["unmasked_trap"].messages[0].content
