"""The main page, used: paste, look, hover, click, keys; every mistake is named and the text stays in the box."""

import json
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import box, crowding, eventually, paste, settled, sound

OpenPage = Callable[..., Page]

FOCUSED = """() => {
  let active = document.activeElement;
  while (active.shadowRoot) active = active.shadowRoot.activeElement;
  return active.dataset.i;
}"""
HOVER = """(token) => {
  const started = performance.now();
  token.dispatchEvent(new PointerEvent("pointerover", {bubbles: true, composed: true}));
  token.getBoundingClientRect();
  return performance.now() - started;
}"""

CHAT = json.dumps([{"role": "user", "content": "What does owl mean?"}, {"role": "assistant", "content": "A bird 👍."}])


def wait_for_strip(page: Page, text: str) -> None:
    strips = page.locator(".sftviz-strip .tokens")
    expect(strips.filter(has_text=text).first).to_be_visible(timeout=60_000)
    expect(strips).to_have_count(1)  # while one takes the other's place both are there


def test_a_pasted_chat_becomes_a_strip_and_a_click_shows_the_prediction(open_page: OpenPage) -> None:
    page = open_page()
    paste(page, CHAT)
    wait_for_strip(page, "owl")
    supervised = page.locator(".sftviz-strip .tokens .tok.supervised")
    settled(page)
    eventually(supervised.count, lambda count: count > 3)
    position = eventually(lambda: int(supervised.nth(1).get_attribute("data-i") or -1), lambda at: at > 0)
    supervised.nth(1).click()
    expect(page.get_by_role("heading", name=f"Position {position} predicts position {position + 1}")).to_be_visible()
    expect(page.get_by_test_id("stPlotlyChart").last).to_be_visible()
    expect(page.locator(".katex").filter(has_text="nats").first).to_be_visible()


def test_a_character_of_several_tokens_is_one_box(open_page: OpenPage) -> None:
    page = open_page()
    paste(page, CHAT)
    wait_for_strip(page, "👍")
    thumb = page.locator(".sftviz-strip .tokens .box", has_text="👍")
    expect(thumb).to_have_count(1)
    eventually(thumb.locator(".tok").count, lambda count: count >= 3)


def test_hover_explains_a_token_and_marks_its_target_without_a_rerun(open_page: OpenPage) -> None:
    page = open_page()
    settled(page)
    token, target = (page.locator(f'.sftviz-strip .tokens .tok[data-i="{i}"]') for i in (20, 21))

    def hovered() -> str:
        page.mouse.move(0, 0)  # a strip drawn anew under a pointer at rest is not entered
        token.hover()
        return target.get_attribute("class") or ""

    eventually(hovered, lambda classes: "target" in classes.split())
    card = page.locator(".sftviz-strip .card")
    expect(card).to_be_visible()
    for word in ("id", "bytes", "role", "part", "label", "target", "Loss", "Probability", "Rank", "nats", "supervised"):
        expect(card).to_contain_text(word)


def test_keys_move_choose_and_close(open_page: OpenPage) -> None:
    page = open_page()
    page.locator('.sftviz-strip .tokens .tok[tabindex="0"]').focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    eventually(lambda: page.evaluate(FOCUSED), lambda place: place == "1")
    expect(page.locator(".sftviz-strip .card")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".sftviz-strip .card")).to_be_hidden()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Position 1 predicts position 2")).to_be_visible(timeout=20_000)


@pytest.mark.parametrize("coloring", ["Loss", "Probability", "Entropy", "Gradient", "Role"])
def test_every_colouring_paints_and_says_what_it_means(open_page: OpenPage, coloring: str) -> None:
    page = open_page()
    page.get_by_test_id("stButtonGroup").get_by_text(coloring, exact=True).click()
    painted = page.locator(".sftviz-strip .tokens .tok[style*='--fill']")
    expect(painted.nth(5)).to_be_visible(timeout=20_000)
    expect(page.locator(".sftviz-strip .legend")).to_have_text(re.compile(".{20}", re.S))


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")])
def test_nothing_is_wider_than_the_page(open_page: OpenPage, width: int, scheme: str) -> None:
    page = open_page(width=width, scheme=scheme)
    sound(page)
    eventually(
        page.locator(".sftviz-strip .tokens").bounding_box, lambda strip: 0 < strip["x"] + strip["width"] <= width
    )


def test_four_thousand_tokens_stay_smooth(open_page: OpenPage) -> None:
    page = open_page()
    page.get_by_role("combobox", name=re.compile("Model")).click()
    page.get_by_role("option", name=re.compile("None")).click()
    words = " ".join(f"{i % 10}" for i in range(3900))
    paste(page, f"User: count\nAssistant: {words} zebra")
    wait_for_strip(page, "zebra")
    settled(page)
    eventually(page.locator(".sftviz-strip .tokens .tok").count, lambda count: count >= 3900)
    delays = []
    for i in range(1000, 1010):
        token = page.locator(f'.sftviz-strip .tokens .tok[data-i="{i}"]')
        token.scroll_into_view_if_needed()
        delays.append(token.evaluate(HOVER))
    assert sorted(delays)[len(delays) // 2] < 50 * crowding()


def test_a_refresh_keeps_the_text(open_page: OpenPage) -> None:
    page = open_page()
    paste(page, CHAT)
    wait_for_strip(page, "owl")
    page.reload()
    wait_for_strip(page, "owl")
    expect(box(page)).to_have_value(CHAT)
    paste(page, CHAT.replace("owl", "eel"))
    wait_for_strip(page, "eel")
    expect(box(page)).to_have_value(re.compile("eel"))
