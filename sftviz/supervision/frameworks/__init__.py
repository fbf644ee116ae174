"""What training frameworks really supervise: a chat -> their rows of ids and labels, a reason for every token.

One module a framework. Each says which version it follows, and whether that was compared token for token with what the
package itself makes (tests/conformance). PRESETS are the settings one meets, by name: "trl/assistant_only".
"""

from sftviz.supervision.frameworks.beside import Column, Difference, SideBySide, side_by_side
from sftviz.supervision.frameworks.made import Framework, FrameworkRow, Made, Preset
from sftviz.supervision.frameworks.packs import PACKINGS, pack
from sftviz.supervision.frameworks.registry import FRAMEWORKS, PRESETS, FrameworkError, chosen, make

__all__ = [
    "FRAMEWORKS", "PACKINGS", "PRESETS", "Column", "Difference", "Framework", "FrameworkError", "FrameworkRow", "Made",
    "Preset", "SideBySide", "chosen", "make", "pack", "side_by_side",
]  # fmt: skip
