"""Tool calls as each family of models writes them into a reply's text. CALLS is tried at every opening mark."""

import ast
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sftviz.chat.messages import ToolCall
from sftviz.chat.read.json_text import is_object
from sftviz.chat.read.json_values import value_at, values
from sftviz.chat.read.written import Piece

LONGEST_PYTHON = 20_000  # Python's own parser is asked to read calls written as Python
NAME = re.compile(r'"(?:name|tool_name)"\s*:\s*"((?:[^"\\]|\\.)*)"')
BARE_KEYS = {"name", "parameters", "arguments", "type", "id"}
ARGUMENTS = re.compile(r'"(?:arguments|parameters)"\s*:\s*')


@dataclass
class Calls:
    """The calls of text[start:stop] and the pieces it is made of; no calls: the marks hold what cannot be read."""

    start: int
    stop: int
    calls: list[ToolCall] = field(default_factory=list[ToolCall])
    pieces: list[Piece] = field(default_factory=list[Piece])


@dataclass
class Draft:
    """Calls while they are read: what is quoted is added, the template's own text fills the rest."""

    text: str
    start: int
    number: int  # calls of this message before these
    calls: list[ToolCall] = field(default_factory=list[ToolCall])
    quoted: list[Piece] = field(default_factory=list[Piece])

    def quote(self, start: int, end: int, leaf: str) -> None:
        if start < end:
            index = self.number + len(self.calls)
            self.quoted.append(Piece(start, end, "tool_call", f"tool_calls.{index}{leaf}"))

    def done(self, stop: int) -> Calls:
        pieces: list[Piece] = []
        at = self.start
        for piece in sorted(self.quoted, key=lambda piece: piece.start):
            pieces += [Piece(at, piece.start, "tool_call"), piece]
            at = piece.end
        pieces.append(Piece(at, stop, "tool_call"))
        return Calls(self.start, stop, self.calls, [piece for piece in pieces if piece.start < piece.end])


@dataclass(frozen=True)
class Form:
    """How a family writes its calls: between `opens` and `closes`; no `closes`: to the end of the reply."""

    opens: str
    closes: str
    readers: tuple[Callable[[Draft, int, int], None], ...]


def next_call(text: str, at: int, end: int, number: int) -> Calls | None:
    """The next calls in text[at:end], whose first has the number `number`; None where no closed mark is left."""
    opened = OPENING.search(text, at, end)
    if not opened:
        return None
    form = CALLS[opened.group()]
    start = opened.end()
    close = text.find(form.closes, start, end) if form.closes else end
    inner_end = close if close >= 0 else end  # an answer cut within a call: read what is there
    stop = close + len(form.closes) if close >= 0 else end
    for reader in form.readers:
        draft = Draft(text, opened.start(), number)
        reader(draft, start, inner_end)
        if draft.calls:
            return draft.done(stop)
    return _unread(opened.start(), start, inner_end, stop) if close >= 0 else None


def bare_call(text: str, start: int, end: int) -> tuple[ToolCall, list[Piece]] | None:
    """A reply that is one JSON call and nothing else, as Llama 3 writes it."""
    lead = end - len(text[start:end].lstrip())
    item = value_at(text, lead, end) if text.startswith("{", lead) else None
    if not item or text[item[1] : end].strip() or not set(item[2]) <= BARE_KEYS:
        return None
    if not isinstance(item[2].get("arguments", item[2].get("parameters")), dict):
        return None  # {"name": "Ann"} is an answer
    draft = Draft(text, start, 0)
    _json_call(draft, *item)
    return (draft.calls[0], draft.done(end).pieces) if draft.calls else None


def _unread(start: int, inner: int, inner_end: int, stop: int) -> Calls:
    return Calls(start, stop, [], [
        Piece(start, inner, "tool_call"), Piece(inner, inner_end, "tool_call", "content"),
        Piece(inner_end, stop, "tool_call"),
    ])  # fmt: skip


