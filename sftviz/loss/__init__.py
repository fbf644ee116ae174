"""The mathematics, on tensors alone: read it top to bottom as a textbook. Losses are in nats."""

from sftviz.loss.cross_entropy import IGNORE, next_token_pairs, token_nll
from sftviz.loss.gradients import gradient_norm, logit_gradient
from sftviz.loss.reduction import NORMALIZATIONS, Normalization, reduce_nll

__all__ = [
    "IGNORE",
    "NORMALIZATIONS",
    "Normalization",
    "gradient_norm",
    "logit_gradient",
    "next_token_pairs",
    "reduce_nll",
    "token_nll",
]
