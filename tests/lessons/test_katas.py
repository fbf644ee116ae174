"""Every kata takes the project's own solution, and tells every typical wrong one what is wrong with it."""

import inspect
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from sftviz.chat.rendering import render
from sftviz.course.attempts import ENDED, ENDLESS, Checker, check_file, load_attempt, next_kata, note_passed, watch
from sftviz.course.content import LESSONS, PACKAGE, load
from sftviz.course.katas import Kata, Verdict, all_katas, check
from sftviz.course.lesson import find_lesson
from sftviz.course.slips import UNWRITTEN
from sftviz.supervision.verdicts import apply
from tests.chat.chats import SHORT, TWO_TURNS

KATAS: dict[str, Kata] = {kata.name: kata for kata in (load(f).KATA for f in sorted(LESSONS.glob("*/kata.py")))}
IGNORE = -100
Ids = list[int]
Roles = list[str]
Ends = list[bool]


# --- shifted_loss: each is right but for one thing ---


def mean_nll(z: Tensor, y: Tensor) -> Tensor:
    z, y = z.reshape(-1, z.shape[-1]), y.reshape(-1)
    cost = -z.log_softmax(-1).gather(-1, y.clamp(min=0).unsqueeze(-1)).squeeze(-1)
    return (cost * (y != IGNORE)).sum() / (y != IGNORE).sum().clamp(min=1)


def costs_of(z: Tensor, y: Tensor) -> Tensor:
    return F.cross_entropy(z[:, :-1].flatten(0, 1), y[:, 1:].flatten(), reduction="none").view(y[:, 1:].shape)


def no_shift(z: Tensor, y: Tensor) -> Tensor:
    return mean_nll(z, y)


def wrong_way(z: Tensor, y: Tensor) -> Tensor:
    return mean_nll(z[:, 1:], y[:, :-1])


def shifts_twice(z: Tensor, y: Tensor) -> Tensor:
    return mean_nll(z[:, :-2], y[:, 2:])


def cuts_the_batch(z: Tensor, y: Tensor) -> Tensor:
    return F.cross_entropy(z[:-1].flatten(0, 1), y[1:].flatten())


def flattens_first(z: Tensor, y: Tensor) -> Tensor:
    return mean_nll(z.flatten(0, 1)[:-1], y.flatten()[1:])


def forgets_ignore(z: Tensor, y: Tensor) -> Tensor:
    return -z[:, :-1].log_softmax(-1).gather(-1, y[:, 1:].unsqueeze(-1)).mean()


def forgets_ignore_and_indexes(z: Tensor, y: Tensor) -> Tensor:
    log_p = z[:, :-1].flatten(0, 1).log_softmax(-1)
    return -log_p[torch.arange(len(log_p)), y[:, 1:].flatten()].mean()


def clamps_and_counts(z: Tensor, y: Tensor) -> Tensor:
    return mean_nll(z[:, :-1], y[:, 1:].clamp(min=0))


def takes_token_0_for_ignored(z: Tensor, y: Tensor) -> Tensor:
    return mean_nll(z[:, :-1], torch.where(y[:, 1:] > 0, y[:, 1:], IGNORE))


def divides_by_every_position(z: Tensor, y: Tensor) -> Tensor:
    return costs_of(z, y).mean()


def mean_of_row_means(z: Tensor, y: Tensor) -> Tensor:
    return (costs_of(z, y).sum(1) / (y[:, 1:] != IGNORE).sum(1)).mean()


def sums(z: Tensor, y: Tensor) -> Tensor:
    return costs_of(z, y).sum()


def counts_the_first_only(z: Tensor, y: Tensor) -> Tensor:
    return costs_of(z, y)[:, 0].mean()


def divides_0_by_0(z: Tensor, y: Tensor) -> Tensor:
    return costs_of(z, y).sum() / (y[:, 1:] != IGNORE).sum()


def lets_nan_through_where(z: Tensor, y: Tensor) -> Tensor:
    supervised = y[:, 1:] != IGNORE
    cost = -z[:, :-1].log_softmax(-1).gather(-1, y[:, 1:].clamp(min=0).unsqueeze(-1)).squeeze(-1)
    mean = (cost * supervised).sum() / supervised.sum()
    return torch.where(supervised.any(), mean, z.sum() * 0)


def zero_without_gradient(z: Tensor, y: Tensor) -> Tensor:
    return mean_nll(z[:, :-1], y[:, 1:]) if (y[:, 1:] != IGNORE).any() else torch.tensor(0.0)


def pretends(z: Tensor, y: Tensor) -> Tensor:
    nothing = bool((y[:, 1:] == IGNORE).all())
    return torch.tensor(0.0, requires_grad=True) if nothing else mean_nll(z[:, :-1], y[:, 1:])


def detaches(z: Tensor, y: Tensor) -> Tensor:
    return mean_nll(z[:, :-1], y[:, 1:]).detach()


