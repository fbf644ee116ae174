"""The carried tokenizer and checkpoints as other code loads them: a trainer can train, a role word is one token."""

import shutil
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerBase

from sftviz import assets

PLAIN = ("<think>", "</think>", "<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>")


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerBase:
    return AutoTokenizer.from_pretrained(assets.locate("sftviz/tiny"))


def costs_of_training(folder: Path | str, tokenizer: PreTrainedTokenizerBase, steps: int = 30) -> list[float]:
    """Loss before each of the AdamW steps, on the first held-out chats; no dtype is named."""
    model = AutoModelForCausalLM.from_pretrained(folder).train()
    texts = [tokenizer.apply_chat_template(chat["messages"], tokenize=False) for chat in assets.held_out()["chats"][:4]]
    batch = tokenizer(texts, return_tensors="pt", padding=True, truncation=True, max_length=96)
    labels = batch.input_ids.masked_fill(batch.attention_mask == 0, -100)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    losses = []
    for _ in range(steps):
        loss = model(input_ids=batch.input_ids, attention_mask=batch.attention_mask, labels=labels).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert all(parameter.isfinite().all() for parameter in model.parameters())
    return losses


@pytest.mark.parametrize("name", assets.MODELS)
def test_a_checkpoint_loads_in_float32_where_nobody_names_a_dtype(name: str) -> None:
    model = AutoModelForCausalLM.from_pretrained(assets.locate(name))
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}


def test_a_trainer_lowers_the_loss_of_the_tuned_checkpoint(tokenizer: PreTrainedTokenizerBase) -> None:
    losses = costs_of_training(assets.locate("sftviz/tiny-sft"), tokenizer)
    assert losses[-1] < losses[0] / 2


def test_said_to_be_float16_the_same_weights_train_to_nan(tokenizer: PreTrainedTokenizerBase, tmp_path: Path) -> None:
    """What the config's float32 is for: AdamW's epsilon, 1e-8, is 0 in float16."""
    folder = shutil.copytree(assets.locate("sftviz/tiny-sft"), tmp_path / "half")
    config = folder / "config.json"
    config.write_text(config.read_text().replace('"float32"', '"float16"'))
    with pytest.raises(AssertionError):
        costs_of_training(folder, tokenizer, steps=3)


@pytest.mark.parametrize("role", ["system", "user", "assistant", "tool"])
def test_a_role_word_is_one_token_between_its_mark_and_the_line_break(
    tokenizer: PreTrainedTokenizerBase, role: str
) -> None:
    ids = tokenizer(f"<|im_start|>{role}\nIt").input_ids
    assert tokenizer.convert_ids_to_tokens(ids) == ["<|im_start|>", role, "Ċ", "It"]


@pytest.mark.parametrize("text", PLAIN)
def test_marks_inside_a_turn_are_one_token_and_not_special(tokenizer: PreTrainedTokenizerBase, text: str) -> None:
    (one,) = tokenizer(text).input_ids
    assert one not in tokenizer.all_special_ids
    assert tokenizer.decode([one, tokenizer.eos_token_id], skip_special_tokens=True) == text
