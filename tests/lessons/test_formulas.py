"""Typed formulas: what is right is proved, what is wrong gets a counterexample, and nothing that is typed is run."""

import math
import re
from typing import Any

import pytest
import sympy
import torch

from sftviz.course import check_formula
from sftviz.course.formulas import FORMULAS, formulas_of
from sftviz.course.map import course
from sftviz.course.typed import NotTyped, typed

RIGHT = [
    ("p_minus_y", "p - y"),
    ("p_minus_y", "exp(z0) / (exp(z0) + exp(z1)) − y"),
    ("p_minus_y", "p*(1 - y) - (1 - p)*y"),
    ("squared_error", "4*p*(1 - p)*(p - y)"),
    ("m_over_n", "m/N * (p - y)"),
    ("lse_shift", "lse + c"),
    ("lse_shift", "z0 + c + log(1 + exp(z1 - z0))"),
    ("kl", "CE - H"),
    ("kl", "p*log(p/q) + (1 - p)*log((1 - p)/(1 - q))"),
]
WRONG = [
    ("p_minus_y", "(p - y)*p", "z = (0, 0), y = 1: you −0.25, right −0.5"),
    ("p_minus_y", "y - p", "you 0.5, right −0.5"),
    ("squared_error", "2*(p - y)*p*(1 - p)", "you −0.25, right −0.5"),
    ("m_over_n", "(p - y)/N", "m = 0, N = 2: you −0.25, right 0"),
    ("m_over_n", "m*(p - y)", "N = 2: you −0.5, right −0.25"),
    ("lse_shift", "lse", "c = 1: you 0.6931, right 1.693"),
    ("kl", "q*log(q/p) + (1 - q)*log((1 - q)/(1 - p))", "you 0.1308, right 0.1438"),
    ("kl", "log(0)", "you nan"),
    ("kl", "exp(exp(exp(exp(100))))", "you nan"),
]


@pytest.mark.parametrize(("name", "formula"), RIGHT)
def test_a_right_formula_is_proved_however_it_is_written(name: str, formula: str) -> None:
    judged = check_formula(name, formula)
    assert judged, judged.text()
    assert judged.text("zh").startswith("✓ 已证明")


@pytest.mark.parametrize(("name", "formula", "said"), WRONG)
def test_a_wrong_formula_gets_a_counterexample(name: str, formula: str, said: str) -> None:
    judged = check_formula(name, formula)
    assert not judged
    assert said in judged.text()
    assert said.replace("you", "你的是").replace(", right", "，正确的是").split("：")[-1][-5:] in judged.text("zh")


def test_the_right_gradients_are_those_of_autograd() -> None:
    z = torch.tensor([[0.3, -1.2]], dtype=torch.float64, requires_grad=True)
    target = torch.tensor([0])
    one_hot = torch.tensor([[1.0, 0.0]], dtype=torch.float64)
    losses = {
        "p_minus_y": torch.nn.functional.cross_entropy(z, target),
        "squared_error": ((z.softmax(-1) - one_hot) ** 2).sum(),
    }
    for name, loss in losses.items():
        (slope,) = torch.autograd.grad(loss, z, retain_graph=True)
        right = FORMULAS[name].make(sympy).right
        numbers = {"z0": 0.3, "z1": -1.2, "y": 1}
        value = float(right.subs({symbol: numbers[str(symbol)] for symbol in right.free_symbols}))
        assert value == pytest.approx(float(slope[0, 0]), rel=1e-9)


def test_an_expression_of_sympys_own_is_judged_too() -> None:
    p, y = sympy.symbols("p y")
    assert check_formula("p_minus_y", p - y)
    with pytest.raises(ValueError, match="formula 'nothing' is unknown; there are lse_shift, kl, p_minus_y"):
        check_formula("nothing", "p")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("__import__('os').system('true')", "cannot stand in a formula here"),
        ("p.__class__", "cannot stand in a formula here"),
        ("[p for p in 'x']", "cannot stand in a formula here"),
        ("lambda: p", "cannot stand in a formula here"),
        ("exp(p, q)", "cannot stand in a formula here"),
        ("True", "cannot stand in a formula here"),
        ("1e400", "cannot stand in a formula here"),
        ("eval('p')", "cannot stand in a formula here"),
        ("r - p", "r is no name here; there are p, q"),
        ("p**p", "a power here is a whole number up to 8"),
        ("9**8**8", "a power here is a whole number up to 8"),
        ("9**8*9**8*9**8*9**8", "at most 3 of them"),
        ("p -", "is no formula: invalid syntax"),
        ("", "is no formula"),
        ("(" * 150, "is no formula"),
        ("p" * 300, "300 characters"),
        ("p\0q", "is no formula"),
    ],
)
def test_what_is_no_formula_is_refused_by_name_and_never_run(text: str, said: str) -> None:
    names: dict[str, Any] = dict(zip("pq", sympy.symbols("p q"), strict=True))
    with pytest.raises(NotTyped, match=re.escape(said)) as refused:
        typed(text, names)
    assert re.search("[\u4e00-\u9fff]", refused.value.said.zh)


def test_the_signs_that_people_type_are_read() -> None:
    p, q = sympy.symbols("p q")
    assert typed("−2·p × q / 4", {"p": p, "q": q}) == -p * q / 2
    assert math.isclose(float(typed("sqrt(2)**2", {})), 2)


def test_formulas_belong_to_lessons_of_the_map_and_are_asked_in_both_languages() -> None:
    slugs = {node.slug for node in course().nodes}
    for formula in FORMULAS.values():
        assert formula.lesson in slugs
        assert formula in formulas_of(formula.lesson)
        assert re.search("[\u4e00-\u9fff]", formula.asks.zh)
        assert not re.search("[\u4e00-\u9fff]", formula.asks.en)
