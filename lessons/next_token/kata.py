"""The kata of this lesson: the shift and the mean, written by hand. A row of slips for every mistake people make."""

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from sftviz.course.katas import Attempt, Check, Kata
from sftviz.course.questions import Said
from sftviz.course.slips import Slip, filled, nothing
from sftviz.loss import IGNORE, reduce_nll, token_nll

STARTER = '''import torch
from torch import Tensor


def shifted_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """The mean cost of the next token over the supervised targets, in nats.

    logits [B, T, V] float, labels [B, T] int64, unshifted, -100 where a token is not supervised -> scalar tensor.
    Position t predicts token t+1. Where nothing is supervised: 0, with zero gradient.
    """
    return ...
'''


def reference(logits: Tensor, labels: Tensor) -> Tensor:
    """logits [B, T, V], labels [B, T] -> scalar: the project's own, costs first and their mean after."""
    return reduce_nll(token_nll(logits, labels), labels)


def _costs(z: Tensor, y: Tensor) -> Tensor:
    """Torch's own, in float64: 0 where the target is ignored."""
    return F.cross_entropy(z.double().flatten(0, -2), y.flatten(), reduction="none").view(y.shape)


def _mean(z: Tensor, y: Tensor, least: int = 0) -> Tensor:
    return _costs(z, y).sum() / (y != IGNORE).sum().clamp(min=least)


def _log_of(p: Tensor, y: Tensor, moved: bool = False) -> Tensor:
    read = -(p if moved else p[:, :-1]).log().gather(-1, y[:, 1:].clamp(min=0).unsqueeze(-1)).squeeze(-1)
    return read[y[:, 1:] != IGNORE].mean()


def _by_own_label(z: Tensor, y: Tensor, left: Tensor) -> Tensor:
    """Costs kept where the position itself is supervised; left: what a target of −100 costs there."""
    own, kept = y[:, :-1] != IGNORE, y[:, 1:] != IGNORE
    return torch.where(kept, _costs(z[:, :-1], y[:, 1:]), left)[own].sum() / own.sum()


def _first(z: Tensor, y: Tensor) -> Tensor:
    return _costs(z[:, :-1], torch.zeros_like(y[:, 1:]))