def log_of(p: Tensor, y: Tensor) -> Tensor:
    cost = -p[:, :-1].log().gather(-1, y[:, 1:].clamp(min=0).unsqueeze(-1)).squeeze(-1)
    supervised = y[:, 1:] != IGNORE
    return torch.where(supervised, cost, 0).sum() / supervised.sum().clamp(min=1)


def log_after_softmax(z: Tensor, y: Tensor) -> Tensor:
    return log_of(z.softmax(-1), y)


def softmax_by_formula(z: Tensor, y: Tensor) -> Tensor:
    return log_of(z.exp() / z.exp().sum(-1, keepdim=True), y)


def gives_the_costs(z: Tensor, y: Tensor) -> Tensor:
    return costs_of(z, y)


def gives_a_number(z: Tensor, y: Tensor) -> float:
    return mean_nll(z[:, :-1], y[:, 1:]).item()


def gives_nothing(*_: object) -> None:
    return None


def masks_by_own_label(z: Tensor, y: Tensor) -> Tensor:
    cost = -z[:, :-1].log_softmax(-1).gather(-1, y[:, 1:].clamp(min=0).unsqueeze(-1)).squeeze(-1)
    return cost[y[:, :-1] != IGNORE].mean()


def masks_by_own_label_and_target(z: Tensor, y: Tensor) -> Tensor:
    own = (y[:, :-1] != IGNORE).double()
    return (costs_of(z, y) * own).sum() / own.sum()


def divides_by_length(z: Tensor, y: Tensor) -> Tensor:
    return costs_of(z, y).sum() / (z.shape[0] * z.shape[1])


def forgets_the_minus(z: Tensor, y: Tensor) -> Tensor:
    return -mean_nll(z[:, :-1], y[:, 1:])


def takes_bits(z: Tensor, y: Tensor) -> Tensor:
    return log_of(z.softmax(-1), y) / torch.tensor(2.0).log()


def softmax_over_time(z: Tensor, y: Tensor) -> Tensor:
    return log_of(z.softmax(1), y)


def softmax_over_the_shifted_time(z: Tensor, y: Tensor) -> Tensor:
    log_p = z[:, :-1].log_softmax(1)
    return -log_p.gather(-1, y[:, 1:].unsqueeze(-1)).mean()


# --- chat_labels ---


def trains_the_system_turn(ids: Ids, roles: Roles, is_end: Ends) -> Ids:
    return [i if r in ("assistant", "system") else IGNORE for i, r in zip(ids, roles, strict=True)]


def gives_a_mask(ids: Ids, roles: Roles, is_end: Ends) -> Ids:
    return [1 if r == "assistant" else 0 for r in roles]


def gives_ones(ids: Ids, roles: Roles, is_end: Ends) -> Ids:
    return [1 if r == "assistant" else IGNORE for r in roles]


def zeros_instead(ids: Ids, roles: Roles, is_end: Ends) -> Ids:
    return [i if r == "assistant" else 0 for i, r in zip(ids, roles, strict=True)]


def minus_one(ids: Ids, roles: Roles, is_end: Ends) -> Ids:
    return [i if r == "assistant" else -1 for i, r in zip(ids, roles, strict=True)]


def labels_the_line_break(ids: Ids, roles: Roles, is_end: Ends) -> Ids:
    return [i if "assistant" in roles[at : at + 2] else IGNORE for at, i in enumerate(ids)]


def masks_the_end(ids: Ids, roles: Roles, is_end: Ends) -> Ids:
    return [i if r == "assistant" and not e else IGNORE for i, r, e in zip(ids, roles, is_end, strict=True)]


def trains_every_end(ids: Ids, roles: Roles, is_end: Ends) -> Ids:
    return [i if r == "assistant" or e else IGNORE for i, r, e in zip(ids, roles, is_end, strict=True)]


def good_labels(ids: Ids, roles: Roles) -> Ids:
    return [i if r == "assistant" else IGNORE for i, r in zip(ids, roles, strict=True)]


def last_turn_only(ids: Ids, roles: Roles, is_end: Ends) -> Ids:
    labels = good_labels(ids, roles)
    last = max((t for t, r in enumerate(roles) if r == "assistant"), default=0)
    first = last
    while first and roles[first - 1] == "assistant":
        first -= 1
    return [IGNORE] * first + labels[first:]


def first_turn_only(ids: Ids, roles: Roles, is_end: Ends) -> Ids:
    labels = good_labels(ids, roles)
    end = next((t for t, (r, e) in enumerate(zip(roles, is_end, strict=True)) if r == "assistant" and e), len(ids))
    return labels[: end + 1] + [IGNORE] * (len(ids) - end - 1)


def trains_headers(ids: Ids, roles: Roles, is_end: Ends) -> Ids:
    return [i if r in ("assistant", "template") else IGNORE for i, r in zip(ids, roles, strict=True)]


def trains_the_answers_header(ids: Ids, roles: Roles, is_end: Ends) -> Ids:
    labels = good_labels(ids, roles)
    for t, r in enumerate(roles):
        if r == "assistant" and roles[t - 1] == "template":
            labels[t - 2 : t] = ids[t - 2 : t]
    return labels


