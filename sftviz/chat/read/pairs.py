"""What was asked and what was answered, under two keys: Alpaca, Dolly, ms-swift, prompt and completion, and others."""

from dataclasses import dataclass, replace
from typing import Any

from sftviz.chat.messages import Chat, ChatError, Message
from sftviz.chat.read.json_text import is_list, is_object, kind
from sftviz.chat.read.places import key_place
from sftviz.chat.read.reading import Fields, Reading
from sftviz.chat.read.sample import chat_of
from sftviz.chat.read.turns import finished_message, pair, read_turns


@dataclass(frozen=True)
class Pair:
    """A row of PAIRS: under which keys the two texts stand. `template`: what the data's own paper wrote it with."""

    name: str
    asked: str
    answered: tuple[str, ...]
    more: tuple[str, ...] = ()  # text that belongs to what was asked, under "### Input:"
    template: str | None = None


# In the order tried. The first whose `asked` and one of whose `answered` are there
PAIRS = (
    Pair("alpaca", "instruction", ("output", "response", "completion", "answer"), ("input", "context"), "alpaca"),
    Pair("query_response", "query", ("response", "answer", "output")),
    Pair("query_response", "question", ("answer", "response", "output", "completion")),
    Pair("query_response", "prompt", ("response", "answer", "output", "reply")),
    Pair("query_response", "input", ("output", "target", "response", "answer")),
    Pair("query_response", "human", ("assistant", "gpt", "bot")),
    Pair("query_response", "user", ("assistant",)),
)


def pair_of(value: Any) -> Pair | None:
    if not is_object(value):
        return None
    whole = (row for row in PAIRS if row.asked in value and any(key in value for key in row.answered))
    return next(whole, PAIRS[0] if "instruction" in value else None)


def read_pair(value: dict[str, Any], reading: Reading) -> Chat:
    row, fields = pair_of(value) or PAIRS[0], Fields(value, reading)
    answered = fields.first(*row.answered)
    asked = _asked(fields, row)
    turns = [*_history(fields), *asked]
    start = len(turns)
    if answered is None:
        reading.tell("answer_missing", None, keys=row.answered)
    else:
        turns += _side(fields, answered, "assistant")
    # Alpaca's own words stand round one question; further turns take the usual template's
    template = row.template if not start - len(asked) else None
    return chat_of(fields, turns, row.name, template=template, completion_start=start)


def _asked(fields: Fields, row: Pair) -> list[Message]:
    given = _text(fields, fields.first(*row.more)) if row.more else ""
    asked = _side(fields, row.asked, "user")
    if not given or not asked:
        return asked or ([Message("user", given)] if given else [])
    return [*asked[:-1], replace(asked[-1], content=f"{asked[-1].content}\n\n### Input:\n{given}")]


def _side(fields: Fields, key: str, role: str) -> list[Message]:
    """One side of a pair: a text, or turns."""
    held = fields.raw(key)
    if (is_list(held) and held) or is_object(held):
        return read_turns(held, fields.reading)
    return [finished_message(Message(role, _as_text(held, key)), fields)]


def _text(fields: Fields, key: str | None) -> str:
    return _as_text(fields.raw(key), key) if key else ""


def _as_text(value: Any, key: str) -> str:
    if value is not None and not isinstance(value, str):
        raise ChatError("text_expected", key_place(key), key=key, kind=kind(value))
    return value or ""


def _history(fields: Fields) -> list[Message]:
    """Turns that came before, as pairs or as messages. LLaMA-Factory trains their answers too."""
    held = fields.take("history")
    if held is None:
        return []
    if not is_list(held):
        raise ChatError("history", key_place("history"), kind=kind(held))
    if all(is_list(turn) for turn in held):
        for turn in held:
            if len(turn) != 2 or not all(isinstance(said, str | None) for said in turn):
                raise ChatError("history", key_place("history"), kind=kind(turn))
        return [message for n, turn in enumerate(held, 1) for message in pair(turn, n, fields.reading)]
    return read_turns(held, fields.reading)


def is_prompt_completion(value: Any) -> bool:
    return is_object(value) and "prompt" in value and "completion" in value


def read_prompt_completion(value: dict[str, Any], reading: Reading) -> Chat:
    fields = Fields(value, reading)
    return joined(fields, fields.raw("prompt"), fields.raw("completion"), "prompt_completion")


def joined(fields: Fields, prompt: Any, completion: Any, form: str) -> Chat:
    """Two texts joined without a template, or two lists of messages, as TRL takes them."""
    if isinstance(prompt, str) and isinstance(completion, str):
        turns = [Message("user", prompt), Message("assistant", completion)]
        return chat_of(fields, turns, form, system_keys=(), template="plain", completion_start=1)
    if not is_list(prompt) or not is_list(completion):
        raise ChatError("prompt_completion", prompt=kind(prompt), completion=kind(completion))
    turns = read_turns([*prompt, *completion], fields.reading)
    after = len(read_turns(prompt, replace(fields.reading, notices=[], unread={}))) if prompt else 0
    return chat_of(fields, turns, form, completion_start=after)
