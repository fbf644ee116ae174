"""See how a language model's training loss is made: which tokens are supervised, why, and what each costs."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sftviz.comparison import Comparison, compare
    from sftviz.inspection import Inspection, inspect

__all__ = [
    "Comparison",  # two inspections of a chat: what only one of them trains, and why
    "Inspection",  # a chat with every token's supervision and cost
    "compare",  # chat, settings -> Comparisons
    "inspect",  # chat -> Inspection
]


def __getattr__(name: str) -> Any:
    # Loaded when first asked for: torch and transformers take seconds, and the command line's --help needs neither
    if name in __all__:
        from sftviz import comparison, inspection

        return getattr(comparison if name.lower().startswith("compar") else inspection, name)
    raise AttributeError(f"module 'sftviz' has no attribute {name!r}")
