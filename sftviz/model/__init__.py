"""A causal language model: loaded safely, and asked what every token costs."""

from sftviz.model.load import load_model
from sftviz.model.token_losses import TokenLosses, token_losses

__all__ = ["TokenLosses", "load_model", "token_losses"]