def _json_call(draft: Draft, start: int, end: int, value: Any) -> None:
    """A call from its JSON: {"name": …, "arguments": {…}}, or that under "function"."""
    holder = value.get("function", value) if is_object(value) else None
    if not is_object(value) or not is_object(holder):
        return
    name = holder.get("name", holder.get("tool_name"))
    arguments = holder.get("arguments", holder.get("parameters", {}))
    if not isinstance(name, str):
        return
    named = NAME.search(draft.text, start, end)
    given = ARGUMENTS.search(draft.text, named.end() if named else start, end)
    item = value_at(draft.text, given.end(), end) if given else None
    if named and named[1] == name and (item is None or item[2] == arguments):
        draft.quote(named.start(1), named.end(1), ".name")
        if item:
            draft.quote(item[0], item[1], ".arguments")
    else:
        draft.quote(start, end, "")
    identity = value.get("id") or value.get("tool_call_id")
    kept = arguments if is_object(arguments) or isinstance(arguments, str) else draft.text[start:end]
    draft.calls.append(ToolCall(name, kept, identity if isinstance(identity, str) else None))


def _json(draft: Draft, start: int, end: int) -> None:
    for found in values(draft.text, start, end)[0]:
        _json_call(draft, *found)


LOOSE = re.compile(r"""\s*\{\s*"name"\s*:\s*"([^"\\]*)"\s*(?:,\s*"arguments"\s*:\s*'?)?""")


def _loose_json(draft: Draft, start: int, end: int) -> None:
    """Glaive's: the arguments are JSON between single quotes, which is no JSON."""
    head = LOOSE.match(draft.text, start, end)
    if not head:
        return
    item = value_at(draft.text, head.end(), end) if draft.text.startswith("{", head.end()) else None
    stop = item[1] if item else head.end() + len(draft.text[head.end() : end].rstrip("}' \n"))
    draft.quote(head.start(1), head.end(1), ".name")
    draft.quote(head.end(), stop, ".arguments")
    raw = draft.text[head.end() : stop]
    draft.calls.append(ToolCall(head[1], item[2] if item and is_object(item[2]) else raw))


def _from_groups(head: str, pair: str) -> Callable[[Draft, int, int], None]:
    """A reader for calls written as marks: `head` has a group name, `pair` groups key and value."""
    heads, pairs = re.compile(head), re.compile(pair, re.DOTALL)

    def read(draft: Draft, start: int, end: int) -> None:
        found = list(heads.finditer(draft.text, start, end))
        limits = [*(match.start() for match in found[1:]), end]
        for match, limit in zip(found, limits, strict=False):
            draft.quote(match.start("name"), match.end("name"), ".name")
            arguments: dict[str, Any] = {}
            for given in pairs.finditer(draft.text, match.end(), limit):
                key, value = given["key"], given["value"]
                draft.quote(given.start("key"), given.end("key"), f".arguments.{key}")
                draft.quote(given.start("value"), given.end("value"), f".arguments.{key}")
                item = value_at(value, 0, len(value))
                arguments[key] = item[2] if item and item[1] == len(value) else value
            draft.calls.append(ToolCall(match["name"], arguments))

    return read


def _named_json(head: str) -> Callable[[Draft, int, int], None]:
    """A reader for calls of a name and, behind it, JSON arguments; `head` has a group name, perhaps one id.

    `head` is matched where the call before it ends, so it begins with whatever stands between two calls.
    """
    heads = re.compile(head)

    def read(draft: Draft, start: int, end: int) -> None:
        at = start
        while match := heads.match(draft.text, at, end):
            item = value_at(draft.text, match.end(), end)
            if not item or not is_object(item[2]):
                return
            draft.quote(match.start("name"), match.end("name"), ".name")
            draft.quote(item[0], item[1], ".arguments")
            draft.calls.append(ToolCall(match["name"], item[2], match.groupdict().get("id")))
            at = item[1]

    return read


def _python(draft: Draft, start: int, end: int) -> None:
    """LFM 2 and Llama 3's pythonic calls: [name(key='value', …), …]."""
    source = draft.text[start:end].strip()
    if len(source) > LONGEST_PYTHON or not source.endswith((")", "]")):
        return
    try:
        tree = ast.parse(source, mode="eval").body
        calls = [_python_call(node) for node in (tree.elts if isinstance(tree, ast.List) else [tree])]
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError):
        return
    draft.quote(start, end, "")
    draft.calls += calls


def _python_call(node: ast.expr) -> ToolCall:
    if not isinstance(node, ast.Call) or node.args:
        raise ValueError("no call with named arguments")
    arguments = {given.arg or "": ast.literal_eval(given.value) for given in node.keywords}
    return ToolCall(ast.unparse(node.func).removesuffix(".call"), arguments)


GEMMA_TEXT = '<|"|>'
GEMMA_CALL = re.compile(r"call:([^{\s]+)\{")