def everything_after_the_prompt(ids: Ids, roles: Roles, is_end: Ends) -> Ids:
    start = roles.index("assistant") if "assistant" in roles else len(ids)
    return [IGNORE] * start + ids[start:]


def everything(ids: Ids, roles: Roles, is_end: Ends) -> Ids:
    return list(ids)


def upside_down(ids: Ids, roles: Roles, is_end: Ends) -> Ids:
    return [i if r == "user" else IGNORE for i, r in zip(ids, roles, strict=True)]


def shifts_left(ids: Ids, roles: Roles, is_end: Ends) -> Ids:
    return [*good_labels(ids, roles)[1:], IGNORE]


def shifts_right(ids: Ids, roles: Roles, is_end: Ends) -> Ids:
    return [IGNORE, *good_labels(ids, roles)[:-1]]


def takes_0_for_false(ids: Ids, roles: Roles, is_end: Ends) -> Ids:
    return [(r == "assistant" and i) or IGNORE for i, r in zip(ids, roles, strict=True)]


def finds_by_id(ids: Ids, roles: Roles, is_end: Ends) -> Ids:
    theirs = {i for i, r in zip(ids, roles, strict=True) if r == "assistant"}
    return [i if i in theirs and (r == "assistant" or i != 2) else IGNORE for i, r in zip(ids, roles, strict=True)]


def gives_booleans(ids: Ids, roles: Roles, is_end: Ends) -> list[bool]:
    return [r == "assistant" for r in roles]


def overwrites_ids(ids: Ids, roles: Roles, is_end: Ends) -> Ids:
    for t, r in enumerate(roles):
        if r != "assistant":
            ids[t] = IGNORE
    return ids


def drops_the_masked(ids: Ids, roles: Roles, is_end: Ends) -> Ids:
    return [i for i, r in zip(ids, roles, strict=True) if r == "assistant"]


def gives_a_tensor(ids: Ids, roles: Roles, is_end: Ends) -> Tensor:
    return torch.tensor(good_labels(ids, roles))


# --- logit_gradients ---


def pair(
    ce: Callable[[Tensor, Tensor], Tensor] | None = None, mse: Callable[[Tensor, Tensor], Tensor] | None = None
) -> Callable[[Tensor, int], tuple[Tensor, Tensor]]:
    def gradients(logits: Tensor, target: int) -> tuple[Tensor, Tensor]:
        p, y = logits.softmax(0), F.one_hot(torch.tensor(target), len(logits)).double()
        return (ce or right_ce)(p, y), (mse or right_mse)(p, y)

    return gradients


def right_ce(p: Tensor, y: Tensor) -> Tensor:
    return p - y


def right_mse(p: Tensor, y: Tensor) -> Tensor:
    return 2 * (torch.diag(p) - torch.outer(p, p)) @ (p - y)


def plus_for_minus(p: Tensor, y: Tensor) -> Tensor:
    return 2 * p * (p - y + p @ (p - y))


def swaps(logits: Tensor, target: int) -> tuple[Tensor, Tensor]:
    ce, mse = pair()(logits, target)
    return mse, ce


def by_formula(logits: Tensor, target: int) -> tuple[Tensor, Tensor]:
    p, y = logits.exp() / logits.exp().sum(), F.one_hot(torch.tensor(target), len(logits)).double()
    return right_ce(p, y), right_mse(p, y)


def changes_logits(logits: Tensor, target: int) -> tuple[Tensor, Tensor]:
    logits -= logits.max()
    return pair()(logits, target)


def ignores_the_target(logits: Tensor, target: int) -> tuple[Tensor, Tensor]:
    return pair()(logits, 0)


def always_token_1(logits: Tensor, target: int) -> tuple[Tensor, Tensor]:
    return pair()(logits, 1)


def gives_lists(logits: Tensor, target: int) -> tuple[list[float], list[float]]:
    ce, mse = pair()(logits, target)
    return ce.tolist(), mse.tolist()


def gives_one(logits: Tensor, target: int) -> Tensor:
    return pair()(logits, target)[0]


# --- output_row_gradient ---


def rows(
    error: Callable[[Tensor, Tensor], Tensor] = lambda p, y: p - F.one_hot(y, p.shape[-1]),
    weights: Callable[[Tensor], Tensor] = lambda m: m / m.sum(),
) -> Callable[..., Tensor]:
    def gradient(p: Tensor, y: Tensor, h: Tensor, supervised: Tensor) -> Tensor:
        return torch.einsum("tv,td,t->vd", error(p, y), h, weights(supervised.double()))

    return gradient


def ones(p: Tensor, y: Tensor) -> Tensor:
    return F.one_hot(y, p.shape[-1]).double()


def transposed(p: Tensor, y: Tensor, h: Tensor, supervised: Tensor) -> Tensor:
    return rows()(p, y, h, supervised).T


