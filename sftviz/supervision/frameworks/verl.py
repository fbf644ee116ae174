"""verl's MultiTurnSFTDataset: every message rendered and tokenized alone, and then compared with the whole chat."""

from collections.abc import Iterator

from sftviz.chat.messages import Message
from sftviz.chat.tokenizers.protocol import Encoded
from sftviz.supervision import IGNORE
from sftviz.supervision.frameworks.made import Asked, Framework, Labelled, NoRow, Preset
from sftviz.supervision.frameworks.pieces import Building, Piece, cut_rendering
from sftviz.supervision.frameworks.said import why
from sftviz.supervision.frameworks.writer import Writer, writer

FRAMEWORK = Framework(
    "verl",
    "verl",
    "verl 0.9.1",
    ("utils/dataset/multiturn_sft_dataset.py", "utils/tokenizer/chat_template.py"),
    "Apache-2.0",
    "ran",
)
PRESETS = (
    Preset(
        "verl/multiturn",
        "verl, multi-turn",
        "replies with all that the template writes behind them; an error where message by message gives other tokens",
        {},
    ),
    Preset(
        "verl/ignore_mismatch",
        "verl, ignore_input_ids_mismatch",
        "the same without that check: the row is what the messages give one by one",
        {"ignore_input_ids_mismatch": True},
    ),
)


def encode(asked: Asked) -> Iterator[Labelled]:
    one = writer(asked)
    injected, header = _frame(one)
    building = Building(asked.tokenizer)
    labels: list[int] = []
    for turn, message in enumerate(one.chat.messages):
        skipped = injected if turn and message.role != "system" else 0
        ids = building.add(*_alone(one, message, turn, skipped))
        start = header if message.role == "assistant" else len(ids)
        labels += [IGNORE] * min(start, len(ids)) + ids[start:]
    rendering = building.rendering(one.chat, one.template.name, one.variables)
    whole = one.rendering()
    if not asked.option("ignore_input_ids_mismatch") and rendering.ids != whole.ids:
        raise NoRow("not_message_by_message")
    length = asked.option("max_length", 1024)
    if len(labels) > length:
        if asked.option("truncation", "error") == "error":
            raise NoRow("too_long", size=len(labels), length=length)
        rendering, labels = cut_rendering(rendering, slice(0, length)), labels[:length]
    yield Labelled(rendering, labels, why(rendering, labels, "fw_message_alone"))


def _alone(one: Writer, message: Message, turn: int, skipped: int) -> tuple[Piece, slice, Encoded]:
    """A message rendered alone; where the template refuses that, behind an empty user message, which is cut off."""
    tools = turn == 0
    try:
        piece, extra = one.piece([message], turn, tools=tools), 0
    except NoRow:
        empty = Message("user", "")
        extra = len(one.encode(one.text([empty], tools=tools)))
        piece = one.piece([empty, message], turn - 1, tools=tools)
    encoded = one.encode(piece.text)
    keep = slice(extra, None)
    encoded = Encoded(encoded.ids[keep], encoded.starts[keep], encoded.ends[keep])
    return piece, slice(skipped, None), encoded


def _frame(one: Writer) -> tuple[int, int]:
    """How many tokens the template writes on its own before a user's message, and how many open a reply.

    Found from one and two empty messages: what the second adds is a message alone.
    """
    empty = Message("user", "")
    alone = len(one.encode(one.text([empty], tools=False)))
    both = len(one.encode(one.text([empty, empty], tools=False)))
    asked = one.encode(one.text([empty], generation_prompt=True, tools=False))
    return alone - (both - alone), len(asked) - alone
