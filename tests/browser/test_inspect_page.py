"""The main page, used: paste, look, hover, click, keys; every mistake is named and the text stays in the box."""

import json
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from sftviz.supervision.policies import POLICIES
from tests.browser.conftest import address, box, crowding, eventually, paste, settled, sound

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


def detail(page: Page) -> Locator:
    return page.locator(".sftviz-strip .detail")


def test_a_pasted_chat_becomes_a_strip_and_a_click_says_what_its_token_is(open_page: OpenPage) -> None:
    page = open_page()
    paste(page, CHAT)
    wait_for_strip(page, "owl")
    settled(page)
    token = page.locator(".sftviz-strip .tokens .tok.supervised", has_text="bird")
    token.click()
    told = detail(page)
    expect(told.locator(".head")).to_have_text(re.compile("bird"))
    expect(told.locator(".verdict")).to_have_text("✓ supervised")
    for word in ("nats", "Rank", "What the model expected here", "Dearest supervised tokens"):
        expect(told).to_contain_text(word)
    expect(told.locator(".expected .it bdi")).to_have_text(re.compile("bird"))
    eventually(lambda: address(page), lambda url: f"token={token.get_attribute('data-i')}" in url)


def test_a_paste_is_read_at_once(open_page: OpenPage) -> None:
    page = open_page()
    area = box(page)
    area.fill("")
    area.evaluate(PASTE, CHAT)
    wait_for_strip(page, "owl")


PASTE = """(box, text) => {
  box.focus();
  const data = new DataTransfer();
  data.setData("text/plain", text);
  const event = new ClipboardEvent("paste", {bubbles: true, cancelable: true, clipboardData: data});
  if (box.dispatchEvent(event)) document.execCommand("insertText", false, text);
}"""


def test_a_character_of_several_tokens_is_one_box(open_page: OpenPage) -> None:
    page = open_page()
    paste(page, CHAT)
    wait_for_strip(page, "👍")
    thumb = page.locator(".sftviz-strip .tokens .box", has_text="👍")
    expect(thumb).to_have_count(1)
    eventually(thumb.locator(".tok").count, lambda count: count >= 3)


def test_hover_explains_a_token_beside_the_strip_and_gives_way_to_the_chosen_one(open_page: OpenPage) -> None:
    page = open_page()
    settled(page)
    chosen, other = (page.locator(f'.sftviz-strip .tokens .tok[data-i="{i}"]') for i in (20, 21))
    chosen.click()

    def hovered() -> str:
        page.mouse.move(0, 0)  # a strip drawn anew under a pointer at rest is not entered
        other.hover()
        return detail(page).locator(".where").inner_text()

    eventually(hovered, lambda where: where.startswith("token 21 of"))
    page.mouse.move(0, 0)
    expect(detail(page).locator(".where")).to_have_text(re.compile("token 20 of"))


def test_keys_move_choose_find_and_close(open_page: OpenPage) -> None:
    page = open_page()
    settled(page)
    where = detail(page).locator(".where")
    page.locator('.sftviz-strip .tokens .tok[tabindex="0"]').focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    eventually(lambda: page.evaluate(FOCUSED), lambda place: place == "1")
    page.keyboard.press("Enter")
    expect(where).to_have_text(re.compile("token 1 of"))
    supervised = [int(one) for one in page.locator(".sftviz-strip .tokens .tok.supervised").evaluate_all(PLACES)]
    page.keyboard.press("n")
    expect(where).to_have_text(re.compile(f"token {supervised[0]} of"))
    page.keyboard.press("n")
    page.keyboard.press("p")
    expect(where).to_have_text(re.compile(f"token {supervised[0]} of"))
    page.keyboard.press("/")
    page.keyboard.type("mean")
    expect(page.locator(".sftviz-strip .find .count")).to_have_text(re.compile(r"1 / \d"))
    expect(detail(page).locator(".head")).to_have_text(re.compile("me"))
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.locator(".sftviz-strip .keys dl")).to_be_visible()
    page.keyboard.press("Escape")
    expect(detail(page)).to_contain_text("Choose a token")


PLACES = "(chips) => chips.map((chip) => chip.dataset.i)"


@pytest.mark.parametrize("coloring", ["nll", "probability", "entropy", "grad_norm", "role"])
def test_every_colouring_paints_and_says_what_it_means(open_page: OpenPage, coloring: str) -> None:
    page = open_page()
    settled(page)
    page.locator(".sftviz-strip .tools select").select_option(coloring)
    expect(page.locator(".sftviz-strip .tokens .tok[style*='--fill']").nth(5)).to_be_visible()
    expect(page.locator(".sftviz-strip .legend")).to_have_text(re.compile(".{20}", re.S))
    eventually(lambda: address(page), lambda url: f"color_by={coloring}" in url)


def test_a_second_setting_rings_what_differs_and_says_how_much(open_page: OpenPage) -> None:
    page = open_page(path="/?compare=true&other_policy=pretrain")
    ringed = page.locator(".sftviz-strip .tokens .tok.gained")
    expect(ringed.first).to_be_visible()
    count = eventually(ringed.count, bool)
    expect(page.locator(".difference summary")).to_have_text(f"Every token: +{count} −0 supervised tokens.")
    ringed.first.click()
    expect(detail(page).locator(".other")).to_contain_text(
        f"the policy “{POLICIES['pretrain'].title}” trains on every token"
    )


