"""The forms of values, in the order tried: VALUE_FORMATS. A sample that is JSON or Python -> Chat."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import Any

from sftviz.chat.messages import ROLES, Chat, ChatError
from sftviz.chat.read import conversations, pairs, preference, providers, tokenized
from sftviz.chat.read.format import Format
from sftviz.chat.read.json_messages import finished
from sftviz.chat.read.json_text import is_list, is_object, kind, repeated_keys, short
from sftviz.chat.read.places import message_place
from sftviz.chat.read.reading import Reading

LONGEST_CHAT = 1_000_000  # characters of one sample
MOST_KEYS_NAMED = 6


def _row(
    name: str,
    title: str,
    example: str,
    meaning: str,
    reads: Callable[[Any], bool],
    read: Callable[[Any, Reading], Chat],
) -> Format:
    return Format(name, title, example, meaning, reads, read)


_ROWS = (
    _row(
        "tokenized",
        "Tokenized row",
        '{"input_ids": [1, 5, 6], "labels": [-100, 5, 6]}',
        "Ids and labels as a trainer's data holds them; nothing is written or cut anew.",
        tokenized.is_tokenized,
        tokenized.read_tokenized,
    ),
    _row(
        "preference",
        "Preference row",
        '{"prompt": "Hi", "chosen": "Hello", "rejected": "Go away"}',
        "A chosen and a rejected side, as DPO takes them; one of them is read as a chat.",
        preference.is_preference,
        preference.read_preference,
    ),
    _row(
        "segments",
        "Axolotl segments",
        '{"segments": [{"text": "Hi ", "label": false}, {"text": "Hello", "label": true}]}',
        "Text cut into segments that are trained or not, as Axolotl's input_output takes it.",
        tokenized.is_segments,
        tokenized.read_segments,
    ),
    _row(
        "chatgpt_export",
        "ChatGPT export",
        '{"mapping": {…}, "current_node": "…"}',
        "One conversation of the file that ChatGPT exports; the branch shown last is read.",
        providers.is_chatgpt_export,
        providers.read_chatgpt_export,
    ),
    _row(
        "claude_export",
        "Claude export",
        '{"chat_messages": [{"sender": "human", "text": "Hi"}]}',
        "One conversation of the file that Claude exports.",
        providers.is_claude_export,
        providers.read_claude_export,
    ),
    _row(
        "tree",
        "Tree of answers",
        '{"message_tree_id": "…", "prompt": {"text": "…", "replies": […]}}',
        "OpenAssistant's trees are refused: which of the answers is trained is not in them.",
        providers.is_tree,
        providers.refuse_tree,
    ),
    _row(
        "openai",
        "OpenAI messages",
        '[{"role": "user", "content": "Hi"}]',
        "A list of messages, or an object with messages and tools, as the OpenAI and Anthropic APIs take them.",
        conversations.is_openai,
        partial(conversations.read_conversation, form="openai"),
    ),
    _row(
        "gemini",
        "Gemini contents",
        '{"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]}',
        "Contents made of parts, as the Gemini API takes them.",
        conversations.is_gemini,
        partial(conversations.read_conversation, form="gemini"),
    ),
    _row(
        "sharegpt",
        "ShareGPT",
        '{"conversations": [{"from": "human", "value": "Hi"}]}',
        "Turns of from and value, as FastChat and LLaMA-Factory store them; human is the user, gpt the assistant.",
        conversations.holds_turns,
        partial(conversations.read_conversation, form="sharegpt"),
    ),
    _row(
        "responses",
        "OpenAI Responses",
        '{"input": [{"role": "user", "content": "Hi"}], "output": []}',
        "Items of input and output, as OpenAI's Responses API holds them.",
        providers.is_responses,
        providers.read_responses,
    ),
    _row(
        "alternating",
        "Alternating texts",
        '{"data": ["Hi", "Hello"]}',
        "A list of texts, the user's first, as UltraChat stores them.",
        conversations.is_alternating,
        conversations.read_alternating,
    ),
    _row(
        "alpaca",
        "Alpaca",
        '{"instruction": "…", "input": "", "output": "…"}',
        "One instruction, an optional input, one output, and turns before them under history; Dolly's keys as well.",
        lambda value: getattr(pairs.pair_of(value), "name", "") == "alpaca",
        pairs.read_pair,
    ),
    _row(
        "prompt_completion",
        "Prompt and completion",
        '{"prompt": "…", "completion": "…"}',
        "Two texts that are joined without a template, or two lists of messages, as TRL takes them.",
        pairs.is_prompt_completion,
        pairs.read_prompt_completion,
    ),
    _row(
        "query_response",
        "Query and response",
        '{"query": "Hi", "response": "Hello", "history": [["One", "Two"]]}',
        "One question and one answer: query and response, question and answer, prompt and response, input and output.",
        lambda value: getattr(pairs.pair_of(value), "name", "") == "query_response",
        pairs.read_pair,
    ),
    _row(
        "text_column",
        "Text column",
        '{"text": "…"}',
        "Training text under the key text; it is read as if it had been pasted.",
        tokenized.is_text_column,
        tokenized.read_text_column,
    ),
)
VALUE_FORMATS: dict[str, Format] = {row.name: row for row in _ROWS}


def form_of(value: Any) -> Format | None:
    return next((form for form in VALUE_FORMATS.values() if form.reads(value)), None)


def read_value(value: Any, make_reading: Callable[[], Reading]) -> Chat:
    """One sample. Raises ChatError where no form reads it, or its form finds a mistake."""
    form, reading = form_of(value), make_reading()
    if form is None:
        raise _unrecognised(value)
    _refuse_repeated(value)
    _refuse_long(value)
    chat: Chat = form.read(value, reading)
    if reading.side == "rejected" and form.name != "preference":
        raise ChatError("no_sides", form=form.title)
    texts = frozenset(message.content.strip() for message in chat.messages)
    told = reading.told(texts)
    return finished(replace(chat, notices=(*told, *chat.notices)) if told else chat)


def _refuse_long(value: Any) -> None:
    """Counted before the sample is read, so that a long one costs nothing more."""
    count, level = 0, [value]
    while level:
        count += sum(len(item) for item in level if isinstance(item, str))
        held: list[Iterable[Any]] = [item.values() for item in level if is_object(item)]
        held += [item for item in level if is_list(item)]
        level = [item for items in held for item in items]
    if count > LONGEST_CHAT:
        raise ChatError("too_long", count=count, most=LONGEST_CHAT)


def _refuse_repeated(value: Any) -> None:
    """A key written twice: JSON readers keep the last without a word."""
    if not repeated_keys(value):
        return
    turns = conversations.turns_within(value)
    for where, part in [*((message_place(n), turn) for n, turn in enumerate(turns, 1)), (None, value)]:
        for key in repeated_keys(part):
            raise ChatError("duplicate_key", where, key=short(key))


def _unrecognised(value: Any) -> ChatError:
    if is_object(value):
        keys = tuple(short(key) for key in list(value)[:MOST_KEYS_NAMED])
        return ChatError("not_a_chat_object", keys=keys) if keys else ChatError("not_a_chat_empty")
    if value == []:
        return ChatError("no_messages")
    if is_list(value):
        n = next((i for i, item in enumerate(value) if not is_object(item)), 0)
        if not is_object(value[n]):
            return ChatError("not_a_message", message_place(n + 1), kind=kind(value[n]))
        return ChatError("role_missing", message_place(n + 1), roles=ROLES)
    return ChatError("not_a_chat", kind=kind(value))
