"""What each policy supervises, on every template, and the reason every token gets."""

from dataclasses import replace

import pytest
from hypothesis import assume, given, settings

from sftviz.chat.messages import Chat, ChatError, Message, Tokenized, ToolCall, TrainingMark
from sftviz.chat.rendering import Rendering, render
from sftviz.chat.write.templates import TEMPLATES
from sftviz.supervision import IGNORE
from sftviz.supervision.policies import CHOICES, KNOBS, POLICIES, PolicyError
from sftviz.supervision.verdicts import Verdicts, apply
from sftviz.words import Said, Title, row, say
from tests.chat.chats import SHORT, TOOLS, TWO_TURNS, alternating_chat, any_chat, chat

TINY = "sftviz/tiny"


def texts(rendering: Rendering, supervision: Verdicts) -> list[str]:
    """Supervised text, neighbouring tokens joined."""
    joined: list[str] = []
    before = False
    for token, yes in zip(rendering.tokens, supervision.supervised, strict=True):
        if yes and before:
            joined[-1] += token.text
        elif yes:
            joined.append(token.text)
        before = yes
    return joined


def supervised(chat_: Chat, policy: str, template: str = "chatml", **knobs: object) -> list[str]:
    rendering = render(chat_, TINY, template)
    return texts(rendering, apply(policy, rendering, **knobs))


def test_the_end_token_of_a_reply_is_supervised() -> None:
    assert supervised(SHORT, "assistant_only") == ["4<|im_end|>"]


def test_every_reply_is_supervised_or_only_the_last() -> None:
    assert supervised(TWO_TURNS, "assistant_only") == ["Hello!<|im_end|>", "See you.<|im_end|>"]
    assert supervised(TWO_TURNS, "last_assistant") == ["See you.<|im_end|>"]


def test_pretraining_supervises_every_token() -> None:
    rendering = render(TWO_TURNS, TINY, "chatml")
    assert texts(rendering, apply("pretrain", rendering)) == [rendering.text]


def test_completion_is_all_after_the_prompt() -> None:
    assert supervised(TWO_TURNS, "completion_only") == ["See you.<|im_end|>\n"]
    assert supervised(TOOLS, "completion_only")[0].startswith("<tool_call>")
    assert "a short digit" in supervised(TOOLS, "completion_only")[0]  # the tool's answer too


def test_a_sample_says_itself_where_its_completion_starts() -> None:
    turns = (
        Message("user", "Hi"),
        Message("assistant", "Hello!"),
        Message("user", "Bye"),
        Message("assistant", "See you."),
    )
    sample = Chat(turns, "prompt_completion", completion_start=1)
    assert supervised(sample, "completion_only") == [
        "Hello!<|im_end|>\n<|im_start|>user\nBye<|im_end|>\n<|im_start|>assistant\nSee you.<|im_end|>\n"
    ]


def test_end_of_turn_each_last_or_none() -> None:
    assert supervised(TWO_TURNS, "assistant_only", end="last") == ["Hello!", "See you.<|im_end|>"]
    assert supervised(TWO_TURNS, "assistant_only", end="none") == ["Hello!", "See you."]


def test_headers_reasoning_and_tool_calls_have_knobs() -> None:
    assert supervised(SHORT, "assistant_only", header=True) == ["<|im_start|>assistant\n4<|im_end|>"]
    assert supervised(TOOLS, "assistant_only", reasoning=False)[-1] == "A thumb is a short digit.<|im_end|>"
    assert supervised(TOOLS, "assistant_only", tool_calls=False)[0] == "<|im_end|>"


def test_roles_are_chosen() -> None:
    assert supervised(SHORT, "assistant_only", roles={"user"}) == ["What is 2 + 2?<|im_end|>"]
    assert supervised(SHORT, "assistant_only", roles="user") == ["What is 2 + 2?<|im_end|>"]  # not its letters
    assert supervised(chat(("customer", "Hi"), ("assistant", "Yo")), "assistant_only", roles={"customer"}) == [
        "Hi<|im_end|>"
    ]


def test_the_tools_answer_and_the_tool_list_are_context() -> None:
    found = "".join(supervised(TOOLS, "assistant_only"))
    assert "a short digit" in found  # the reply quotes it
    assert "gloss" not in found
    assert "Look a word up" not in found


