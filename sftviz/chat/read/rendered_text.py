"""Names that other modules know from before texts had rooms of their own."""

from sftviz.chat.read.thought import split_thought
from sftviz.chat.read.transcript import is_transcript

__all__ = ["is_transcript", "split_thought"]
