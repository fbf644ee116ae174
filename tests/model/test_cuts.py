"""A cut row: nothing crosses the cut, a cut at 0 cuts nothing, and the parts add up."""

import pytest
import torch

from sftviz.model import load_model
from sftviz.model.cuts import every_cut, gradient_flow_cut
from sftviz.model.flow import gradient_flow

IDS = [1, 700, 260, 300, 12, 2, 5]
LABELS = [-100, -100, -100, -100, 12, 2, -100]


@pytest.fixture(scope="module")
def model():
    return load_model("sftviz/tiny-base")


def test_nothing_crosses_a_cut(model) -> None:
    for cut in range(1, 4):
        flow = gradient_flow_cut(model, IDS, LABELS, cut)
        assert flow.total_norm[:cut].abs().max() == 0
        assert flow.total_norm[cut:4].min() > 0


def test_a_cut_is_the_row_without_what_stands_left_of_it(model) -> None:
    with torch.no_grad():
        alone = model(torch.tensor([IDS[3:]]), labels=torch.tensor([LABELS[3:]])).loss
    assert gradient_flow_cut(model, IDS, LABELS, 3).loss == pytest.approx(float(alone), rel=1e-4)


def test_every_cut_is_each_cut_and_the_first_cuts_nothing(model) -> None:
    cuts = every_cut(model, IDS, LABELS)
    assert len(cuts.flows) == len(IDS)
    whole = gradient_flow(model, IDS, LABELS)
    assert torch.allclose(cuts.flows[0].total_norm, whole.total_norm, atol=1e-6)
    assert cuts.read_by.keys() == {4, 5}
    assert all(norm == 0 for norm in cuts.read_by[4][4:])  # nobody after its own position is read


def test_a_cut_outside_the_row_says_so(model) -> None:
    with pytest.raises(ValueError, match="before token 7 is outside the row of 7"):
        gradient_flow_cut(model, IDS, LABELS, 7)