@pytest.mark.parametrize("template", TEMPLATES)
@settings(max_examples=15)
@given(chat_=alternating_chat())
def test_assistant_only_is_exactly_what_generation_markers_hold(template: str, chat_: Chat) -> None:
    try:
        rendering = render(chat_, TINY, template)
    except ChatError:  # a template for images that reads the first part of a content
        assume(False)
    supervision = apply("assistant_only", rendering)
    marked = tuple(any(rendering.spans[i].generated for i in token.spans) for token in rendering.tokens)
    assert supervision.supervised == marked


@settings(max_examples=100)
@given(chat_=any_chat())
def test_no_policy_breaks_its_promises_on_any_chat(chat_: Chat) -> None:
    rendering = render(chat_, TINY, "chatml")
    for name in POLICIES:
        supervision = apply(name, rendering)
        assert len(supervision.supervised) == len(rendering.tokens)
        for token, yes, label in zip(rendering.tokens, supervision.supervised, supervision.labels, strict=True):
            assert label == (token.id if yes else IGNORE)
        assert all(len(reason) > 10 for reason in supervision.reasons)
        assert supervision.targets == (*supervision.labels[1:], IGNORE)
    replies = apply("assistant_only", rendering).supervised
    assert all(
        every or not reply for every, reply in zip(apply("pretrain", rendering).supervised, replies, strict=True)
    )


def test_a_template_without_markers_is_supervised_by_its_turns() -> None:
    chatml = "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    assert supervised(TWO_TURNS, "assistant_only", chatml) == ["Hello!<|im_end|>", "See you.<|im_end|>"]


def test_a_token_over_a_border_keeps_both_sides_in_its_reason() -> None:
    glued = "{% for m in messages %}{{ m.content }}{% endfor %}"
    rendering = render(chat(("user", "in th"), ("assistant", "e end")), TINY, glued)
    crossing = [i for i, token in enumerate(rendering.tokens) if len(token.spans) > 1]
    assert crossing
    assert "also covers" in apply("assistant_only", rendering).reasons[crossing[0]]


def test_reasons_name_part_and_rule() -> None:
    rendering = render(SHORT, TINY, "chatml")
    reasons = dict(zip([t.text for t in rendering.tokens], apply("assistant_only", rendering).reasons, strict=True))
    assert reasons["4"].startswith("assistant content: inside the template's generation block")
    assert reasons["What"] == "user content: the policy “Assistant, every turn” trains on assistant turns only"


def test_a_reason_calls_the_policy_by_its_title_in_the_language_spoken() -> None:
    said = Said("reason.every_token", policy=Title.of("policy", POLICIES["pretrain"]))
    assert POLICIES["pretrain"].title in say(said, "en")
    assert row("policy", POLICIES["pretrain"], "title", "zh") in say(said, "zh")
    assert POLICIES["pretrain"].title not in say(said, "zh")


ROUND = Chat(
    (
        Message("user", "One?"),
        Message("assistant", "Uno."),
        Message("user", "Two?"),
        Message("assistant", "", tool_calls=(ToolCall("say", {"n": "2"}),)),
        Message("tool", "due"),
        Message("assistant", "Due."),
        Message("assistant", "Or dos."),
    ),
    "openai",
)
LASTS = {  # by hand, from what each word means; the frameworks are named in docs/design of each preset
    "each": ["Uno.", "<tool_call>", "Due.", "Or dos."],
    "last_message": ["Or dos."],
    "last_round": ["<tool_call>", "Due.", "Or dos."],
    "last_pair": ["Due.", "Or dos."],
    "last_of_any_role": ["Or dos."],
}


@pytest.mark.parametrize("turns", CHOICES["turns"])
def test_last_has_four_meanings(turns: str) -> None:
    found = supervised(ROUND, "assistant_only", turns=turns)
    assert [text.split("\n")[0].removesuffix("<|im_end|>") for text in found] == LASTS[turns]


def test_the_last_message_of_any_role_may_be_the_users() -> None:
    asks = chat(("user", "Hi"), ("assistant", "Hello!"), ("user", "Bye"))
    assert supervised(asks, "assistant_only", turns="last_of_any_role") == ["Bye<|im_end|>"]


