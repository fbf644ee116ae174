"""A causal language model: loaded safely, and asked what every token costs."""

from typing import TYPE_CHECKING, Any

from sftviz.extras import Needed

if TYPE_CHECKING:
    from sftviz.model.load import load_model, pricing_model
    from sftviz.model.pricing import TokenLosses, token_losses

__all__ = ["TokenLosses", "load_model", "pricing_model", "token_losses"]


def __getattr__(name: str) -> Any:
    """The public names, imported when asked for: without a model nobody waits for torch."""
    if name in ("load_model", "pricing_model"):
        with Needed():
            from sftviz.model import load

        return getattr(load, name)
    if name in ("TokenLosses", "token_losses"):
        with Needed():
            from sftviz.model import pricing

        return getattr(pricing, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
