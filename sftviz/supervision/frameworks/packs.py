"""Rows packed as the frameworks pack them: what is cut, what is padded, and where positions and attention restart."""

from bisect import bisect_right
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count

from sftviz.supervision import IGNORE
from sftviz.supervision.frameworks.made import FrameworkRow, Labelled, NoRow, Preset, joined
from sftviz.supervision.frameworks.pieces import PADDING, Building, Piece, counted_on, encoded_of, piece_of
from sftviz.supervision.frameworks.said import of_token
from sftviz.words import Said


@dataclass(frozen=True)
class Fragment:
    """Tokens [start, end) of one of the rows."""

    row: int
    start: int
    end: int

    @property
    def size(self) -> int:
        return self.end - self.start


@dataclass(frozen=True)
class Packing:
    """A framework's way to pack. plan: sizes and a length -> the fragments of every packed row."""

    name: str
    title: str
    meaning: str
    source: str
    plan: Callable[[Sequence[int], int], list[list[Fragment]]]
    positions: str = "restart"  # "restart" with every fragment; "in_row": tokens of a row cut in two count on; "none"
    attention: str = "none"  # "none", "ones" (padding too), "numbered" by document
    first_label: bool = True  # False: the first label of every fragment is taken out
    padded: int | None = None  # rows are filled up to the length and so many more; None: not at all


def pack(name: str, rows: Sequence[FrameworkRow], length: int) -> list[FrameworkRow]:
    """Rows of one preset, packed. Raises NoRow where the framework refuses a row that is too long."""
    packing = PACKINGS[name]
    sizes = [len(row.rendering.tokens) for row in rows]
    preset = Preset(packing.name, packing.title, packing.meaning)
    return [
        joined(preset, _labelled(packing, rows, plan, length), packing.source) for plan in packing.plan(sizes, length)
    ]


def _labelled(packing: Packing, rows: Sequence[FrameworkRow], plan: Sequence[Fragment], length: int) -> Labelled:
    tokenizer = rows[0].rendering.tokenizer
    building = Building(tokenizer)
    labels, reasons, messages = list[int](), list[Said](), list[object]()
    positions, documents = list[int](), list[int]()
    for number, fragment in enumerate(plan, 1):
        row = rows[fragment.row]
        keep = slice(fragment.start, fragment.end)
        one = piece_of(row.rendering)
        moved = Piece(one.text, tuple((at, counted_on(kind, len(messages))) for at, kind in one.kinds))
        building.add(moved, keep, encoded_of(row.rendering))
        messages += row.rendering.chat.messages
        mine = list(row.verdicts.labels[keep])
        why = [row.verdicts.reason(t) for t in range(fragment.start, fragment.end)]
        if not packing.first_label:
            mine[0], why[0] = IGNORE, Said("reason.fw_seam", what=of_token(row.rendering, fragment.start))
        labels += mine
        reasons += why
        begins = fragment.start if packing.positions == "in_row" else 0
        positions += range(begins, begins + fragment.size)
        documents += [number] * fragment.size
    missing = 0 if packing.padded is None else length + packing.padded - len(labels)
    for _ in range(missing):
        building.add_token(_pad(packing, tokenizer), PADDING)
    labels += [IGNORE] * missing
    reasons += [Said("reason.fw_padding", what=Said("part.padding"))] * missing
    chat = replace(rows[0].rendering.chat, messages=tuple(messages))
    rendering = building.rendering(chat, rows[0].rendering.template.name)
    return Labelled(
        rendering, labels, reasons,
        position_ids=_positions(packing, positions, missing, length),
        attention_mask=_attention(packing, documents, missing),
    )  # fmt: skip


def _pad(packing: Packing, tokenizer: object) -> int:
    pad = getattr(tokenizer, "pad_id", None)
    if pad is None:
        raise NoRow("no_pad_token")
    return pad


def _positions(packing: Packing, positions: list[int], missing: int, length: int) -> list[int] | None:
    """Padding counts on in torchtune, and stands at 0 in LLaMA-Factory."""
    if packing.positions == "none":
        return None
    if packing.positions == "in_row":
        wrapped = [position % length for position in positions]
        return wrapped + [min(wrapped[-1] + 1 + t, length - 1) for t in range(missing)]
    return positions + [0] * missing


def _attention(packing: Packing, documents: list[int], missing: int) -> list[int] | None:
    if packing.attention == "none":
        return None
    if packing.attention == "numbered":
        return documents + [0] * missing
    return [1] * (len(documents) + missing)


def best_fit(sizes: Sequence[int], length: int) -> list[list[Fragment]]:
    """Best fit decreasing, each row cut at its end."""
    return _best_fit([Fragment(i, 0, min(size, length)) for i, size in enumerate(sizes) if size], length)


