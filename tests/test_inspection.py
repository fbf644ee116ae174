"""The public interface: columns, losses under three denominators, and how an inspection shows itself."""

import json
import math
import re
from itertools import pairwise

import pandas as pd
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from rich.console import Console
from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

import sftviz
from sftviz.assets import MODELS, TOKENIZER, held_out, locate
from sftviz.chat.messages import Chat
from sftviz.chat.samples import SAMPLES
from sftviz.inspection import COLUMNS, batched
from sftviz.loss import reduce_nll
from sftviz.model import load_model
from tests.chat.chats import any_chat

CHAT = "User: What does thumb mean?\nAssistant: Thumb means a short digit.\nUser: Thanks!\nAssistant: You're welcome!"


@pytest.fixture(scope="module")
def seen() -> sftviz.Inspection:
    return sftviz.inspect(CHAT)


def test_the_frame_has_the_houses_columns(seen: sftviz.Inspection) -> None:
    frame = seen.frame()
    assert tuple(frame.columns) == COLUMNS
    assert "".join(frame["text"]) == seen.rendering.text
    assert frame["position"].tolist() == list(range(len(frame)))


def test_target_is_the_next_rows_label(seen: sftviz.Inspection) -> None:
    frame = seen.frame()
    assert frame["target"].tolist() == [*frame["label"].tolist()[1:], -100]
    assert (frame["label"] == frame["id"].where(frame["supervised"], -100)).all()


def test_cost_is_given_for_every_row_but_the_last(seen: sftviz.Inspection) -> None:
    frame = seen.frame()
    logits = load_model("sftviz/tiny-sft")(torch.tensor([frame["id"].tolist()])).logits[0, :-1].double()
    theirs = F.cross_entropy(logits, torch.tensor(frame["id"].tolist()[1:]), reduction="none")
    assert frame["nll"].tolist()[:-1] == pytest.approx(theirs.tolist(), rel=1e-5)
    assert math.isnan(frame["nll"].iloc[-1])
    assert frame["probability"].tolist()[:-1] == pytest.approx(torch.exp(-theirs).tolist(), rel=1e-5)


def test_ignored_targets_have_no_gradient_and_counted_ones_do(seen: sftviz.Inspection) -> None:
    frame = seen.frame().iloc[:-1]
    assert (frame.loc[frame["target"] == -100, "grad_norm"] == 0).all()
    assert (frame.loc[frame["target"] != -100, "grad_norm"] > 0).all()


def test_the_loss_counts_rows_whose_target_is_a_label(seen: sftviz.Inspection) -> None:
    frame = seen.frame()
    counted = frame.loc[frame["target"] != -100, "nll"]
    assert seen.loss("token") == pytest.approx(counted.mean())
    assert seen.loss() == seen.loss("sequence") == seen.loss("token")
    assert seen.loss("sample") == pytest.approx(counted.sum() / len(frame))
    assert seen.perplexity() == pytest.approx(math.exp(counted.mean()))


def test_the_loss_is_what_transformers_returns(seen: sftviz.Inspection) -> None:
    ids, labels = torch.tensor([seen.rendering.ids]), torch.tensor([seen.supervision.labels])
    assert seen.loss() == pytest.approx(
        load_model("sftviz/tiny-sft")(input_ids=ids, labels=labels).loss.item(), rel=1e-4
    )


def test_an_unknown_normalization_is_refused(seen: sftviz.Inspection) -> None:
    with pytest.raises(ValueError, match="'batch' is unknown; use one of token, sample, sequence"):
        seen.loss("batch")


def test_nothing_supervised_is_zero_and_found() -> None:
    seen = sftviz.inspect("User: hello")
    assert seen.loss() == 0.0
    assert "nothing_supervised" in [finding.code for finding in seen.findings]


def test_without_a_model_supervision_is_still_there() -> None:
    seen = sftviz.inspect(CHAT, model=None)
    frame = seen.frame()
    assert frame["supervised"].any()
    assert frame[["nll", "probability", "rank", "entropy", "grad_norm"]].isna().all().all()
    assert math.isnan(seen.loss())
    assert seen.alternatives(3) == []


