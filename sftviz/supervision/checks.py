"""What can be wrong with a supervised rendering: each check says what it found, why it matters and what to do."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from sftviz.chat.messages import Message
from sftviz.chat.rendering import Rendering
from sftviz.chat.write.marks import CONTROL_LIKE
from sftviz.supervision.policies import Supervision

Severity = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")
INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e007f]")
TODAY = re.compile(r"strftime_now|\bdate_string\b")


@dataclass(frozen=True)
class Finding:
    """Something a check found. `tokens` are the positions it speaks of, `where` the place in the pasted chat."""

    code: str
    severity: Severity
    message: str
    remedy: str
    tokens: tuple[int, ...] = ()
    where: str = ""


@dataclass(frozen=True)
class Checked:
    """What a check may look at. context_length: positions the model was trained on, None where no model is given."""

    rendering: Rendering
    supervision: Supervision
    context_length: int | None = None

    def tokens_of(self, message: int, *parts: str) -> list[int]:
        """Positions that touch a span of this message and of one of these parts (any part where none is named)."""
        spans = {
            i
            for i, span in enumerate(self.rendering.spans)
            if span.turn == message and (not parts or span.part in parts)
        }
        return [t for t, token in enumerate(self.rendering.tokens) if spans & set(token.spans)]


@dataclass(frozen=True)
class Check:
    code: str
    severity: Severity
    title: str
    find: Callable[[Checked], Iterator[tuple[str, str, tuple[int, ...]]]]  # message, remedy, tokens


def run(checked: Checked) -> tuple[Finding, ...]:
    """Every finding, the gravest first; what parsing noticed is among them."""
    found = [
        Finding(check.code, check.severity, message, remedy, tokens)
        for check in CHECKS.values()
        for message, remedy, tokens in check.find(checked)
    ]
    noticed = [
        Finding(notice.code, "warning", notice.message, "", where=notice.where)
        for notice in checked.rendering.chat.notices
    ]
    return tuple(sorted(found + noticed, key=lambda finding: SEVERITIES.index(finding.severity)))


Found = Iterator[tuple[str, str, tuple[int, ...]]]


def _nothing_supervised(c: Checked) -> Found:
    targets = [label for label in c.supervision.labels[1:] if label >= 0]
    if targets:
        return
    yield (
        f"policy {c.supervision.policy.name} leaves 0 of {len(c.rendering.tokens)} tokens supervised, so the mean loss "
        "is 0/0; it is given as 0, with zero gradient",
        "does the chat hold an assistant reply? Plain text wants the policy pretrain",
        (),
    )


def _end_not_supervised(c: Checked) -> Found:
    for i, message in enumerate(c.rendering.chat.messages):
        supervised = [t for t in c.tokens_of(i) if c.supervision.supervised[t]]
        ends = c.tokens_of(i, "end")
        if message.role == "assistant" and supervised and ends and not any(c.supervision.supervised[t] for t in ends):
            yield (
                f"message {i + 1}: the reply is supervised and its end-of-turn is not: the model never learns to stop",
                "supervise the end-of-turn of every reply, or use a template whose generation block holds it",
                tuple(ends),
            )


def _no_end_token(c: Checked) -> Found:
    for i, message in enumerate(c.rendering.chat.messages):
        if message.role == "assistant" and c.rendering.parts_known and c.tokens_of(i) and not c.tokens_of(i, "end"):
            yield (
                f"message {i + 1}: the template writes no end-of-turn after this reply",
                "let the template write the end-of-sequence token after each reply, or generation never stops",
                tuple(c.tokens_of(i)[-1:]),
            )


def _pad_is_eos(c: Checked) -> Found:
    tokenizer = c.rendering.tokenizer
    if tokenizer.pad_id is None or tokenizer.pad_id != tokenizer.eos_id:
        return
    ends = tuple(t for t, label in enumerate(c.supervision.labels) if label == tokenizer.pad_id)
    yield (
        f"pad id = eos id = {tokenizer.pad_id}: a collator that ignores every pad id also ignores {len(ends)} "
        "supervised end-of-turn tokens",
        "give padding a token of its own, or build labels from the attention mask and not from the pad id",
        ends,
    )


def _forged(c: Checked) -> Found:
    rendering = c.rendering
    for t, token in enumerate(rendering.tokens):
        span = rendering.span_of(token)
        if token.is_forged and span.turn is not None:
            at = token.start - min(s.start for s in rendering.spans if s.turn == span.turn and s.is_quoted)
            yield (
                f"message {span.turn + 1}, character {at}: {token.text} stands in the message's own text and became "
                f"the control token {token.id}; the model reads it as the template's",
                "break it up in the data, or tokenize message text with split_special_tokens",
                (t,),
            )


def _unknown(c: Checked) -> Found:
    unknown = tuple(t for t, token in enumerate(c.rendering.tokens) if token.id == c.rendering.tokenizer.unknown_id)
    if unknown:
        yield f"{len(unknown)} tokens are the unknown token", "use a tokenizer that knows these characters", unknown


def _fields(message: Message) -> Iterator[tuple[str, str]]:
    if message.content.strip():
        yield "content", "tool_result" if message.role == "tool" else "content"
    if message.reasoning.strip():
        yield "reasoning", "reasoning"
    if message.tool_calls:
        yield "tool calls", "tool_call"


def _dropped(c: Checked) -> Found:
    if not c.rendering.parts_known:
        return
    written = {(span.turn, span.part) for span in c.rendering.spans if span.is_quoted}
    for i, message in enumerate(c.rendering.chat.messages):
        for name, part in _fields(message):
            if (i, part) not in written:
                yield (
                    f"message {i + 1}: template {c.rendering.template.name} leaves its {name} out of the text",
                    "the model never sees them; choose a template that writes them",
                    (),
                )


def _two_bos(c: Checked) -> Found:
    ids = c.rendering.ids
    bos = c.rendering.tokenizer.id_of(c.rendering.tokenizer.variables.get("bos_token", ""))
    if bos is not None and len(ids) > 1 and ids[0] == ids[1] == bos:
        yield (
            f"the row begins with two begin-of-sequence tokens ({bos})",
            "the template writes one already: tokenize with add_special_tokens=False",
            (0, 1),
        )


def _empty_reply(c: Checked) -> Found:
    for i, message in enumerate(c.rendering.chat.messages):
        supervised = [t for t in c.tokens_of(i) if c.supervision.supervised[t]]
        if message.role == "assistant" and supervised and not any(_fields(message)):
            yield (
                f"message {i + 1}: the reply is empty, so only its end-of-turn is supervised",
                "drop the sample, or the model learns to say nothing",
                tuple(supervised),
            )


def _ends_without_reply(c: Checked) -> Found:
    last = c.rendering.chat.messages[-1]
    if last.role in ("user", "tool", "system", "developer"):
        yield (
            f"the chat ends with a {last.role} message, which nothing answers",
            "it costs compute and teaches nothing under a policy that trains on replies",
            tuple(c.tokens_of(len(c.rendering.chat.messages) - 1)),
        )


def _too_long(c: Checked) -> Found:
    length, limit = len(c.rendering.tokens), c.context_length
    if limit and length > limit:
        lost = sum(c.supervision.supervised[limit:])
        yield (
            f"{length} tokens, and the model was trained on {limit} positions: what follows is guesswork, and "
            f"truncation would cut {lost} supervised tokens",
            "shorten the chat or take a model with a longer context",
            tuple(range(limit, length)),
        )


def _pieces_unknown(c: Checked) -> Found:
    tokenizer, rendering = c.rendering.tokenizer, c.rendering
    written = {
        match.group()
        for span in rendering.spans
        if not span.is_quoted
        for match in CONTROL_LIKE.finditer(rendering.text, span.start, span.end)
    }
    missing = sorted(piece for piece in written if tokenizer.id_of(piece) is None)
    if missing:
        yield (
            f"{', '.join(missing)} is no token of this tokenizer, which cuts it into ordinary pieces",
            "use the tokenizer this template was made for, or add the tokens and resize the embeddings",
            (),
        )


def _prompt_differs(c: Checked) -> Found:
    if not c.rendering.prompt_is_prefix:
        yield (
            "the prompt as written for generation is not how the training text begins: they part at character "
            f"{c.rendering.prompt_end}",
            "use a template that is prefix-preserving, or train on what will be asked",
            (),
        )


def _parts_unknown(c: Checked) -> Found:
    if not c.rendering.parts_known:
        yield (
            "the template rewrites the messages' text, so header and content cannot be told apart",
            "turns and generation blocks are still known where the template has them",
            (),
        )


def _no_generation(c: Checked) -> Found:
    if not c.rendering.template.has_generation and c.supervision.policy.scope == "turns":
        yield (
            f"template {c.rendering.template.name} has no generation markers: replies are found by their turns instead",
            "TRL's assistant_only_loss needs {% generation %} markers; choose a template that has them",
            (),
        )


def _depends_on_date(c: Checked) -> Found:
    if TODAY.search(c.rendering.template.jinja):
        yield "the template writes today's date into the text", "tokens change from day to day; pin the date", ()


def _invisible(c: Checked) -> Found:
    count = len(INVISIBLE.findall(c.rendering.text))
    if count:
        yield (
            f"{count} invisible or direction-changing characters stand in the text",
            "the strip shows each as a glyph; remove them if they are not meant",
            tuple(t for t, token in enumerate(c.rendering.tokens) if INVISIBLE.search(token.text)),
        )


def _uncovered(c: Checked) -> Found:
    shown = sum(len(token.text) for token in c.rendering.tokens)
    if shown < len(c.rendering.text):
        yield (
            f"{len(c.rendering.text) - shown} characters are covered by no token: the tokenizer drops or rewrites them",
            "what the model reads is not quite what was pasted",
            (),
        )


def _rows(*rows: Check) -> dict[str, Check]:
    return {row.code: row for row in rows}


CHECKS = _rows(
    Check("nothing_supervised", "error", "Nothing is supervised", _nothing_supervised),
    Check("forged_control_token", "warning", "A control token typed inside a message", _forged),
    Check("end_not_supervised", "warning", "The end of a reply is not supervised", _end_not_supervised),
    Check("no_end_of_turn", "warning", "No end-of-turn after a reply", _no_end_token),
    Check("pad_is_eos", "warning", "Padding and end-of-sequence share an id", _pad_is_eos),
    Check("empty_reply", "warning", "An empty reply", _empty_reply),
    Check("field_dropped", "warning", "The template drops part of a message", _dropped),
    Check(
        "control_text_is_split", "warning", "The tokenizer does not know the template's control tokens", _pieces_unknown
    ),
    Check("two_bos", "warning", "Two begin-of-sequence tokens", _two_bos),
    Check("unknown_token", "warning", "Unknown tokens", _unknown),
    Check("too_long", "warning", "Longer than the model's context", _too_long),
    Check("prompt_differs", "warning", "Generation prompt is not the training prefix", _prompt_differs),
    Check("parts_unknown", "warning", "The template rewrites messages", _parts_unknown),
    Check("invisible_characters", "warning", "Invisible characters", _invisible),
    Check("text_not_covered", "warning", "Text that no token covers", _uncovered),
    Check("ends_without_reply", "note", "The chat ends without a reply", _ends_without_reply),
    Check("no_generation_markers", "note", "The template marks no generation", _no_generation),
    Check("depends_on_date", "note", "The text depends on the date", _depends_on_date),
)