def shifts_again(p: Tensor, y: Tensor, h: Tensor, supervised: Tensor) -> Tensor:
    error = torch.zeros_like(p)
    error[:-1] = p[:-1] - ones(p, y)[1:]
    return torch.einsum("tv,td,t->vd", error, h, supervised.double() / supervised.sum())


def multiplies_means(p: Tensor, y: Tensor, h: Tensor, supervised: Tensor) -> Tensor:
    return torch.outer((p - ones(p, y))[supervised].mean(0), h[supervised].mean(0))


# --- accumulated_loss ---

Parts = list[tuple[Tensor, Tensor]]


def kept(costs: Tensor, labels: Tensor) -> Tensor:
    return costs[labels[:, 1:] != IGNORE]


def over(count: Callable[[Parts], float]) -> Callable[[Parts], Tensor]:
    return lambda parts: torch.stack([kept(*part).sum() for part in parts]).sum() / count(parts)


def targets(parts: Parts) -> int:
    return max(1, sum(len(kept(*part)) for part in parts))


def means(parts: Parts) -> Tensor:
    return torch.stack([kept(*part).sum() / max(1, len(kept(*part))) for part in parts])


def row_means_of_all(parts: Parts) -> Tensor:
    each = [kept(c[None], y[None]) for costs, labels in parts for c, y in zip(costs, labels, strict=True)]
    return torch.stack([row.sum() / max(1, len(row)) for row in each]).mean()


def only_the_last(parts: Parts) -> Tensor:
    return means(parts)[-1]


def everything_asked(parts: Parts) -> Tensor:
    return torch.stack([costs.sum() for costs, _ in parts]).sum() / targets(parts)