# fmt: off
SLIPS = (
    Slip(lambda z, y: _mean(z[:, :-1], y[:, 1:]),
         "that is 0/0; give 0 with zero gradient, or the NaN enters everything it is averaged with",
         "这是 0/0；应给出 0 和零梯度，否则 NaN 会混进与它一起求平均的一切"),
    Slip(lambda z, y: _log_of(z.exp() / z.exp().sum(-1, keepdim=True), y),
         "exp(1000) overflows, and inf/inf is NaN; take the largest logit off first, or use log_softmax",
         "exp(1000) 溢出，inf/inf 得到 NaN；先减去最大的 logit，或用 log_softmax"),
    Slip(lambda z, y: _log_of(z.softmax(-1), y),
         "the probability underflowed to 0 before its log was taken; log_softmax never forms it",
         "概率先下溢成 0，再取对数就成了 inf；log_softmax 不会先算出概率"),
    Slip(lambda z, y: _mean(z, y), "nothing is shifted: position t was asked for token t itself, which it has read",
         "没有移位：位置 t 被要求预测第 t 个 token 本身，而它已经读到了这个 token", asks=0),
    Slip(lambda z, y: _mean(z[:, 1:], y[:, :-1]),
         "shifted the wrong way: position t was asked for token t−1, its past; drop the last logits, the first label",
         "移位方向反了：位置 t 被要求预测第 t−1 个 token，即它的过去；应去掉最后一个 logits 和第一个标签", asks=-1),
    Slip(lambda z, y: _mean(z[:, :-2], y[:, 2:]), "shifted twice: position t was asked for t+2, labels come unshifted",
         "移位了两次：位置 t 被要求预测第 t+2 个 token；标签传入时没有移位，只需移一次", asks=2),
    Slip(lambda z, y: _mean(z[:-1], y[1:]),
         "the cut went through the batch: logits[:-1] drops a row; tokens are axis 1, so logits[:, :-1]",
         "切到了 batch 维：logits[:-1] 去掉的是一整行；token 在第 1 维，应写 logits[:, :-1]"),
    Slip(lambda z, y: _mean(z.flatten(0, 1)[:-1], y.flatten()[1:]),
         "flattened before the shift: the last position of a row was asked for the first token of the next row",
         "先展平再移位：一行的最后一个位置被要求预测下一行的第一个 token"),
    Slip(lambda z, y: _costs(z[:, :-1], y[:, 1:]).sum(), "that is the sum; divide by the number of supervised targets",
         "这是总和；还要除以参与监督的目标个数"),
    Slip(lambda z, y: _costs(z[:, 0], y[:, 1]).mean(), "only the first position was counted: the others are missing",
         "只算了第一个位置：其余位置缺失"),
    Slip(lambda z, y: _mean(z[:, :-1], y[:, 1:].clamp(min=0)),
         "ignored tokens were counted as token 0: clamp makes −100 a legal index, then its cost must be thrown away",
         "被忽略的 token 被当成 token 0 计入了：clamp 只让 −100 成为合法索引，读出的代价还要丢掉"),
    Slip(lambda z, y: _mean(z[:, :-1], torch.where(y[:, 1:] > 0, y[:, 1:], IGNORE)),
         "token 0 was ignored too: it is an id like any other; only −100 is ignored",
         "token 0 也被忽略了：它和其他 id 一样；只有 −100 才忽略"),
    *(Slip(made,
           "masked by the position's own label: position {early} predicts the answer's first token and "
           "you left it out; position {late} holds its last and you kept it; ask the target, labels[:, 1:] != −100",
           "掩码取自位置自己的标签：位置 {early} 预测的是回答的第一个 token，你把它漏掉了；位置 {late} 上已是最后一个，"
           "你却留下了；要看的是目标：labels[:, 1:] != −100")
      for made in (lambda z, y: _by_own_label(z, y, _first(z, y)), lambda z, y: _by_own_label(z, y, torch.zeros(())))),
    Slip(lambda z, y: _costs(z[:, :-1], y[:, 1:]).sum() / y.numel(),
         "divided by T: a row of T tokens has T − 1 targets; divide by the number that are supervised",
         "除以了 T：T 个 token 只有 T − 1 个目标；要除以受监督的目标个数"),
    Slip(lambda z, y: -_mean(z[:, :-1], y[:, 1:]), "the minus sign is missing: log p is negative, a cost is −log p",
         "少了负号：log p 是负数，代价是 −log p"),
    Slip(lambda z, y: _mean(z[:, :-1], y[:, 1:]) / math.log(2),
         "that is in bits: log₂ was taken; nats take the natural logarithm",
         "这是以 bit 为单位：取了 log₂；nat 用自然对数"),
    *(Slip(made, "softmax went along the time axis, dim=1: the vocabulary is the last direction, dim=-1",
           "softmax 沿着时间轴（dim=1）做了：词表在最后一个方向，dim=-1")
      for made in (lambda z, y: _log_of(z[:, :-1].softmax(1), y, moved=True), lambda z, y: _log_of(z.softmax(1), y))),
    Slip(lambda z, y: _costs(z[:, :-1], y[:, 1:]).mean(), "divided by every position: take the supervised ones only",
         "除以了全部位置，连被忽略的也算进去了：只除以参与监督的目标个数"),
    Slip(lambda z, y: torch.stack([_mean(a[:-1], b[1:]) for a, b in zip(z, y, strict=True)]).mean(),
         "that is the mean of each row's mean: then a token of a row with few targets weighs more",
         "这是各行平均值的平均：这样目标少的行里，每个 token 的权重更大"),
)
OTHER = Slip(_mean,
             "none of the usual slips gives this; compute one position by hand, −log softmax(z)[y]",
             "这不是常见的错误；先手算一个位置的 −log softmax(z)[y] 对照")
