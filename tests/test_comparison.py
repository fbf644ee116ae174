"""Two settings side by side: what differs, why, and what cannot be found again."""

import pytest

import sftviz
from sftviz.comparison import Comparison, aligned, compare

CHAT = [
    {"role": "user", "content": "What is an owl?"},
    {"role": "assistant", "content": "A bird of night 👍."},
    {"role": "user", "content": "Thanks"},
    {"role": "assistant", "content": "Welcome."},
]


def seen(**setting: object) -> sftviz.Inspection:
    return sftviz.inspect(CHAT, **{"model": None, **setting})


def test_one_policy_beside_another_differs_where_their_labels_do() -> None:
    this, that = seen(), seen(policy="last_assistant")
    beside = Comparison(this, that, "last")
    labels = zip(this.supervision.labels, that.supervision.labels, strict=True)
    assert beside.differs == ["" if a == b else "-" if b == -100 else "+" for a, b in labels]
    assert (beside.gained, beside.lost) == (0, beside.differs.count("-"))
    assert sum(len(group.positions) for group in beside.groups()) == beside.lost > 0


def test_a_reason_of_the_setting_that_leaves_a_token_out_names_its_group() -> None:
    beside = Comparison(seen(), seen(policy="pretrain"), "all")
    sizes = [len(group.positions) for group in beside.groups()]
    assert sizes == sorted(sizes, reverse=True)
    assert sum(sizes) == beside.gained
    assert all(group.said.code == "compare.gained" for group in beside.groups())


def test_the_same_setting_differs_nowhere() -> None:
    beside = Comparison(seen(), seen(), "same")
    assert beside.sentence().code == "compare.same"
    assert beside.groups() == []


@pytest.mark.parametrize("template", ["llama3", "gemma3", "qwen3", "chatml", "mistral"])
def test_under_another_template_what_somebody_said_is_found_again(template: str) -> None:
    this, that = seen(), seen(template=template)
    there = that.rows()
    for row, t in zip(this.rows(), aligned(this.rendering, that.rendering), strict=True):
        if row.part == "content":
            assert t is not None
            assert (there[t].id, there[t].text.strip()) == (row.id, row.text.strip())
            assert there[t].message == row.message


def test_under_another_tokenizer_a_token_is_found_by_its_first_character() -> None:
    this, that = seen(), seen(tokenizer="openai:gpt-oss", template="chatml")
    there = that.rows()
    for row, t in zip(this.rows(), aligned(this.rendering, that.rendering), strict=True):
        if row.part == "content" and row.text.strip():
            assert t is not None
            assert row.text.strip()[0] in there[t].text


def test_what_stands_in_the_other_text_only_is_counted_and_said() -> None:
    beside = Comparison(seen(policy="pretrain"), seen(policy="pretrain", template="llama3"), "llama3")
    assert beside.only_there
    assert beside.gained == beside.differs.count("+") + len(beside.only_there)
    assert "compare.only_there" in [group.said.code for group in beside.groups()]
    assert beside.lost == sum(t is None for t in beside.found)


def test_a_cost_is_compared_with_the_same_token_only_and_zero_is_a_cost() -> None:
    this = sftviz.inspect(CHAT, model="sftviz/tiny-base")
    that = sftviz.inspect(CHAT, model="sftviz/tiny-sft")
    told = Comparison(this, that, "tuned").cost_difference
    assert told[0] is None
    for mine, there, difference in zip(this.rows()[1:], that.rows()[1:], told[1:], strict=True):
        assert difference == pytest.approx((there.cost or 0) - (mine.cost or 0))


def test_several_settings_stand_beside_the_first() -> None:
    made = compare(CHAT, {"model": None}, {"model": None, "policy": "pretrain"}, {"model": None, "template": "llama3"})
    assert [one.title for one in made] == ["policy=pretrain", "template=llama3"]