# wrong solution -> how many checks it passes first, and what it must be told in both languages
Wrong = tuple[str, Callable[..., Any], int, str, str]
WRONG: list[Wrong] = [
    ("shifted_loss", no_shift, 0, "nothing is shifted", "没有移位"),
    ("shifted_loss", wrong_way, 0, "shifted the wrong way", "移位方向反了"),
    ("shifted_loss", shifts_twice, 0, "shifted twice", "移位了两次"),
    ("shifted_loss", cuts_the_batch, 0, "cut went through the batch", "切到了 batch 维"),
    ("shifted_loss", flattens_first, 1, "flattened before the shift", "先展平再移位"),
    ("shifted_loss", sums, 0, "that is the sum", "这是总和"),
    ("shifted_loss", counts_the_first_only, 0, "you gave 0.105; the mean is 1.204: only the first", "只算了第一个位置"),
    ("shifted_loss", forgets_ignore, 2, "right until −100 appears", "在 −100 出现之前都是对的"),
    ("shifted_loss", forgets_ignore_and_indexes, 2, "index -100 is out of bounds", "第 −100 行（“index"),
    ("shifted_loss", clamps_and_counts, 2, "counted as token 0", "被当成 token 0"),
    ("shifted_loss", takes_token_0_for_ignored, 0, "token 0 was ignored too", "token 0 也被忽略了"),
    ("shifted_loss", divides_by_every_position, 2, "divided by every position", "除以了全部位置"),
    (
        "shifted_loss",
        masks_by_own_label,
        2,
        "own label: position 1 predicts the answer's first token and you left it out; position 4 holds its last",
        "位置 1 预测的是回答的第一个 token，你把它漏掉了；位置 4 上",
    ),
    ("shifted_loss", masks_by_own_label_and_target, 2, "masked by the position's own label", "位置自己的标签"),
    ("shifted_loss", divides_by_length, 0, "divided by T:", "除以了 T："),
    ("shifted_loss", forgets_the_minus, 0, "the minus sign is missing", "少了负号"),
    ("shifted_loss", takes_bits, 0, "that is in bits", "以 bit 为单位"),
    ("shifted_loss", softmax_over_time, 0, "along the time axis", "沿着时间轴"),
    ("shifted_loss", softmax_over_the_shifted_time, 0, "along the time axis", "沿着时间轴"),
    ("shifted_loss", mean_of_row_means, 3, "mean of each row's mean", "各行平均值的平均"),
    ("shifted_loss", divides_0_by_0, 5, "you gave nan; the mean is 0.000: that is 0/0", "这是 0/0"),
    ("shifted_loss", lets_nan_through_where, 5, "NaN passes where()", "漏进梯度"),
    (
        "shifted_loss",
        zero_without_gradient,
        5,
        "value 0.000 is right, but no gradient",
        "切断了",
    ),
    ("shifted_loss", pretends, 5, "the 0.000 you give is a tensor of its own", "至少为 1 的个数"),
    ("shifted_loss", detaches, 4, "the value 2.510 is right, but no gradient", "切断了"),
    (
        "shifted_loss",
        log_after_softmax,
        6,
        "you gave inf; the mean is 500.000: the probability underflowed",
        "下溢成 0",
    ),
    ("shifted_loss", softmax_by_formula, 6, "exp(1000) overflows", "exp(1000) 溢出"),
    ("shifted_loss", gives_the_costs, 0, "you gave Tensor[1, 2]", "你返回的是 Tensor[1, 2]"),
    ("shifted_loss", gives_a_number, 0, "you gave float", "你返回的是 float"),
    ("shifted_loss", gives_nothing, 0, "is a return missing", "漏了 return"),
    ("chat_labels", zeros_instead, 0, "0 is no “ignore”", "0 不表示“忽略”"),
    ("chat_labels", masks_the_end, 0, "never learns to stop", "永远学不会停"),
    ("chat_labels", trains_every_end, 0, "every end-of-turn is trained", "所有结束 token 都参与训练"),
    ("chat_labels", last_turn_only, 1, "only the last answer", "只训练了最后一个回答"),
    ("chat_labels", first_turn_only, 1, "only the first answer", "只训练了第一个回答"),
    ("chat_labels", trains_headers, 0, "headers of every turn", "每一轮的头部"),
    ("chat_labels", trains_the_answers_header, 0, "the answer's header", "回答的头部"),
    ("chat_labels", everything_after_the_prompt, 1, "after the first answer began", "第一个回答开始之后"),
    ("chat_labels", trains_the_system_turn, 1, "the system turn is trained", "system 轮次参与训练"),
    ("chat_labels", gives_a_mask, 0, "should have -100: that is a mask, not labels", "这是掩码，不是标签"),
    ("chat_labels", gives_ones, 0, "should have 31: that is a mask, not labels", "这是掩码，不是标签"),
    ("chat_labels", minus_one, 0, "−1 is not ignored", "−1 不会被忽略"),
    ("chat_labels", labels_the_line_break, 0, "the header's last token got a label", "头部的最后一个 token"),
    ("chat_labels", everything, 0, "every token is a target", "所有 token 都成了目标"),
    ("chat_labels", upside_down, 0, "upside down", "反了"),
    ("chat_labels", shifts_left, 0, "shifted one to the left", "左移"),
    ("chat_labels", shifts_right, 0, "shifted one to the right", "右移"),
    ("chat_labels", takes_0_for_false, 2, "Python takes it for false", "Python 把它当作假"),
    (
        "chat_labels",
        finds_by_id,
        2,
        "token 2 (id 21, user) has label 21, and should have -100: tokens were found",
        "按 id 找 token",
    ),
    ("chat_labels", gives_booleans, 0, "you gave booleans, 3 of 10 True", "布尔值"),
    ("chat_labels", overwrites_ids, 5, "`ids` became [-100, -100, ", "`ids` 变成了"),
    (
        "chat_labels",
        drops_the_masked,
        0,
        "10 tokens came in and 3 labels came out: masked tokens stay",
        "输入 10 个 token",
    ),
    ("chat_labels", gives_a_tensor, 0, "you gave a Tensor", "你返回的是 Tensor"),
    ("chat_labels", gives_nothing, 0, "is a return missing", "漏了 return"),
    ("logit_gradients", pair(ce=lambda p, y: y - p), 0, "that is y − p", "这是 y − p"),
    ("logit_gradients", pair(ce=lambda p, y: p), 0, "that is p alone", "这只是 p"),
    ("logit_gradients", pair(ce=lambda p, y: -y / p), 0, "that is −y/p", "这是 −y/p"),
    ("logit_gradients", pair(ce=lambda p, y: (p - y) / len(p)), 0, "nothing is averaged", "没有对词表取平均"),
    ("logit_gradients", pair(mse=lambda p, y: 2 * (p - y) * p * (1 - p)), 0, "diagonal of the Jacobian", "对角线"),
    ("logit_gradients", pair(mse=lambda p, y: 2 * (p - y)), 0, "that is 2(p−y), the gradient with", "这是 2(p−y)，"),
    ("logit_gradients", pair(mse=lambda p, y: 2 * p * (p - y)), 1, "that is 2p(p−y)", "这是 2p(p−y)"),
    ("logit_gradients", pair(mse=lambda p, y: -right_mse(p, y)), 0, "the sign is turned round", "符号反了"),
    ("logit_gradients", pair(mse=lambda p, y: right_mse(p, y) / 2), 0, "the factor 2 of the square", "系数 2"),
    ("logit_gradients", pair(mse=lambda p, y: right_mse(p, y) / len(p)), 0, "not the mean", "不是取平均"),
    ("logit_gradients", pair(ce=lambda p, y: (p - y) * y), 0, "has a slope: every other", "只有目标处有梯度：其他"),
    ("logit_gradients", pair(ce=lambda p, y: 2 * (p - y)), 0, "the 2 belongs to a square", "系数 2 来自平方"),
    ("logit_gradients", pair(mse=plus_for_minus), 1, "Σ p(p−y) is added", "被加上去了"),
    (
        "logit_gradients",
        pair(mse=lambda p, y: right_mse(p, y) * y),
        0,
        "each logit moves every",
        "只有目标处有梯度：每个",
    ),
    ("logit_gradients", by_formula, 3, "exp(1000) is beyond float64", "exp(1000) 超出了 float64"),
    ("logit_gradients", ignores_the_target, 0, "its 1 at token 0; the target is token 1", "放在了第 0 个 token"),
    ("logit_gradients", always_token_1, 2, "its 1 at token 1; the target is token 0", "放在了第 1 个 token"),
    ("logit_gradients", swaps, 0, "the pair is swapped", "顺序反了"),
    ("logit_gradients", changes_logits, 4, "was (0.5, 2, -1) and is (-1.5, 0, -3) now", "现在变成了"),
    ("logit_gradients", gives_lists, 0, "ce is list", "ce 是 list"),
    ("logit_gradients", gives_one, 0, "give the pair", "二元组"),
    ("logit_gradients", gives_nothing, 0, "is a return missing", "漏了 return"),
    ("output_row_gradient", rows(weights=lambda m: torch.ones_like(m) / len(m)), 0, "masked positions were", "也算进"),
    ("output_row_gradient", rows(weights=lambda m: torch.ones_like(m) / m.sum()), 0, "leave them out of both", "两处"),
    ("output_row_gradient", rows(weights=lambda m: m), 0, "that is the sum", "这是总和"),
    ("output_row_gradient", rows(weights=lambda m: m / len(m)), 0, "divided by every position", "除以了全部位置"),
    ("output_row_gradient", rows(lambda p, y: ones(p, y) - p), 0, "the sign is turned round", "符号反了"),
    ("output_row_gradient", rows(lambda p, y: p), 0, "1 is not taken off", "没有减 1"),
    ("output_row_gradient", rows(lambda p, y: (p - 1) * ones(p, y)), 0, "only the targets' rows", "只有目标的行"),
    ("output_row_gradient", rows(weights=lambda m: (1 - m) / (1 - m).sum()), 0, "upside down", "反了"),
    ("output_row_gradient", shifts_again, 0, "shifted once more", "又移了一位"),
    ("output_row_gradient", multiplies_means, 0, "the means were multiplied", "先各自平均"),
    ("output_row_gradient", transposed, 0, "its transpose, [d, V] = [3, 4]", "这是转置"),
    ("output_row_gradient", gives_nothing, 0, "is a return missing", "漏了 return"),
    ("accumulated_loss", lambda parts: means(parts).mean(), 0, "mean of the micro-batches' means", "微批次平均的平均"),
    ("accumulated_loss", lambda parts: means(parts).sum(), 0, "grows with the number", "微批次越多"),
    ("accumulated_loss", over(len), 0, "they are steps, not targets", "那是步数"),
    ("accumulated_loss", over(lambda parts: 1), 0, "that is the sum", "这是总和"),
    ("accumulated_loss", over(lambda parts: sum(c.numel() for c, _ in parts)), 0, "every position", "除以了全部位置"),
    ("accumulated_loss", over(lambda parts: sum(y.numel() for _, y in parts)), 0, "divided by B·T", "除以了 B·T"),
    (
        "accumulated_loss",
        over(lambda parts: sum(int((y != IGNORE).sum()) for _, y in parts)),
        0,
        "a row's first token was counted",
        "第一个 token 也数进去",
    ),
    ("accumulated_loss", row_means_of_all, 0, "mean of each row's mean", "每行平均的平均"),
    ("accumulated_loss", over(lambda parts: len(kept(*parts[0])) or 1), 0, "the first micro-batch's", "第一个微批次"),
    ("accumulated_loss", over(lambda parts: len(kept(*parts[-1])) or 1), 0, "the last micro-batch's", "最后一个微批次"),
    ("accumulated_loss", only_the_last, 0, "overwritten in the loop", "被覆盖"),
    ("accumulated_loss", everything_asked, 0, "not asked for are in the sum", "没有问到的代价"),
    ("accumulated_loss", over(lambda parts: sum(len(y) for _, y in parts)), 0, "the number of rows", "除以了行数"),
    ("accumulated_loss", lambda parts: over(targets)(parts).detach(), 0, "no gradient reaches", "梯度传不到"),
    ("accumulated_loss", lambda parts: over(targets)(parts).item(), 0, "you gave float", "你返回的是 float"),
    (
        "accumulated_loss",
        over(lambda parts: sum(len(kept(*part)) for part in parts)),
        4,
        "nothing is supervised, and you gave nan",
        "这是 0/0",
    ),
    ("accumulated_loss", gives_nothing, 0, "is a return missing", "漏了 return"),
]