NO_SCALAR = Said(en="you gave {seen}; give a scalar tensor, the mean over supervised targets: gradients must flow",
                 zh="你返回的是 {seen}；要返回标量 tensor，即参与监督的目标上的平均，梯度才能回传")
GATHER = Said(en="right until −100 appears: gather looks for row −100 (“{error}”); clamp it, discard what it reads",
              zh="在 −100 出现之前都是对的：gather 去找第 −100 行（“{error}”）；先让索引合法，再丢掉读出的值")
CUT_OFF = Said(en="the value {given} is right, but no gradient reaches the logits: detach() or a new tensor; "
               "divide the sum of the kept costs by at least 1 instead",
               zh="数值 {given} 正确，但梯度传不到 logits：被 detach() 或新建的 tensor 切断了；"
               "改成把保留下来的代价之和除以至少为 1 的个数")
OF_ITS_OWN = Said(en="the {given} you give is a tensor of its own: backward() runs, and never comes to the logits; "
                  "divide the sum of the kept costs by at least 1 instead",
                  zh="你返回的 {given} 是一个独立的 tensor：backward() 能运行，却到不了 logits；"
                  "改成把保留下来的代价之和除以至少为 1 的个数")
SLOPE = Said(en="at [{row}, {place}] the gradient is {given}, not {expected}; NaN passes where() from a dropped branch",
             zh="[{row}, {place}] 处的梯度是 {given}，应为 {expected}；where() 丢掉的分支里若有 NaN，会漏进梯度")
# fmt: on


def _rounded(values: Tensor) -> Any:
    return (values * 1000).round().div(1000).add(0.0).tolist()


def _same(a: Tensor, b: Tensor) -> bool:
    return torch.allclose(a.detach().double(), b.detach().double(), rtol=1e-4, atol=1e-4, equal_nan=True)


def _judge(given: Any, logits: Tensor, labels: Tensor) -> Said | None:
    """None, or what was seen: the costs, their mean, the value given, and the slip that gives it."""
    if (none := nothing(given)) is not None:
        return none
    if not isinstance(given, Tensor) or given.dim():
        return filled(NO_SCALAR, seen=f"{type(given).__name__}{list(getattr(given, 'shape', [])) or ''}")
    z, y = logits[:, :-1], labels[:, 1:]
    expected = _mean(z, y, least=1)
    if _same(given, expected):
        return None
    seen = f"{y.tolist()}", f"{_rounded(_costs(z, y))}", f"{given.item():.3f}", f"{expected.item():.3f}"
    slip = next((slip for slip in SLIPS if _same(given, slip.made(logits, labels))), OTHER)
    cause = filled(slip.told(labels.shape[1]), **_where(labels))
    return Said(en="for targets {} with costs {} nats you gave {}; the mean is {}: ".format(*seen) + cause.en,
                zh="目标 {} 的代价是 {} nat，你给出 {}；平均应为 {}：".format(*seen) + cause.zh)  # fmt: skip


def _where(labels: Tensor) -> dict[str, int]:
    """Where mask by target and mask by own label differ first: early is left out by the second, late kept by it."""
    own, target = labels[:, :-1] != IGNORE, labels[:, 1:] != IGNORE
    differ = {"early": target & ~own, "late": own & ~target}
    return {name: int(places.nonzero()[0, 1]) if places.any() else -1 for name, places in differ.items()}


def _judge_gradient(given: Tensor, z: Tensor, labels: Tensor) -> Said | None:
    if not given.requires_grad:
        return filled(CUT_OFF, given=f"{given.item():.3f}")
    theirs = torch.autograd.grad(given, z, allow_unused=True)[0]
    if theirs is None:
        return filled(OF_ITS_OWN, given=f"{given.item():.3f}")
    expected = torch.autograd.grad(_mean(z[:, :-1], labels[:, 1:], least=1), z)[0]
    off = (theirs - expected).abs().sum(-1).nan_to_num(torch.inf)
    row, place = divmod(int(off.argmax()), off.shape[1])
    seen = {"given": _rounded(theirs[row, place]), "expected": _rounded(expected[row, place])}
    return None if _same(theirs, expected) else filled(SLOPE, row=row, place=place, **seen)