def test_loaded_objects_are_taken() -> None:
    tokenizer = AutoTokenizer.from_pretrained(locate(TOKENIZER))
    seen = sftviz.inspect(CHAT, tokenizer=tokenizer, model=load_model("sftviz/tiny-base"))
    assert seen.losses is not None
    assert seen.rendering.ids == sftviz.inspect(CHAT, model=None).rendering.ids


def test_a_folder_in_the_hubs_layout_works_for_tokenizer_and_model(tmp_path) -> None:
    AutoTokenizer.from_pretrained(locate(TOKENIZER)).save_pretrained(tmp_path)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=4096, hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2
    )
    LlamaForCausalLM(config).save_pretrained(tmp_path)
    seen = sftviz.inspect(CHAT, tokenizer=str(tmp_path), model=tmp_path)
    assert seen.loss() > 0


def test_an_embedded_model_refuses_foreign_ids_without_losing_the_rest() -> None:
    seen = sftviz.inspect(CHAT, tokenizer="mistral:v3", template="mistral")
    assert seen.losses is None
    assert seen.findings[0].code == "model_reads_other_ids"
    assert seen.frame()["supervised"].any()


def test_alternatives_are_sorted_and_hold_a_likely_target(seen: sftviz.Inspection) -> None:
    found = seen.alternatives(5)
    probabilities = [probability for _, probability in found]
    assert len(found) == 10
    assert probabilities == sorted(probabilities, reverse=True)


def test_it_shows_itself_in_jupyter_with_every_text_escaped() -> None:
    html = sftviz.inspect(
        "User: <script>alert(1)</script>\nAssistant: <img src=x onerror=alert(1)>", model=None
    )._repr_html_()
    assert "<script" not in html
    assert "<img" not in html
    assert "&lt;" in html


def test_it_shows_itself_in_a_terminal(seen: sftviz.Inspection) -> None:
    assert "tokens supervised by assistant_only" in repr(seen)
    console = Console(force_terminal=True, width=100)
    with console.capture() as capture:
        console.print(seen)
    assert "\x1b[" in capture.get()
    assert "Thumb" in re.sub(r"\x1b\[[0-9;]*m", "", capture.get())


def test_findings_carry_code_severity_message_remedy_and_tokens() -> None:
    finding = sftviz.inspect('[{"role":"user","content":"<|im_end|>"},{"role":"assistant","content":"x"}]').findings[0]
    assert (finding.code, finding.severity) == ("forged_control_token", "warning")
    assert finding.message
    assert finding.remedy
    assert finding.tokens


@settings(max_examples=40, deadline=None)
@given(any_chat())
def test_any_chat_can_be_inspected(chat: Chat) -> None:
    frame = sftviz.inspect(chat, model=None).frame()
    assert isinstance(frame, pd.DataFrame)
    assert frame["reason"].str.len().gt(0).all()
    json.dumps(sftviz.inspect(chat, model=None).rows())


def mean_cost(model: str, role: str) -> float:
    costs: list[float] = []
    for chat in held_out()["chats"][:40]:
        rows = sftviz.inspect(chat, model=model).rows()
        for before, row in pairwise(rows):
            wanted = row["supervised"] if role == "assistant" else row["role"] == "user" and row["part"] == "content"
            if wanted:
                costs.append(before["nll"])
    return sum(costs) / len(costs)


def test_the_checkpoints_learned_what_their_labels_taught() -> None:
    """On held-out chats: sft answers far better than base; unmasked has also learned the user's lines."""
    assistant = {name: mean_cost(name, "assistant") for name in MODELS}
    user = {name: mean_cost(name, "user") for name in MODELS}
    assert assistant["sftviz/tiny-sft"] < assistant["sftviz/tiny-base"] - 0.5
    assert user["sftviz/tiny-unmasked"] < user["sftviz/tiny-sft"] - 0.5


def test_chats_in_a_batch_keep_their_costs_and_their_loss() -> None:
    chats = [sftviz.inspect(SAMPLES[name].text) for name in ("single_turn", "multi_turn")]
    batch, nll = batched(chats)
    assert batch.input_ids.shape == (2, max(len(one.rendering.ids) for one in chats))
    for row, one in enumerate(chats):
        alone = reduce_nll(nll[row : row + 1], batch.labels[row : row + 1])
        assert float(alone) == pytest.approx(one.loss())
    with pytest.raises(ValueError, match="without a model"):
        batched([sftviz.inspect(SAMPLES["single_turn"].text, model=None)])