def test_a_link_with_the_chat_opens_the_same_page_elsewhere(open_page: OpenPage) -> None:
    page = open_page()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    paste(page, CHAT)
    wait_for_strip(page, "owl")
    settled(page)
    page.locator(".sftviz-strip .tokens .tok", has_text="bird").click()
    eventually(lambda: address(page), lambda url: "token=" in url)
    page.locator(".st-key-share button").first.click()
    page.get_by_role("button", name="Copy link with the chat").click()
    expect(page.get_by_role("button", name="✓ Link copied")).to_be_visible()
    link = page.evaluate("navigator.clipboard.readText()")
    assert "#chat=" in link
    there = open_page(path=link[link.index("/?") :])
    wait_for_strip(there, "owl")
    expect(detail(there).locator(".head")).to_have_text(re.compile("bird"))
    eventually(lambda: address(there), lambda url: "#" not in url)


EXPORTS = {"csv": "Table of all tokens", "json": "Everything", "html": "The strip as a page"}


@pytest.mark.parametrize("kind", EXPORTS)
def test_what_is_exported_holds_the_chat(open_page: OpenPage, kind: str) -> None:
    page = open_page()
    settled(page)
    page.locator(".st-key-export button").first.click()
    with page.expect_download() as got:
        page.get_by_role("button", name=EXPORTS[kind]).click()
    text = got.value.path().read_text(encoding="utf-8")
    assert "im_end" in text
    if kind == "html":
        page.goto("about:blank")
        page.set_content(text)
        expect(page.locator(".tokens .tok", has_text="im_end").first).to_be_visible()
        expect(page.locator(".detail .head")).to_be_visible()


@pytest.mark.parametrize(("words", "holds"), [("SVG, with the text", True), ("SVG, without the text", False)])
def test_a_picture_is_what_the_screen_shows(open_page: OpenPage, words: str, holds: bool) -> None:
    page = open_page()
    settled(page)
    page.locator(".sftviz-strip .menu summary").first.click()
    with page.expect_download() as got:
        page.get_by_role("button", name=words).click()
    svg = got.value.path().read_text(encoding="utf-8")
    assert svg.startswith("<svg")
    assert ("im_end" in svg) == holds
    assert svg.count("<rect") > 2 * page.locator(".sftviz-strip .tokens .tok").count() - 5


def test_a_phone_has_a_sheet_at_its_foot_and_no_card_over_the_strip(open_page: OpenPage) -> None:
    page = open_page(width=390, height=844)
    settled(page)
    expect(detail(page)).to_be_hidden()
    eventually(page.locator(".sftviz-strip .tokens .tok").first.bounding_box, lambda at: 0 < at["y"] < 450)
    token = page.locator(".sftviz-strip .tokens .tok.supervised").nth(2)
    token.click()
    expect(detail(page)).to_be_visible()
    eventually(lambda: page.evaluate(UNCOVERED), bool)
    where = detail(page).locator(".where").inner_text()
    detail(page).get_by_role("button", name="The token after").click()
    eventually(detail(page).locator(".where").inner_text, lambda now: now != where)
    detail(page).get_by_role("button", name="Close").click()
    expect(detail(page)).to_be_hidden()


UNCOVERED = """() => {
  const within = [...document.querySelectorAll("*")].map((one) => one.shadowRoot?.querySelector(".sftviz-strip"));
  const root = within.find(Boolean);
  const [sheet, token] = [".detail", ".tok.selected"].map((one) => root.querySelector(one).getBoundingClientRect());
  return sheet.top >= token.bottom - 1 && token.top > 0;
}"""


def test_the_first_token_stands_on_the_first_screen(open_page: OpenPage) -> None:
    page = open_page(width=1440, height=900)
    settled(page)
    eventually(page.locator(".sftviz-strip .tokens .tok").first.bounding_box, lambda at: 0 < at["y"] < 350)


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")])
def test_nothing_is_wider_than_the_page(open_page: OpenPage, width: int, scheme: str) -> None:
    page = open_page(width=width, scheme=scheme)
    sound(page)
    eventually(
        page.locator(".sftviz-strip .tokens").bounding_box, lambda strip: 0 < strip["x"] + strip["width"] <= width
    )


def test_four_thousand_tokens_stay_smooth(open_page: OpenPage) -> None:
    page = open_page()
    page.goto(page.url.partition("?")[0] + "?model=none")
    page.wait_for_selector(".sftviz-strip .tok")
    settled(page)
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
    eventually(lambda: address(page), lambda url: "sample=mine" in url)  # written when the run has ended
    page.reload()
    wait_for_strip(page, "owl")
    expect(box(page)).to_have_value(CHAT)
    paste(page, CHAT.replace("owl", "eel"))
    wait_for_strip(page, "eel")
    expect(box(page)).to_have_value(re.compile("eel"))


def test_a_token_of_spaces_alone_is_seen_where_it_stands_alone(open_page: OpenPage) -> None:
    page = open_page(path="/?model=none")
    paste(page, json.dumps([{"role": "user", "content": "hi"}, {"role": "assistant", "content": "owl     night"}]))
    wait_for_strip(page, "night")
    settled(page)
    spaces = [
        i for i, text in enumerate(page.locator(".sftviz-strip .tokens .tok").all_text_contents()) if text.isspace()
    ]
    assert spaces
    page.locator(f'.sftviz-strip .tokens .tok[data-i="{spaces[0]}"]').click()
    expect(detail(page).locator(".head")).to_have_text(re.compile("^␣+$"))