def _check(en: str, zh: str, logits: Tensor, *rows: list[int], gradient: bool = False) -> Check:
    labels = torch.tensor(rows)

    def find(attempt: Attempt) -> Said | None:
        z = logits.clone().requires_grad_(gradient)
        try:
            given = attempt(z, labels.clone())
        except (IndexError, RuntimeError) as error:
            if IGNORE in labels and any(word in str(error) for word in ("-100", "out of", "negative")):
                return filled(GATHER, error=error)
            raise
        return _judge(given, logits, labels) or (_judge_gradient(given, z, labels) if gradient else None)

    return Check(Said(en=en, zh=zh), find)


def _logits(*shape: int) -> Tensor:
    return 2 * torch.randn(*shape, generator=torch.Generator().manual_seed(shape[1]))


X = IGNORE
# log p plus a constant a row: softmax gives p back, and reading the logits raw does not
P = torch.tensor([[[0.9, 0.05, 0.03, 0.02], [0.2, 0.1, 0.6, 0.1], [0.4, 0.3, 0.2, 0.1]]])
ONE_ROW = P.log() + torch.tensor([[[1.0], [-2.0], [0.5]]])
HUGE = torch.tensor([[[0.0, 1000.0, -1000.0], [1000.0, 0.0, 0.0], [0.0, 0.0, 0.0]]])

KATA = Kata(
    name="shifted_loss",
    function="shifted_loss",
    title=Said(en="The shift, the mask and the mean", zh="移位、掩码与平均"),
    task=Said(
        en="Write `shifted_loss(logits, labels)`: logits [B, T, V], labels [B, T] unshifted, −100 on tokens that are "
        "not supervised. Give the mean cost −log p of the next token over all supervised targets, in nats, as a "
        "scalar tensor through which gradients flow. Where nothing is supervised: 0 with zero gradient, not NaN. Do "
        "without `F.cross_entropy` and `F.nll_loss`: writing what they do is the point.",
        zh="写出 `shifted_loss(logits, labels)`：logits 形状为 [B, T, V]；标签形状为 [B, T]，没有移位，不参与监督的 "
        "token 为 −100。对整个 batch 中所有参与监督的目标，求下一个 token 的平均代价 −log p（单位 nat），返回可以"
        "回传梯度的标量 tensor。没有任何目标参与监督时，损失为 0、梯度为零，而不是 NaN。"
        "不要调用 `F.cross_entropy` 和 `F.nll_loss`：亲手写出它们做的事，正是练习的目的。",
    ),
    starter=STARTER,
    checks=[
        _check("one row, nothing masked", "一行，没有掩码", ONE_ROW, [2, 0, 1]),
        _check("two rows, nothing masked", "两行，没有掩码", _logits(2, 4, 5), [1, 0, 3, 2], [4, 2, 2, 1]),
        _check("prompt and padding masked", "prompt 与填充被掩码", _logits(1, 6, 5), [X, X, 3, 0, 1, X]),
        _check("one target against three", "目标个数一比三", _logits(2, 5, 5), [X, X, X, 2, X], [X, 3, 0, 1, X]),
        _check("the gradient reaches the logits", "梯度能传到 logits", _logits(1, 4, 5), [X, 1, 3, X], gradient=True),
        _check("nothing is supervised", "没有任何目标参与监督", _logits(2, 3, 4), [2, X, X], [1, X, X], gradient=True),
        _check("logits of 1000", "logits 为 1000", HUGE, [0, 0, 0]),
    ],
    reference=reference,
)  # fmt: skip
