"""Mistral's own tokenizers, carried by the package mistral-common: real 32 k and 131 k vocabularies, no download.

They never make a control token out of text: only what the template wrote becomes one. So text is cut at the template's
control tokens, and what stands between them is encoded on its own, as mistral-common does. In v1 the markers round a
question are ordinary text, and the answer behind them is encoded on its own all the same.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from mistral_common.tokens.tokenizers.mistral import MistralTokenizer as _MistralTokenizer
from mistral_common.tokens.tokenizers.tekken import Tekkenizer

from sftviz.chat.tokenizers.protocol import Encoded, Ranges

MistralTokenizer: Any = _MistralTokenizer  # its type parameters are its own affair

MISTRAL: dict[str, Callable[[], Any]] = {
    "mistral:v1": MistralTokenizer.v1,
    "mistral:v2": MistralTokenizer.v2,
    "mistral:v3": MistralTokenizer.v3,
    "mistral:v7": MistralTokenizer.v7,
    "mistral:tekken": lambda: MistralTokenizer.v3(is_tekken=True),
}

# The template that a tokenizer writes chats with where none is named: a row of TEMPLATES
TEMPLATE_OF = {
    "mistral:v1": "mistral_v1",
    "mistral:v2": "mistral_v2",
    "mistral:v3": "mistral_v3",
    "mistral:v7": "mistral",
    "mistral:tekken": "mistral_tekken",
}
ENDS_A_QUESTION = "[/INST]"


def load_mistral(name: str) -> "MistralCommon":
    if name not in MISTRAL:
        raise ValueError(f"tokenizer {name!r} is unknown; mistral-common brings {', '.join(MISTRAL)}")
    return MistralCommon(MISTRAL[name]().instruct_tokenizer.tokenizer, name)


class MistralCommon:
    """A mistral-common tokenizer in the form rendering asks for; see `sftviz.chat.tokenizers.Tokenizer`."""

    chat_template: str | None = None
    max_length: int | None = None

    def __init__(self, base: Any, name: str):
        self.name = name
        self.default_template = TEMPLATE_OF[name]
        self._base = base
        self._pieces = {i: base.id_to_piece(i) for i in range(base.n_words) if base.is_special(i)}
        self._ids = {piece: i for i, piece in self._pieces.items()}
        self._sentencepiece = not isinstance(base, Tekkenizer)
        longest_first = sorted(self._ids, key=len, reverse=True)
        self.markers = frozenset({"[INST]", ENDS_A_QUESTION}) - self._ids.keys()
        self._cuts = re.compile("|".join(map(re.escape, [*longest_first, ENDS_A_QUESTION])))
        self.control_ids = frozenset(self._pieces)
        self.eos_id: int | None = base.eos_id
        self.pad_id: int | None = base.pad_id if base.pad_id >= 0 else None
        self.unknown_id: int | None = base.unk_id
        self.variables = {"bos_token": self._pieces[base.bos_id], "eos_token": self._pieces[base.eos_id]}

    def encode(self, text: str, from_messages: Ranges = ()) -> Encoded:
        encoded: list[tuple[int, int, int]] = []
        done = 0
        for match in self._cuts.finditer(text):
            if any(start < match.end() and match.start() < end for start, end in from_messages):
                continue
            control = self._ids.get(match.group())
            encoded += self._plain(text[done : match.end() if control is None else match.start()], done)
            if control is not None:
                encoded.append((control, match.start(), match.end()))
            done = match.end()
        return Encoded.of([*encoded, *self._plain(text[done:], done)])

    def bytes_of(self, token_id: int) -> bytes:
        if token_id in self._pieces:
            return self._pieces[token_id].encode()
        if not self._sentencepiece:
            return self._base.id_to_byte_piece(token_id)
        piece = self._base.id_to_piece(token_id)
        if re.fullmatch(r"<0x[0-9A-F]{2}>", piece):
            return bytes([int(piece[3:5], 16)])
        return piece.replace("▁", " ").encode()

    def id_of(self, piece: str) -> int | None:
        return self._ids.get(piece)

    def decode(self, ids: Sequence[int]) -> str:
        return b"".join(map(self.bytes_of, ids)).decode(errors="replace")

    def __len__(self) -> int:
        return self._base.n_words

    def _plain(self, segment: str, offset: int) -> Iterator[tuple[int, int, int]]:
        """Ordinary text. SentencePiece puts a space of its own before it, which covers no character."""
        if not segment:
            return
        char_of_byte = [offset + i for i, character in enumerate(segment) for _ in character.encode()]
        char_of_byte.append(offset + len(segment))
        at = -1 if self._sentencepiece else 0
        for token_id in self._base.encode(segment, bos=False, eos=False):
            end = at + len(self.bytes_of(token_id))
            start = char_of_byte[max(at, 0)]
            last = char_of_byte[end - 1] + 1 if end > max(at, 0) else start
            yield token_id, start, last
            at = end
