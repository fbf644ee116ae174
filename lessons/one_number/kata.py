"""The kata of this lesson: one loss out of micro-batches. A row of slips for every mistake people make."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from sftviz.course.katas import Attempt, Check, Kata
from sftviz.course.questions import Said
from sftviz.course.slips import Slip, filled, nothing
from sftviz.loss import IGNORE, accumulate_nll

STARTER = '''import torch
from torch import Tensor


def accumulated_loss(micro_batches: list[tuple[Tensor, Tensor]]) -> Tensor:
    """The loss of the whole batch, out of its micro-batches: a scalar through which gradients flow.

    Each micro-batch is (costs, labels): costs [B, T-1] in nats, of the prediction of token t+1 at t, also where nothing
    is asked; labels [B, T], unshifted, -100 where a token is not supervised. B and T differ between micro-batches.
    Every supervised target of the batch weighs the same. Where nothing is supervised at all: 0.
    """
    return ...
'''

Parts = Sequence[tuple[Tensor, Tensor]]


def reference(micro_batches: Parts) -> Tensor:
    """(costs [B, T-1], labels [B, T]) each -> scalar: the project's own."""
    costs, labels = zip(*micro_batches, strict=True)
    return accumulate_nll(list(costs), list(labels), "step")


def _asked(labels: Tensor) -> Tensor:
    return labels[:, 1:] != IGNORE


def _sum(part: tuple[Tensor, Tensor]) -> Tensor:
    return torch.where(_asked(part[1]), part[0], 0.0).sum()


def _count(part: tuple[Tensor, Tensor]) -> Tensor:
    return _asked(part[1]).sum()


def _total(parts: Parts, count: Callable[[tuple[Tensor, Tensor]], Any]) -> Tensor:
    return sum(map(_sum, parts), torch.tensor(0.0)) / sum(int(count(part)) for part in parts)


def _row_means(part: tuple[Tensor, Tensor]) -> Tensor:
    asked = _asked(part[1])
    return torch.where(asked, part[0], 0.0).sum(1) / asked.sum(1).clamp(min=1)


# fmt: off
SLIPS: tuple[Slip[Callable[..., Any]], ...] = (
    Slip(lambda parts: torch.stack([_sum(part) / _count(part).clamp(min=1) for part in parts]).mean(),
         "the mean of the micro-batches' means: a token of a micro-batch with few targets weighs more; "
         "divide once, by the targets of all",
         "这是各微批次平均的平均：目标少的微批次里，每个 token 的权重更大；只除一次，除以全部目标的个数"),
    Slip(lambda parts: torch.stack([_sum(part) / _count(part).clamp(min=1) for part in parts]).sum(),
         "the micro-batches' means are added up: it grows with the number of micro-batches",
         "把各微批次的平均加起来了：微批次越多，它越大"),
    Slip(lambda parts: sum(map(_sum, parts)) / len(parts),
         "divided by the number of micro-batches: they are steps, not targets",
         "除以了微批次的个数：那是步数，不是目标个数"),
    Slip(lambda parts: sum(map(_sum, parts)),
         "that is the sum; divide by the supervised targets of all micro-batches",
         "这是总和；要除以所有微批次中受监督的目标个数"),
    Slip(lambda parts: _total(parts, lambda part: part[0].numel()),
         "divided by every position, prompts and padding too: count the supervised targets",
         "除以了全部位置，prompt 和填充也在内：只数受监督的目标"),
    Slip(lambda parts: _total(parts, lambda part: part[1].numel()),
         "divided by B·T: prompts and padding are counted, and T tokens have only T − 1 targets",
         "除以了 B·T：prompt 和填充都算了进去，而 T 个 token 只有 T − 1 个目标"),
    Slip(lambda parts: _total(parts, lambda part: (part[1] != IGNORE).sum()),
         "a row's first token was counted: nobody predicts it, so it is no target; count labels[:, 1:]",
         "每行的第一个 token 也数进去了：没有谁预测它，所以不是目标；应数 labels[:, 1:]"),
    Slip(lambda parts: torch.cat([_row_means(part) for part in parts]).mean(),
         "that is the mean of each row's mean, per sequence: here every token weighs the same",
         "这是每行平均的平均（按序列）：这里要求每个 token 权重相同"),
    Slip(lambda parts: sum(map(_sum, parts)) / _count(parts[0]).clamp(min=1),
         "the count is the first micro-batch's: add up the counts of all before dividing",
         "个数取自第一个微批次：要先把所有微批次的个数加起来再除"),
    Slip(lambda parts: sum(map(_sum, parts)) / _count(parts[-1]).clamp(min=1),
         "the count is the last micro-batch's, the one that a loop leaves behind: add up the counts of all",
         "个数取自最后一个微批次（循环结束时剩下的那个）：要把所有的个数加起来"),
    Slip(lambda parts: _sum(parts[-1]) / _count(parts[-1]).clamp(min=1),
         "only the last micro-batch is in it: was the loss overwritten in the loop?",
         "只剩最后一个微批次：损失是不是在循环里被覆盖了？"),
    Slip(lambda parts: sum((costs.sum() for costs, _ in parts), torch.tensor(0.0)) / sum(int(_count(p)) for p in parts),
         "costs that were not asked for are in the sum: leave out what labels[:, 1:] ignores",
         "没有问到的代价也加进去了：labels[:, 1:] 忽略的要去掉"),
    Slip(lambda parts: _total(parts, lambda part: len(part[1])),
         "divided by the number of rows: then a long answer makes a large loss",
         "除以了行数：这样回答越长，损失越大"),
)
SEEN = Said(en="{count} targets in {parts} micro-batches, {each}; you gave {given}, the loss is {expected}: ",
            zh="{parts} 个微批次共 {count} 个目标（{each}）；你给出 {given}，应为 {expected}：")
