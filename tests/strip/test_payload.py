"""What the script is given: each token's own numbers, the language spoken, nothing that JSON cannot hold."""

import json
from dataclasses import fields, replace

import pytest
import torch

import sftviz
from sftviz.columns import COLUMNS
from sftviz.comparison import Comparison
from sftviz.model import TokenLosses
from sftviz.strip import document, script
from sftviz.strip.payload import highest, payload
from sftviz.words import using

CHAT = "User: What is an owl?\nAssistant: A bird 👍 of <b>night</b>."


@pytest.fixture(scope="module")
def seen() -> sftviz.Inspection:
    return sftviz.inspect(CHAT)


def test_a_token_has_its_own_cost_which_the_position_before_it_predicted(seen: sftviz.Inspection) -> None:
    made = {field.name: getattr(seen.losses, field.name) for field in fields(TokenLosses)}
    made["nll"] = torch.arange(len(seen.rendering.tokens), dtype=torch.float64)
    counted = replace(seen, losses=TokenLosses(**made))
    told = payload(counted)
    [nll] = [column for column in told["own"] if column["name"] == "nll"]
    assert nll["values"] == told["cost"] == [None, *(float(t) for t in range(len(counted.rows()) - 1))]
    assert nll["high"] == len(counted.rows()) - 2


def test_a_scale_ends_where_its_column_says_or_at_the_largest() -> None:
    assert highest(COLUMNS["probability"], [0.1, 0.2]) == 1.0
    assert highest(COLUMNS["nll"], [None, 2.5]) == 2.5
    assert highest(COLUMNS["nll"], [None]) == 1.0


def test_without_a_model_nothing_is_priced() -> None:
    told = payload(sftviz.inspect(CHAT, model=None))
    assert (told["own"], told["expected"], told["dearest"]) == ([], [], [])
    assert set(told["cost"]) == {None}


def test_it_is_json_and_speaks_the_language(seen: sftviz.Inspection) -> None:
    with using("zh"):
        told = json.loads(json.dumps(payload(seen), allow_nan=False))
    assert told["verdict"].startswith(str(len(seen.rows())))
    assert told["words"]["ignored"] == "不受监督"
    assert told["key"] != payload(seen)["key"]


def test_one_reason_serves_all_its_tokens(seen: sftviz.Inspection) -> None:
    told = payload(seen)
    assert [told["reasons"][i] for i in told["reason"]] == [str(row.reason) for row in seen.rows()]
    assert len(told["reasons"]) < len(told["reason"])


def test_another_setting_is_told_beside_each_token() -> None:
    this = sftviz.inspect(CHAT, model="sftviz/tiny-base")
    that = sftviz.inspect(CHAT, policy="pretrain", model="sftviz/tiny-sft")
    told = payload(this, comparison=Comparison(this, that, "Every token"))["compare"]
    assert set(told["differs"]) == {"", "+"}
    costs = [(mine.cost, there.cost) for mine, there in zip(this.rows(), that.rows(), strict=True)]
    assert told["difference"] == [None if a is None else pytest.approx(b - a, rel=1e-4, abs=1e-9) for a, b in costs]
    assert told["hasCosts"]
    assert "+" in told["sentence"]


def test_a_page_of_its_own_holds_the_script_and_text_stays_text(seen: sftviz.Inspection) -> None:
    page = document.of(seen)
    assert page.count("<script") == 2
    assert "<b>night" not in page
    data = page.partition('id="data">')[2].partition("</script>")[0]
    assert json.loads(data)["shown"] == payload(seen)["shown"]


def test_the_script_serves_both_hosts() -> None:
    assert script().count("export default") == 1
    assert "innerHTML" not in script()
