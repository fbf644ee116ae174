"""The mathematics, on tensors alone: read it top to bottom as a textbook. Losses are in nats."""

from sftviz.loss.cross_entropy import IGNORE, next_token_pairs, token_nll
from sftviz.loss.gradients import gradient_norm, logit_gradient
from sftviz.loss.linear_cross_entropy import free_workspace, linear_cross_entropy
from sftviz.loss.losses import LOSSES, Loss, descend, nll
from sftviz.loss.reduction import (
    ACCUMULATIONS,
    NORMALIZATIONS,
    Accumulation,
    Normalization,
    accumulate_nll,
    accumulated_weights,
    reduce_nll,
    token_weights,
)
from sftviz.loss.smoothing import SMOOTHINGS, best_gap, smoothed_nll, smoothed_target

__all__ = [
    "ACCUMULATIONS",
    "IGNORE",
    "LOSSES",
    "NORMALIZATIONS",
    "SMOOTHINGS",
    "Accumulation",
    "Loss",
    "Normalization",
    "accumulate_nll",
    "accumulated_weights",
    "best_gap",
    "descend",
    "free_workspace",
    "gradient_norm",
    "linear_cross_entropy",
    "logit_gradient",
    "next_token_pairs",
    "nll",
    "reduce_nll",
    "smoothed_nll",
    "smoothed_target",
    "token_nll",
    "token_weights",
]