def _gemma(draft: Draft, start: int, end: int) -> None:
    """Gemma 4's: call:name{key:<|"|>text<|"|>,other:3}; texts between marks of their own, keys bare."""
    head = GEMMA_CALL.match(draft.text, start, end)
    if not head:
        return
    pieces = draft.text[head.end() - 1 : end].split(GEMMA_TEXT)
    bare = [re.sub(r"([{,]\s*)([^\s{}\[\],:\"]+):", r'\1"\2":', piece) for piece in pieces[::2]]
    texts = [json.dumps(piece) for piece in pieces[1::2]]
    source = "".join(a + b for a, b in zip(bare, [*texts, ""], strict=False))
    item = value_at(source, 0, len(source))
    draft.quote(head.start(1), head.end(1), ".name")
    draft.quote(head.end(), end - draft.text.endswith("}", start, end), ".arguments")
    arguments = item[2] if item and is_object(item[2]) else draft.text[head.end() - 1 : end]
    draft.calls.append(ToolCall(head[1], arguments))


_xml = _from_groups(
    r"<function=(?P<name>[^>\n]+)>",
    r"<parameter=(?P<key>[^>\n]+)>\n?(?P<value>(?:(?!<parameter=).)*?)\n?</parameter>",
)
_glm = _from_groups(
    r"(?<=<tool_call>)(?P<name>[^\s<{]+)",
    r"<arg_key>(?P<key>[^<]*)</arg_key>\s*<arg_value>(?P<value>(?:(?!<arg_key>).)*?)</arg_value>",
)
_invoke = _from_groups(
    r'<(?:\w+:)?invoke name="(?P<name>[^"\n]*)">',
    r'<(?:\w+:)?parameter name="(?P<key>[^"\n]*)">(?P<value>(?:(?!parameter name=).)*?)</(?:\w+:)?parameter>',
)
_args = _named_json(r"[\s,]*(?:\[TOOL_CALLS\])?(?P<name>[^\s\[\]{}<>]+)(?:\[CALL_ID\](?P<id>\w+))?(?:\[ARGS\])?(?=\{)")
_deepseek = _named_json(
    r"(?:\s|```)*(?:<[｜|]tool[▁_ ]call[▁_ ]end[｜|]>\s*)?"
    r"<[｜|]tool[▁_ ]call[▁_ ]begin[｜|]>(?:function<[｜|]tool[▁_ ]sep[｜|]>)?"
    r"(?P<name>[^\s<]+)(?:\s*```json\s*|<[｜|]tool[▁_ ]sep[｜|]>)"
)
_kimi = _named_json(
    r"\s*(?:<\|tool_call_end\|>)?\s*<\|tool_call_begin\|>"
    r"(?P<id>(?:functions\.)?(?P<name>[^\s:<]+)(?::\d+)?)\s*<\|tool_call_argument_begin\|>\s*"
)
_function = _named_json(r"(?P<name>[^>\n]+)>(?=\{)")

CALLS: dict[str, Form] = {
    form.opens: form
    for form in (
        Form("<tool_call>", "</tool_call>", (_json, _loose_json, _xml, _glm)),
        Form("<|tool_call_start|>", "<|tool_call_end|>", (_python, _json)),
        Form("[TOOL_CALLS]", "", (_json, _args)),
        Form("<functioncall>", "", (_json, _loose_json)),
        Form("<｜tool▁calls▁begin｜>", "<｜tool▁calls▁end｜>", (_deepseek,)),
        Form("<|tool▁calls▁begin|>", "<|tool▁calls▁end|>", (_deepseek,)),
        Form("<|tool_calls_begin|>", "<|tool_calls_end|>", (_deepseek,)),
        Form("<|tool_calls_section_begin|>", "<|tool_calls_section_end|>", (_kimi,)),
        Form("<|START_ACTION|>", "<|END_ACTION|>", (_json,)),
        Form("<|tool_call>", "<tool_call|>", (_gemma,)),
        Form("<|tool_call|>", "", (_json,)),
        Form("<|python_tag|>", "", (_json, _python)),
        Form("<function=", "</function>", (_function,)),
        Form("<atem:function_calls>", "</atem:function_calls>", (_invoke,)),
        Form("<minimax:tool_call>", "</minimax:tool_call>", (_invoke,)),
        Form("<function_calls>", "</function_calls>", (_invoke,)),
    )
}
OPENING = re.compile("|".join(map(re.escape, CALLS)))
