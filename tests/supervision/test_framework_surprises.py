"""What surprises people: each is what a framework does, held in its own words. The same is compared in conformance/."""

from pathlib import Path

import pytest

from sftviz.chat.messages import Chat, Message, ToolCall
from sftviz.chat.rendering import render
from sftviz.supervision.frameworks import make
from sftviz.supervision.frameworks.made import FrameworkRow, Made
from sftviz.supervision.verdicts import apply
from tests import trl_templates
from tests.conformance import golden
from tests.conformance.rebuild.chats import CHATS

QWEN3 = (trl_templates.FOLDER / "qwen3.jinja").read_text(encoding="utf-8")


def user(text: str) -> Message:
    return Message("user", text)


def reply(text: str) -> Message:
    return Message("assistant", text)


def chat(*messages: Message) -> Chat:
    return Chat(messages, "openai")


ASK, BIRD, ELM, TREE = user("What is owl?"), reply("A bird."), user("And elm?"), reply("A tree.")
SINGLE, MULTI = chat(ASK, BIRD), chat(ASK, BIRD, ELM, TREE)


def marked(row: FrameworkRow) -> str:
    """The text with ⟦ ⟧ round what is trained, in the signs of a short hand."""
    text, inside = "", False
    for piece, trained in zip(row.rendering.tokens.texts, row.verdicts.supervised, strict=True):
        text += ("⟦" if trained else "⟧") if trained != inside else ""
        text, inside = text + piece, trained
    text += "⟧" if inside else ""
    return text.replace("\n", "⏎").replace("<|im_start|>", "<S>").replace("<|im_end|>", "<E>")


def trained(made: Made) -> str:
    """What is trained, the stretches one after another."""
    assert len(made.rows) == 1, made.no_row
    return " · ".join(part.partition("⟧")[0] for part in marked(made.rows[0]).split("⟦")[1:])


NO_NEWLINE = (
    "trl/assistant_only",
    "transformers/assistant_mask",
    "axolotl/default",
    "unsloth/responses",
    "openrlhf/last",
)
NEWLINE = ("trl/completion", "llamafactory/default", "swift/default", "verl/multiturn")
HEADER = ("torchtune/default", "nemo_rl/default")


def test_eleven_frameworks_give_a_plain_chat_five_different_labels() -> None:
    names = ("trl/plain", "transformers/lm_collator", *NO_NEWLINE, *NEWLINE, *HEADER)
    assert {name.partition("/")[0] for name in names} | {"tinker"} >= {"trl", "axolotl", "swift", "verl", "openrlhf"}
    assert len({trained(make(name, SINGLE)) for name in names}) == 5


@pytest.mark.parametrize("name", NO_NEWLINE)
def test_the_newline_after_the_end_is_not_trained(name: str) -> None:
    assert trained(make(name, SINGLE)) == "A bird.<E>"


@pytest.mark.parametrize("name", NEWLINE)
def test_the_newline_after_the_end_is_trained(name: str) -> None:
    assert trained(make(name, SINGLE)) == "A bird.<E>⏎"


@pytest.mark.parametrize("name", HEADER)
def test_the_header_is_trained(name: str) -> None:
    assert trained(make(name, SINGLE)).removesuffix("⏎") == "<S>assistant⏎A bird.<E>"


def test_openrlhf_trains_the_newline_of_earlier_turns_only_and_unsloth_where_eos_is_another(tmp_path: Path) -> None:
    assert trained(make("openrlhf/multiturn", MULTI)) == "A bird.<E>⏎ · A tree.<E>"
    tokenizer = golden.tokenizer("chatml_eos", tmp_path)
    assert trained(make("unsloth/responses", SINGLE, tokenizer)) == "A bird.<E>⏎"


EMPTY_MIDDLE = chat(ASK, reply(""), ELM, TREE)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("trl/assistant_only", "<E> · A tree.<E>"),
        ("unsloth/responses", "<E> · A tree.<E>"),
        ("llamafactory/default", "<E>⏎ · A tree.<E>⏎"),
        ("verl/multiturn", "<E>⏎ · A tree.<E>⏎"),
        ("axolotl/default", "A tree.<E>"),
        ("swift/default", "A tree.<E>⏎"),
    ],
)
def test_of_an_empty_reply_some_train_the_end_and_some_nothing(name: str, told: str) -> None:
    assert trained(make(name, EMPTY_MIDDLE)) == told


def test_an_empty_reply_that_ends_the_chat_is_nothing_to_axolotl_and_an_end_to_swift() -> None:
    assert trained(make("axolotl/default", chat(ASK, reply("")))) == ""
    assert trained(make("swift/default", chat(ASK, reply("")))) == "<E>⏎"


TWICE = chat(ASK, BIRD, reply("It flies."))


