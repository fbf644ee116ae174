"""Train the output layer alone, for seconds: enough to see what a loss does to how sure a model is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from sftviz.loss import IGNORE, smoothed_nll

if TYPE_CHECKING:
    from transformers import PreTrainedModel


@dataclass(frozen=True)
class States:
    """What the output layer sees where something is supervised: hidden [N, d], and the next token: targets [N]."""

    hidden: Tensor
    targets: Tensor

    @torch.no_grad()
    def as_batch(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        """Logits under an output matrix [V, d] and unshifted labels, as one row: [1, N+1, V], [1, N+1]."""
        logits = self.hidden @ weight.T
        labels = torch.cat([torch.full((1,), IGNORE), self.targets])
        return torch.cat([logits, logits[-1:]]).unsqueeze(0), labels.unsqueeze(0)


@torch.no_grad()
def supervised_states(model: PreTrainedModel, rows: Iterable[tuple[Sequence[int], Sequence[int]]]) -> States:
    """Run the model over rows of (ids, unshifted labels) and keep the states that have a target."""
    hidden: list[Tensor] = []
    targets: list[Tensor] = []
    for ids, labels in rows:
        output = model(torch.tensor([list(ids)], device=model.device), output_hidden_states=True, use_cache=False)
        wanted = torch.tensor(list(labels)[1:], dtype=torch.long)
        hidden.append(output.hidden_states[-1][0, :-1].cpu()[wanted != IGNORE])
        targets.append(wanted[wanted != IGNORE])
    if not hidden or not sum(map(len, targets)):
        raise ValueError(f"{len(hidden)} rows hold no supervised target, so there is nothing to train on")
    return States(torch.cat(hidden), torch.cat(targets))


def output_matrix(model: PreTrainedModel) -> Tensor:
    """The weights [V, d] that turn hidden states into logits."""
    head = model.get_output_embeddings()
    if head is None:
        raise ValueError(f"{type(model).__name__} has no output layer; give a causal language model")
    return head.weight


def fit_output_layer(
    weight: Tensor,
    states: States,
    epsilon: float,
    *,
    steps: int = 80,
    rate: float = 3e-3,
    batch: int = 512,
    on_step: Callable[[int], object] = lambda step: None,
) -> Tensor:
    """The output matrix [V, d] after `steps` of Adam on the smoothed loss; the model itself is left as it is.

    The same seed draws the same rows for every epsilon, so two runs differ in the target alone. on_step is told the
    number of steps done, and may raise to stop.
    """
    if steps < 0 or not 0 < rate < float("inf") or batch < 1:
        raise ValueError(f"steps {steps}, rate {rate}, batch {batch}: give steps >= 0, a positive rate and batch")
    trained = torch.nn.Parameter(weight.detach().clone())
    optimizer = torch.optim.Adam([trained], lr=rate)
    generator = torch.Generator().manual_seed(0)
    for step in range(steps):
        drawn = torch.randint(len(states.targets), (batch,), generator=generator)
        optimizer.zero_grad()
        smoothed_nll(states.hidden[drawn] @ trained.T, states.targets[drawn], epsilon).mean().backward()
        optimizer.step()
        on_step(step + 1)
    return trained.detach()
