"""The output layer trained alone: it learns, what it leaves alone, and what smoothing does to being sure."""

import pytest
import torch
import torch.nn.functional as F

from sftviz import assets
from sftviz.inspection import inspect
from sftviz.loss import IGNORE
from sftviz.model import load_model
from sftviz.training.output_layer import States, fit_output_layer, supervised_states

MODEL = "sftviz/tiny-sft"


def rows(chats: list[dict]) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    seen = [inspect(chat, model=None) for chat in chats]
    return [(tuple(one.rendering.ids), tuple(one.supervision.labels)) for one in seen]


@pytest.fixture(scope="module")
def states() -> tuple[States, States]:
    chats = assets.held_out()["chats"][:40]
    model = load_model(MODEL)
    return supervised_states(model, rows(chats[::2])), supervised_states(model, rows(chats[1::2]))


def head() -> torch.Tensor:
    return load_model(MODEL).get_output_embeddings().weight


def test_states_are_what_the_models_own_head_turns_into_its_loss(states: tuple[States, States]) -> None:
    chats = assets.held_out()["chats"][:40:2]
    costs, count = 0.0, 0
    for ids, labels in rows(chats):
        wanted = torch.tensor([labels])
        n = int((wanted[:, 1:] != IGNORE).sum())
        costs += float(load_model(MODEL)(torch.tensor([ids]), labels=wanted).loss) * n
        count += n
    ours = F.cross_entropy(states[0].hidden @ head().T, states[0].targets)
    assert len(states[0].targets) == count
    assert float(ours) == pytest.approx(costs / count, rel=1e-4)


def test_smoothing_leaves_the_layer_less_sure_of_what_it_learned(states: tuple[States, States]) -> None:
    fitted, measured = states
    sure = {}
    for epsilon in (0.0, 0.1):
        weight = fit_output_layer(head(), fitted, epsilon, steps=30)
        with torch.no_grad():
            p = (measured.hidden @ weight.T).softmax(-1).amax(-1)
            right = ((measured.hidden @ weight.T).argmax(-1) == measured.targets).float().mean()
            learned = F.cross_entropy(fitted.hidden @ weight.T, fitted.targets)
        assert learned < F.cross_entropy(fitted.hidden @ head().T, fitted.targets)
        sure[epsilon] = float(p.mean() - right)
    assert sure[0.0] > sure[0.1] + 0.02


def test_the_shared_model_keeps_its_weights_and_a_run_can_be_stopped(states: tuple[States, States]) -> None:
    before = head().clone()

    def stop(step: int) -> None:
        if step == 2:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        fit_output_layer(head(), states[0], 0.1, on_step=stop)
    assert head().equal(before)
    assert fit_output_layer(head(), states[0], 0.1, steps=0).equal(before)


def test_what_cannot_be_trained_is_named() -> None:
    with pytest.raises(ValueError, match="1 rows hold no supervised target"):
        supervised_states(load_model(MODEL), [((1, 2), (IGNORE, IGNORE))])
    with pytest.raises(ValueError, match="rate nan"):
        fit_output_layer(
            torch.zeros(2, 2), States(torch.zeros(1, 2), torch.zeros(1, dtype=torch.long)), 0.1, rate=float("nan")
        )