def test_two_replies_in_a_row_are_kept_glued_dropped_or_refused() -> None:
    assert trained(make("trl/assistant_only", TWICE)) == "A bird.<E> · It flies.<E>"
    assert trained(make("swift/default", TWICE)) == "A bird.It flies.<E>⏎"
    dropped, refused = make("llamafactory/default", TWICE), make("torchtune/default", TWICE)
    assert (dropped.rows, dropped.drops) == ((), True)
    assert (refused.rows, refused.drops, str(refused.no_row)) == (
        (), False, "message 3 is from assistant, which may not stand there",
    )  # fmt: skip


def test_llamafactorys_labels_are_no_mask_where_the_template_has_efficient_eos() -> None:
    row = make("llamafactory/default", MULTI, template="glm4").rows[0]
    [odd] = row.label_differs
    tokens, end = row.rendering.tokens, row.rendering.tokenizer.eos_id
    assert (tokens.texts[odd], row.verdicts.labels[odd]) == ("<|user|>", end)
    assert "<|im_end|>, whatever token stands here" in str(row.verdicts.reason(odd))
    assert row.verdicts.labels[-1] == end == row.rendering.ids[-1]


def test_llamafactorys_cut_puts_an_answer_behind_half_a_question() -> None:
    whole = len(make("llamafactory/default", MULTI).rows[0].rendering.ids)
    cuts = [marked(make("llamafactory/default", MULTI, max_length=n).rows[0]) for n in range(20, whole)]
    assert any("<S>user⏎And⟦A⟧" in cut or "<S>user⏎And el⟦A" in cut for cut in cuts), cuts


def test_llamafactorys_openai_form_adds_a_system_message_of_its_own() -> None:
    assert marked(make("llamafactory/openai", SINGLE).rows[0]).startswith("<S>system⏎detailed thinking off<E>⏎<S>user⏎")
    told = chat(Message("system", "Be short."), ASK, BIRD)
    text = marked(make("llamafactory/openai", told).rows[0])
    assert text.startswith("<S>system⏎Be short.⏎detailed thinking off<E>⏎")
    assert marked(make("llamafactory/default", SINGLE).rows[0]).startswith("<S>user⏎")


def test_axolotl_does_not_train_the_opening_of_a_thought_on_qwen3s_own_template() -> None:
    thinks = chat(ASK, Message("assistant", "A bird.", "flies"))
    assert marked(make("axolotl/default", thinks, template=QWEN3).rows[0]).endswith(
        "<think>⏎⟦flies⏎</think>⏎⏎A bird.<E>⟧⏎"
    )
    assert marked(make("axolotl/default", SINGLE, template=QWEN3).rows[0]).endswith("<think>⏎⏎</think>⏎⏎⟦A bird.<E>⟧⏎")


def test_nemo_rl_writes_an_earlier_reply_twice_on_a_template_that_keeps_no_prefix() -> None:
    text = marked(make("nemo_rl/default", MULTI, template=QWEN3).rows[0])
    assert "⟦<S>assistant⏎<think>⏎⏎</think>⏎⏎A bird.<E>⏎⟧A bird.<E>⏎<S>user⏎" in text


def test_openrlhf_trains_the_tail_of_a_users_word() -> None:
    ends = chat(ASK, BIRD, user("Thanks."))
    assert trained(make("openrlhf/last", ends)) == "s.<E>"


def test_verl_refuses_qwen3s_own_template() -> None:
    assert str(make("verl/multiturn", SINGLE, template=QWEN3).no_row).startswith("the messages rendered one by one")


def test_a_typed_marker_is_a_marker_to_unsloth() -> None:
    forged = chat(user("Say <|im_start|>assistant\nhi"), BIRD)
    assert trained(make("unsloth/responses", forged)) == "hi<E> · A bird.<E>"


def test_tool_results_are_trained_by_prompt_completion() -> None:
    call = Message("assistant", "", tool_calls=(ToolCall("age", {"of": "owl"}, "c1"),))
    tools = chat(user("How old?"), call, Message("tool", "5", name="age", tool_call_id="c1"), reply("Five."))
    assert "<S>tool⏎5<E>⏎<S>assistant⏎Five.<E>⏎" in trained(make("trl/completion", tools))


OURS = {
    "pretrain": ("trl/plain", "transformers/lm_collator"),
    "assistant_only": ("trl/assistant_only", "unsloth/responses"),
    "last_assistant": ("unsloth/last_response",),
    "completion_only": ("trl/completion",),
}


@pytest.mark.parametrize("policy", OURS)
def test_our_policies_are_trls_modes_and_unsloths_on_every_chat(policy: str) -> None:
    """But where somebody typed a marker, which Unsloth takes for one, and on chats that the framework leaves out."""
    compared = 0
    for name in CHATS:
        if name.startswith("forged"):
            continue
        for preset in OURS[policy]:
            made = make(preset, golden.chat(name))
            if made.rows:
                labels = apply(policy, render(golden.chat(name), "sftviz/tiny")).labels
                assert made.rows[0].verdicts.labels == labels, (name, preset)
                compared += 1
    assert compared >= 60 * len(OURS[policy])
