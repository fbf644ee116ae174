"""transformers' template environment, in which every string keeps its origin and every loop tells where it is."""

import json
import re
import string
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from jinja2 import TemplateError, Undefined, UndefinedError, filters, nodes
from jinja2.compiler import CodeGenerator
from jinja2.exceptions import SecurityError
from jinja2.ext import Extension, loopcontrols
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Namespace

from sftviz.chat.write.loops import Loops, instrument
from sftviz.chat.write.tracked import DATE, GENERATION, Tracked, event, joined
from sftviz.chat.write.values import Shapes, Shown, Writer

PERCENT = re.compile(r"%[sd%]")


class GenerationBlock(Extension):
    """`{% generation %} … {% endgeneration %}`: the text the assistant writes, as transformers defines it."""

    tags = {"generation"}  # noqa: RUF012  (Jinja's own contract)

    def parse(self, parser: Parser) -> nodes.Node:
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        return nodes.CallBlock(self.call_method("_body"), [], [], body).set_lineno(line)

    def _body(self, caller: Callable[[], str]) -> str:
        return joined([event(GENERATION, 0, 1), caller(), event(GENERATION, 0, 0)])


class ChatNamespace(Namespace):
    """`namespace()` as transformers offers it: no name may start with an underscore."""

    def __init__(*args: Any, **kwargs: Any) -> None:  # pyright: ignore[reportSelfClsParameterName]
        # self comes from args, because a template may write namespace(self=…)
        self, rest = args[0], args[1:]
        attributes = dict(*rest, **kwargs)
        for name in attributes:
            _refuse_underscore(name)
        Namespace.__init__(self, attributes)

    def __setitem__(self, name: str, value: Any) -> None:
        _refuse_underscore(name)
        super().__setitem__(name, value)


class TrackingCode(CodeGenerator):
    """Jinja's own code but for the two places that turn values into text."""

    def _output_child_pre(self, node: nodes.Expr, frame: Any, finalize: Any) -> None:
        self.write("environment.shown(")

    def visit_Concat(self, node: nodes.Concat, frame: Any) -> None:
        self.write("environment.chained((")
        for part in node.nodes:
            self.visit(part, frame)
            self.write(", ")
        self.write("))")


class TemplateEnvironment(ImmutableSandboxedEnvironment):
    code_generator_class = TrackingCode
    concat = staticmethod(joined)  # pyright: ignore[reportAssignmentType]
    intercepted_binops = frozenset({"%"})

    def __init__(self, *, follows: bool) -> None:
        """follows: loops tell where they are, which only a tracked rendering asks."""
        self.follows = follows
        super().__init__(trim_blocks=True, lstrip_blocks=True, extensions=[GenerationBlock, Loops, loopcontrols])
        offered: dict[str, Any] = {"raise_exception": _raise_exception, "strftime_now": _strftime_now}
        offered |= {"namespace": ChatNamespace, "dict": _TemplateDict()}
        known: Any = self  # Jinja leaves the types of its own tables open
        known.globals.update(offered)
        known.filters.update(tojson=_tojson, safe=_safe, join=_join, string=self.shown)

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        parsed = super()._parse(source, name, filename)
        return instrument(self).visit(parsed) if self.follows else parsed

    @staticmethod
    def shown(value: Any) -> str:
        """str(value), tracked."""
        plain = str(value)
        if type(value) not in (dict, list, tuple) or not _tracking():
            return plain
        return _same(plain, lambda: Shown(_shapes()).text(value))

    def chained(self, values: Iterable[Any]) -> str:
        return joined([self.shown(value) for value in values])

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        if not isinstance(left, str):
            return super().call_binop(context, operator, left, right)
        given: tuple[Any, ...] = right if isinstance(right, tuple) else (right,)  # pyright: ignore[reportUnknownVariableType]
        return _same(left % right, lambda: self._percent(left, given))

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        formatted = super().wrap_str_format(value)
        if formatted is None or value.__name__ != "format":
            return formatted
        whole: str = value.__self__
        return lambda *args, **named: _same(str(formatted(*args, **named)), lambda: self._format(whole, args, named))

    def _percent(self, whole: str, given: tuple[Any, ...]) -> str:
        values = iter(given)
        parts, at = list[str](), 0
        for hole in PERCENT.finditer(whole):
            put = "%" if hole.group() == "%%" else self.shown(next(values, ""))
            parts += [whole[at : hole.start()], put]
            at = hole.end()
        return joined([*parts, whole[at:]])

    def _format(self, whole: str, args: tuple[Any, ...], named: dict[str, Any]) -> str:
        parts = list[str]()
        for count, (literal, field, _, _) in enumerate(string.Formatter().parse(whole)):
            parts.append(literal)
            if field is not None:
                chosen = args[int(field or count)] if not field or field.isdigit() else named.get(field, "")
                parts.append(self.shown(chosen))
        return joined(parts)


def _same(plain: str, tracked: Callable[[], str]) -> str:
    """The tracked text where it reads as the plain one: the few forms followed here are not all that Python knows."""
    try:
        found = tracked()
    except (ValueError, LookupError, TypeError):
        return plain
    return found if found == plain else plain


class _TemplateDict:
    def __call__(self, *args: Any, **kwargs: Any) -> dict[Any, Any]:
        return dict(*args, **kwargs)

    def fromkeys(self, *args: Any) -> dict[Any, Any]:
        return dict.fromkeys(*args)


def _tracking() -> bool:
    return getattr(Loops.now, "progress", None) is not None


def _shapes() -> Shapes:
    return Loops.now.progress.leaves.shapes


def _refuse_underscore(name: Any) -> None:
    if isinstance(name, str) and name.startswith("_"):
        raise SecurityError(f"a namespace may not hold {name!r}: names may not start with an underscore")


def _tojson(
    value: Any, ensure_ascii: bool = False, indent: Any = None, separators: Any = None, sort_keys: bool = False
) -> str:
    if isinstance(value, Undefined):
        raise UndefinedError("tojson was given an undefined value")
    plain = json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)
    if not _tracking():
        return plain
    options: dict[str, Any] = {"indent": indent, "separators": separators, "ascii_only": ensure_ascii}
    return _same(plain, lambda: Writer(_shapes(), sort_keys=sort_keys, **options).text(value))


_FILTERS: Any = filters  # Jinja leaves the types of its tables open


def _safe(value: Any) -> Any:
    # Markup would lose the origin, and differs only where more is added with "+"
    return value if type(value) is Tracked else _FILTERS.FILTERS["safe"](value)


def _join(values: Iterable[Any], d: str = "", attribute: Any = None) -> str:
    if attribute is not None:
        values = [value[attribute] if isinstance(value, dict) else getattr(value, str(attribute)) for value in values]
    parts = list[str]()
    for value in values:
        parts += [d, TemplateEnvironment.shown(value)] if parts else [TemplateEnvironment.shown(value)]
    return joined(parts)


def _raise_exception(message: str) -> None:
    raise TemplateError(message)


def _strftime_now(form: str) -> str:
    text = datetime.now().strftime(form)
    return Tracked(text, known=[(len(text), DATE, 0, 0)]) if _tracking() else text
