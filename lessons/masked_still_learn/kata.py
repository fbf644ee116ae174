"""The kata of this lesson: what the output matrix gets, row by row. A row of slips for every mistake people make."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from sftviz.course.katas import Attempt, Check, Kata
from sftviz.course.questions import Said
from sftviz.course.slips import Slip, filled, nothing

STARTER = '''import torch
from torch import Tensor


def output_row_gradient(p: Tensor, y: Tensor, h: Tensor, supervised: Tensor) -> Tensor:
    """The gradient of the mean loss on the output matrix W, where the logits are z = h @ W.T: [V, d].

    p [T, V] float64, softmax of the logits; y [T] int64, the target of every position (any id where it is not asked);
    h [T, d] float64, what the last layer hands over; supervised [T] bool, True where the position is asked.
    """
    return ...
'''


def reference(p: Tensor, y: Tensor, h: Tensor, supervised: Tensor) -> Tensor:
    """p [T, V], y [T], h [T, d], supervised [T] -> [V, d]: row v gets the mean over t of (p_t − y_t)_v h_t."""
    error = p - torch.nn.functional.one_hot(y, p.shape[-1])
    return error[supervised].T @ h[supervised] / supervised.sum()


Made = Callable[
    [Tensor, Tensor, Tensor, Tensor], Tensor
]  # p, y one-hot, h, asked (1.0 or 0.0), as the learner has them


def _outer(error: Tensor, h: Tensor, weights: Tensor) -> Tensor:
    return (error * weights[:, None]).T @ h


def _of(chosen: Tensor) -> Tensor:
    return chosen / chosen.sum()


# fmt: off
SLIPS: tuple[Slip[Made], ...] = (
    Slip(lambda p, y, h, m: _outer(p - y, h, torch.ones_like(m) / len(m)),
         "masked positions were counted: nothing is asked there, so they send nothing to any row",
         "被掩码的位置也算进去了：那里什么都不问，所以它们不给任何一行送去梯度"),
    Slip(lambda p, y, h, m: _outer(p - y, h, torch.ones_like(m) / m.sum()),
         "the count leaves the masked positions out, and the sum does not: leave them out of both",
         "计数时去掉了被掩码的位置，求和时没有：两处都要去掉"),
    Slip(lambda p, y, h, m: _outer(p - y, h, m), "that is the sum: divide by the number of supervised positions",
         "这是总和：还要除以受监督的位置数"),
    Slip(lambda p, y, h, m: _outer(p - y, h, m / len(m)),
         "divided by every position, the masked ones too: divide by the supervised ones",
         "除以了全部位置，连被掩码的也在内：只除以受监督的"),
    Slip(lambda p, y, h, m: _outer(y - p, h, _of(m)), "the sign is turned round: that is the step downhill, y − p",
         "符号反了：这是下降的方向 y − p"),
    Slip(lambda p, y, h, m: _outer(p, h, _of(m)),
         "1 is not taken off at the target: then no row is ever pulled up, and nothing can be learnt",
         "目标处没有减 1：这样没有一行会被往上拉，什么也学不到"),
    Slip(lambda p, y, h, m: _outer((p - y) * y, h, _of(m)),
         "only the targets' rows move: every other row is pushed down by its own p",
         "只有目标的行在动：其他每一行也按自己的 p 被往下推"),
    Slip(lambda p, y, h, m: _outer(p - y, h, _of(1 - m)), "upside down: the masked positions were taken",
         "反了：取的是被掩码的位置"),
    Slip(lambda p, y, h, m: _outer(torch.cat([p[:-1] - y[1:], torch.zeros_like(p[:1])]), h, _of(m)),
         "shifted once more: y[t] is already what position t is asked for",
         "又移了一位：y[t] 已经是位置 t 要预测的"),
    Slip(lambda p, y, h, m: (p - y)[m > 0].mean(0)[:, None] * h[m > 0].mean(0),
         "the means were multiplied: multiply each position's error with its own h first, then take the mean",
         "先各自平均再相乘了：应先把每个位置的误差与它自己的 h 相乘，再求平均"),
)
TRANSPOSED = Said(en="you gave its transpose, [d, V] = {seen}: a row of W belongs to a token, so [V, d] = {wanted}",
                  zh="这是转置，[d, V] = {seen}：W 的一行属于一个 token，所以应是 [V, d] = {wanted}")
SHAPE = Said(en="you gave {seen}; give a tensor [V, d] = {wanted}",
             zh="你返回的是 {seen}；应为 [V, d] = {wanted} 的 tensor")
WRONG_ROW = Said(en="row {row} of W, which {is_target}, gets {expected}; you gave {given}: ",
                 zh="W 的第 {row} 行（{is_target_zh}）应得到 {expected}；你给出 {given}：")
OTHER = Said(en="none of the usual slips gives this; do one position by hand: an outer product of its error and its h",
             zh="这不是常见的错误；先手算一个位置：它的误差与它的 h 的外积")
# fmt: on


def _numbers(row: Tensor) -> str:
    return "(" + ", ".join(f"{value:.3f}" for value in (row + 0.0).tolist()) + ")"


def _same(a: Tensor, b: Tensor) -> bool:
    return a.shape == b.shape and torch.allclose(a.detach().double(), b.double(), rtol=1e-5, atol=1e-7)


def _autograd(z: Tensor, y: Tensor, h: Tensor, supervised: Tensor, matrix: Tensor) -> Tensor:
    """What torch finds by itself for the loss as it is defined: the judge's own gradient."""
    weights = matrix.clone().requires_grad_()
    loss = torch.nn.functional.cross_entropy((h @ weights.T)[supervised], y[supervised])
    return torch.autograd.grad(loss, weights)[0]


