"""LLaMA-Factory: pairs of request and reply in slots, each tokenized alone, cut by shares, labelled by the slot."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from sftviz.chat.spans import Kind
from sftviz.supervision import IGNORE
from sftviz.supervision.frameworks.llamafactory_turns import Turn, aligned, shorten_thoughts
from sftviz.supervision.frameworks.made import Asked, Framework, Labelled, NoRow, Preset
from sftviz.supervision.frameworks.own import call_of, content_of, fitting, no_tool_list, part
from sftviz.supervision.frameworks.pieces import Building, Piece, piece, sum_of
from sftviz.supervision.frameworks.said import of_token
from sftviz.supervision.frameworks.slots import SLOTS, Item, Slot, Slots, calls_text
from sftviz.words import Said

FRAMEWORK = Framework(
    "llamafactory",
    "LLaMA-Factory",
    "llamafactory 0.9.5",
    ("data/converter.py", "data/template.py", "data/formatter.py", "data/processor/supervised.py"),
    "Apache-2.0",
    "ran",
    tuple(SLOTS),
)
PRESETS = (
    Preset(
        "llamafactory/default",
        "LLaMA-Factory",
        "the assistant's slots: reply, end-of-turn, the line break after it; for thinking templates an empty thought",
        {},
    ),
    Preset("llamafactory/train_on_prompt", "LLaMA-Factory, train_on_prompt", "every token", {"train_on_prompt": True}),
    Preset(
        "llamafactory/mask_history",
        "LLaMA-Factory, mask_history",
        "the last pair's reply; thoughts of earlier replies are taken out",
        {"mask_history": True},
    ),
    Preset(
        "llamafactory/no_thinking",
        "LLaMA-Factory, enable_thinking: false",
        "replies without thoughts; the empty thought belongs to the prompt",
        {"enable_thinking": False},
    ),
    Preset(
        "llamafactory/openai",
        "LLaMA-Factory, formatting: openai",
        "as by default, with a system message of its own: detailed thinking off",
        {"formatting": "openai"},
    ),
)
CUTOFF = 2048
EMPTY_THOUGHT = "<think>\n\n</think>\n\n"


@dataclass
class _Side:
    """Half a pair: the tokens of a request or a reply, with a label and the reason for each."""

    building: Building
    size: int
    labels: list[int] = field(default_factory=list[int])
    codes: list[str] = field(default_factory=list[str])

    def cut(self, size: int) -> None:
        self.building.drop(slice(0, size))
        self.size = min(size, self.size)

    @property
    def ids(self) -> list[int]:
        return [token for _, encoded in self.building.parts for token in encoded.ids.tolist()]


def encode(asked: Asked) -> Iterator[Labelled]:
    no_tool_list(asked.chat)
    name = fitting(asked, FRAMEWORK.templates)
    slots = SLOTS[name]
    system, turns = aligned(asked)
    shorten_thoughts(asked, slots, turns)
    pairs = _pairs(asked, slots, system, turns)
    sides = _within(asked, slots, pairs)
    building = Building(asked.tokenizer)
    labels: list[int] = []
    codes: list[str] = []
    for side in sides:
        building.parts += side.building.parts
        labels += side.labels
        codes += side.codes
    if slots.efficient_eos:
        building.add_token(_eos(asked, slots), Kind(None, None, "end"))
        labels.append(_eos(asked, slots))
        codes.append("fw_last_eos")
    rendering = building.rendering(asked.chat, name)
    eos = asked.tokenizer.decode([_eos(asked, slots)])
    reasons = [Said(f"reason.{code}", what=of_token(rendering, t), label=eos) for t, code in enumerate(codes)]
    yield Labelled(rendering, labels, reasons)


def _pairs(asked: Asked, slots: Slots, system: Piece | None, turns: Sequence[Turn]) -> list[tuple[_Side, _Side]]:
    pairs: list[tuple[_Side, _Side]] = []
    for i in range(0, len(turns), 2):
        request, reply = turns[i], turns[i + 1]
        pieces = _opening(slots, system, asked) if i == 0 else []
        slot = slots.observation if request.message.role == "tool" else slots.user
        pieces += _filled(asked, slots, slot, _said(request, slots), request.number, request.message.role, reply.number)
        written = slots.call if reply.is_call and slots.call else slots.assistant
        replied = _filled(asked, slots, written, _said(reply, slots), reply.number, "assistant", None)
        if _lacks_thought(asked, slots, reply, is_last=i + 2 == len(turns)):
            thought = part(EMPTY_THOUGHT, reply.number, "assistant", "empty_reasoning")
            if asked.option("enable_thinking", True):
                replied = [thought, *replied]
            else:
                pieces.append(thought)
        pairs.append((_side(asked, pieces), _side(asked, replied)))
    return pairs


def _opening(slots: Slots, system: Piece | None, asked: Asked) -> list[Piece | int]:
    pieces = _filled(asked, slots, slots.prefix, None, None, None, None)
    written = system
    if written is None and slots.default_system:
        written = piece(slots.default_system, Kind(None, "system", "content"))
    if written is None:
        return pieces
    number = written.kinds[0][1].turn
    return pieces + _filled(asked, slots, slots.system, written, number, "system", None)


def _said(turn: Turn, slots: Slots) -> Piece:
    if turn.is_call:
        return call_of(calls_text(slots.tools, turn.message.tool_calls), turn.number, turn.message.tool_calls)
    return content_of(turn.message, turn.number, turn.text)


def _filled(
    asked: Asked,
    slots: Slots,
    slot: Slot,
    said: Piece | None,
    number: int | None,
    role: str | None,
    following: int | None,
) -> list[Piece | int]:
    """A slot's elements with what is said in them: texts, and ids of the tokenizer's own tokens."""
    made: list[Piece | int] = []
    for element in slot:
        if element[0].part in ("eos", "bos"):
            token = _eos(asked, slots) if element[0].part == "eos" else _bos(asked)
            made += [] if token is None else [token]
            continue
        made.append(sum_of(_item(item, said, number, role, following) for item in element))
    return [one for one in made if isinstance(one, int) or one.text]


def _item(item: Item, said: Piece | None, number: int | None, role: str | None, following: int | None) -> Piece:
    if item.part == "content":
        return said or piece("", Kind(number, role, "content"))
    if item.part == "next":
        return part(item.text, following, "assistant", "header")
    if item.part == "bos_text":
        return part(item.text, None, None, "gap")
    return part(item.text, number, role, item.part)


def _lacks_thought(asked: Asked, slots: Slots, reply: Turn, *, is_last: bool) -> bool:
    if not slots.thinks or (asked.option("mask_history") and not is_last):
        return False
    written = "" if reply.is_call else reply.text
    return "<think>" not in written and "</think>" not in written


def _side(asked: Asked, pieces: Sequence[Piece | int]) -> _Side:
    building = Building(asked.tokenizer)
    for one in pieces:
        if isinstance(one, int):
            before = building.parts[-1][0] if building.parts else None
            kind = before.kind_at(len(before.text) - 1) if before else Kind(None, None, "gap")
            building.add_token(one, Kind(kind.turn, kind.role, "end" if before else "gap"))
        else:
            building.add(one)
    return _Side(building, sum(len(encoded) for _, encoded in building.parts))


def _within(asked: Asked, slots: Slots, pairs: list[tuple[_Side, _Side]]) -> list[_Side]:
    """Both sides of each pair cut to their shares of what is left, labelled, in the row's order."""
    history, prompt = bool(asked.option("mask_history")), bool(asked.option("train_on_prompt"))
    if slots.efficient_eos and prompt:
        raise NoRow("prompt_with_efficient_eos")
    length = asked.option("cutoff_len", asked.option("max_length", CUTOFF))
    used = 1 if slots.efficient_eos else 0
    made: list[list[_Side]] = []
    for place, (request, reply) in enumerate(reversed(pairs) if history else pairs):
        if used >= length:
            break
        kept = shares(request.size, reply.size, length - used)
        request.cut(kept[0])
        reply.cut(kept[1])
        used += request.size + reply.size
        _label_request(request, prompt, _eos(asked, slots) if slots.efficient_eos and place else None)
        _label(reply, trained=not (history and place), trained_code="fw_slot", left_out="fw_earlier_pair")
        made.append([request, reply])
    return [side for pair in (reversed(made) if history else made) for side in pair]


