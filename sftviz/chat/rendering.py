"""Chat -> template -> tokens: every token knows its id, its characters, who wrote it, and in which part of a turn."""

from dataclasses import dataclass, replace
from typing import Any

from sftviz.chat.messages import Chat, ChatError
from sftviz.chat.spans import Added, Dropped, Span, Token, Tokens
from sftviz.chat.tokenizers import Tokenizer, load_tokenizer
from sftviz.chat.write import engine, marks
from sftviz.chat.write.server import render_bounded
from sftviz.chat.write.templates import Template, resolve
from sftviz.words import Said

REMEDIES = {
    "template_time": "simplify its loops; a chat template needs milliseconds",
    "template_memory": "it builds far more text than a chat holds",
    "template_says": "change the chat so that the template takes it, or choose another template",
}


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
    dropped: tuple[Dropped, ...] = ()
    added: tuple[Added, ...] = ()
    joined: tuple[int, ...] = ()  # messages that were joined to the one before them
    rewritten: int | None = None  # where a text that was pasted, and written anew, first parts from what was pasted
    prompt_error: Said | None = None  # the template's own words where it refuses to write the prompt

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


def render(chat: Chat, tokenizer: Any, template: str | None = None, *, online: bool = False) -> Rendering:
    """Write the chat with a template and cut the text into tokens.

    template: a name in TEMPLATES, "tokenizer" for the tokenizer's own, or Jinja text; None: what the pasted text was
    written in, else the tokenizer's own, else ChatML. Raises ChatError where the template refuses the chat.
    """
    tokenizer = load_tokenizer(tokenizer, online=online)
    chosen = resolve(template, chat.template, tokenizer.chat_template)
    variables = _variables(chosen, tokenizer)
    text, spans, parts_known = _write(chat, chosen, variables)
    prompt_end, prompt_is_prefix = _prompt_end(chat, chosen, variables, text)
    from_messages = [(span.start, span.end) for span in spans if span.is_quoted]
    tokens = Tokens.of(text, tokenizer.encode(text, from_messages), spans, tokenizer.control_ids)
    return Rendering(chat, text, spans, tokens, tokenizer, chosen, parts_known, prompt_end, prompt_is_prefix)


def _variables(template: Template, tokenizer: Tokenizer) -> dict[str, str]:
    variables = dict(tokenizer.variables)
    for name, piece in (("bos_token", template.bos), ("eos_token", template.eos)):
        if piece and tokenizer.id_of(piece) is not None:
            variables[name] = piece
    return {"bos_token": "", "eos_token": "", **variables}


def _write(chat: Chat, template: Template, variables: dict[str, str]) -> tuple[str, tuple[Span, ...], bool]:
    job, made = marks.job(chat, template.jinja, variables)
    answer = _answer(job, template)
    if "error" in answer:
        raise _template_error(answer["error"], template)
    text = answer["text"]
    spans = marks.spans(answer["marked"], made, chat, template.has_generation)
    return text, spans, answer["candidate"] in (0, 1)


def completion_start(chat: Chat) -> int:
    """The first message of the completion: as the sample says, else what follows the last user message."""
    if chat.completion_start is not None:
        return chat.completion_start
    asked = [i for i, message in enumerate(chat.messages) if message.role not in ("assistant", "tool")]
    return asked[-1] + 1 if asked else 0


def _prompt_end(chat: Chat, template: Template, variables: dict[str, str], text: str) -> tuple[int, bool]:
    """Write the prompt as it is written for generation, and see how far the training text agrees with it."""
    start = completion_start(chat)
    if start in (0, len(chat.messages)):
        return (0 if start == 0 else len(text)), True
    prompt = replace(chat, messages=chat.messages[:start])
    job, _ = marks.job(prompt, template.jinja, {**variables, "add_generation_prompt": True})
    answer = _answer({**job, "candidates": []}, template)
    written = answer.get("text", "")
    return _common_prefix(written, text), "error" not in answer and text.startswith(written)


def _common_prefix(one: str, other: str) -> int:
    return next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _answer(job: engine.Job, template: Template) -> engine.Result:
    return engine.render(job) if template.trusted else render_bounded(job)


def _template_error(error: dict[str, Any], template: Template) -> ChatError:
    where = f"template {template.name!r}" + (f", line {error['line']}" if error["line"] else "")
    return ChatError(error["code"], error["message"], where, REMEDIES.get(error["code"], "choose another template"))
