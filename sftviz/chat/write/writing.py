"""Chat + template -> text and spans, what was left out and added, and where the completion begins."""

import re
from dataclasses import dataclass, replace
from os.path import commonprefix
from typing import Any

from sftviz.chat.messages import Chat, ChatError
from sftviz.chat.spans import Spans
from sftviz.chat.tokenizers.protocol import Tokenizer
from sftviz.chat.write.added import Added, added
from sftviz.chat.write.control import control_tokens
from sftviz.chat.write.dropped import Dropped, dropped, missing, untracked
from sftviz.chat.write.frame import answer, frame_of
from sftviz.chat.write.leaves import Leaves, dicts
from sftviz.chat.write.pieces import pieces
from sftviz.chat.write.shapes import shape_of
from sftviz.chat.write.spans import Parts, spans
from sftviz.chat.write.templates import Template
from sftviz.chat.write.tracked import TEMPLATE, Run
from sftviz.words import Said


@dataclass(frozen=True)
class Writing:
    """What a template made of a chat."""

    text: str
    spans: Spans
    control: re.Pattern[str]
    opening: str
    parts_known: bool = True
    dropped: tuple[Dropped, ...] = ()
    mended: bool = False
    dates: tuple[tuple[int, int], ...] = ()

    def added_with(self, given: str) -> tuple[Added, ...]:
        return added(self.text, self.spans, self.dates, self.control, self.opening, given)


@dataclass(frozen=True)
class Prompt:
    """What the model is given before it writes the completion. given: the part that opens the reply's turn."""

    end: int
    is_prefix: bool
    given: str = ""
    error: Said | None = None


def write(chat: Chat, template: Template, variables: dict[str, Any], tokenizer: Tokenizer) -> Writing:
    """Raises ChatError where the template refuses the chat."""
    control = control_tokens(tokenizer, template.eos, str(variables.get("eos_token") or ""))
    shape = shape_of(chat, template, variables, tokenizer)
    if shape and shape.patterns:
        told = _told(chat, template, variables, tracked=False)
        spans = shape.spans(told["text"], chat.messages, told["blocks"])
        if spans is not None:
            return Writing(told["text"], spans, control, frame_of(template, variables).opening)
    made = _followed(chat, template, variables, control)
    if shape and made.parts_known and not (made.dropped or made.mended or made.dates):
        shape.learn(made.text, made.spans, chat.messages)
    return made


def _followed(chat: Chat, template: Template, variables: dict[str, Any], control: re.Pattern[str]) -> Writing:
    """Write the chat and follow where every character comes from."""
    messages, tools = dicts(chat.messages, template.takes_parts), list(chat.tools)
    told = _told(chat, template, variables)
    frame = frame_of(template, variables)  # asked after the chat: a template that refuses it is not run again
    text, found = told["text"], told["runs"]
    leaves = Leaves(messages, tools)
    runs: list[Run] = [(len(text), TEMPLATE, 0, 0)] if found is None and text else [tuple(run) for run in found or ()]
    cut = pieces(text, runs, leaves)
    parts = Parts(text, chat.messages, control, frame)
    made = Spans.of(spans(parts.cuts(cut), chat.messages, has_generation=template.has_generation))
    missed = missing(leaves, runs)
    unknown = untracked(missed, messages, tools, _writes(template, variables)) if missed else set[int]()
    lost = dropped(chat, leaves, [leaf for leaf in missed if leaf not in unknown], runs)
    known = found is not None and not any(_is_message(leaves, leaf) for leaf in unknown)
    dates = tuple((piece.start, piece.end) for piece in cut if piece.is_date)
    return Writing(text, made, control, frame.opening, known, lost, told["mended"], dates)


def text_of(chat: Chat, template: Template, variables: dict[str, Any], *, generation_prompt: bool = False) -> str:
    """The text alone, as it is written for training or for generation. Raises ChatError where the template refuses."""
    asked = {**variables, "add_generation_prompt": True} if generation_prompt else variables
    return _told(chat, template, asked, tracked=False)["text"]


def prompt_of(chat: Chat, start: int, template: Template, variables: dict[str, Any], writing: Writing) -> Prompt:
    """Write the prompt as it is written for generation, and see how far the training text agrees with it."""
    text = writing.text
    if start in (0, len(chat.messages)):
        return Prompt(0 if start == 0 else len(text), True)
    asked = replace(chat, messages=chat.messages[:start])
    told = _answer(asked, template, {**variables, "add_generation_prompt": True}, tracked=False)
    if "error" in told:
        return Prompt(0, False, error=_what(told["error"]))
    written: str = told["text"]
    turn = next((span.start for span in writing.spans if span.turn == start), len(text))
    given = written[turn:] if written[:turn] == text[:turn] else ""
    return Prompt(len(commonprefix([written, text])), text.startswith(written), given)


def _told(chat: Chat, template: Template, variables: dict[str, Any], tracked: bool = True) -> dict[str, Any]:
    told = _answer(chat, template, variables, tracked)
    if "error" in told:
        raise _chat_error(told["error"], template)
    return told


def _answer(chat: Chat, template: Template, variables: dict[str, Any], tracked: bool = True) -> dict[str, Any]:
    messages = dicts(chat.messages, template.takes_parts)
    asked = {"messages": messages, "tools": list(chat.tools), "variables": variables, "tracked": tracked}
    return answer(template, **asked)


def _writes(template: Template, variables: dict[str, Any]) -> Any:
    def text(messages: list[Any], tools: list[Any]) -> str | None:
        asked = {"messages": messages, "tools": tools, "variables": variables, "tracked": False}
        return answer(template, **asked).get("text")

    return text


def _is_message(leaves: Leaves, leaf: int) -> bool:
    return leaves.table[leaf].message is not None and leaves.table[leaf].field in ("content", "reasoning")


def _what(error: dict[str, Any]) -> Said:
    return Said(f"error.{error['code']}", **error["values"])


def _chat_error(error: dict[str, Any], template: Template) -> ChatError:
    where = Said("place.template", name=template.name)
    if error["line"]:
        where = Said("place.within", outer=where, inner=Said("place.line", n=error["line"]))
    return ChatError(error["code"], where, **error["values"])
