"""Rows packed beside what the frameworks packed: ids, labels, positions and the attention mask."""

import json
from pathlib import Path
from typing import Any

import pytest

from sftviz.supervision.frameworks import FRAMEWORKS, make
from sftviz.supervision.frameworks.made import FrameworkRow, NoRow
from sftviz.supervision.frameworks.packs import PACKINGS, pack
from tests.conformance import golden
from tests.conformance.rebuild.chats import LENGTHS, PACKED

CASES = [
    json.loads(line)
    for path in sorted((golden.FOLDER / "packing").glob("*.jsonl"))
    for line in path.read_text(encoding="utf-8").splitlines()
]


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return golden.tokenizer("chatml", tmp_path_factory.mktemp("tokenizers"))


def rows(base: str, tokenizer: Any, **cut: int) -> list[FrameworkRow]:
    template = "chatml" if FRAMEWORKS[base.partition("/")[0]].templates else None
    return [row for name in PACKED for row in make(base, golden.chat(name), tokenizer, template, **cut).rows]


def columns(row: FrameworkRow) -> list[list[int] | None]:
    ids, labels = row.rendering.ids, list(row.verdicts.labels)
    return [ids, labels, *(None if one is None else one.tolist() for one in (row.position_ids, row.attention_mask))]


@pytest.mark.parametrize("case", CASES, ids=[f"{case['packing']} {case['length']}" for case in CASES])
def test_rows_are_packed_as_the_framework_packs_them(case: Any, tokenizer: Any) -> None:
    # LLaMA-Factory has cut its rows to the length before it packs them
    cut = {"max_length": case["length"]} if case["base"].startswith("llamafactory/") else {}
    given = rows(case["base"], tokenizer, **cut)
    if case["packing"] == "torchtune/packed":
        given = [row for row in given if len(row.rendering.ids) <= case["length"]]
    assert [columns(row) for row in pack(case["packing"], given, case["length"])] == case["rows"]


def test_every_packing_is_compared_at_every_length() -> None:
    assert {(case["packing"], case["length"]) for case in CASES} == {
        (n, length) for n in PACKINGS for length in LENGTHS
    }


def test_a_packed_row_knows_whose_every_token_is(tokenizer: Any) -> None:
    given = rows("trl/assistant_only", tokenizer)
    for row in pack("trl/bfd", given, 128):
        turns = {span.turn for span in row.rendering.spans if span.turn is not None}
        assert turns <= set(range(len(row.rendering.chat.messages)))
        assert row.rendering.tokenizer.decode(row.rendering.ids) == row.rendering.text
        seams = [t for t, position in enumerate(row.position_ids.tolist()) if position == 0]  # pyright: ignore[reportOptionalMemberAccess]
        assert {row.verdicts.reason(t).code for t in seams} == {"reason.fw_seam"}


def test_torchtune_refuses_a_row_that_is_longer_than_a_pack(tokenizer: Any, tmp_path: Path) -> None:
    with pytest.raises(NoRow, match="too_long"):
        pack("torchtune/packed", rows("torchtune/default", tokenizer), 20)
