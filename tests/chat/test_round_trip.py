"""Every template's own text, pasted back, gives the chat it was made of: roles, contents, thoughts, calls, results.

What a template itself destroys is named with its reason.
"""

import pytest

from sftviz.chat.formats import parse
from sftviz.chat.messages import Chat, ChatError
from sftviz.chat.rendering import render
from sftviz.chat.write.templates import TEMPLATES
from tests.conformance.test_trl_templates import CHATS

TINY = "sftviz/tiny"
SAID = ("two turns", "system", "empty reply", "Chinese", "emoji", "spaces at both ends")
NO_READER = {"plain": "writes nothing round its messages", "alpaca": "puts words of its own before the question"}
INTO_THE_USERS = "writes the system message into the first user's turn"
DESTROYED = {
    ("mistral_v1", "system"): INTO_THE_USERS,
    ("mistral_v2", "system"): INTO_THE_USERS,
    ("mistral_v3", "system"): INTO_THE_USERS,
    ("mistral_tekken", "system"): INTO_THE_USERS,
    ("gemma3", "system"): INTO_THE_USERS,
    ("gpt_oss", "system"): "writes a system message as the developer's",
}


def said(chat: Chat) -> list[tuple[str, str]]:
    return [(message.role, message.content.strip()) for message in chat.messages]


@pytest.mark.parametrize("name", SAID)
@pytest.mark.parametrize("template", [name for name in TEMPLATES if name not in NO_READER])
def test_a_templates_text_comes_back_as_the_chat(template: str, name: str) -> None:
    chat = CHATS[name]
    try:
        rendering = render(chat, TINY, template)
    except ChatError as error:
        assert error.code == "template_says"  # a template without system turns says so
        return
    back = parse(rendering.text)
    assert back.written is not None
    assert back.written.text == rendering.text
    spans = back.written.spans
    assert [span.start for span in spans[1:]] == [span.end for span in spans[:-1]]
    assert (spans[0].start, spans[-1].end) == (0, len(rendering.text))
    dropped = {one.turn for one in rendering.dropped if one.field == "content"}
    wanted = [pair for turn, pair in enumerate(said(chat)) if turn not in dropped]
    found = said(back)
    if found and found[0][0] == "system" and (not wanted or wanted[0][0] != "system"):
        found = found[1:]  # a system turn that nobody wrote, or one that the template made of its own words
    assert (found != wanted) == ((template, name) in DESTROYED), (found, wanted)
