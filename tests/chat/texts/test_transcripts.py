"""Everyday transcripts: chats where somebody known speaks, documents with a notice where nobody is."""

import pytest

from sftviz.chat.formats import parse

HI = [("user", "Hi"), ("assistant", "Hello")]
# text -> whether the roles are guessed
TRANSCRIPTS = {
    "User: Hi\nAssistant: Hello": False,
    "\n\nHuman: Hi\n\nAssistant: Hello": False,
    "用户：Hi\n助手：Hello": False,
    "[User]: Hi\n[Assistant]: Hello": False,
    "[User] Hi\n[Assistant] Hello": False,
    "**User:** Hi\n\n**Assistant:** Hello": False,
    "## User\n\nHi\n\n## Assistant\n\nHello\n": False,
    "**User**\nHi\n\n**Assistant**\nHello": False,
    "- User: Hi\n- Assistant: Hello": False,
    "[2024-05-01 10:00] User: Hi\n[2024-05-01 10:01] Assistant: Hello": False,
    "10:00 - User: Hi\n10:01 - Assistant: Hello": False,
    "User (10:00): Hi\nAssistant (10:01): Hello": False,
    "You said:\nHi\nChatGPT said:\nHello": True,
    "Customer: Hi\nAgent: Hello": True,
    "Q: Hi\nA: Hello": True,
    "Me: Hi\nChatGPT: Hello": True,
}


@pytest.mark.parametrize("text", TRANSCRIPTS)
def test_a_transcript_is_a_chat_that_a_template_writes(text: str) -> None:
    chat = parse(text)
    assert [(message.role, message.content) for message in chat.messages] == HI
    assert (chat.form, chat.template, chat.written) == ("transcript", None, None)
    assert [notice.code for notice in chat.notices] == ["roles_guessed"] * TRANSCRIPTS[text]


def test_a_name_beside_a_known_speaker_is_the_other_side() -> None:
    chat = parse("Anna: Hi\nAssistant: Hello\nAnna: More")
    assert [message.role for message in chat.messages] == ["user", "assistant", "user"]
    assert "Anna" in chat.notices[0].message


@pytest.mark.parametrize("text", ["Anna: Hi\nBob: Yo\nAnna: More", "A: one\nB: two\nA: three"])
def test_speakers_nobody_knows_are_a_document_with_a_notice(text: str) -> None:
    chat = parse(text)
    assert [message.role for message in chat.messages] == ["document"]
    assert [notice.code for notice in chat.notices] == ["looks_like_transcript"]


@pytest.mark.parametrize(
    "text",
    [
        "[Chapter 1] It was a dark night.", "[10:00] INFO start\n[10:01] WARN stop", "[1] Smith, 2020. A paper.",
        "Model: T-800\nPrice: 3", "Q: What?\n\nQ: More?", "Title: x\nAuthor: y\nDate: z", "uſer: x",
        "In chat, User: Hi and so on.",
    ],
)  # fmt: skip
def test_an_ordinary_text_is_one_document(text: str) -> None:
    chat = parse(text)
    assert [(message.role, message.content) for message in chat.messages] == [("document", text)]
    assert chat.notices == ()


def test_a_transcript_with_a_tools_answer_is_never_the_assistants() -> None:
    chat = parse("Human: a\nFUNCTION RESPONSE: 3\nAssistant: b")
    assert [message.role for message in chat.messages] == ["user", "tool", "assistant"]
