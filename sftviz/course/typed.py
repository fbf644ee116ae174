"""A typed formula -> a SymPy expression, through Python's grammar and a short list of what may stand in it.

Nothing that is typed is evaluated: a node that is not listed is refused by name.
"""

import ast
import operator
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from sftviz.course.questions import Said
from sftviz.course.slips import filled

if TYPE_CHECKING:
    import sympy

LONGEST = 200  # characters
LARGEST = 1_000_000
STEEPEST = 8  # of powers, of which there may be three
POWERS = 3
WRITTEN = str.maketrans({"−": "-", "×": "*", "·": "*", "（": "(", "）": ")"})
OPERATORS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.Pow: operator.pow, ast.USub: operator.neg, ast.UAdd: operator.pos,
}  # fmt: skip
FUNCTIONS = ("exp", "log", "sqrt")

NO_FORMULA = Said(en="“{text}” is no formula: {why}", zh="“{text}” 不是公式：{why}")
NOT_HERE = Said(
    en="{what} cannot stand in a formula here; there are + − * / **, {functions}, and the names {names}",
    zh="公式里不能写 {what}；可以用 + − * / **、{functions}，以及这些名字：{names}",
)
UNKNOWN = Said(en="{name} is no name here; there are {names}", zh="这里没有 {name} 这个名字；有 {names}")
TOO_LONG = Said(en="{count} characters; a formula here has at most {most}", zh="有 {count} 个字符；公式最多 {most} 个")
POWER = Said(
    en="a power here is a whole number up to {most}, and there are at most {powers} of them",
    zh="这里的指数只能是不超过 {most} 的整数，最多 {powers} 个",
)


class NotTyped(ValueError):
    """The text is no formula of the kind that is read here; `said` says why."""

    def __init__(self, said: Said):
        super().__init__(said.en)
        self.said = said


def typed(text: str, names: Mapping[str, "sympy.Expr"]) -> "sympy.Expr":
    """The expression of a text in Python's notation over these names. Raises NotTyped where it has none.

    >>> import sympy
    >>> p, y = sympy.symbols("p y")
    >>> typed("2*(p - y)", {"p": p, "y": y})
    2*p - 2*y
    """
    if len(text) > LONGEST:
        raise NotTyped(filled(TOO_LONG, count=len(text), most=LONGEST))
    try:
        tree = ast.parse(text.translate(WRITTEN).strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        why = error.msg if isinstance(error, SyntaxError) else type(error).__name__
        raise NotTyped(filled(NO_FORMULA, text=text, why=why)) from error
    if sum(isinstance(node, ast.Pow) for node in ast.walk(tree)) > POWERS:
        raise NotTyped(filled(POWER, most=STEEPEST, powers=POWERS))
    return _read(tree.body, names)


def _read(node: ast.AST, names: Mapping[str, Any]) -> Any:
    import sympy

    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool) and abs(number) <= LARGEST:
            return sympy.nsimplify(number, rational=True)
        case ast.Name(id=name) if name in names:
            return names[name]
        case ast.Name(id=name):
            raise NotTyped(filled(UNKNOWN, name=name, names=", ".join(names)))
        case ast.UnaryOp(op=op, operand=operand) if type(op) in OPERATORS:
            return OPERATORS[type(op)](_read(operand, names))
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            return _read(left, names) ** _exponent(right)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATORS:
            return OPERATORS[type(op)](_read(left, names), _read(right, names))
        case ast.Call(func=ast.Name(id=name), args=[argument], keywords=[]) if name in FUNCTIONS:
            return getattr(sympy, name)(_read(argument, names))
    what = ast.unparse(node)
    raise NotTyped(filled(NOT_HERE, what=what, functions=", ".join(FUNCTIONS), names=", ".join(names)))


def _exponent(node: ast.AST) -> int:
    sign = 1
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        sign, node = -1, node.operand
    if isinstance(node, ast.Constant) and type(node.value) is int and node.value <= STEEPEST:
        return sign * node.value
    raise NotTyped(filled(POWER, most=STEEPEST, powers=POWERS))
