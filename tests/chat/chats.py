"""Chats that the tests share, and hypothesis strategies for any chat."""

from hypothesis import strategies as st

from sftviz.chat.messages import Chat, Message, ToolCall

LOOKUP = {
    "type": "function",
    "function": {
        "name": "lookup",
        "description": "Look a word up.",
        "parameters": {"type": "object", "properties": {"word": {"type": "string", "description": "the word"}}},
    },
}

TEXT = st.text(st.characters(codec="utf-8"), max_size=40)
WORDS = st.text(st.sampled_from("ab \n\t.,é字👍\u200d🏽"), max_size=20)


def chat(*turns: tuple[str, str]) -> Chat:
    return Chat(tuple(Message(role, content) for role, content in turns), "openai")


SHORT = chat(("user", "What is 2 + 2?"), ("assistant", "4"))
TWO_TURNS = chat(("user", "Hi"), ("assistant", "Hello!"), ("user", "Bye"), ("assistant", "See you."))
TOOLS = Chat(
    (
        Message("system", "Use the tool."),
        Message("user", "Look up thumb."),
        Message("assistant", "", tool_calls=(ToolCall("lookup", {"word": "thumb"}),)),
        Message("tool", '{"gloss": "a short digit"}', name="lookup"),
        Message("assistant", "A thumb is a short digit.", reasoning="The tool answered."),
    ),
    "openai",
    tools=(LOOKUP,),
)


@st.composite
def any_chat(draw: st.DrawFn) -> Chat:
    """Any roles in any order, any text, reasoning and tool calls now and then."""
    messages = draw(st.lists(_message(), min_size=1, max_size=6))
    return Chat(tuple(messages), "openai")


@st.composite
def _message(draw: st.DrawFn) -> Message:
    role = draw(st.sampled_from(["system", "user", "assistant", "tool", "wizard"]))
    content = draw(WORDS | TEXT)
    if role != "assistant":
        return Message(role, content)
    reasoning = draw(st.just("") | WORDS)
    calls = draw(st.lists(st.builds(ToolCall, st.just("lookup"), st.fixed_dictionaries({"word": WORDS})), max_size=2))
    return Message(role, content, reasoning, tuple(calls))


@st.composite
def alternating_chat(draw: st.DrawFn) -> Chat:
    """user, assistant, user, assistant, …: what every template takes."""
    contents = draw(st.lists(WORDS | TEXT, min_size=2, max_size=6))
    roles = ("user", "assistant")
    return Chat(tuple(Message(roles[i % 2], content) for i, content in enumerate(contents)), "openai")