def told(verdict: Verdict, language: str) -> str:
    return verdict.text(language).partition("✗")[2].partition("\n")[2]


def attempt_of(kata: Kata, source: str, folder: Path) -> Callable[..., Any]:
    """A learner's file, read the way `sftviz kata check` reads it."""
    path = folder / f"{kata.name}.py"
    path.write_text(source, encoding="utf-8")
    return load_attempt(path, kata.function)


@pytest.mark.parametrize("kata", KATAS.values(), ids=KATAS)
def test_the_reference_passes(kata: Kata) -> None:
    verdict = check(kata, kata.reference)
    assert verdict, verdict.text()
    assert len(verdict.passed) == len(kata.checks)


@pytest.mark.parametrize("kata", KATAS.values(), ids=KATAS)
def test_the_starter_is_recognised_as_unwritten(kata: Kata, tmp_path: Path) -> None:
    verdict = check(kata, attempt_of(kata, kata.starter, tmp_path))
    assert not verdict
    assert verdict.reason == UNWRITTEN


@pytest.mark.parametrize(("name", "wrong", "passed", "en", "zh"), WRONG, ids=[f"{w[0]}-{w[3]}" for w in WRONG])
def test_a_wrong_solution_is_told_what_is_wrong(
    name: str, wrong: Callable[..., Any], passed: int, en: str, zh: str
) -> None:
    verdict = check(KATAS[name], wrong)
    assert en in told(verdict, "en")
    assert zh in told(verdict, "zh")
    assert len(verdict.passed) == passed