OTHER = Said(en="none of the usual slips gives this; write the costs of one micro-batch down and add them up by hand",
             zh="这不是常见的错误；先写下一个微批次的代价，手工加起来")
NO_SCALAR = Said(en="you gave {seen}; give a scalar tensor: gradients must flow",
                 zh="你返回的是 {seen}；要返回标量 tensor，梯度才能回传")
CUT_OFF = Said(en="the value {given} is right, but no gradient reaches the costs: no item(), no detach()",
               zh="数值 {given} 正确，但梯度传不到各个代价：不要用 item()、detach() 或新建 tensor")
NOTHING = Said(en="nothing is supervised, and you gave {given}: 0/0; divide by at least 1",
               zh="没有任何目标受监督，你给出 {given}：这是 0/0；除数至少取 1")
# fmt: on


def _same(a: Tensor, b: Tensor) -> bool:
    return torch.allclose(a.detach().double(), b.detach().double(), rtol=1e-5, atol=1e-6, equal_nan=True)


def _judge(given: Any, parts: Parts, expected: Tensor) -> Said | None:
    """None, or the counts, the value given and the slip that gives it."""
    if (none := nothing(given)) is not None:
        return none
    if not isinstance(given, Tensor) or given.dim():
        return filled(NO_SCALAR, seen=f"{type(given).__name__}{list(getattr(given, 'shape', [])) or ''}")
    counts = [int(_count(part)) for part in parts]
    if not sum(counts) and not _same(given, expected):
        return filled(NOTHING, given=f"{given.item():.3f}")
    if not _same(given, expected):
        slip = next((slip for slip in SLIPS if _same(given, torch.as_tensor(slip.made(parts)))), OTHER)
        seen = filled(
            SEEN,
            count=sum(counts),
            parts=len(parts),
            each=" + ".join(map(str, counts)),
            given=f"{given.item():.3f}",
            expected=f"{expected.item():.3f}",
        )
        return Said(en=seen.en + slip.en, zh=seen.zh + slip.zh)
    costs = [costs for costs, _ in parts]
    reached = given.requires_grad and all(
        one is not None for one in torch.autograd.grad(given, costs, allow_unused=True, retain_graph=True)
    )
    return None if reached or not sum(counts) else filled(CUT_OFF, given=f"{given.item():.3f}")


def _check(en: str, zh: str, *labels: list[list[int]]) -> Check:
    made = [torch.tensor(rows) for rows in labels]
    seed = torch.Generator().manual_seed(len(labels))
    drawn = [5 * torch.rand(rows.shape[0], rows.shape[1] - 1, generator=seed) + 0.25 for rows in made]

    def find(attempt: Attempt) -> Said | None:
        parts = [(costs.clone().requires_grad_(), rows.clone()) for costs, rows in zip(drawn, made, strict=True)]
        given = attempt(list(parts))
        return _judge(given, parts, _expected(parts))

    return Check(Said(en=en, zh=zh), find)


def _expected(parts: Parts) -> Tensor:
    """The mean over one long list of costs, taken out one by one: nothing of the project's own is used."""
    kept = [cost for costs, labels in parts for cost in costs.detach()[_asked(labels)].tolist()]
    return torch.tensor(sum(kept) / max(1, len(kept)))


X = IGNORE

KATA = Kata(
    name="accumulated_loss",
    function="accumulated_loss",
    title=Said(en="One loss out of micro-batches", zh="由微批次得到一个损失"),
    task=Said(
        en="Write `accumulated_loss(micro_batches)`: a batch too large for the memory was cut into micro-batches, each "
        "(costs [B, T−1], labels [B, T]). Give the loss that the whole batch would have had: the mean over all its "
        "supervised targets, as a scalar tensor through which gradients flow to every micro-batch's costs.",
        zh="写出 `accumulated_loss(micro_batches)`：内存放不下的 batch 被切成了若干微批次，每个是 (costs [B, T−1], "
        "labels [B, T])。返回整个 batch 本来的损失：对其中所有受监督的目标求平均，返回标量 tensor，"
        "梯度要能回传到每个微批次的代价。",
    ),
    starter=STARTER,
    checks=[
        _check("two micro-batches", "两个微批次", [[X, 4, 4, X], [4, X, 4, 4]], [[X, 4, 4, 4, 4, 4, X]]),
        _check("one target against four", "目标个数一比四", [[X, X, 4, X]], [[7, 4, 4, 4, 4, X]]),
        _check(
            "three micro-batches of several rows",
            "三个各有几行的微批次",
            [[X, 4, X], [X, 4, 4]],
            [[X, X, 4, 4, 4], [X, 4, 4, 4, X]],
            [[X, X, X, 4]],
        ),
        _check("one of them asks nothing", "其中一个什么都不问", [[X, 4, 4]], [[X, X, X]]),
        _check("nothing is supervised", "没有任何目标受监督", [[X, X, X]], [[X, X]]),
    ],
    reference=reference,
)
