"""NeMo-RL: a message is what the text gained over the text before it, header and all; each is tokenized alone."""

from collections.abc import Iterator
from os.path import commonprefix

from sftviz.supervision import IGNORE
from sftviz.supervision.frameworks.made import Asked, Framework, Labelled, Preset
from sftviz.supervision.frameworks.pieces import Building, Piece, piece
from sftviz.supervision.frameworks.said import why
from sftviz.supervision.frameworks.writer import HEADER, Writer, writer

FRAMEWORK = Framework(
    "nemo_rl",
    "NeMo-RL",
    "NeMo-RL 7ea279abf",
    ("nemo_rl/data/llm_message_utils.py",),
    "Apache-2.0",
    "ran",
)
PRESETS = (
    Preset("nemo_rl/default", "NeMo-RL", "whole messages of the assistant with their headers", {}),
    Preset(
        "nemo_rl/generation_prompt",
        "NeMo-RL, add_generation_prompt",
        "replies without their headers, which then belong to the message before",
        {"add_generation_prompt": True},
    ),
    Preset(
        "nemo_rl/final_only",
        "NeMo-RL, only_unmask_final",
        "the last message, whoever wrote it",
        {"only_unmask_final": True},
    ),
)


def encode(asked: Asked) -> Iterator[Labelled]:
    one = writer(asked)
    building = Building(asked.tokenizer)
    labels: list[int] = []
    before = ""
    messages = asked.chat.messages
    for turn, message in enumerate(messages):
        text, gained = _gained(one, turn, before)
        is_last = turn == len(messages) - 1
        ids = building.add(_framed(one, gained, first=turn == 0, last=is_last))
        final_only = bool(asked.option("only_unmask_final"))
        trained = is_last if final_only else message.role == "assistant"
        labels += ids if trained else [IGNORE] * len(ids)
        before = text
    rendering = building.rendering(asked.chat, one.template.name, one.variables)
    yield Labelled(rendering, labels, why(rendering, labels, "fw_gained"))


def _gained(one: Writer, turn: int, before: str) -> tuple[str, Piece]:
    """The chat's text up to a message, and what of it differs from the text before."""
    messages = one.chat.messages[: turn + 1]
    written = one.piece(messages, 0)
    if one.asked.option("add_generation_prompt") and messages[-1].role in ("user", "tool"):
        asked = one.text(messages, generation_prompt=True)
        shared = len(commonprefix([asked, written.text]))
        written = written.cut(0, shared) + piece(asked[shared:], HEADER)
    return written.text, written.cut(len(commonprefix([before, written.text])))


def _framed(one: Writer, gained: Piece, *, first: bool, last: bool) -> Piece:
    """With BOS before the first and eos behind the last where they lack them; line breaks do not count."""
    variables = one.asked.tokenizer.variables
    bos, eos = (str(variables.get(name) or "") for name in ("bos_token", "eos_token"))
    if first and bos and not gained.text.startswith(bos):
        gained = piece(bos, HEADER._replace(role=None, part="gap")) + gained
    if not last:
        return gained
    if eos and not gained.text.rstrip("\n").endswith(eos):
        turn = gained.kind_at(max(0, len(gained.text) - 1))
        gained = gained + piece(eos, turn._replace(part="end", source=None, field=""))
    return gained
