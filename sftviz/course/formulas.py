"""The derive part of a kata: a typed formula is proved equal to the right one by SymPy, or refuted by a counterexample.

The right one is never written down: it is the derivative, or the quantity, that SymPy makes of the definition.
"""

import itertools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sftviz.course.questions import Said
from sftviz.course.slips import filled
from sftviz.course.typed import NotTyped, typed

if TYPE_CHECKING:
    import sympy

CLOSE = 1e-9
DIGITS = 1e-40


@dataclass(frozen=True)
class Made:
    """A formula's mathematics. names: what may be typed; right: what it must equal; values: where it is tried.

    values: by symbol, the numbers from which counterexamples are taken; one of `cases` is 0 or 1 and nothing else.
    """

    names: Mapping[str, "sympy.Expr"]
    right: "sympy.Expr"
    values: Mapping[str, tuple[float, ...]]
    cases: tuple[str, ...] = ()


@dataclass(frozen=True)
class Formula:
    """A formula to derive. asks: what is wanted, and what the names mean. make: its mathematics, with SymPy."""

    name: str
    lesson: str
    asks: Said
    make: Callable[[Any], Made]


@dataclass(frozen=True)
class Judged:
    """Whether a typed formula is the right one, and what is said of it."""

    proved: bool
    said: Said

    def __bool__(self) -> bool:
        return self.proved

    def text(self, language: str = "en") -> str:
        return f"{'✓' if self.proved else '✗'} {self.said.in_language(language)}"

    def __repr__(self) -> str:
        return self.text()


PROVED = Said(en="Proved: equal for every value of {symbols}.", zh="已证明：对 {symbols} 的任何取值都相等。")
REFUTED = Said(en="{point}: you {given}, right {right}", zh="{point}：你的是 {given}，正确的是 {right}")
UNDECIDED = Said(
    en="It agrees wherever it was tried, and SymPy finds no proof: write it more simply.",
    zh="试过的地方都相等，但 SymPy 没能证明：请写得更简单些。",
)


def check_formula(name: str, formula: object) -> Judged:
    """Judge a formula: text such as "p - y", or a SymPy expression over symbols of those names.

    Raises ValueError for a name that is no formula's.
    """
    import sympy

    if name not in FORMULAS:
        raise ValueError(f"formula {name!r} is unknown; there are {', '.join(FORMULAS)}")
    made = FORMULAS[name].make(sympy)
    try:
        given = typed(str(formula), made.names)
    except NotTyped as error:
        return Judged(False, error.said)
    refuted = _counterexample(given, made)
    if refuted is not None:
        return Judged(False, refuted)
    if not _proved(given - made.right, made):
        return Judged(False, UNDECIDED)
    return Judged(True, filled(PROVED, symbols=", ".join(made.values)))


def formulas_of(lesson: str) -> list[Formula]:
    """What a lesson's kata asks to derive."""
    return [formula for formula in FORMULAS.values() if formula.lesson == lesson]


def _counterexample(given: "sympy.Expr", made: Made) -> Said | None:
    import sympy

    symbols = [sympy.Symbol(name, **_assumed(name)) for name in made.values]
    theirs, ours = (sympy.lambdify(symbols, one, "math") for one in (given, made.right))
    for numbers in itertools.product(*made.values.values()):
        value, right = _at(theirs, numbers), _at(ours, numbers)
        if not math.isclose(value, right, rel_tol=CLOSE, abs_tol=CLOSE):
            point = _point(dict(zip(made.values, numbers, strict=True)))
            return filled(REFUTED, point=point, given=_number(value), right=_number(right))
    return None


def _at(function: Callable[..., float], numbers: tuple[float, ...]) -> float:
    try:
        value = function(*numbers)
    except (ArithmeticError, ValueError):  # 0/0, log of 0, e^1000
        return math.nan
    return float(value) if isinstance(value, (int, float)) else math.nan


def _proved(difference: "sympy.Expr", made: Made) -> bool:
    import sympy

    symbols = [sympy.Symbol(name, **_assumed(name)) for name in made.cases]
    cases = itertools.product((0, 1), repeat=len(symbols))
    return all(_is_zero(difference.subs(list(zip(symbols, case, strict=True)))) for case in cases)


def _is_zero(difference: "sympy.Expr", deep: int = 2) -> bool:
    """Simplified to 0; or 0 at one place, to forty digits, and without slope in any direction."""
    import sympy

    if sympy.simplify(difference) == 0:
        return True
    symbols = sorted(difference.free_symbols, key=str)
    place: Any = [(symbol, sympy.Rational(1, 3 + at)) for at, symbol in enumerate(symbols)]
    if deep == 0 or abs(sympy.N(difference.subs(place), 50)) > DIGITS:
        return False
    return all(_is_zero(sympy.diff(difference, symbol), deep - 1) for symbol in symbols)


def _point(numbers: Mapping[str, float]) -> str:
    """z0 = 0 and z1 = 0 are said together: z = (0, 0)."""
    grouped: dict[str, list[str]] = {}
    for name, value in numbers.items():
        grouped.setdefault(name.rstrip("0123456789"), []).append(_number(value))
    return ", ".join(f"{name} = {of[0] if len(of) == 1 else '(' + ', '.join(of) + ')'}" for name, of in grouped.items())


def _number(value: float) -> str:
    return f"{value + 0.0:.4g}".replace("-", "−")


