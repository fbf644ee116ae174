"""torchtune's SFTTransform: one flag a message, over its header, content, end-of-turn and line break alike."""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field

from sftviz.chat.messages import Message
from sftviz.chat.spans import Kind
from sftviz.chat.tokenizers.protocol import Encoded
from sftviz.supervision.frameworks.made import Asked, Framework, Labelled, NoRow, Preset, labels_of
from sftviz.supervision.frameworks.own import as_text, content_of, control, fitting, part, raw
from sftviz.supervision.frameworks.pieces import Building, Piece, piece
from sftviz.supervision.frameworks.said import why

FRAMEWORK = Framework(
    "torchtune",
    "torchtune",
    "torchtune 0.6.1",
    ("data/_messages.py", "datasets/_sft.py", "models/qwen2/_tokenizer.py", "models/llama3/_tokenizer.py"),
    "BSD-3-Clause",
    "ran",
    ("chatml", "llama3"),
)
PRESETS = (
    Preset(
        "torchtune/default",
        "torchtune",
        "whole messages of the assistant, headers too; with a max_length the last token is never trained",
        {},
    ),
    Preset("torchtune/train_on_input", "torchtune, train_on_input", "every message whole", {"train_on_input": True}),
)


@dataclass
class _Row:
    building: Building
    trained: list[bool] = field(default_factory=list[bool])

    def add(self, one: Piece, trained: bool, encoded: Encoded | None = None) -> None:
        self.trained += [trained] * len(self.building.add(one, encoded=encoded))

    def add_token(self, token: int, kind: Kind, trained: bool) -> None:
        self.building.add_token(token, kind)
        self.trained.append(trained)


def encode(asked: Asked) -> Iterator[Labelled]:
    messages = asked.chat.messages
    _check_order(messages)
    row = _Row(Building(asked.tokenizer))
    length = asked.option("max_length")
    template = fitting(asked, FRAMEWORK.templates)
    write = _llama3 if template == "llama3" else _qwen2
    eos = write(asked, row, length)
    if length:
        _cut(row, length, eos)
    rendering = row.building.rendering(asked.chat, template)
    labels = labels_of(rendering.ids, row.trained)
    yield Labelled(rendering, labels, why(rendering, labels, "fw_whole_message"))


def _check_order(messages: tuple[Message, ...]) -> None:
    """Two messages at least, a system message only first, and every reply right after a request."""
    if len(messages) < 2:
        raise NoRow("too_few_messages")
    before = "assistant"
    for turn, message in enumerate(messages):
        wrong = (
            (message.role == "assistant" and before != "user")
            or (message.role == before == "user")
            or (message.role == "system" and turn > 0)
        )
        if wrong:
            raise NoRow("order_refused", n=turn + 1, role=message.role)
        before = message.role


def _trained(asked: Asked, message: Message) -> bool:
    return message.role == "assistant" or bool(asked.option("train_on_input"))


def _qwen2(asked: Asked, row: _Row, length: int | None) -> int:
    tokenizer, last = asked.tokenizer, len(asked.chat.messages) - 1
    start, end = control(tokenizer, "<|im_start|>"), control(tokenizer, "<|im_end|>")
    for turn, message in enumerate(asked.chat.messages):
        trained = _trained(asked, message)
        header = Kind(turn, message.role, "header")
        row.add_token(start, header, trained)
        row.add(piece(f"{message.role}\n", header), trained)
        row.add(content_of(message, turn, unicodedata.normalize("NFC", raw(message))), trained)
        if message.role != "assistant" or turn != last:
            row.add_token(end, Kind(turn, message.role, "end"), trained)
            row.add(part("\n", turn, message.role, "after_end"), trained)
        if length and len(row.trained) >= length:
            break
    final = asked.chat.messages[last]
    is_reply = final.role == "assistant"
    row.add_token(end, Kind(last, final.role, "end") if is_reply else Kind(None, None, "end"), row.trained[-1])
    return end


def _llama3(asked: Asked, row: _Row, length: int | None) -> int:
    tokenizer = asked.tokenizer
    begin, eos, end = (control(tokenizer, one) for one in ("<|begin_of_text|>", "<|endoftext|>", "<|eot_id|>"))
    opening, closing = (control(tokenizer, f"<|{one}_header_id|>") for one in ("start", "end"))
    row.add_token(begin, Kind(None, None, "gap"), False)
    for turn, message in enumerate(asked.chat.messages):
        trained = _trained(asked, message)
        header = Kind(turn, message.role, "header")
        row.add_token(opening, header, trained)
        row.add(piece(message.role, header), trained, as_text(tokenizer, message.role))
        row.add_token(closing, header, trained)
        row.add(piece("\n\n", header), trained)
        text = raw(message).strip()
        row.add(content_of(message, turn, text), trained, as_text(tokenizer, text))
        row.add_token(end, Kind(turn, message.role, "end"), trained)
        if length and len(row.trained) >= length:
            break
    row.add_token(eos, Kind(None, None, "end"), False)
    return eos


def _cut(row: _Row, length: int, eos: int) -> None:
    """The first `length` tokens, the last of them overwritten by eos and never trained, even where nothing is cut."""
    if len(row.trained) > length:
        row.building.drop(slice(0, length - 1))
        del row.trained[length - 1 :]
        row.add_token(eos, Kind(None, None, "end"), False)
    row.trained[-1] = False
