"""Packed rows: what goes into a golden file of packing. Runs in a framework's environment."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from common import GOLDEN


class Packs:
    """Collects packed rows: of each ids, labels, positions and the attention mask, the last two where there are any."""

    def __init__(self, framework: str):
        self.framework = framework
        self.lines: list[str] = []

    def add(self, packing: str, base: str, length: int, rows: Iterable[Sequence[Any]]) -> None:
        made = [[None if column is None else list(map(int, column)) for column in row] for row in rows]
        case = {"packing": packing, "base": base, "length": length, "rows": made}
        self.lines.append(json.dumps(case, separators=(",", ":")))

    def write(self) -> None:
        path = GOLDEN / "packing" / f"{self.framework}.jsonl"
        path.parent.mkdir(exist_ok=True)
        path.write_text("\n".join(self.lines) + "\n", encoding="utf-8")
        print(f"packing/{path.name}: {path.stat().st_size} bytes", flush=True)