def _assumed(name: str) -> dict[str, bool]:
    return {"positive": True} if name in ("N", "p", "q") else {"real": True}


def _symbol(sympy: Any, name: str) -> "sympy.Symbol":
    return sympy.Symbol(name, **_assumed(name))


LOGITS = (0.0, 1.0, -2.0)
BIT = (1.0, 0.0)


def _two_tokens(sympy: Any) -> tuple[Any, Any, Any, Any]:
    """Logits z0 and z1, whether token 0 is the target, and its probability."""
    z0, z1, y = (_symbol(sympy, name) for name in ("z0", "z1", "y"))
    return z0, z1, y, sympy.exp(z0) / (sympy.exp(z0) + sympy.exp(z1))


def _p_minus_y(sympy: Any) -> Made:
    z0, z1, y, p = _two_tokens(sympy)
    loss = -(y * sympy.log(p) + (1 - y) * sympy.log(1 - p))
    return Made(
        {"z0": z0, "z1": z1, "y": y, "p": p}, sympy.diff(loss, z0), {"z0": LOGITS, "z1": LOGITS, "y": BIT}, ("y",)
    )


def _squared_error(sympy: Any) -> Made:
    z0, z1, y, p = _two_tokens(sympy)
    loss = (p - y) ** 2 + ((1 - p) - (1 - y)) ** 2
    return Made(
        {"z0": z0, "z1": z1, "y": y, "p": p}, sympy.diff(loss, z0), {"z0": LOGITS, "z1": LOGITS, "y": BIT}, ("y",)
    )


def _masked_mean(sympy: Any) -> Made:
    z0, z1, y, p = _two_tokens(sympy)
    m, n, others = (_symbol(sympy, name) for name in ("m", "N", "others"))
    loss = (m * -(y * sympy.log(p) + (1 - y) * sympy.log(1 - p)) + others) / n
    values = {"z0": LOGITS, "z1": LOGITS, "y": BIT, "m": BIT, "N": (2.0, 5.0)}
    return Made({"z0": z0, "z1": z1, "y": y, "p": p, "m": m, "N": n}, sympy.diff(loss, z0), values, ("y", "m"))


def _lse_shift(sympy: Any) -> Made:
    z0, z1, c = (_symbol(sympy, name) for name in ("z0", "z1", "c"))
    lse = sympy.log(sympy.exp(z0) + sympy.exp(z1))
    right = sympy.log(sympy.exp(z0 + c) + sympy.exp(z1 + c))
    return Made({"z0": z0, "z1": z1, "c": c, "lse": lse}, right, {"z0": LOGITS, "z1": LOGITS, "c": (1.0, -3.0)})


def _kl(sympy: Any) -> Made:
    p, q = _symbol(sympy, "p"), _symbol(sympy, "q")
    entropy = -p * sympy.log(p) - (1 - p) * sympy.log(1 - p)
    cross = -p * sympy.log(q) - (1 - p) * sympy.log(1 - q)
    right = p * sympy.log(p / q) + (1 - p) * sympy.log((1 - p) / (1 - q))
    return Made({"p": p, "q": q, "H": entropy, "CE": cross}, right, {"p": (0.5, 0.2), "q": (0.25, 0.9)})


TWO = Said(
    en="Two tokens with logits z0 and z1. p is the probability of token 0; y is 1 where that is the target, else 0. ",
    zh="两个 token，logit 为 z0 和 z1。p 是 token 0 的概率；token 0 是目标时 y 为 1，否则为 0。",
)


def _of_two(en: str, zh: str) -> Said:
    return Said(en=TWO.en + en, zh=TWO.zh + zh)


FORMULAS: dict[str, Formula] = {
    one.name: one
    for one in (
        Formula(
            "lse_shift", "stable_softmax",
            Said(en="lse is log(e^z0 + e^z1). What is it after the same c is added to both logits?",
                 zh="lse 是 log(e^z0 + e^z1)。两个 logit 都加上同一个 c 之后，它变成什么？"),
            _lse_shift,
        ),
        Formula(
            "kl", "surprise",
            Said(en="A coin with probability p, a model of it with q. H is the coin's entropy, CE the cross-entropy. "
                    "What is the Kullback-Leibler divergence of the coin from the model?",
                 zh="一枚硬币，概率是 p；模型认为是 q。H 是硬币的熵，CE 是交叉熵。硬币相对模型的 KL 散度是多少？"),
            _kl,
        ),
        Formula(
            "p_minus_y", "cross_entropy_vs_mse",
            _of_two("What is the derivative of the cross-entropy with respect to z0?", "交叉熵对 z0 的导数是什么？"),
            _p_minus_y,
        ),
        Formula(
            "squared_error", "cross_entropy_vs_mse",
            _of_two("What is the derivative of the squared error, summed over both tokens, with respect to z0?",
                    "两个 token 的平方误差之和，对 z0 的导数是什么？"),
            _squared_error,
        ),
        Formula(
            "m_over_n", "prompt_masking",
            _of_two("The loss is the mean over N supervised tokens; m is 1 where this one is supervised, else 0. "
                    "What is the derivative of the loss with respect to z0?",
                    "损失是 N 个受监督 token 的平均；这个 token 受监督时 m 为 1，否则为 0。损失对 z0 的导数是什么？"),
            _masked_mean,
        ),
    )
}  # fmt: skip
