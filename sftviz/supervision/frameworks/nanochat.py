"""nanochat: strict turns with marks of its own, a system message inside the first request, targets already shifted."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from sftviz.chat.messages import Message
from sftviz.chat.spans import Kind
from sftviz.supervision import IGNORE
from sftviz.supervision.frameworks.made import Asked, Framework, Labelled, NoRow, Preset
from sftviz.supervision.frameworks.own import as_text, content_of, raw
from sftviz.supervision.frameworks.pieces import Building
from sftviz.supervision.frameworks.said import why

FRAMEWORK = Framework(
    "nanochat",
    "nanochat",
    "nanochat 92d63d4",
    ("nanochat/tokenizer.py", "scripts/chat_sft.py"),
    "MIT",
    "ran",
    ("nanochat",),
)
PRESETS = (
    Preset(
        "nanochat/default",
        "nanochat",
        "what the assistant says and the mark that ends it; roles alternate strictly, thoughts are not read",
        {},
    ),
)
MAX_TOKENS = 2048


def encode(asked: Asked) -> Iterator[Labelled]:
    building = Building(asked.tokenizer)
    labels: list[int] = []
    marks = _Marks(asked)
    marks.add(building, labels, "bos", Kind(None, None, "gap"))
    for place, (turn, message) in enumerate(_turns(asked.chat.messages)):
        expected = "user" if place % 2 == 0 else "assistant"
        if message.role != expected:
            raise NoRow("order_refused", n=turn + 1, role=message.role)
        trained = message.role == "assistant"
        marks.add(building, labels, f"{message.role}_start", Kind(turn, message.role, "header"))
        said = content_of(message, turn)
        ids = building.add(said, encoded=as_text(asked.tokenizer, said.text))
        labels += ids if trained else [IGNORE] * len(ids)
        marks.add(building, labels, f"{message.role}_end", Kind(turn, message.role, "end"), trained=trained)
    length = asked.option("max_tokens", asked.option("max_length", MAX_TOKENS))
    building.drop(slice(0, length))
    rendering = building.rendering(asked.chat, "nanochat")
    yield Labelled(rendering, labels[:length], why(rendering, labels[:length], "fw_said"))


def _turns(messages: Sequence[Message]) -> list[tuple[int, Message]]:
    """A system message goes into the first request."""
    if not messages:
        raise NoRow("no_messages")
    turns = list(enumerate(messages))
    if messages[0].role != "system":
        return turns
    if len(messages) < 2 or messages[1].role != "user":
        raise NoRow("order_refused", n=min(2, len(messages)), role=messages[-1].role)
    joined = f"{raw(messages[0])}\n\n{raw(messages[1])}"
    return [(1, replace(messages[1], content=joined, inline=None)), *turns[2:]]


class _Marks:
    """The marks round turns: nanochat's own, which its tokenizer has as special tokens."""

    def __init__(self, asked: Asked):
        self.tokenizer = asked.tokenizer

    def add(self, building: Building, labels: list[int], name: str, kind: Kind, *, trained: bool = False) -> None:
        token = self.tokenizer.id_of(f"<|{name}|>")
        if token is None:
            raise NoRow("token_missing", token=f"<|{name}|>", tokenizer=self.tokenizer.name)
        building.add_token(token, kind)
        labels.append(token if trained else IGNORE)
