"""A chat through a Jinja template: the text, and the origin of every character.

The chat's strings go in tracked, so the origin is known without searching the text and without changing what the
template sees. The text itself comes from a rendering of plain strings: where the tracked one differs, or fails, only
the origin is lost. A template's fault never raises: it is a value, `{"error": …}`.

This module and what it imports need only Jinja and the standard library: the helper process that renders untrusted
templates loads nothing else (see `helper`).
"""

import re
from functools import lru_cache
from typing import Any

from jinja2 import TemplateError, TemplateSyntaxError, UndefinedError
from jinja2.exceptions import SecurityError

from sftviz.chat.write.environment import TemplateEnvironment
from sftviz.chat.write.leaves import Leaves
from sftviz.chat.write.loops import Loops, Progress
from sftviz.chat.write.tracked import EVENT, GENERATION, TEMPLATE, Run, Tracked, runs

TEMPLATE_LIMIT = 64 * 1024
LONGEST_TEXT = 2_000_000  # characters a template that comes with sftviz may write
LONGEST_UNTRUSTED = 200_000  # … and any other: as much as may be pasted
EXTRA_MEMORY = 256 * 1024 * 1024
SURROGATE = re.compile("[\ud800-\udfff]")
LONE_MARK = "\ufffd"

Job = dict[str, Any]
Result = dict[str, Any]


def render(job: Job) -> Result:
    """`{"text", "runs", "mended"}`, or `{"error": {"code", "values", "line"}}`.

    job: template, messages, tools, variables, longest, and tracked: False where only the text is wanted. runs: see
    `tracked.runs`, numbers of `Leaves(messages, tools)`; None where the origin could not be followed. mended: the
    template wrote half a surrogate pair, which no text can hold; U+FFFD stands for it. blocks: characters [start, end)
    of the outermost generation blocks, in order.
    """
    if len(job["template"]) > TEMPLATE_LIMIT:
        return error_of("template_too_long", count=len(job["template"]), limit=TEMPLATE_LIMIT)
    try:
        written = _plain(job, _compiled(job["template"], follows=False))
        if len(written) > job["longest"]:
            return error_of("template_output_too_long", count=len(written), limit=job["longest"])
        text = SURROGATE.sub(LONE_MARK, written)
        found = _origins(job, _compiled(job["template"], follows=True), written) if job["tracked"] else None
        if found and len(found) > 4 * job["longest"]:
            found = None
        return {"text": text, "runs": found, "mended": text != written, "blocks": _blocks(written)}
    except Exception as error:  # whatever a template's own expression raises is the template's fault: name it
        return _named(error)


def _blocks(text: str) -> list[tuple[int, int]]:
    found, open_at, depth, at = list[tuple[int, int]](), 0, 0, 0
    for length, origin, _, opens in runs(text) if type(text) is Tracked else ():
        if origin == GENERATION:
            open_at = at if opens and not depth else open_at
            depth += 1 if opens else -1
            if not depth:
                found.append((open_at, at))
        at += length
    return found


def _plain(job: Job, template: Any) -> str:
    return str(_run(template, job, job["messages"], job["tools"], None))


def _origins(job: Job, template: Any, text: str) -> list[Run] | None:
    leaves = Leaves(job["messages"], job["tools"])
    try:
        tracked = _run(template, job, leaves.messages, leaves.tools, Progress(leaves))
    except Exception:  # the plain rendering went well, so this is no fault of the template: go on without the origin
        return None
    return _merged(runs(tracked)) if tracked == text else None


def _run(template: Any, job: Job, messages: list[Any], tools: list[Any], progress: Progress | None) -> str:
    Loops.now.progress = progress
    try:
        return template.render(**_context(job, messages, tools))
    finally:
        Loops.now.progress = None


def _context(job: Job, messages: list[Any], tools: list[Any]) -> dict[str, Any]:
    own = {"messages": messages, "tools": tools or None}
    return {"documents": None, "add_generation_prompt": False, **job["variables"], **own}


def _merged(found: list[Run]) -> list[Run]:
    """Neighbours of one origin as one run; a loop's item that wrote nothing leaves no trace."""
    merged = list[Run]()
    for run in found:
        last = merged[-1] if merged else None
        if last and run[0] and last[0] and last[1] == run[1] == TEMPLATE:
            merged[-1] = (last[0] + run[0], TEMPLATE, 0, 0)
        elif last and last[:3] == run[:3] and run[1] == EVENT:
            merged[-1] = run  # the same loop came to its next item, and had written nothing
        else:
            merged.append(run)
    return merged


@lru_cache(128)
def _compiled(source: str, *, follows: bool) -> Any:
    return TemplateEnvironment(follows=follows).from_string(source)


def _named(error: Exception) -> Result:
    message = re.sub(r"\s+", " ", str(error))[:500]
    line = error.lineno if isinstance(error, TemplateSyntaxError) else _line_of(error)
    if isinstance(error, SyntaxError) and "outside loop" in str(error):
        return error_of("template_break_outside_loop", words=str(error.msg))
    for kinds, code in KINDS:
        if isinstance(error, kinds):
            limit = EXTRA_MEMORY // 2**20
            return error_of(code, line, message=message, kind=type(error).__name__, megabytes=limit)
    return error_of("template_failed", line, message=message, kind=type(error).__name__)


KINDS: tuple[tuple[Any, str], ...] = (
    (TemplateSyntaxError, "template_syntax"),
    (UndefinedError, "template_undefined"),
    (SecurityError, "template_not_allowed"),
    (TemplateError, "template_says"),
    (MemoryError, "template_memory"),
    ((RecursionError, SyntaxError), "template_nested"),
)


def _line_of(error: BaseException) -> int | None:
    traceback, line = error.__traceback__, None
    while traceback:
        if traceback.tb_frame.f_code.co_filename == "<template>":
            line = traceback.tb_lineno
        traceback = traceback.tb_next
    return line


def error_of(code: str, line: int | None = None, **values: Any) -> Result:
    return {"error": {"code": code, "values": values, "line": line}}