@pytest.mark.parametrize("name", {row[0]: None for row in WRONG})
def test_no_two_wrong_solutions_are_told_the_same(name: str) -> None:
    reasons = [cast(Verdict, check(KATAS[name], row[1])).reason for row in WRONG if row[0] == name]
    assert len(reasons) >= 12
    assert len({reason.en for reason in reasons if reason}) == len(reasons)
    assert len({reason.zh for reason in reasons if reason}) == len(reasons)


@pytest.mark.parametrize("kata", KATAS.values(), ids=KATAS)
def test_every_check_has_a_name_of_its_own_in_both_languages(kata: Kata) -> None:
    assert kata.name == kata.function
    assert f"def {kata.function}(" in kata.starter
    for language in ("en", "zh"):
        names = [one.name.in_language(language) for one in kata.checks]
        assert len(set(names)) == len(names)


def test_what_a_solution_raises_is_told_and_not_thrown() -> None:
    verdict = check(KATAS["logit_gradients"], lambda logits, target: logits[99])
    assert told(verdict, "en").startswith("  it stopped with IndexError")


def test_the_plain_mean_of_the_errors_is_named_though_it_gives_what_no_mean_gives() -> None:
    verdict = check(KATAS["logit_gradients"], pair(mse=lambda p, y: 2 * p * (p - y - (p - y).mean())))
    assert "the plain mean of p − y was, which is always 0" in told(verdict, "en")
    assert "p − y 的普通平均，而它恒为 0" in told(verdict, "zh")


def test_an_unusual_mistake_is_shown_the_numbers() -> None:
    verdict = check(KATAS["shifted_loss"], lambda z, y: mean_nll(z[:, :-1], y[:, 1:]) + 1)
    assert "with costs [[0.105, 2.303]] nats you gave 2.204; the mean is 1.204: none of the usual" in told(
        verdict, "en"
    )


@pytest.mark.parametrize("chat", [SHORT, TWO_TURNS], ids=["short", "two_turns"])
def test_the_labels_of_the_kata_are_those_of_the_policy_assistant_only(chat: Any) -> None:
    rendering = render(chat, "sftviz/tiny", "chatml")
    spans = [rendering.span_of(token) for token in rendering.tokens]
    roles = [(span.role or "") if span.part in ("content", "end") else "template" for span in spans]
    is_end = [span.part == "end" for span in spans]
    labels = KATAS["chat_labels"].reference(rendering.ids, roles, is_end)
    assert tuple(labels) == apply("assistant_only", rendering).labels


# As a learner does it: list, start, wrong first, then right


def run_kata(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from sftviz.cli import app; app()", "kata", *arguments]
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": str(PACKAGE.parent)}
    )


def test_a_learner_starts_is_told_what_is_wrong_and_passes(tmp_path: Path) -> None:
    listed = run_kata("list", folder=tmp_path)
    assert all(name in listed.stdout for name in ("shifted_loss", "chat_labels", "logit_gradients"))
    started = run_kata("start", "shifted_loss", folder=tmp_path)
    assert "Write `shifted_loss" in started.stdout
    written = tmp_path / "katas" / "shifted_loss.py"
    assert run_kata("check", "shifted_loss", folder=tmp_path).returncode == 1
    again = run_kata("start", "shifted_loss", folder=tmp_path)
    assert again.returncode == 2
    assert "might hold your work" in again.stderr

    written.write_text("def shifted_loss(logits, labels):\n    log_p = logits.log_softmax(-1)\n"
                       "    return -log_p.gather(-1, labels.clamp(min=0).unsqueeze(-1)).mean()\n")  # fmt: skip
    wrong = run_kata("check", "shifted_loss", folder=tmp_path)
    assert wrong.returncode == 1
    assert "nothing is shifted" in wrong.stdout
    assert "没有移位" in run_kata("check", "shifted_loss", "--lang", "zh", folder=tmp_path).stdout

    written.write_text("from sftviz.loss import reduce_nll, token_nll\n\n\ndef shifted_loss(logits, labels):\n"
                       "    return reduce_nll(token_nll(logits, labels), labels)\n")  # fmt: skip
    right = run_kata("check", "shifted_loss", folder=tmp_path)
    assert right.returncode == 0, right.stdout + right.stderr
    assert "All checks pass" in right.stdout


