"""The scores page in Chromium: its figures say what the core says, and its widgets move them."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from sftviz.loss.scores import swap_alpha
from tests.browser.conftest import eventually, plotted, settled, sound

OpenPage = Callable[..., Page]
LAST = {"tokens": "reliability", "lengths": "score_curves", "texts": "text_scores"}  # the figure that stands lowest


def opened(open_page: OpenPage, question: str = "tokens", **options) -> Page:
    path = f"/scores?scores_question={question}"
    page = open_page(path=path, ready=f".st-key-{LAST[question]} .main-svg", **options)
    settled(page)
    return page


def slider(page: Page, label: str):
    return page.get_by_role("slider", name=label)


def choose(page: Page, label: str, option: str) -> None:
    page.get_by_role("combobox", name=label).first.click()
    page.get_by_role("option", name=option).click()


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_one_question_at_a_time_is_answered_whole(open_page: OpenPage, width: int, scheme: str) -> None:
    page = opened(open_page, width=width, scheme=scheme)
    expect(page.locator(".js-plotly-plot")).to_have_count(2)
    page.get_by_text("Which answer wins?", exact=True).click()
    expect(page.locator(".st-key-score_curves .main-svg").first).to_be_visible()
    eventually(lambda: page.locator(".js-plotly-plot").count(), lambda count: count == 1)
    sound(page)


def test_every_supervised_token_has_a_bar_and_k_moves_the_kinds(open_page: OpenPage) -> None:
    page = opened(open_page)
    first, among, beyond = plotted(page, "rank_bars", lambda kinds: sum(len(kind["x"]) for kind in kinds) == 18)
    assert set(first["y"]) == {1}
    assert all(1 < rank <= 5 for rank in among["y"])
    assert all(rank > 5 for rank in beyond["y"])
    expect(page.get_by_text(f"{(len(first['x']) + len(among['x'])) / 18:.1%}", exact=True)).to_be_visible()
    slider(page, "k: how many guesses count").press("Home")
    expect(page.get_by_text("the true one is among the 1 likeliest")).to_be_visible()
    plotted(page, "rank_bars", lambda kinds: not kinds[1]["x"])


def test_the_bins_hold_every_prediction(open_page: OpenPage) -> None:
    page = opened(open_page)
    plotted(page, "reliability", lambda traces: sum(told[2] for told in traces[1]["told"]) == 18)
    slider(page, "Bins of confidence").press("Home")
    plotted(page, "reliability", lambda traces: len(traces[1]["x"]) == 1)


def test_a_chat_worse_than_knowing_nothing_says_so(open_page: OpenPage) -> None:
    page = opened(open_page)
    expect(page.get_by_text("Worse than V is possible")).to_be_visible()
    choose(page, "Chat", "Chinese")
    expect(page.get_by_text("worse than knowing nothing")).to_be_visible()
    expect(page.get_by_text("4,096", exact=True).first).to_be_visible()


def test_the_winner_changes_where_the_diamonds_are(open_page: OpenPage) -> None:
    page = opened(open_page, "lengths")
    page.get_by_text("made up", exact=True).click()
    expect(page.get_by_text("Numbers made up to start with")).to_be_visible()
    expected = [swap_alpha(-6, 4, -9, 8), swap_alpha(-6, 4, -30, 20), swap_alpha(-9, 8, -30, 20)]
    traces = plotted(page, "score_curves", lambda traces: diamonds(traces)["x"] == pytest.approx(expected))
    assert diamonds(traces)["text"] == ["A = B", "A = C", "B = C"]
    slider(page, "Power α").press("Home")
    expect(page.get_by_text("A wins, then B, then C")).to_be_visible()
    slider(page, "Power α").press("End")
    expect(page.get_by_text("C wins, then B, then A")).to_be_visible()


def diamonds(traces: list[dict[str, Any]]) -> dict[str, Any]:
    return next(trace for trace in traces if trace["name"] == "change places")


def test_an_answer_typed_is_read_by_the_model_and_shown_as_text(open_page: OpenPage) -> None:
    page = opened(open_page, "lengths")
    box = page.get_by_label("Answer A")
    before = plotted(page, "score_curves")[0]["name"]
    box.fill("**Thumb** <b>is</b> $x$ a finger")
    box.press("Enter")
    plotted(page, "score_curves", lambda traces: traces[0]["name"] != before)
    sound(page)


def test_a_negation_scores_high_and_a_paraphrase_low(open_page: OpenPage) -> None:
    page = opened(open_page, "texts")
    paraphrase, negation = plotted(page, "text_scores", lambda traces: len(traces) == 2)
    assert paraphrase["x"] == ["BLEU", "ROUGE-1", "ROUGE-2", "ROUGE-L", "token F1"]
    assert all(low < 0.1 and high >= 0.5 for low, high in zip(paraphrase["y"], negation["y"], strict=True))


def test_an_example_is_loaded_and_chinese_by_characters_has_a_token_f1(open_page: OpenPage) -> None:
    page = opened(open_page, "texts")
    page.get_by_role("button", name="The same in Chinese").click()
    expect(page.get_by_label("Reference")).to_have_value("这种药对儿童是安全的。")
    plotted(page, "text_scores", lambda traces: traces[1]["y"][-1] == 0)
    page.get_by_text("Token F1 by characters, for Chinese").click()
    plotted(page, "text_scores", lambda traces: traces[1]["y"][4] > 0.9)


def test_an_empty_reference_is_said_not_crashed(open_page: OpenPage) -> None:
    page = opened(open_page, "texts")
    page.get_by_label("Reference").fill("")
    page.get_by_label("Reference").blur()
    expect(page.get_by_text("is 0/0; give a text")).to_be_visible()
