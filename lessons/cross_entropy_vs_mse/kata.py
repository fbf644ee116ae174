"""The kata of this lesson: two gradients by hand, on the same logits. A row of slips for every mistake people make."""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from sftviz.course.katas import Attempt, Check, Kata
from sftviz.course.questions import Said
from sftviz.course.slips import Slip, filled, nothing
from sftviz.loss.gradients import logit_gradient, squared_error_gradient

STARTER = '''import torch
from torch import Tensor


def logit_gradients(logits: Tensor, target: int) -> tuple[Tensor, Tensor]:
    """The gradients of cross-entropy and of squared error with respect to the logits: (ce, mse).

    logits [V] float64, target an id below V -> two tensors [V].
    CE = -log p_y, in nats; MSE = sum over the vocabulary of (p_k - y_k)^2; p = softmax(logits), y one-hot.
    """
    return ...
'''


def reference(logits: Tensor, target: int) -> tuple[Tensor, Tensor]:
    """logits [V], target -> (ce [V], mse [V]): the project's own two, on one row."""
    row, targets = logits.unsqueeze(0), torch.tensor([target])
    return logit_gradient(row, targets)[0], squared_error_gradient(row, targets)[0]


Gradient = Callable[[Tensor, Tensor], Tensor]  # p, y one-hot -> [V]


def _exact(p: Tensor, y: Tensor) -> Tensor:
    return 2 * p * (p - y - (p * (p - y)).sum())


# fmt: off
CE_SLIPS = (
    Slip(lambda p, y: y - p,
         "that is y − p, the step downhill; the gradient points uphill, p − y",
         "这是 y − p，即下降的方向；梯度指向上升方向，是 p − y"),
    Slip(lambda p, y: p, "that is p alone: take 1 off at the target",
         "这只是 p：目标处还要减 1"),
    Slip(lambda p, y: -y / p,
         "that is −y/p, the gradient with respect to p; go through the softmax to reach the logits",
         "这是 −y/p，是对 p 的梯度；还要经过 softmax 传到 logits"),
    Slip(lambda p, y: (p - y) * y,
         "only the target has a slope: every other logit is pushed down by its own p; the whole gradient sums to 0",
         "只有目标处有梯度：其他每个 logit 也按自己的 p 被往下推；整个梯度之和为 0"),
    Slip(lambda p, y: 2 * (p - y),
         "that is 2(p−y): the 2 belongs to a square, and nothing is squared in −log p",
         "这是 2(p−y)：系数 2 来自平方，而 −log p 里没有平方"),
    Slip(lambda p, y: (p - y) / len(p),
         "divided by V: CE is −log p of one token, nothing is averaged over the vocabulary",
         "多除了 V：CE 是一个 token 的 −log p，没有对词表取平均"),
)
MSE_SLIPS = (
    Slip(lambda p, y: 2 * (p - y) * p * (1 - p),
         "that is 2(p−y)p(1−p), the diagonal of the Jacobian alone: a logit moves every probability, not only its own",
         "这是 2(p−y)p(1−p)，只用了雅可比矩阵的对角线：一个 logit 会改变所有概率，不只是自己的那个"),
    Slip(lambda p, y: 2 * (p - y),
         "that is 2(p−y), the gradient with respect to p; the softmax Jacobian is still to come",
         "这是 2(p−y)，是对 p 的梯度；还差 softmax 的雅可比矩阵"),
    Slip(lambda p, y: 2 * p * (p - y),
         "that is 2p(p−y): Σ p(p−y) is not subtracted, which is what moving the others' shares costs; "
         "or the plain mean of p − y was, which is always 0: weigh each error by its p",
         "这是 2p(p−y)：没有减去 Σ p(p−y)，也就是这个 logit 牵动其他概率的那部分；"
         "或者减的是 p − y 的普通平均，而它恒为 0：每个误差要按自己的 p 加权"),
    Slip(lambda p, y: 2 * p * (p - y + (p * (p - y)).sum()),
         "the mean error Σ p(p−y) is added: it is to be subtracted, the others lose what this logit wins",
         "平均误差 Σ p(p−y) 被加上去了：应该减去，这个 logit 得到的正是其他 logit 失去的"),
    Slip(lambda p, y: _exact(p, y) * y,
         "only the target has a slope: each logit moves every probability, so each has one",
         "只有目标处有梯度：每个 logit 都会改变所有概率，所以每个都有梯度"),
    Slip(lambda p, y: -_exact(p, y), "the sign is turned round: that is the step downhill",
         "符号反了：这是下降的方向"),
    Slip(lambda p, y: _exact(p, y) / 2, "half of it: the factor 2 of the square is missing",
         "只有一半：少了平方求导带来的系数 2"),
    Slip(lambda p, y: _exact(p, y) / len(p),
         "divided by V: here MSE is the sum over the vocabulary, not the mean",
         "多除了 V：这里的 MSE 是对词表求和，不是取平均"),
)
SEEN = Said(en="for logits {logits} and target {target} the {loss} gradient is {expected}; you gave {given}: ",
            zh="logits 为 {logits}、目标为 {target} 时，{loss} 的梯度是 {expected}；你给出 {given}：")