def _label_request(request: _Side, trained: bool, eos: int | None) -> None:
    _label(request, trained=trained, trained_code="fw_every_token", left_out="fw_request_slot")
    if eos is not None and not trained:
        # the label is there even where nothing of the request is left
        request.labels[:1], request.codes[:1] = [eos], ["fw_next_is_eos"]
        if not request.size:
            raise NoRow("label_without_token")


def _label(side: _Side, *, trained: bool, trained_code: str, left_out: str) -> None:
    side.labels = side.ids if trained else [IGNORE] * side.size
    side.codes = [trained_code if trained else left_out] * side.size


def shares(request: int, reply: int, room: int) -> tuple[int, int]:
    """How many tokens of a request and of a reply are kept in a room: the shorter whole, else both by their shares.

    >>> shares(16, 5, 13)
    (8, 5)
    """
    if reply * 2 < room:
        most = room
    elif request * 2 < room:
        most = room - request
    else:
        most = int(room * (reply / (request + reply)))
    kept = min(most, reply)
    return min(max(room - kept, 0), request), kept


def _eos(asked: Asked, slots: Slots) -> int:
    found = asked.tokenizer.id_of(slots.eos) if slots.eos else asked.tokenizer.eos_id
    if found is None:
        raise NoRow("token_missing", token=slots.eos or "eos_token", tokenizer=asked.tokenizer.name)
    return found


def _bos(asked: Asked) -> int | None:
    written = asked.tokenizer.variables.get("bos_token")
    return asked.tokenizer.id_of(str(written)) if written else None
