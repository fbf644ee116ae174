"""The tokenizer's template as the frameworks ask it: the whole chat, its first messages, one message, a prompt."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from os.path import commonprefix
from typing import Any

from sftviz.chat.messages import Chat, ChatError, Message
from sftviz.chat.rendering import Rendering, render, template_of
from sftviz.chat.spans import Kind
from sftviz.chat.tokenizers.protocol import Encoded
from sftviz.chat.write.templates import Template
from sftviz.chat.write.writing import text_of, write
from sftviz.supervision.frameworks.made import Asked, NoRow
from sftviz.supervision.frameworks.pieces import Piece, piece, piece_of
from sftviz.words import Said

HEADER = Kind(None, "assistant", "header")


@dataclass(frozen=True)
class Writer:
    """A template with its variables. What it refuses is the framework's error."""

    asked: Asked
    template: Template
    variables: dict[str, Any]

    @property
    def chat(self) -> Chat:
        return self.asked.chat

    def rendering(self) -> Rendering:
        """The whole chat."""
        try:
            return render(self.chat, self.asked.tokenizer, self.asked.template)
        except ChatError as error:
            raise refused(error) from error

    def text(self, messages: Sequence[Message], *, generation_prompt: bool = False, tools: bool = True) -> str:
        chat = replace(self.chat, messages=tuple(messages), tools=self.chat.tools if tools else ())
        try:
            return text_of(chat, self.template, self.variables, generation_prompt=generation_prompt)
        except ChatError as error:
            raise refused(error) from error

    def piece(self, messages: Sequence[Message], first: int, *, tools: bool = True) -> Piece:
        """Some messages, written as if there were no others. first: the number of the first in the chat."""
        chat = replace(self.chat, messages=tuple(messages), tools=self.chat.tools if tools else ())
        try:
            made = write(chat, self.template, self.variables, self.asked.tokenizer)
        except ChatError as error:
            raise refused(error) from error
        return Piece(
            made.text, tuple((span.start, _moved(span.kind, first)) for span in made.spans if span.end > span.start)
        )

    def prompt_piece(self, whole: Rendering, messages: Sequence[Message]) -> Piece:
        """The prompt, written for generation; what it shares with the row is the row's, the rest opens a reply."""
        text = self.text(messages, generation_prompt=True)
        shared = len(commonprefix([text, whole.text]))
        return piece_of(whole).cut(0, shared) + piece(text[shared:], HEADER)

    def encode(self, text: str) -> Encoded:
        return self.asked.tokenizer.encode(text)


def writer(asked: Asked) -> Writer:
    if not asked.chat.messages:
        raise NoRow("no_messages")
    try:
        template, variables = template_of(asked.chat, asked.tokenizer, asked.template, {})
    except ChatError as error:
        raise refused(error) from error
    return Writer(asked, template, variables)


def refused(error: ChatError) -> NoRow:
    return NoRow("template_refuses", told=Said(f"error.{error.code}", **dict(error.what.values)))


def _moved(kind: Kind, first: int) -> Kind:
    def later(number: int | None) -> int | None:
        return None if number is None else number + first

    return kind._replace(turn=later(kind.turn), source=later(kind.source))
