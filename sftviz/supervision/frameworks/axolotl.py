"""Axolotl's chat_template strategy: a turn is where the text changes when its message is replaced by a placeholder."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from os.path import commonprefix

from sftviz.chat.messages import Message
from sftviz.chat.rendering import Rendering
from sftviz.supervision import IGNORE
from sftviz.supervision.frameworks.made import Asked, Framework, Labelled, NoRow, Preset
from sftviz.supervision.frameworks.pieces import Building, cut_rendering, encoded_of, piece_of
from sftviz.supervision.frameworks.said import explained, why
from sftviz.supervision.frameworks.writer import Writer, writer

FRAMEWORK = Framework(
    "axolotl",
    "Axolotl",
    "axolotl 0.19.0",
    ("prompt_strategies/chat_template.py", "utils/data/utils.py"),
    "Apache-2.0",
    "ran",
)
PRESETS = (
    Preset(
        "axolotl/default",
        "Axolotl",
        "replies and their end-of-turn; an empty reply is not found, so its end is not trained either",
        {},
    ),
    Preset(
        "axolotl/train_on_inputs",
        "Axolotl, train_on_inputs",
        "what every message says, and its end; headers never",
        {"train_on_inputs": True},
    ),
    Preset(
        "axolotl/eos_all",
        "Axolotl, train_on_eos: all",
        "replies, and the end-of-turn of every role",
        {"train_on_eos": "all"},
    ),
    Preset(
        "axolotl/eos_last",
        "Axolotl, train_on_eos: last",
        "replies, and the last end-of-turn only",
        {"train_on_eos": "last"},
    ),
    Preset(
        "axolotl/eos_none",
        "Axolotl, train_on_eos: none",
        "replies without any end-of-turn: the model never learns to stop",
        {"train_on_eos": "none"},
    ),
    Preset(
        "axolotl/user_too",
        "Axolotl, roles_to_train: user, assistant",
        "what users and the assistant say, and their ends",
        {"roles_to_train": ("user", "assistant")},
    ),
    Preset(
        "axolotl/tool_too",
        "Axolotl, roles_to_train: assistant, tool",
        "replies and tool results, and their ends",
        {"roles_to_train": ("assistant", "tool")},
    ),
    Preset(
        "axolotl/eot_tokens",
        "Axolotl, eot_tokens",
        "replies and their end-of-turn, which is named where it is not the tokenizer's eos",
        {"eot_tokens": ("<|im_end|>", "<|eot_id|>", "<end_of_turn>")},
    ),
    Preset(
        "axolotl/legacy",
        "Axolotl, roles_to_train: []",
        "all after the prompt of the last message; tools are not written",
        {"roles_to_train": (), "train_on_eos": None},
    ),
)
PLACEHOLDERS = ("[[dummy_message]]", "zzdummymessagezz")
NEAR = 3  # tokens between a turn and its end
Stretch = tuple[int, int]


def encode(asked: Asked) -> Iterator[Labelled]:
    one = writer(asked)
    made = _legacy(one) if _is_legacy(asked) else _by_turns(one)
    length = asked.option("sequence_len", asked.option("max_length"))
    if length is None or len(made.labels) <= length:
        yield made
        return
    over = asked.option("excess_length_strategy", "drop")
    if over != "truncate":
        raise NoRow("too_long", drops=over == "drop", size=len(made.labels), length=length)
    keep = slice(0, length)
    yield Labelled(cut_rendering(made.rendering, keep), made.labels[keep], made.reasons[keep])


def _is_legacy(asked: Asked) -> bool:
    return not asked.option("roles_to_train", ("assistant",)) and not asked.option("train_on_eos", "turn")


def _legacy(one: Writer) -> Labelled:
    """The prompt's ids, then those of the row beyond as many: by count, whatever the prompt holds."""
    messages = one.chat.messages
    if len(messages) == 1:
        raise NoRow("no_prompt")
    whole = one.rendering()
    building = Building(one.asked.tokenizer)
    prompt = building.add(one.prompt_piece(whole, messages[:-1]))
    completion = building.add(piece_of(whole), slice(len(prompt), None), encoded_of(whole))
    rendering = building.rendering(one.chat, one.template.name, one.variables)
    labels = [*[IGNORE] * len(prompt), *completion]
    return Labelled(rendering, labels, why(rendering, labels, "fw_completion", "fw_prompt"))


