"""Jinja chat templates, rendered with marks that say where every character came from.

A job names a template and messages whose text is already marked at both ends with private characters. The engine adds
marks of its own: round each turn, each tool call and each tool (it instruments every `for` and recognises what is
looped over), and round `{% generation %}` blocks. Marks must not change what the template writes: the engine compares
with an unmarked rendering, and gives the first of the job's candidates that passes. `marks` reads the marks.

The module imports only Jinja and the standard library, because it is also the program of the bounded helper process
that renders untrusted templates: `python -I engine.py` answers one JSON job a line (see `server`).
"""

import json
import os
import re
import select
import signal
import sys
import time
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from typing import Any

from jinja2 import TemplateError, TemplateSyntaxError, Undefined, UndefinedError, nodes
from jinja2.exceptions import SecurityError
from jinja2.ext import Extension, loopcontrols
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Namespace

TEMPLATE_LIMIT = 64 * 1024
OUTPUT_LIMIT = 2 * 1024 * 1024
SECONDS = 2
EXTRA_MEMORY = 256 * 1024 * 1024

Job = dict[str, Any]
Result = dict[str, Any]


class GenerationBlock(Extension):
    """`{% generation %} … {% endgeneration %}`: the text the assistant writes, as transformers defines it."""

    tags = {"generation"}  # noqa: RUF012  (Jinja's own contract)

    def parse(self, parser: Parser) -> list[nodes.Node]:
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        block = nodes.CallBlock(self.call_method("_body"), [], [], body).set_lineno(line)
        return [_output("_generation_open", line), block, _output("_generation_close", line)]

    def _body(self, caller: Callable[[], str]) -> str:
        return caller()


class ChatNamespace(Namespace):
    """`namespace()` as transformers offers it: no name may start with an underscore."""

    def __init__(*args: Any, **kwargs: Any) -> None:  # pyright: ignore[reportSelfClsParameterName]
        self, rest = args[0], args[1:]
        attributes = dict(*rest, **kwargs)
        for name in attributes:
            _refuse_underscore(name)
        Namespace.__init__(self, attributes)

    def __setitem__(self, name: str, value: Any) -> None:
        _refuse_underscore(name)
        super().__setitem__(name, value)


class TemplateEnvironment(ImmutableSandboxedEnvironment):
    """transformers' template environment, with every single-name `for` instrumented."""

    def __init__(self) -> None:
        super().__init__(trim_blocks=True, lstrip_blocks=True, extensions=[GenerationBlock, loopcontrols])
        offered: dict[str, Any] = {"raise_exception": _raise_exception, "strftime_now": _strftime_now}
        offered |= {"namespace": ChatNamespace, "dict": _TemplateDict()}
        known: Any = self  # Jinja leaves the types of its own tables open
        known.globals.update(offered)
        known.filters["tojson"] = _tojson

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        for loop in list(tree.find_all(nodes.For)):
            if isinstance(loop.target, nodes.Name):
                _instrument(loop, loop.target.name)
        return tree


def render(job: Job) -> Result:
    """`{"text", "marked", "candidate"}`, or `{"error": {"code", "message", "line"}}`: a template's fault never raises.

    job: template, messages, candidates (markings of the same messages, the most detailed first), tools, variables, and
    marks: [open, close] pairs under turns[i], calls[i][j], tools[k], generation, and all of them under characters.
    `marked` is the rendering of the first candidate that reads like `text` once its marks are out; candidate is its
    index, or None, with `marked` = `text`, where no marking survives this template.
    """
    source = job["template"]
    if len(source) > TEMPLATE_LIMIT:
        return _error(
            "template_too_long", f"the template has {len(source):,} characters; {TEMPLATE_LIMIT:,} are allowed"
        )
    try:
        template = _compile(source)
        text = template.render(**_context(job, job["messages"], marks=None))
        if len(text) > OUTPUT_LIMIT:
            return _error(
                "output_too_long", f"the template wrote {len(text):,} characters; {OUTPUT_LIMIT:,} are allowed"
            )
        return {"text": text, **_first_faithful(job, template, text)}
    except TemplateSyntaxError as error:
        return _error("template_syntax", error.message or "syntax error", error.lineno)
    except UndefinedError as error:
        return _error("template_undefined", str(error), _line_of(error))
    except SecurityError as error:
        return _error("template_not_allowed", f"not allowed: {error}", _line_of(error))
    except TemplateError as error:
        return _error("template_says", f"the template says: {error}", _line_of(error))
    except MemoryError:
        return _error("template_memory", f"the template needs more than {EXTRA_MEMORY // 2**20} MB of memory")
    except (RecursionError, SyntaxError) as error:
        return _error("template_nested", f"the template is nested too deep ({type(error).__name__})")
    except Exception as error:  # whatever a template's own expression raises is the template's fault: name it
        return _error("template_failed", f"the template failed: {type(error).__name__}: {error}", _line_of(error))


def _first_faithful(job: Job, template: Any, text: str) -> Result:
    without_marks = dict.fromkeys(map(ord, job["marks"]["characters"]))
    for index, messages in enumerate(job["candidates"]):
        try:
            marked = template.render(**_context(job, messages, marks=job["marks"]))
        except TemplateError:  # a template that inspects its input may refuse a marked one: the next has fewer marks
            continue
        if marked.translate(without_marks) == text:
            return {"marked": marked, "candidate": index}
    return {"marked": text, "candidate": None}


