"""Chat -> template -> tokens: every token knows its id, its characters, who wrote it, and in which part of a turn."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from os.path import commonprefix
from typing import Any

from sftviz.chat.messages import Chat, ChatError, Written
from sftviz.chat.read.recovered import decoded_row, refuse_unknown_ids
from sftviz.chat.spans import Span, Spans, Token, Tokens
from sftviz.chat.tokenizers import Tokenizer, load_tokenizer
from sftviz.chat.write import as_given
from sftviz.chat.write.added import Added
from sftviz.chat.write.dropped import Dropped
from sftviz.chat.write.otherwise import otherwise
from sftviz.chat.write.templates import TEMPLATES, Template, joined_turns, resolve
from sftviz.chat.write.writing import Prompt, Writing, prompt_of, write
from sftviz.words import Said

NOT_FOR_TEMPLATES = frozenset({"add_generation_prompt", "continue_final_message", "messages", "tools"})


@dataclass(frozen=True)
class Rendering:
    """A chat as one row of tokens. Knows nothing of loss."""

    chat: Chat
    text: str
    spans: Spans
    tokens: Tokens
    tokenizer: Tokenizer
    template: Template
    variables: Mapping[str, Any] = field(default_factory=dict[str, Any])  # what the template was given beside the chat
    writing: Writing | None = None  # None: no template wrote the text

    @property
    def as_written(self) -> bool:
        """True where the text is training text as it was pasted: no template ran."""
        return self.chat.written is not None and self.chat.written.text == self.text

    @property
    def ids(self) -> list[int]:
        return self.tokens.ids.tolist()

    def span_of(self, token: Token) -> Span:
        """The span a token starts in."""
        return self.spans[token.spans[0]]

    @property
    def parts_known(self) -> bool:
        """False: the template rewrites its messages, so only turns and generation blocks are known."""
        return self.writing is None or self.writing.parts_known

    @property
    def dropped(self) -> tuple[Dropped, ...]:
        """What the template leaves out of the text."""
        return self.writing.dropped if self.writing else ()

    @property
    def mended(self) -> bool:
        """The template wrote half a surrogate pair; U+FFFD stands for it."""
        return self.writing is not None and self.writing.mended

    @cached_property
    def prompt(self) -> Prompt:
        """What the model would be given before it writes the completion."""
        start = completion_start(self.chat)
        if self.writing is not None:
            return prompt_of(self.chat, start, self.template, dict(self.variables), self.writing)
        if self.chat.tokenized is not None and self.chat.written is None:
            return Prompt(0, True)
        return Prompt(as_given.completion_at(self.spans, start, len(self.text)), True)

    @property
    def prompt_end(self) -> int:
        """Where the completion begins: what the model would be given before it writes ends here."""
        return self.prompt.end

    @property
    def prompt_is_prefix(self) -> bool:
        """False: the prompt as written for generation is not how the training text begins."""
        return self.prompt.is_prefix

    @property
    def prompt_error(self) -> Said | None:
        """Why the prompt could not be written; prompt_end is then 0 and means nothing."""
        return self.prompt.error

    @cached_property
    def added(self) -> tuple[Added, ...]:
        """What nobody wrote."""
        return self.writing.added_with(self.prompt.given) if self.writing else ()

    @cached_property
    def rewritten(self) -> int | None:
        """The first character where a pasted text and this one part."""
        if self.writing is None or self.chat.written is None or self.chat.written.text == self.text:
            return None
        return len(commonprefix([self.chat.written.text, self.text]))

    @cached_property
    def joined(self) -> tuple[int, ...]:
        """Messages that the template joins to the one before them."""
        return joined_turns(self.chat, self.template) if self.writing else ()

    @cached_property
    def otherwise(self) -> str | None:
        """What its template would have written of a text that stands as it was pasted."""
        if not self.as_written or self.writing or self.chat.template not in TEMPLATES:
            return None
        family = resolve(self.chat.template, None, None)
        return otherwise(self.chat, family, {**_own_variables(family, self.tokenizer), **_offered(self.chat.variables)})


def render(
    chat: Chat,
    tokenizer: Any,
    template: str | None = None,
    *,
    online: bool = False,
    variables: Mapping[str, Any] | None = None,
) -> Rendering:
    """Write the chat with a template and cut the text into tokens.

    template: a name in TEMPLATES, "tokenizer" for the tokenizer's own, or Jinja text; None: a pasted training text as
    it stands, else what the chat names, else the tokenizer's own, else ChatML. variables go to the template beside
    those of the sample. Raises ChatError where the template refuses the chat.
    """
    tokenizer = load_tokenizer(tokenizer, online=online)
    if chat.tokenized is not None:
        if template is not None:
            raise ChatError("row_is_tokenized", template=template[:40])
        return _tokenized(chat, tokenizer)
    if chat.written is not None and template is None:
        return _as_pasted(chat, chat.written, tokenizer)
    return _anew(chat, tokenizer, template, variables or {})


def _anew(chat: Chat, tokenizer: Tokenizer, template: str | None, variables: Mapping[str, Any]) -> Rendering:
    own = tokenizer.chat_template or getattr(tokenizer, "default_template", None)
    chosen = resolve(template, chat.template, own)
    given = {**_own_variables(chosen, tokenizer), **_offered(chat.variables), **_offered(variables)}
    writing = write(chat, chosen, given, tokenizer)
    tokens = _tokens(writing.text, writing.spans, tokenizer)
    return Rendering(chat, writing.text, writing.spans, tokens, tokenizer, chosen, given, writing)


def _as_pasted(chat: Chat, written: Written, tokenizer: Tokenizer) -> Rendering:
    spans = Spans.of(written.spans)
    named = Template(chat.template or "as_written", "", trusted=True)
    return Rendering(chat, written.text, spans, _tokens(written.text, spans, tokenizer), tokenizer, named)


def _tokenized(chat: Chat, tokenizer: Tokenizer) -> Rendering:
    ids = chat.tokenized.ids if chat.tokenized else ()
    refuse_unknown_ids(ids, tokenizer)
    text, encoded = as_given.decoded(ids, tokenizer)
    chat = decoded_row(chat, text, encoded, tokenizer)
    spans = Spans.of(chat.written.spans if chat.written else as_given.one_span(chat, text))
    tokens = Tokens.of(text, encoded, spans, tokenizer.control_ids)
    return Rendering(chat, text, spans, tokens, tokenizer, Template(chat.template or "tokenized", "", trusted=True))


def _tokens(text: str, spans: Spans, tokenizer: Tokenizer) -> Tokens:
    return Tokens.of(text, tokenizer.encode(text, spans.typed), spans, tokenizer.control_ids)


def _own_variables(template: Template, tokenizer: Tokenizer) -> dict[str, Any]:
    variables = dict(tokenizer.variables)
    for name, piece in (("bos_token", template.bos), ("eos_token", template.eos)):
        if piece and tokenizer.id_of(piece) is not None:
            variables[name] = piece
    return {"bos_token": "", "eos_token": "", **variables}


def _offered(variables: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in variables.items() if name not in NOT_FOR_TEMPLATES}


def completion_start(chat: Chat) -> int:
    """The first message of the completion: as the sample says, else what follows the last user message."""
    if chat.completion_start is not None:
        return chat.completion_start
    asked = [i for i, message in enumerate(chat.messages) if message.role not in ("assistant", "tool")]
    return asked[-1] + 1 if asked else 0
