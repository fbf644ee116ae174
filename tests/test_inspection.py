"""The public interface: columns, losses under three denominators, and how an inspection shows itself."""

import json
import math
import re
import shutil
from dataclasses import fields, replace
from pathlib import Path

import pandas as pd
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from rich.console import Console
from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

import sftviz
from sftviz import extras
from sftviz.assets import MODELS, TOKENIZER, held_out, locate
from sftviz.chat.messages import Chat, ChatError
from sftviz.chat.samples import SAMPLES
from sftviz.chat.write.templates import TEMPLATES
from sftviz.columns import COLUMNS, FRAME
from sftviz.inspection import batched
from sftviz.loss import reduce_nll
from sftviz.model import TokenLosses, load_model
from tests.chat.chats import any_chat

CHAT = "User: What does thumb mean?\nAssistant: Thumb means a short digit.\nUser: Thanks!\nAssistant: You're welcome!"


@pytest.fixture(scope="module")
def seen() -> sftviz.Inspection:
    return sftviz.inspect(CHAT)


def test_the_frame_has_the_houses_columns(seen: sftviz.Inspection) -> None:
    frame = seen.frame()
    assert tuple(frame.columns) == FRAME
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


def test_a_rows_own_cost_is_what_the_row_before_predicted(seen: sftviz.Inspection) -> None:
    rows = seen.rows()
    assert rows[0].cost is None
    assert [row.cost for row in rows[1:]] == [row.prediction.nll for row in rows[:-1]]
    frame = seen.frame()
    assert frame["cost"].tolist()[1:] == frame["nll"].tolist()[:-1]


def by_hand() -> sftviz.Inspection:
    """A chat whose costs are 0, 1, 2, … at the positions that predict them: nll[t] = t."""
    seen = sftviz.inspect("User: hi\nAssistant: yo")
    made = {field.name: getattr(seen.losses, field.name) for field in fields(seen.losses)}
    made["nll"] = torch.arange(len(seen.rendering.tokens), dtype=torch.float64)
    made["grad_norm_logits"], made["grad_norm_hidden"] = made["nll"] + 100, made["nll"] + 200
    return replace(seen, losses=TokenLosses(**made))


def test_by_role_means_the_costs_of_a_roles_own_tokens() -> None:
    """By hand: token t was predicted at t - 1 and cost t - 1; the first has no cost."""
    seen = by_hand()
    frame = seen.frame()
    table = seen.by_role().set_index("role")
    for role in ("user", "assistant"):
        places = [t for t, r in enumerate(frame["role"]) if r == role and t > 0]
        assert table.loc[role, "nll"] == pytest.approx(sum(t - 1 for t in places) / len(places))
        assert table.loc[role, "tokens"] == sum(frame["role"] == role)


def test_by_part_counts_every_token_once() -> None:
    seen = sftviz.inspect("User: hi\nAssistant: yo", model=None)
    table = seen.by_part().set_index("part")
    assert table["tokens"].sum() == len(seen.rendering.tokens)
    counted = [(row.part, row.supervised) for row in seen.rows()]
    assert {part: table.loc[part, "supervised"] for part in table.index} == {
        part: counted.count((part, True)) for part, _ in counted
    }


def test_what_was_expected_of_a_token_is_what_the_position_before_it_found_likely(seen: sftviz.Inspection) -> None:
    assert seen.expected(0) == []
    for row in seen.rows()[1:]:
        told = seen.expected(row.position)
        assert [pair[:2] for pair in told][:5] == seen.alternatives(row.position - 1)[:5]
        [mine] = [share for _, share, is_it in told if is_it]
        assert row.cost is not None
        assert mine == pytest.approx(math.exp(-row.cost), rel=1e-4)


def test_the_dearest_are_supervised_and_sorted_by_weight_times_cost(seen: sftviz.Inspection) -> None:
    rows = seen.rows()
    told = seen.dearest(3)
    left = [row.cost * row.weight for row in rows if row.supervised and row.cost is not None]
    assert [rows[t].cost for t in told] == sorted(left, reverse=True)[:3]
    assert sftviz.inspect("User: hi\nAssistant: yo", model=None).dearest(3) == []


def test_gradients_on_logits_and_on_hidden_are_not_confused() -> None:
    last = by_hand().rows()[-2].prediction  # it predicts the end-of-turn's newline or the end itself
    counted = [row.prediction for row in by_hand().rows() if row.prediction.target != -100]
    assert all(one.grad_norm == one.nll + 100 and one.grad_norm_hidden == one.nll + 200 for one in counted)
    assert last.target == -100
    assert last.grad_norm == 0.0