def test_ends_of_all_roles_and_ends_after_a_text() -> None:
    silent = chat(("user", "Hi"), ("assistant", ""), ("user", "Bye"), ("assistant", "See you."))
    assert supervised(silent, "assistant_only", end="all_roles") == ["<|im_end|>"] * 3 + ["See you.<|im_end|>"]
    assert supervised(silent, "assistant_only", end="after_text") == ["See you.<|im_end|>"]
    assert supervised(silent, "assistant_only") == ["<|im_end|>", "See you.<|im_end|>"]


def test_what_follows_an_end_is_trained_where_it_is_asked_for() -> None:
    assert supervised(TWO_TURNS, "assistant_only", after_end="each") == ["Hello!<|im_end|>\n", "See you.<|im_end|>\n"]
    assert supervised(TWO_TURNS, "assistant_only", after_end="not_last") == ["Hello!<|im_end|>\n", "See you.<|im_end|>"]
    inside = (
        "{% for m in messages %}{{ m.role }}: "
        "{% generation %}{{ m.content }}<|im_end|>\n{% endgeneration %}{% endfor %}"
    )
    assert supervised(SHORT, "assistant_only", inside) == ["4<|im_end|>\n"]
    assert supervised(SHORT, "assistant_only", inside, after_end="none") == ["4<|im_end|>"]


def test_an_empty_think_block_of_the_templates_is_told_from_a_real_one() -> None:
    assert supervised(SHORT, "assistant_only", "qwen3") == ["<think>\n\n</think>\n\n4<|im_end|>\n"]
    assert supervised(SHORT, "assistant_only", "qwen3", empty_reasoning="none")[0].startswith("4")
    real = Chat((Message("user", "a"), Message("assistant", "b", reasoning="hm")), "openai")
    assert "hm" in supervised(real, "assistant_only", "qwen3", empty_reasoning="none")[0]


def marked(*marks: TrainingMark | None) -> Chat:
    turns = zip(TWO_TURNS.messages, marks, strict=True)
    return replace(TWO_TURNS, messages=tuple(replace(message, mark=mark) for message, mark in turns))


OFF, ON = TrainingMark("weight", 0.0), TrainingMark("weight", 1.0)


def test_the_samples_own_mark_wins_over_the_policy() -> None:
    assert supervised(marked(None, OFF, None, None), "assistant_only") == ["See you.<|im_end|>"]
    assert supervised(marked(ON, None, None, OFF), "assistant_only") == ["Hi<|im_end|>", "Hello!<|im_end|>"]
    assert supervised(marked(None, ON, None, OFF), "last_assistant") == ["Hello!<|im_end|>"]
    assert supervised(marked(None, ON, None, None), "completion_only") == ["Hello!<|im_end|>", "See you.<|im_end|>\n"]
    assert "Hello!" not in "".join(supervised(marked(None, OFF, None, None), "pretrain"))
    assert supervised(marked(None, OFF, None, None), "assistant_only", marks=False) == supervised(
        TWO_TURNS, "assistant_only"
    )


def test_fractions_and_negatives_are_kept_as_weights() -> None:
    rendering = render(
        marked(None, TrainingMark("loss_scale", 0.5), None, TrainingMark("weight", -1.0)), TINY, "chatml"
    )
    verdicts = apply("assistant_only", rendering)
    of_text = dict(zip(rendering.tokens.texts, verdicts.weights.tolist(), strict=True))
    assert (of_text["lo"], of_text["ee"]) == (0.5, -1.0)
    assert verdicts.is_weighted
    reasons = dict(zip(rendering.tokens.texts, verdicts.reasons, strict=True))
    assert "the sample's own mark says loss_scale = 0.5" in reasons["lo"]


def test_ranges_of_a_content_are_trained_or_not() -> None:
    ranges = TrainingMark("train_detail", None, ((0, 4, 1.0), (4, 8, 0.0)))
    sample = replace(TWO_TURNS, messages=(*TWO_TURNS.messages[:3], Message("assistant", "See you.", mark=ranges)))
    assert supervised(sample, "assistant_only")[1:] == ["See you", "<|im_end|>"]  # " you" touches both sides
    rendering = render(sample, TINY, "chatml")
    verdicts = apply("assistant_only", rendering)
    reason = verdicts.reasons[rendering.tokens.texts.index("ee")]
    assert "train_detail = 1" in reason