OTHER = Said(en="none of the usual slips gives this; move one logit by 0.001 and see how the loss moves",
             zh="这不是常见的错误；把一个 logit 移动 0.001，看看损失变化多少")
OVERFLOW = Said(en="exp(1000) is beyond float64, and inf/inf is NaN; take the largest logit off before exp",
                zh="exp(1000) 超出了 float64，inf/inf 得到 NaN；取 exp 之前先减去最大的 logit，p 不变")
SWAPPED = Said(en="the pair is swapped: MSE came first, {first}, and CE second, {second}; give (ce, mse)",
               zh="顺序反了：MSE 的梯度在前，{first}；CE 的在后，{second}；应返回 (ce, mse)")
ELSEWHERE = Said(en="y has its 1 at token {place}; the target is token {target}",
                 zh="y 的 1 放在了第 {place} 个 token 上；目标是第 {target} 个")
NO_PAIR = Said(en="you gave a {seen}; give the pair (ce, mse)", zh="你返回的是 {seen}；应返回二元组 (ce, mse)")
NO_ROW = Said(en="{name} is {seen}; give a tensor of shape [{vocabulary}], one slope a logit",
              zh="{name} 是 {seen}；应为形状 [{vocabulary}] 的 tensor，每个 logit 一个斜率")
TOUCHED = Said(en="the gradients are right, but `logits` was {before} and is {after} now: the caller still needs it",
               zh="梯度正确，但 `logits` 原来是 {before}，现在变成了 {after}：调用者还要用它")
# fmt: on


def _numbers(values: Tensor) -> str:
    return "(" + ", ".join(f"{value:.3f}".rstrip("0").rstrip(".") for value in (values + 0.0).tolist()) + ")"


def _autograd(logits: Tensor, target: int) -> tuple[Tensor, Tensor]:
    """What torch finds by itself, from the two losses as they are defined: the judge's own gradients."""
    z, y = logits.clone().requires_grad_(), _one_hot(target, len(logits))
    ce = F.cross_entropy(z.unsqueeze(0), torch.tensor([target]))
    mse = F.mse_loss(torch.softmax(z, dim=0), y, reduction="sum")
    return torch.autograd.grad(ce, z)[0], torch.autograd.grad(mse, z)[0]


def _one_hot(place: int, vocabulary: int) -> Tensor:
    return F.one_hot(torch.tensor(place), vocabulary).double()


def _same(a: Tensor, b: Tensor) -> bool:
    return torch.allclose(a.detach().double(), b.double(), rtol=1e-4, atol=1e-6)


def _kind(given: Any, vocabulary: int) -> Said | None:
    """What to say about a result that is no pair of tensors [V]."""
    if (none := nothing(given)) is not None:
        return none
    if not isinstance(given, tuple | list) or len(given) != 2:
        return filled(NO_PAIR, seen=type(given).__name__)
    for name, part in zip(("ce", "mse"), given, strict=True):
        if not isinstance(part, Tensor) or list(part.shape) != [vocabulary]:
            seen = f"shape {list(part.shape)}" if isinstance(part, Tensor) else type(part).__name__
            return filled(NO_ROW, name=name, seen=seen, vocabulary=vocabulary)
    return None