def test_a_weight_multiplies_a_turns_cost_and_the_divisor_counts_targets() -> None:
    chat = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "yo"}]
    whole = sftviz.inspect(chat)
    half = sftviz.inspect([chat[0], chat[1] | {"weight": 0.5}])
    against = sftviz.inspect([chat[0], chat[1] | {"weight": -1}])
    assert half.loss() == pytest.approx(whole.loss() / 2)
    assert against.loss() == pytest.approx(-whole.loss())
    assert against.frame()["weight"].min() == -1.0


def test_perplexity_of_nothing_is_undefined_and_of_much_infinite() -> None:
    nothing = sftviz.inspect("User: hi")
    assert math.isnan(nothing.perplexity())
    assert "undefined" in repr(nothing)
    much = by_hand()
    huge = replace(much, losses=replace(much.losses, nll=much.losses.nll + 1000.0))
    assert huge.perplexity() == math.inf
    assert "inf" in repr(huge)


def test_bits_per_byte_counts_the_replys_own_bytes() -> None:
    """By hand: nats of the reply's tokens, end-of-turn apart, / ln 2 / UTF-8 bytes of the reply."""
    seen = sftviz.inspect("User: What does owl mean?\nAssistant: Owl means a night bird.")
    nats = sum(row.cost for row in seen.rows() if row.supervised and row.part == "content")
    assert seen.bits_per_byte() == pytest.approx(nats / math.log(2) / len(b"Owl means a night bird."))
    assert math.isnan(sftviz.inspect("User: hi").bits_per_byte())


def test_a_chat_longer_than_the_model_is_priced_as_far_as_it_reads() -> None:
    seen = sftviz.inspect([{"role": "user", "content": "hi"}, {"role": "assistant", "content": "word " * 700}])
    frame = seen.frame()
    assert frame["cost"].iloc[1:512].notna().all()
    assert frame["cost"].iloc[513:].isna().all()
    assert math.isfinite(seen.loss())
    assert "not_priced" in [finding.code for finding in seen.findings]


@pytest.mark.parametrize("role", ["system", "developer", "user", "assistant", "tool", "wizard"])
@pytest.mark.parametrize("template", TEMPLATES)
def test_a_rendering_of_nothing_breaks_nothing(template: str, role: str) -> None:
    try:
        seen = sftviz.inspect([{"role": role, "content": "x"}], template=template)
    except ChatError as error:
        assert error.code == "template_says"
        return
    assert isinstance(seen.loss(), float)
    assert repr(seen)
    assert seen._repr_html_()
    seen.frame()
    seen.by_role()
    if not len(seen.rendering.tokens):
        assert "nothing_written" in [finding.code for finding in seen.findings]


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


def test_the_embedded_tokenizer_under_another_name_is_read_by_the_embedded_model(tmp_path: Path) -> None:
    """A copy in a folder, and the loaded object: compared by vocabulary, not by name."""
    folder = shutil.copytree(locate(TOKENIZER), tmp_path / "copy")
    expected = sftviz.inspect(CHAT).loss()
    for tokenizer in (folder, AutoTokenizer.from_pretrained(folder)):
        assert sftviz.inspect(CHAT, tokenizer=tokenizer).loss() == pytest.approx(expected)


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


@settings(max_examples=40)
@given(any_chat())
def test_any_chat_can_be_inspected(chat: Chat) -> None:
    frame = sftviz.inspect(chat, model=None).frame()
    assert isinstance(frame, pd.DataFrame)
    assert frame["reason"].str.len().gt(0).all()
    rows = [{name: row[name] for name in COLUMNS if name != "reason"} for row in sftviz.inspect(chat).rows()]
    json.dumps(rows, allow_nan=False)  # a page is sent them so


def mean_cost(model: str, role: str) -> float:
    costs = [
        row.cost
        for chat in held_out()["chats"][:40]
        for row in sftviz.inspect(chat, model=model).rows()
        if (row.supervised if role == "assistant" else row.role == "user" and row.part == "content")
    ]
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


def test_marimo_is_given_the_strip_that_answers_or_html(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = sftviz.inspect("User: What does owl mean?\nAssistant: Owl means a night bird.", model=None)
    assert len(seen._display_().data["shown"]) == len(seen.rendering.tokens)
    monkeypatch.setattr(extras, "has", lambda _: False)
    assert seen._display_()._repr_html_() == seen._repr_html_()
