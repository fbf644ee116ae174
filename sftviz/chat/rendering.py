"""Chat -> template -> tokens: every token knows its id, its characters, who wrote it, and in which part of a turn."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from os.path import commonprefix
from typing import Any

from sftviz.chat.messages import Chat, ChatError
from sftviz.chat.read.recovered import decoded_row, refuse_unknown_ids
from sftviz.chat.spans import Span, Spans, Token, Tokens
from sftviz.chat.tokenizers import Tokenizer, load_tokenizer
from sftviz.chat.tokenizers.protocol import Encoded
from sftviz.chat.write import as_given
from sftviz.chat.write.added import Added
from sftviz.chat.write.dropped import Dropped
from sftviz.chat.write.otherwise import otherwise
from sftviz.chat.write.templates import TEMPLATES, Template, joined_turns, resolve
from sftviz.chat.write.writing import Prompt, Writing, prompt_of, write
from sftviz.words import Said, SaidError

AT_ONCE = 256  # texts in one call of the tokenizer
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
    draft = _draft(chat, load_tokenizer(tokenizer, online=online), template, variables or {})
    return draft.cut(draft.encoded())


def render_all(
    chats: Iterable[Chat | SaidError],
    tokenizer: Any,
    template: str | None = None,
    *,
    online: bool = False,
    variables: Mapping[str, Any] | None = None,
) -> Iterator[Rendering | SaidError]:
    """`render` of many chats, some hundred texts in one call of the tokenizer; its error in place of a refused chat.

    What could not even be read may come as its error, and is passed on in its place.
    """
    loaded, left = load_tokenizer(tokenizer, online=online), iter(chats)
    while some := list(islice(left, AT_ONCE)):
        drafts = [_draft_or_error(chat, loaded, template, variables or {}) for chat in some]
        encoded = iter(_encoded([draft for draft in drafts if isinstance(draft, Draft)], loaded))
        yield from (draft.cut(next(encoded)) if isinstance(draft, Draft) else draft for draft in drafts)


@dataclass(frozen=True)
class Draft:
    """A row whose text is written, before it is cut into tokens."""

    chat: Chat
    text: str
    spans: Spans
    tokenizer: Tokenizer
    template: Template
    variables: Mapping[str, Any] = field(default_factory=dict[str, Any])
    writing: Writing | None = None
    given: Encoded | None = None  # a row that came as ids

    def encoded(self) -> Encoded:
        return self.tokenizer.encode(self.text, self.spans.typed) if self.given is None else self.given

    def cut(self, encoded: Encoded) -> Rendering:
        """The row, its text cut into these tokens."""
        unknown_id = self.tokenizer.unknown_id
        unknown = None if unknown_id is None else (unknown_id, self.tokenizer.decode([unknown_id]))
        tokens = Tokens.of(self.text, encoded, self.spans, self.tokenizer.control_ids, unknown)
        row = (self.text, self.spans, tokens, self.tokenizer, self.template, self.variables, self.writing)
        return Rendering(self.chat, *row)


def _encoded(drafts: Sequence[Draft], tokenizer: Tokenizer) -> Sequence[Encoded]:
    at_once = getattr(tokenizer, "encode_all", None)
    if at_once is None:
        return [draft.encoded() for draft in drafts]
    made = iter(at_once([draft.text for draft in drafts if draft.given is None]))
    return [next(made) if draft.given is None else draft.given for draft in drafts]


def _draft_or_error(chat: Chat | SaidError, *choices: Any) -> Draft | SaidError:
    try:
        return _draft(chat, *choices) if isinstance(chat, Chat) else chat
    except SaidError as error:
        return error


def _draft(chat: Chat, tokenizer: Tokenizer, template: str | None, variables: Mapping[str, Any]) -> Draft:
    if chat.tokenized is not None:
        if template is not None:
            raise ChatError("row_is_tokenized", template=template[:40])
        return _draft_of_ids(chat, chat.tokenized.ids, tokenizer)
    if chat.written is not None and template is None:
        named = Template(chat.template or "as_written", "", trusted=True)
        return Draft(chat, chat.written.text, Spans.of(chat.written.spans), tokenizer, named)
    chosen, values = template_of(chat, tokenizer, template, variables)
    writing = write(chat, chosen, values, tokenizer)
    return Draft(chat, writing.text, writing.spans, tokenizer, chosen, values, writing)


def template_of(
    chat: Chat, tokenizer: Tokenizer, template: str | None, variables: Mapping[str, Any]
) -> tuple[Template, dict[str, Any]]:
    """The template that `render` would take, and what it is given beside the chat."""
    own = tokenizer.chat_template or getattr(tokenizer, "default_template", None)
    chosen = resolve(template, chat.template, own)
    return chosen, {**_own_variables(chosen, tokenizer), **_offered(chat.variables), **_offered(variables)}


def _draft_of_ids(chat: Chat, ids: Sequence[int], tokenizer: Tokenizer) -> Draft:
    refuse_unknown_ids(ids, tokenizer)
    text, given = as_given.decoded(ids, tokenizer)
    chat = decoded_row(chat, text, given, tokenizer)
    spans = Spans.of(chat.written.spans if chat.written else as_given.one_span(chat, text))
    return Draft(chat, text, spans, tokenizer, Template(chat.template or "tokenized", "", trusted=True), given=given)


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
