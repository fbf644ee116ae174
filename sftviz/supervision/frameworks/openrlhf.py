"""OpenRLHF's SFTDataset: text cut by the length of the prompt, tokens counted, a mask of the positions that predict."""

from collections.abc import Iterator

from sftviz.chat.rendering import Rendering
from sftviz.chat.spans import Kind
from sftviz.supervision import IGNORE
from sftviz.supervision.frameworks.made import Asked, Framework, Labelled, NoRow, Preset
from sftviz.supervision.frameworks.pieces import Building, Piece, piece, piece_of
from sftviz.supervision.frameworks.said import why
from sftviz.supervision.frameworks.writer import Writer, writer

FRAMEWORK = Framework(
    "openrlhf",
    "OpenRLHF",
    "openrlhf 0.11.2",
    ("datasets/sft_dataset.py",),
    "Apache-2.0",
    "ran",
)
PRESETS = (
    Preset(
        "openrlhf/last",
        "OpenRLHF",
        "the last message, whoever wrote it: all beyond as many tokens as the prompt has",
        {},
    ),
    Preset(
        "openrlhf/multiturn",
        "OpenRLHF, multiturn",
        "every reply by counted tokens, its end-of-turn and, but for the last, the line break after it",
        {"multiturn": True},
    ),
)
ANSWER = 2  # tokens that a prompt must leave within max_length


def encode(asked: Asked) -> Iterator[Labelled]:
    one = writer(asked)
    length = asked.option("max_length", 4096)
    messages = one.chat.messages
    whole = one.rendering()
    ranges = _reply_ranges(one, length) if asked.option("multiturn") else None
    if len(messages) == 1:
        raise NoRow("no_prompt")
    prompt = one.prompt_piece(whole, messages[:-1])
    before = min(len(one.encode(prompt.text)), length)
    if not whole.text[len(prompt.text) :] or before >= length - ANSWER:
        raise NoRow("prompt_fills_row", drops=True, size=before, length=length)
    rendering = _row(one, _ended(one, prompt + piece_of(whole).cut(len(prompt.text))), length)
    ids = rendering.ids
    predicts = [False] * len(ids)
    for start, end in [(before, len(ids) - 1)] if ranges is None else ranges:
        # a start of 0 is -1 to Python, the last position
        for t in range(len(ids))[start - 1 : end]:
            predicts[t] = True
    labels = [IGNORE, *(token if yes else IGNORE for token, yes in zip(ids[1:], predicts[:-1], strict=True))]
    yield Labelled(rendering, labels, why(rendering, labels, "fw_counted"))


def _reply_ranges(one: Writer, length: int) -> list[tuple[int, int]]:
    """Of each reply the first and last token, counted in a prompt and a reply that are tokenized apart."""
    found: list[tuple[int, int]] = []
    messages = one.chat.messages
    for turn, message in enumerate(messages):
        if message.role == "assistant":
            if turn == 0:
                raise NoRow("no_prompt")
            prompt = one.text(messages[:turn], generation_prompt=True)
            reply = one.text(messages[: turn + 1])[len(prompt) :]
            start = min(len(one.encode(prompt)), length)
            found.append((start, start + min(len(one.encode(reply)), length) - 1))
    return found


def _ended(one: Writer, row: Piece) -> Piece:
    """Without line breaks at its end, and with eos there; where it lacks one, a space before."""
    row = row.cut(0, len(row.text.rstrip("\n")))
    eos = str(one.asked.tokenizer.variables.get("eos_token", ""))
    if row.text.endswith(eos):
        return row
    last = row.kind_at(len(row.text) - 1)
    return row + piece(f" {eos}", Kind(last.turn, last.role, "end"))


def _row(one: Writer, row: Piece, length: int) -> Rendering:
    """The row's tokens, the last one overwritten by eos even where the row was cut."""
    building = Building(one.asked.tokenizer)
    encoded = one.encode(row.text)
    size = min(len(encoded), length)
    eos = one.asked.tokenizer.eos_id
    if eos is None or int(encoded.ids[size - 1]) == eos:
        building.add(row, slice(0, size), encoded)
    else:
        last = row.kind_at(int(encoded.starts[size - 1]))
        building.add(row, slice(0, size - 1), encoded)
        building.add_token(eos, Kind(last.turn, last.role, "end"))
    return building.rendering(one.chat, one.template.name, one.variables)
