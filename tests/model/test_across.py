"""What leaks between packed documents, against runs of each document alone."""

import pytest
import torch
import torch.nn.functional as F

from sftviz.chat.samples import SAMPLES
from sftviz.inspection import inspect
from sftviz.model import load_model
from sftviz.model.across import across_documents

MODEL = "sftviz/tiny-sft"


@pytest.fixture(scope="module")
def two() -> tuple[list[int], list[int]]:
    first, second = (
        list(inspect(SAMPLES[name].text, model=None).rendering.ids[:12]) for name in ("single_turn", "multi_turn")
    )
    return first, second


def test_a_document_under_the_packed_mask_costs_what_it_costs_alone(two: tuple[list[int], list[int]]) -> None:
    first, second = two
    found = across_documents(load_model(MODEL), first + second, torch.tensor([0] * 12 + [1] * 12))
    for start, ids in ((0, first), (12, second)):
        logits = load_model(MODEL)(torch.tensor([ids])).logits[0].detach()
        alone = F.cross_entropy(logits[:-1], torch.tensor(ids[1:]), reduction="none")
        torch.testing.assert_close(found.packed[start + 1 : start + 12], alone, atol=1e-4, rtol=1e-4)
        assert found.packed[start].isnan()


def test_a_plain_causal_mask_costs_what_the_whole_row_costs_and_moves_the_second_document_only(
    two: tuple[list[int], list[int]],
) -> None:
    ids = two[0] + two[1]
    found = across_documents(load_model(MODEL), ids, torch.tensor([0] * 12 + [1] * 12))
    logits = load_model(MODEL)(torch.tensor([ids])).logits[0].detach()
    whole = F.cross_entropy(logits[:-1], torch.tensor(ids[1:]), reduction="none")
    torch.testing.assert_close(found.plain[13:], whole[12:], atol=1e-4, rtol=1e-4)
    assert float(found.moved[:12].max()) < 1e-4
    assert float(found.moved[12:].min()) > 0.01