def best_fit_split(sizes: Sequence[int], length: int) -> list[list[Fragment]]:
    """The same of pieces of at most `length`: nothing is lost."""
    pieces = [
        Fragment(i, start, min(start + length, size))
        for i, size in enumerate(sizes)
        for start in range(0, size, length)
    ]
    return _best_fit(pieces, length)


def _best_fit(fragments: Sequence[Fragment], length: int) -> list[list[Fragment]]:
    """The longest first, each into the row with the least room that takes it; of several the one that came first."""
    rows: list[list[Fragment]] = []
    by_room: dict[int, deque[int]] = defaultdict(deque)
    for fragment in sorted(fragments, key=lambda one: -one.size):
        room = min((room for room, waiting in by_room.items() if waiting and room >= fragment.size), default=None)
        if room is None:
            rows.append([])
            number, room = len(rows) - 1, length
        else:
            number = by_room[room].popleft()
        rows[number].append(fragment)
        by_room[room - fragment.size].append(number)
    return rows


def wrapped(sizes: Sequence[int], length: int) -> list[list[Fragment]]:
    """All rows as one stream, cut every `length` tokens."""
    return list(_stream(sizes, length))


def _stream(sizes: Sequence[int], length: int) -> Iterator[list[Fragment]]:
    current: list[Fragment] = []
    room = length
    for i, size in enumerate(sizes):
        start = 0
        while start < size:
            end = min(size, start + room)
            current.append(Fragment(i, start, end))
            room -= end - start
            start = end
            if not room:
                yield current
                current, room = [], length
    if current:
        yield current


def knapsack(sizes: Sequence[int], length: int) -> list[list[Fragment]]:
    """The largest that fits, again and again; of equal sizes the last row first. Longer rows are dropped."""
    waiting: dict[int, list[int]] = defaultdict(list)
    for i, size in enumerate(sizes):
        waiting[size].append(i)
    left = sorted(size for size in sizes if size <= length)
    rows: list[list[Fragment]] = []
    while left:
        room, row = length, list[Fragment]()
        while (at := bisect_right(left, room)) > 0:
            size = left.pop(at - 1)
            room -= size
            row.append(Fragment(waiting[size].pop(), 0, size))
        rows.append(row)
    return rows


def in_order(sizes: Sequence[int], length: int) -> list[list[Fragment]]:
    """Rows in their order, a new one where the next does not fit. A row that is too long is refused."""
    rows: list[list[Fragment]] = [[]]
    room = length
    for i, size in zip(count(), sizes, strict=False):
        if size > length:
            raise NoRow("too_long", size=size, length=length)
        if size > room:
            rows.append([])
            room = length
        rows[-1].append(Fragment(i, 0, size))
        room -= size
    return [row for row in rows if row]


_TRL, _LLAMA, _TUNE = "trl 1.16.0: data_utils.py", "llamafactory 0.9.5: data/processor/supervised.py", "torchtune 0.6.1"
PACKINGS: dict[str, Packing] = {
    row.name: row
    for row in (
        Packing("trl/bfd", "TRL, bfd", "best fit, long rows cut at their end and the rest thrown away; padding-free",
                _TRL, best_fit, first_label=False),
        Packing("trl/bfd_split", "TRL, bfd_split", "best fit of pieces of long rows; padding-free",
                _TRL, best_fit_split, first_label=False),
        Packing("trl/wrapped", "TRL, wrapped", "one stream cut anywhere: documents see each other, and the first token "
                "of one is the target of the one before", _TRL, wrapped, positions="none", attention="ones"),
        Packing("llamafactory/packing", "LLaMA-Factory, packing", "knapsack, filled up; positions restart, but the "
                "attention mask is ones throughout, so documents and padding are seen", _LLAMA, knapsack,
                attention="ones", padded=1),
        Packing("llamafactory/neat_packing", "LLaMA-Factory, neat_packing", "knapsack, filled up; documents are "
                "numbered in the attention mask", _LLAMA, knapsack, attention="numbered", padded=1),
        Packing("torchtune/packed", "torchtune, packed", "in order, filled up; a block mask by document",
                f"{_TUNE}: datasets/_packed.py", in_order, positions="in_row", padded=0),
        Packing("torchtune/split_across_pack", "torchtune, split_across_pack", "one stream cut anywhere, filled up; "
                "a row cut in two counts its positions on, but is two documents to attention",
                f"{_TUNE}: datasets/_packed.py", wrapped, positions="in_row", padded=0),
    )
}  # fmt: skip
