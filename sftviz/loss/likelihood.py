"""Where losses come from: cross-entropy is the likelihood of a die, squared error that of Gaussian noise."""

import math

import torch
from torch import Tensor

from sftviz.loss.cross_entropy import IGNORE, best_precision, check_labels, check_tensors


def log_likelihood(nll: Tensor) -> Tensor:
    """log of the product of all probabilities: minus the sum of the costs, [...] -> scalar, nats.

    The product itself is 0 in float64 after some hundred tokens; its logarithm is a sum and stays.

    >>> log_likelihood(torch.tensor([0.5, 0.25]).log().neg())  # log(1/2 * 1/4)
    tensor(-2.0794)
    """
    check_tensors(nll=nll)
    return -nll.sum()


def best_distribution(targets: Tensor, vocabulary: int) -> Tensor:
    """The one distribution under which the targets are likeliest: how often each occurs, [N] -> [V] float64.

    Setting the gradient of the mean cross-entropy, p minus the mean of y, to zero gives p = frequencies. Ignored
    targets are left out; raises ValueError where none is left.

    >>> best_distribution(torch.tensor([0, 2, 2, -100]), 3)
    tensor([0.3333, 0.0000, 0.6667], dtype=torch.float64)
    """
    check_labels(targets, vocabulary)
    counted = targets[targets != IGNORE]
    if not len(counted):
        raise ValueError(f"0 of {len(targets)} targets count, so no distribution is likeliest; all are {IGNORE}")
    return best_precision(torch.bincount(counted.long(), minlength=vocabulary)) / len(counted)


def gaussian_nll(values: Tensor, means: Tensor, deviation: float = 1.0) -> Tensor:
    """-log density of a normal distribution: (x - mean)^2 / (2 s^2) + log(s sqrt(2 pi)), elementwise, in nats.

    Squared error up to a factor and a constant: whoever minimises it believes in Gaussian noise round a number. A token
    is no number, and token 7 is not near token 8.

    >>> gaussian_nll(torch.tensor([1.0]), torch.tensor([0.0]))  # 1/2 + log sqrt(2 pi)
    tensor([1.4189])
    """
    if not 0 < deviation < math.inf:
        raise ValueError(f"deviation {deviation} is not a positive number")
    check_tensors(values=values, means=means)
    if means.dim() and means.shape != values.shape:
        raise ValueError(
            f"values {list(values.shape)} and means {list(means.shape)}: give one mean each, or one for all"
        )
    return (values - means).square() / (2 * deviation**2) + math.log(deviation * math.sqrt(2 * math.pi))