def test_a_knob_without_effect_is_refused_by_name() -> None:
    rendering = render(SHORT, TINY, "chatml")
    for policy, knob, value in [
        ("pretrain", "end", "none"), ("pretrain", "reasoning", False), ("completion_only", "roles", {"user"}),
        ("completion_only", "header", True), ("completion_only", "turns", "last_message"),
    ]:  # fmt: skip
        with pytest.raises(PolicyError, match=f"policy {policy}: {knob}=.* has no effect there"):
            apply(policy, rendering, **{knob: value})
    assert apply("pretrain", rendering, end="each").supervised  # its own default says nothing new


def test_completion_heeds_the_knobs_it_has() -> None:
    assert supervised(TWO_TURNS, "completion_only", end="none") == ["See you.", "\n"]
    assert supervised(TWO_TURNS, "completion_only", after_end="none") == ["See you.<|im_end|>"]
    thinks = Chat((Message("user", "a"), Message("assistant", "b", reasoning="hm")), "openai")
    assert "hm" in "".join(supervised(thinks, "completion_only"))
    assert "hm" not in "".join(supervised(thinks, "completion_only", reasoning=False))


def test_a_template_that_refuses_the_generation_prompt_is_an_error_with_its_own_words() -> None:
    refuses = (
        "{% if add_generation_prompt %}{{ raise_exception('no generation here') }}{% endif %}"
        "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    )
    with pytest.raises(PolicyError, match="no generation here"):
        supervised(SHORT, "completion_only", refuses)
    assert supervised(SHORT, "assistant_only", refuses) == ["4<|im_end|>"]


def test_a_token_that_straddles_is_trained_if_any_part_of_it_is() -> None:
    """By hand: "in th" + "e end" has one token " the" over the border, whose second half is the reply's."""
    glued = "{% for m in messages %}{{ m.content }}{% endfor %}"
    rendering = render(chat(("user", "in th"), ("assistant", "e end")), TINY, glued)
    crossing = [t for t, token in enumerate(rendering.tokens) if len(token.spans) > 1]
    assert crossing
    verdicts = apply("assistant_only", rendering)
    assert all(verdicts.supervised[t] for t in crossing)
    backwards = render(chat(("assistant", "in th"), ("user", "e end")), TINY, glued)
    assert all(apply("assistant_only", backwards).supervised[t] for t in crossing)
    assert not any(apply("assistant_only", backwards, roles={"system"}).supervised)


def test_a_completion_begins_with_the_first_token_that_differs_from_the_prompts() -> None:
    """TRL's rule (sft_trainer.py): the common prefix of the two token lists is prompt, the rest is completion."""
    joined = Chat((Message("user", "in th"), Message("assistant", "e end")), "prompt_completion", completion_start=1)
    rendering = render(joined, TINY, "plain")
    prompt = rendering.tokenizer.encode("in th").ids.tolist()
    whole = rendering.ids
    common = next(i for i, (a, b) in enumerate(zip(prompt, whole, strict=False)) if a != b)
    assert apply("completion_only", rendering).supervised == tuple(i >= common for i in range(len(whole)))


def test_labels_that_came_with_the_row_stay() -> None:
    row = Chat((), "tokenized", tokenized=Tokenized((5, 6, 7), (IGNORE, 6, 7)))
    verdicts = apply("pretrain", render(row, TINY))
    assert verdicts.labels == (IGNORE, 6, 7)
    assert "came with labels" in verdicts.reasons[1]


def test_unknown_names_list_the_known() -> None:
    rendering = render(SHORT, TINY, "chatml")
    with pytest.raises(ValueError, match="policy 'all' is unknown; use one of pretrain, assistant_only"):
        apply("all", rendering)
    with pytest.raises(PolicyError, match="knob colour is unknown; a policy has roles, turns"):
        apply("pretrain", rendering, colour=1)
    with pytest.raises(PolicyError, match="end='first' is unknown; use each, last"):
        apply("pretrain", rendering, end="first")
    with pytest.raises(PolicyError, match="role 'asistant' is unknown"):
        apply("assistant_only", rendering, roles={"asistant"})
    with pytest.raises(PolicyError, match="header='no' is unknown"):
        apply("assistant_only", rendering, header="no")
    assert set(CHOICES) <= set(KNOBS)