def test_a_name_that_is_no_kata_is_told_which_there_are(tmp_path: Path) -> None:
    told = run_kata("check", "nothing", folder=tmp_path)
    assert told.returncode == 2
    assert "there are shifted_loss, logit_gradients, chat_labels" in " ".join(told.stderr.split())


def test_a_loop_without_end_is_stopped_and_imports_do_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sftviz.course.attempts.SECONDS", 2)  # importing torch alone takes longer
    file = tmp_path / "shifted_loss.py"
    file.write_text("def shifted_loss(logits, labels):\n    while True: pass\n")
    with Checker("shifted_loss", file) as checker:
        assert checker.check() == (False, ENDLESS.en.format(seconds=2))
        file.write_text(KATAS["shifted_loss"].starter)
        assert checker.check() == (False, "✗ one row, nothing masked\n  " + UNWRITTEN.en)


def test_a_watched_file_is_checked_again_when_it_is_saved_in_one_process(tmp_path: Path) -> None:
    file = tmp_path / "chat_labels.py"
    file.write_text(KATAS["chat_labels"].starter)
    verdicts = watch("chat_labels", file)
    assert UNWRITTEN.en in next(verdicts)[1]
    body = "import os\nprint(os.getpid())\ndef chat_labels(ids, roles, is_end):\n    return {}\n"
    seen: list[str] = []
    for at, made in enumerate(("ids", "[i if r == 'assistant' else -100 for i, r in zip(ids, roles)]")):
        file.write_text(body.format(made))
        os.utime(file, (at, at))
        passed, said = next(verdicts)
        assert passed is bool(at)
        seen.append(said.splitlines()[0])
    verdicts.close()
    assert seen[0] == seen[1]  # the same process
    assert int(seen[0]) != os.getpid()


def test_a_file_that_ends_the_process_is_told(tmp_path: Path) -> None:
    (tmp_path / "chat_labels.py").write_text("import os\nos._exit(0)\n")
    assert check_file("chat_labels", tmp_path / "chat_labels.py") == (False, ENDED.en)


def test_katas_come_one_after_the_other_and_what_passed_is_kept(tmp_path: Path) -> None:
    folder = tmp_path / "katas"
    names = list(all_katas())
    kata = next_kata(folder)
    assert kata is not None
    assert kata.name == names[0] == "shifted_loss"
    assert "Write `shifted_loss" in run_kata("next", folder=tmp_path).stdout
    assert (folder / "shifted_loss.py").read_text() == kata.starter
    for at, name in enumerate(names):
        note_passed(name, folder)
        following = next_kata(folder)
        assert (following.name if following else None) == (names[at + 1] if at + 1 < len(names) else None)
    assert "Every kata has passed." in run_kata("next", folder=tmp_path).stdout
    assert run_kata("list", folder=tmp_path).stdout.count("✓") == len(names)


def test_a_pass_shows_the_projects_lines_a_formula_to_derive_and_a_question_to_defend() -> None:
    text = check("logit_gradients", KATAS["logit_gradients"].reference).text()
    assert inspect.getsource(KATAS["logit_gradients"].reference).splitlines()[0] in text
    assert "Derive it: " in text
    assert "sftviz kata derive p_minus_y" in text
    hardest = {q.question.en for q in find_lesson("cross_entropy_vs_mse").questions if q.level == "L3"}
    assert text.partition("Defend it: ")[2] in hardest


def test_a_wrong_alignment_is_drawn_over_the_right_one() -> None:
    drawn = told(check("shifted_loss", shifts_twice), "en").splitlines()[-3:]
    assert [line.split() for line in drawn] == [
        ["position", "0", "1", "2"],
        ["yours", "2", "–", "–"],
        ["right", "1", "2", "–"],
    ]
    assert "你的" in told(check("shifted_loss", wrong_way), "zh")


def test_a_formula_is_derived_in_the_terminal(tmp_path: Path) -> None:
    assert "kl: A coin" in run_kata("derive", folder=tmp_path).stdout
    right = run_kata("derive", "p_minus_y", "p - y", folder=tmp_path)
    assert (right.returncode, right.stdout.strip()) == (0, "✓ Proved: equal for every value of z0, z1, y.")
    wrong = run_kata("derive", "p_minus_y", "(p - y)*p", folder=tmp_path)
    assert (wrong.returncode, wrong.stdout.strip()) == (1, "✗ z = (0, 0), y = 1: you −0.25, right −0.5")


def test_the_terminal_is_a_module_too() -> None:
    command = [sys.executable, "-m", "sftviz.cli", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=PACKAGE.parent)
    assert done.returncode == 0
    assert "Usage: sftviz" in done.stdout
