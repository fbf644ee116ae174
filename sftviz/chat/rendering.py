"""Chat -> template -> tokens: every token knows its id, its characters, who wrote it, and in which part of a turn."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from os.path import commonprefix
from typing import Any

from sftviz.chat.messages import Chat, ChatError
from sftviz.chat.spans import Span, Token, Tokens
from sftviz.chat.tokenizers import Tokenizer, load_tokenizer
from sftviz.chat.write import as_given
from sftviz.chat.write.added import Added
from sftviz.chat.write.dropped import Dropped
from sftviz.chat.write.otherwise import otherwise
from sftviz.chat.write.templates import TEMPLATES, Template, joined_turns, resolve
from sftviz.chat.write.writing import Writing, prompt_of, write
from sftviz.words import Said

NOT_FOR_TEMPLATES = frozenset({"add_generation_prompt", "continue_final_message", "messages", "tools"})


@dataclass(frozen=True)
class Rendering:
    """A chat as one row of tokens. Knows nothing of loss."""

    chat: Chat
    text: str
    spans: tuple[Span, ...]
    tokens: Tokens
    tokenizer: Tokenizer
    template: Template
    parts_known: bool  # False: the template rewrites its messages, so only turns and generation blocks are known
    prompt_end: int  # where the completion begins: what the model would be given before it writes ends here
    prompt_is_prefix: bool  # False: the prompt as written for generation is not how the training text begins
    prompt_error: Said | None = None  # why the prompt could not be written; prompt_end is then 0 and means nothing
    dropped: tuple[Dropped, ...] = ()  # what the template leaves out of the text
    added: tuple[Added, ...] = ()  # what nobody wrote
    rewritten: int | None = None  # the first character where a pasted text and this one part
    joined: tuple[int, ...] = ()  # messages that the template joins to the one before them
    otherwise: str | None = None  # what its template would have written of a text that stands as it was pasted
    mended: bool = False  # the template wrote half a surrogate pair; U+FFFD stands for it
    variables: Mapping[str, Any] = field(default_factory=dict[str, Any])  # what the template was given beside the chat

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
        return _as_pasted(chat, chat.written.text, chat.written.spans, tokenizer)
    return _anew(chat, tokenizer, template, variables or {})


def _anew(chat: Chat, tokenizer: Tokenizer, template: str | None, variables: Mapping[str, Any]) -> Rendering:
    own = tokenizer.chat_template or getattr(tokenizer, "default_template", None)
    chosen = resolve(template, chat.template, own)
    given = {**_own_variables(chosen, tokenizer), **_offered(chat.variables), **_offered(variables)}
    writing = write(chat, chosen, given, tokenizer)
    prompt = prompt_of(chat, completion_start(chat), chosen, given, writing)
    return Rendering(
        chat,
        writing.text,
        writing.spans,
        _tokens(writing.text, writing.spans, tokenizer),
        tokenizer,
        chosen,
        parts_known=writing.parts_known,
        prompt_end=prompt.end,
        prompt_is_prefix=prompt.is_prefix,
        prompt_error=prompt.error,
        dropped=writing.dropped,
        added=writing.added_with(prompt.given),
        rewritten=_parts_at(chat, writing),
        joined=joined_turns(chat, chosen),
        mended=writing.mended,
        variables=given,
    )


def _as_pasted(chat: Chat, text: str, spans: tuple[Span, ...], tokenizer: Tokenizer) -> Rendering:
    tokens = _tokens(text, spans, tokenizer)
    end = as_given.completion_at(spans, completion_start(chat), len(text))
    named = Template(chat.template or "as_written", "", trusted=True)
    return Rendering(
        chat, text, spans, tokens, tokenizer, named, True, end, True, otherwise=_otherwise(chat, tokenizer)
    )


def _otherwise(chat: Chat, tokenizer: Tokenizer) -> str | None:
    if chat.template not in TEMPLATES:
        return None
    family = resolve(chat.template, None, None)
    return otherwise(chat, family, {**_own_variables(family, tokenizer), **_offered(chat.variables)})


def _tokenized(chat: Chat, tokenizer: Tokenizer) -> Rendering:
    text, encoded = as_given.decoded(chat.tokenized.ids if chat.tokenized else (), tokenizer)
    spans = as_given.one_span(chat, text)
    tokens = Tokens.of(text, encoded, spans, tokenizer.control_ids)
    return Rendering(chat, text, spans, tokens, tokenizer, Template("tokenized", "", trusted=True), True, 0, True)


def _tokens(text: str, spans: tuple[Span, ...], tokenizer: Tokenizer) -> Tokens:
    typed = [(span.start, span.end) for span in spans if span.is_typed]
    return Tokens.of(text, tokenizer.encode(text, typed), spans, tokenizer.control_ids)


def _own_variables(template: Template, tokenizer: Tokenizer) -> dict[str, Any]:
    variables = dict(tokenizer.variables)
    for name, piece in (("bos_token", template.bos), ("eos_token", template.eos)):
        if piece and tokenizer.id_of(piece) is not None:
            variables[name] = piece
    return {"bos_token": "", "eos_token": "", **variables}


def _offered(variables: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in variables.items() if name not in NOT_FOR_TEMPLATES}


def _parts_at(chat: Chat, writing: Writing) -> int | None:
    if chat.written is None or chat.written.text == writing.text:
        return None
    return len(commonprefix([chat.written.text, writing.text]))


def completion_start(chat: Chat) -> int:
    """The first message of the completion: as the sample says, else what follows the last user message."""
    if chat.completion_start is not None:
        return chat.completion_start
    asked = [i for i, message in enumerate(chat.messages) if message.role not in ("assistant", "tool")]
    return asked[-1] + 1 if asked else 0