@dataclass
class _Row:
    """Labels under way, and why each token is trained."""

    rendering: Rendering
    labels: list[int] = field(default_factory=list[int])
    because: dict[int, str] = field(default_factory=dict[int, str])

    def __post_init__(self) -> None:
        self.labels = [IGNORE] * len(self.rendering.tokens)

    def train(self, start: int, end: int, because: str) -> None:
        for t in range(start, min(end, len(self.labels))):
            self.labels[t] = self.rendering.ids[t]
            self.because[t] = because


def _by_turns(one: Writer) -> Labelled:
    asked, rendering = one.asked, one.rendering()
    on_eos = asked.option("train_on_eos", "turn")
    row = _Row(rendering)
    ends: list[int] = []
    for turn, message in enumerate(one.chat.messages):
        trains = _trains(asked, message)
        if not trains and on_eos != "all":
            continue
        span = find_turn(one, rendering, turn)
        if trains and span is not None:
            row.train(*span, "fw_turn")
        end = _end_after(asked, rendering, span and span[1])
        if end is not None:
            ends.append(end)
            if on_eos == "all" or (on_eos == "turn" and trains):
                row.train(end, end + 1, "fw_end_near")
    if on_eos == "last" and ends:
        row.train(ends[-1], ends[-1] + 1, "fw_end_near")
    plain = why(rendering, row.labels, "fw_turn")
    codes = [row.because.get(t, said.code.removeprefix("reason.")) for t, said in enumerate(plain)]
    return Labelled(rendering, row.labels, explained(rendering, row.labels, lambda t: codes[t]))


def _trains(asked: Asked, message: Message) -> bool:
    """A message's own field beats its role."""
    if message.mark is not None and message.mark.weight is not None:
        return message.mark.weight != 0
    return bool(asked.option("train_on_inputs")) or message.role in asked.option("roles_to_train", ("assistant",))


def find_turn(one: Writer, rendering: Rendering, turn: int) -> Stretch | None:
    """Tokens [start, end) of what a message says; None where the text does not depend on it."""
    texts = [one.text(_replaced(one, turn, held)) for held in PLACEHOLDERS]
    spans = [_difference(rendering.text, text) for text in texts]
    start, end = min(a for a, _ in spans), max(b for _, b in spans)
    if end <= start:
        return None
    first = bisect_right(rendering.tokens.ends.tolist(), start)
    last = bisect_left(rendering.tokens.starts.tolist(), end)
    return (first, last) if first < last else None


def _replaced(one: Writer, turn: int, held: str) -> list[Message]:
    messages = list(one.chat.messages)
    messages[turn] = Message(messages[turn].role, held)
    return messages


def _difference(text: str, other: str) -> Stretch:
    """Characters [start, end) of a text that another lacks: without what both begin and end with."""
    start = len(commonprefix([text, other]))
    limit = min(len(text), len(other)) - start
    end = len(commonprefix([text[::-1], other[::-1]])[:limit])
    return start, len(text) - end


def _end_after(asked: Asked, rendering: Rendering, after: int | None) -> int | None:
    """The first end-of-turn at most three tokens behind a turn.

    Of a turn that was not found the place is -1: then a row that ends in such a token has none for it, and of any other
    row the first three tokens are looked at.
    """
    tokenizer = asked.tokenizer
    named = asked.option("eot_tokens")
    ends = {tokenizer.eos_id} if named is None else {tokenizer.eos_id, *map(tokenizer.id_of, named)}
    if after is None and rendering.ids[-1] in ends:
        return None
    place = -1 if after is None else after
    found = next((t for t in range(max(place, 0), len(rendering.ids)) if rendering.ids[t] in ends), None)
    return found if found is not None and abs(found - place) <= NEAR else None