@lru_cache(64)
def _compile(source: str) -> Any:
    return TemplateEnvironment().from_string(source)


def _context(job: Job, messages: list[dict[str, Any]], marks: dict[str, Any] | None) -> dict[str, Any]:
    tools = job["tools"] or None
    pairs: dict[int, list[str]] = {}
    if marks:
        pairs.update({id(message): pair for message, pair in zip(messages, marks["turns"], strict=True)})
        for message, call_pairs in zip(messages, marks["calls"], strict=True):
            pairs.update({id(c): pair for c, pair in zip(message.get("tool_calls", []), call_pairs, strict=True)})
        pairs.update({id(tool): pair for tool, pair in zip(tools or [], marks["tools"], strict=True)})
    generation = marks["generation"] if marks else ("", "")
    return {
        "messages": messages,
        "tools": tools,
        "documents": None,
        "add_generation_prompt": False,
        **job["variables"],
        "_open": _nth_of(pairs, 0),
        "_close": _nth_of(pairs, 1),
        "_generation_open": generation[0],
        "_generation_close": generation[1],
    }


def _nth_of(pairs: dict[int, list[str]], nth: int) -> Callable[[Any], str]:
    def mark(item: Any) -> str:
        return pairs.get(id(item), ["", ""])[nth]

    return mark


def _instrument(loop: nodes.For, target: str) -> None:
    # The item is kept under a name of ours, because bodies rebind theirs: {% set tool_call = tool_call.function %}
    line = loop.lineno
    keep = nodes.Assign(nodes.Name("_item", "store"), nodes.Name(target, "load")).set_lineno(line)
    loop.body = [keep, _call("_open", line), *loop.body, _call("_close", line)]
    for node in loop.body:
        node.set_environment(loop.environment)  # pyright: ignore[reportArgumentType]


def _call(function: str, line: int) -> nodes.Node:
    call = nodes.Call(nodes.Name(function, "load"), [nodes.Name("_item", "load")], [], None, None)
    return nodes.Output([call]).set_lineno(line)


def _output(name: str, line: int) -> nodes.Node:
    return nodes.Output([nodes.Name(name, "load")]).set_lineno(line)


class _TemplateDict:
    def __call__(self, *args: Any, **kwargs: Any) -> dict[Any, Any]:
        return dict(*args, **kwargs)

    def fromkeys(self, *args: Any) -> dict[Any, Any]:
        return dict.fromkeys(*args)


def _refuse_underscore(name: Any) -> None:
    if isinstance(name, str) and name.startswith("_"):
        raise SecurityError(f"a namespace may not hold {name!r}: names may not start with an underscore")


def _tojson(
    value: Any, ensure_ascii: bool = False, indent: Any = None, separators: Any = None, sort_keys: bool = False
) -> str:
    if isinstance(value, Undefined):
        raise UndefinedError("tojson was given an undefined value")
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def _raise_exception(message: str) -> None:
    raise TemplateError(message)


def _strftime_now(form: str) -> str:
    return datetime.now().strftime(form)


def _line_of(error: BaseException) -> int | None:
    traceback, line = error.__traceback__, None
    while traceback:
        if traceback.tb_frame.f_code.co_filename == "<template>":
            line = traceback.tb_lineno
        traceback = traceback.tb_next
    return line


def _error(code: str, message: str, line: int | None = None) -> Result:
    return {"error": {"code": code, "message": re.sub(r"\s+", " ", message)[:500], "line": line}}


def serve() -> None:
    """Answer one JSON job a line until standard input closes; each job in a child of its own where the OS can fork."""
    answer = _in_child if hasattr(os, "fork") else render
    for line in sys.stdin.buffer:
        sys.stdout.write(json.dumps(answer(json.loads(line))) + "\n")
        sys.stdout.flush()


def _in_child(job: Job) -> Result:
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reader)
            _limit_self()
            with os.fdopen(writer, "w") as pipe:
                pipe.write(json.dumps(render(job)))
        finally:
            os._exit(0)  # whatever happened, never go on as a second server
    os.close(writer)
    answer = _read_until(reader, time.monotonic() + SECONDS)
    os.close(reader)
    if answer is None:
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if answer:
        return json.loads(answer)
    if answer is None or (os.WIFSIGNALED(status) and os.WTERMSIG(status) in (signal.SIGXCPU, signal.SIGKILL)):
        return _error("template_time", f"the template was stopped after {SECONDS} s")
    return _error("template_memory", f"the template needs more than {EXTRA_MEMORY // 2**20} MB of memory")


def _limit_self() -> None:
    import resource

    with open("/proc/self/statm") as statm:
        size = int(statm.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (size + EXTRA_MEMORY, size + EXTRA_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def _read_until(reader: int, deadline: float) -> bytes | None:
    chunks: list[bytes] = []
    while (left := deadline - time.monotonic()) > 0:
        if not select.select([reader], [], [], left)[0]:
            return None
        chunk = os.read(reader, 1 << 16)
        if not chunk:
            return b"".join(chunks)
        chunks.append(chunk)
    return None


if __name__ == "__main__":
    serve()