def _check(en: str, zh: str, tokens: int, vocabulary: int, width: int, asked: list[int]) -> Check:
    seed = torch.Generator().manual_seed(tokens)
    h = torch.randn(tokens, width, generator=seed, dtype=torch.float64)
    matrix = torch.randn(vocabulary, width, generator=seed, dtype=torch.float64)
    y = torch.randint(vocabulary - 1, (tokens,), generator=seed)  # the last token of the vocabulary is never a target
    supervised = torch.tensor([at in asked for at in range(tokens)])
    z = h @ matrix.T
    expected = _autograd(z, y, h, supervised, matrix)

    def find(attempt: Attempt) -> Said | None:
        given = attempt(z.softmax(-1), y.clone(), h.clone(), supervised.clone())
        return _judge(given, expected, z.softmax(-1), y, h, supervised)

    return Check(Said(en=en, zh=zh), find)


def _judge(given: Any, expected: Tensor, p: Tensor, y: Tensor, h: Tensor, supervised: Tensor) -> Said | None:
    """None, or the row that is furthest off, and the slip that gives such rows."""
    if (none := nothing(given)) is not None:
        return none
    shape = list(getattr(given, "shape", []))
    if isinstance(given, Tensor) and shape == list(expected.T.shape) != list(expected.shape):
        return filled(TRANSPOSED, seen=shape, wanted=list(expected.shape))
    if not isinstance(given, Tensor) or shape != list(expected.shape):
        return filled(SHAPE, seen=f"{type(given).__name__}{shape or ''}", wanted=list(expected.shape))
    if _same(given, expected):
        return None
    row = int((given - expected).norm(dim=-1).nan_to_num(torch.inf).argmax())
    one_hot, asked = torch.nn.functional.one_hot(y, p.shape[-1]).double(), supervised.double()
    slip = next((slip for slip in SLIPS if _same(given, slip.made(p, one_hot, h, asked))), None)
    cause = OTHER if slip is None else Said(en=slip.en, zh=slip.zh)
    is_target = row in y[supervised].tolist()
    seen = filled(
        WRONG_ROW,
        row=row,
        is_target="is a target" if is_target else "is no target",
        is_target_zh="是目标" if is_target else "不是目标",
        expected=_numbers(expected[row]),
        given=_numbers(given[row]),
    )
    return Said(en=seen.en + cause.en, zh=seen.zh + cause.zh)


KATA = Kata(
    name="output_row_gradient",
    function="output_row_gradient",
    title=Said(en="Who pushes a row of the output matrix", zh="谁在推输出矩阵的一行"),
    task=Said(
        en="Write `output_row_gradient(p, y, h, supervised)`: the gradient of the mean loss over the supervised "
        "positions on the output matrix W [V, d], where z = h Wᵀ and p = softmax(z). Position t asks for token y[t]; "
        "nothing is shifted any more. Derive it on paper and do without autograd. When it passes, look at the row of a "
        "token that is never a target: which way does every position push it?",
        zh="写出 `output_row_gradient(p, y, h, supervised)`：对受监督位置上的平均损失，求它关于输出矩阵 W [V, d] 的"
        "梯度，其中 z = h Wᵀ，p = softmax(z)。位置 t 要预测 token y[t]，不用再移位。在纸上推导，不用自动求导。"
        "通过之后，看看从不当目标的那个 token 的行：每个位置都把它往哪边推？",
    ),
    starter=STARTER,
    checks=[
        _check("five positions, two of them masked", "五个位置，两个被掩码", 5, 4, 3, [1, 2, 4]),
        _check("three positions, all asked", "三个位置，全都问", 3, 4, 2, [0, 1, 2]),
        _check("one position asked of six", "六个位置只问一个", 6, 5, 2, [3]),
    ],
    reference=reference,
)
