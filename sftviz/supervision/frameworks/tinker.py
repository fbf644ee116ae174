"""tinker-cookbook's Qwen 3 renderers: header, output and end token of a message; TrainOnWhat says which outputs."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from sftviz.chat.messages import Message, ToolCall
from sftviz.chat.spans import Kind
from sftviz.supervision.frameworks.made import Asked, Framework, Labelled, NoRow, Preset, labels_of
from sftviz.supervision.frameworks.own import (
    as_text,
    call_of,
    content_of,
    control,
    fitting,
    no_tool_list,
    part,
    raw,
    thought_of,
)  # fmt: skip
from sftviz.supervision.frameworks.pieces import EMPTY, Building, Piece, sum_of
from sftviz.supervision.frameworks.said import why

RENDERERS = ("qwen3", "qwen3_instruct", "qwen3_nothink")
FRAMEWORK = Framework(
    "tinker",
    "tinker-cookbook",
    "tinker-cookbook 0.6.1",
    ("renderers/base.py", "renderers/qwen3.py"),
    "Apache-2.0",
    "ran",
    RENDERERS,
)
PRESETS = (
    Preset(
        "tinker/last_message",
        "tinker, LAST_ASSISTANT_MESSAGE",
        "the last message, where the assistant wrote it",
        {"train_on_what": "last_assistant_message"},
    ),
    Preset(
        "tinker/last_turn",
        "tinker, LAST_ASSISTANT_TURN",
        "what the assistant wrote after the last user message",
        {"train_on_what": "last_assistant_turn"},
    ),
    Preset(
        "tinker/all_assistant",
        "tinker, ALL_ASSISTANT_MESSAGES",
        "every reply and its end token; earlier thoughts are taken out, the last reply is framed by one",
        {"train_on_what": "all_assistant_messages"},
    ),
    Preset(
        "tinker/all_messages",
        "tinker, ALL_MESSAGES",
        "what every message says and its end token; headers never",
        {"train_on_what": "all_messages"},
    ),
    Preset("tinker/all_tokens", "tinker, ALL_TOKENS", "every token", {"train_on_what": "all_tokens"}),
    Preset(
        "tinker/user_and_system",
        "tinker, ALL_USER_AND_SYSTEM_MESSAGES",
        "what users and the system say",
        {"train_on_what": "all_user_and_system_messages"},
    ),
    Preset(
        "tinker/examples",
        "tinker, build_supervised_examples",
        "one row a reply, each ending at it, where the renderer writes earlier replies otherwise than the last",
        {"train_on_what": "all_assistant_messages", "examples": True},
    ),
)
BEGIN, STOP = "<|im_start|>", "<|im_end|>"


@dataclass(frozen=True)
class _Chat:
    """What a renderer asks of the whole chat."""

    asked: Asked
    messages: tuple[Message, ...]
    renderer: str

    @property
    def last_user(self) -> int:
        return max((i for i, message in enumerate(self.messages) if message.role == "user"), default=-1)

    def frames(self, turn: int) -> bool:
        """True of the turn that is being produced: it gets a thought, an empty one where it has none."""
        is_last = turn == len(self.messages) - 1
        reply = self.messages[turn].role == "assistant"
        return self.renderer != "qwen3_instruct" and reply and self.last_user >= 0 and is_last


def encode(asked: Asked) -> Iterator[Labelled]:
    no_tool_list(asked.chat)
    if not asked.chat.messages:
        raise NoRow("no_messages")
    renderer, messages = fitting(asked, RENDERERS), asked.chat.messages
    if not asked.option("examples") or renderer == "qwen3_instruct":
        yield _row(_Chat(asked, messages, renderer), str(asked.option("train_on_what")))
        return
    replies = [i for i, message in enumerate(messages) if message.role == "assistant"]
    if not replies:
        raise NoRow("nothing_trained", drops=True)
    for turn in replies:
        yield _row(_Chat(asked, messages[: turn + 1], renderer), "last_assistant_message")


def _row(chat: _Chat, what: str) -> Labelled:
    tokenizer = chat.asked.tokenizer
    building, trained = Building(tokenizer), list[bool]()
    for turn, message in enumerate(chat.messages):
        header = _header(chat, turn, message.role)
        trained += [what == "all_tokens"] * len(building.add(header))
        output = _output(chat, turn)
        size = len(building.add(output, encoded=as_text(tokenizer, output.text))) + 1
        building.add_token(control(tokenizer, STOP), Kind(turn, message.role, "end"))
        trained += [_is_trained(chat, turn, what)] * size
    rendering = building.rendering(replace(chat.asked.chat, messages=chat.messages), chat.renderer)
    _not_what_is_given(chat, what, rendering.ids, trained)
    labels = labels_of(rendering.ids, trained)
    return Labelled(rendering, labels, why(rendering, labels, "fw_output"))


def _header(chat: _Chat, turn: int, role: str) -> Piece:
    """The line break after the turn before is tokenized, and trained, with the header."""
    written = "user" if role == "tool" else role
    after = part("\n", turn - 1, chat.messages[turn - 1].role, "after_end") if turn else EMPTY
    return after + part(f"{BEGIN}{written}\n", turn, role, "header")


def _is_trained(chat: _Chat, turn: int, what: str) -> bool:
    role, last = chat.messages[turn].role, len(chat.messages) - 1
    is_reply = role == "assistant"
    if what == "last_assistant_message":
        return is_reply and turn == last
    if what == "last_assistant_turn":
        before = [i for i, message in enumerate(chat.messages[:-1]) if message.role == "user"]
        return is_reply and turn > max(before, default=-1)
    if what == "all_assistant_messages":
        return is_reply
    return role in ("user", "system") if what == "all_user_and_system_messages" else True


def _output(chat: _Chat, turn: int) -> Piece:
    message = chat.messages[turn]
    said, has_text = _framed(chat, turn)
    if message.role == "tool":
        tags = ("<tool_response>\n", "\n</tool_response>")
        said = part(tags[0], turn, "tool", "header") + said + part(tags[1], turn, "tool", "header")
    for i, call in enumerate(message.tool_calls):
        said = said + call_of(("\n" if has_text or i else "") + _call(call), turn, [call], i)
    return said


def _framed(chat: _Chat, turn: int) -> tuple[Piece, bool]:
    """What a message says with its thought, and whether that is anything."""
    message, frames = chat.messages[turn], chat.frames(turn)
    text = raw(message)
    if message.reasoning and message.inline is None:
        return _with_field(chat, turn)
    if frames and "</think>" in text:
        thought, _, rest = text.partition("</think>")
        written = _block(thought.rpartition("<think>")[2]) + rest.lstrip("\n")
        return content_of(message, turn, written), True
    if frames and "<think>" not in text:
        block = part(_block(""), turn, "assistant", "empty_reasoning")
        return block + content_of(message, turn, text.lstrip("\n")), bool(text)
    return content_of(message, turn, text), bool(text)


def _with_field(chat: _Chat, turn: int) -> tuple[Piece, bool]:
    message, frames = chat.messages[turn], chat.frames(turn)
    is_last = turn == len(chat.messages) - 1
    said = content_of(replace(message, inline=None), turn, message.content.lstrip("\n") if frames else None)
    if not is_last:
        return content_of(replace(message, inline=None), turn), bool(message.content)
    thought = _block(message.reasoning) if frames else f"<think>{message.reasoning}</think>"
    return sum_of([thought_of(message, turn, thought), said]), True


def _block(thought: str) -> str:
    inner = thought.strip("\n")
    return f"<think>\n{inner}\n</think>\n\n"


def _call(call: ToolCall) -> str:
    return f"<tool_call>\n{json.dumps({'name': call.name, 'arguments': call.arguments})}\n</tool_call>"


def _not_what_is_given(chat: _Chat, what: str, ids: Sequence[int], trained: list[bool]) -> None:
    """Nothing of the generation prompt is trained, where the row begins with it."""
    last = len(chat.messages) - 1
    begins = {"last_assistant_message": last, "last_assistant_turn": chat.last_user + 1}.get(what)
    if begins is None or begins > last or chat.messages[begins].role != "assistant":
        return
    if chat.renderer == "qwen3_nothink" and chat.last_user < 0 and raw(chat.messages[last]):
        raise NoRow("no_user_no_thought")
    prompt = _prompt(chat, begins)
    if list(ids[: len(prompt)]) == prompt:
        trained[: len(prompt)] = [False] * len(prompt)
    elif chat.renderer == "qwen3_nothink":
        raise NoRow("thinking_is_off")


def _prompt(chat: _Chat, until: int) -> list[int]:
    """As it is written for generation: its own last message is framed if it is a reply."""
    before = replace(chat, messages=chat.messages[:until])
    building = Building(chat.asked.tokenizer)
    for turn in range(until):
        building.add(_header(chat, turn, before.messages[turn].role))
        output = _output(before, turn)
        building.add(output, encoded=as_text(chat.asked.tokenizer, output.text))
        building.add_token(control(chat.asked.tokenizer, STOP), Kind(turn, None, "end"))
    given = part(_block(""), until, "assistant", "empty_reasoning") if chat.renderer == "qwen3_nothink" else EMPTY
    building.add(_header(chat, until, "assistant") + given)
    return [token for _, encoded in building.parts for token in encoded.ids.tolist()]