def _cause(given: Tensor, p: Tensor, target: int, right: Gradient, slips: tuple[Slip[Gradient], ...]) -> Said:
    """The slip that gives such a gradient."""
    for slip in slips:
        if _same(given, slip.made(p, _one_hot(target, len(p)))):
            return Said(en=slip.en, zh=slip.zh)
    for place in range(len(p)):
        if place != target and _same(given, right(p, _one_hot(place, len(p)))):
            return filled(ELSEWHERE, place=place, target=target)
    return OTHER if given.isfinite().all() else OVERFLOW


def _check(en: str, zh: str, values: list[float], *targets: int) -> Check:
    def find(attempt: Attempt) -> Said | None:
        logits = torch.tensor(values, dtype=torch.float64)
        wrong = (_judge(attempt(logits.clone(), target), logits, target) for target in targets)
        return next((reason for reason in wrong if reason is not None), None)

    return Check(Said(en=en, zh=zh), find)


def _judge(given: Any, logits: Tensor, target: int) -> Said | None:
    """None, or what was seen: the logits, the gradient, the one given, and the slip that gives it."""
    if (unfit := _kind(given, len(logits))) is not None:
        return unfit
    ce, mse = _autograd(logits, target)
    if not _same(ce, mse) and _same(given[0], mse) and _same(given[1], ce):
        return filled(SWAPPED, first=_numbers(given[0]), second=_numbers(given[1]))
    p = torch.softmax(logits, dim=0)
    rows = ("CE", given[0], ce, torch.sub, CE_SLIPS), ("MSE", given[1], mse, _exact, MSE_SLIPS)
    for loss, mine, right, form, slips in rows:
        if not _same(mine, right):
            numbers = {"expected": _numbers(right), "given": _numbers(mine)}
            seen = filled(SEEN, logits=_numbers(logits), target=target, loss=loss, **numbers)
            cause = _cause(mine, p, target, form, slips)
            return Said(en=seen.en + cause.en, zh=seen.zh + cause.zh)
    return None


def _logits_are_left_alone(attempt: Attempt) -> Said | None:
    logits = torch.tensor([0.5, 2.0, -1.0], dtype=torch.float64)
    before = logits.clone()
    attempt(logits, 2)
    return None if torch.equal(logits, before) else filled(TOUCHED, before=_numbers(before), after=_numbers(logits))


KATA = Kata(
    name="logit_gradients",
    function="logit_gradients",
    title=Said(en="Two losses, one p − y: their gradients by hand", zh="两种损失，同一个 p − y：手写梯度"),
    task=Said(
        en="Write `logit_gradients(logits, target)`: the pair (ce, mse) of exact gradients with respect to the logits "
        "[V], for one position. p = softmax(logits), y is one-hot at the target. CE = −log p_y. "
        "MSE = Σ_k (p_k − y_k)², the sum over the vocabulary, not the mean. Derive them on paper and do without "
        "autograd; every logit moves every probability.",
        zh="写出 `logit_gradients(logits, target)`：对一个位置，返回两种损失关于 logits [V] 的精确梯度 (ce, mse)。"
        "p = softmax(logits)，y 是目标处的 one-hot。CE = −log p_y。MSE = Σ_k (p_k − y_k)²，是对词表求和，不是取平均。"
        "在纸上推导，不用自动求导；每个 logit 都会改变所有概率。",
    ),
    starter=STARTER,
    checks=[
        _check("three equal logits", "三个相等的 logits", [0.0, 0.0, 0.0], 1),
        _check("four unequal logits", "四个不等的 logits", [1.0, -0.5, 2.0, 0.3], 1),
        _check("every token as the target", "每个 token 轮流作目标", [1.0, -0.5, 2.0, 0.3], 0, 1, 2, 3),
        _check("logits of 1000", "logits 为 1000", [1000.0, 0.0, -1000.0], 1, 0),
        Check(Said(en="`logits` are left as they were", zh="`logits` 保持原样"), _logits_are_left_alone),
    ],
    reference=reference,
)
