"""The course as a reader meets it: a prediction one commits to, depths, the map that remembers, terms explained."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from sftviz.course.lesson import all_lessons, find_lesson
from sftviz.course.listing import claims, last_line
from sftviz.course.map import course
from sftviz.ui.components.course import script
from tests.browser.conftest import address, eventually, settled, sound

OpenPage = Callable[..., Page]
REMEMBERED = "JSON.parse(localStorage.getItem('sftviz:course:1'))"
MARKED = '.predict .token[aria-pressed="true"]'


def commit(page: Page) -> None:
    page.get_by_role("button", name="Commit").click()
    expect(page.get_by_text("Committed.")).to_be_visible()


def test_a_prediction_is_locked_taken_up_where_it_is_proved_and_survives_a_reload(open_page: OpenPage) -> None:
    page = open_page(path="/one_number", ready=".predict input")
    judged = page.locator(".st-key-settled_one_number")
    asked = find_lesson("one_number").prediction
    assert asked is not None
    [usual] = [usual for usual in asked.usual if usual.answer == 50]
    expect(judged.get_by_text("You have not predicted yet")).to_be_attached(timeout=60_000)
    expect(page.get_by_role("button", name="Commit")).to_be_disabled()
    page.locator(".predict [type=number]").fill("50")
    commit(page)
    expect(judged).to_contain_text("You said 50")
    expect(judged).to_contain_text(usual.why.en[:30])
    expect(page.locator(".predict [type=number]")).to_be_disabled()
    page.reload()
    expect(page.locator(".predict [type=number]")).to_have_value("50", timeout=60_000)
    expect(judged).to_contain_text("You said 50", timeout=60_000)
    assert page.evaluate(REMEMBERED)["one_number"]["said"] == 50


def test_tokens_are_painted_by_keyboard_and_by_dragging_and_judged_without_colour(open_page: OpenPage) -> None:
    page = open_page(path="/prompt_masking", ready=".predict .token")
    tokens = page.locator(".predict .token")
    asked = find_lesson("prompt_masking").prediction
    assert asked is not None
    right: Any = asked.answer.value
    tokens.first.focus()
    for _ in range(right[0]):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    expect(page.locator(MARKED)).to_have_count(1)
    first, last = (tokens.nth(place).bounding_box() for place in (0, 2))
    assert first
    assert last
    page.mouse.move(first["x"] + 5, first["y"] + 5)
    page.mouse.down()
    page.mouse.move(last["x"] + 5, last["y"] + 5, steps=12)
    page.mouse.up()
    expect(page.locator(MARKED)).to_have_count(4)
    commit(page)
    signs = eventually(lambda: page.locator(".predict .judged").all_text_contents(), lambda seen: any(seen))
    expected = ["✗"] * 3 + [""] * (right[0] - 3) + ["✓"] + ["○"] * (len(right) - 1)
    assert signs[: len(expected)] == expected
    expect(tokens.nth(right[1])).to_have_attribute("aria-label", re.compile(": missed$"))
    expect(page.get_by_text("✓ rightly marked · ✗ marked, and should not be · ○ missed")).to_be_visible()


def test_a_depth_is_an_address_and_shows_its_part_only(open_page: OpenPage) -> None:
    page = open_page(path="/next_token?depth=see", ready=".predict select")
    expect(page.get_by_text(find_lesson("next_token").front_matter().see[:40])).to_be_visible(timeout=60_000)
    expect(page.get_by_text("The ladder")).to_have_count(0)
    page.get_by_test_id("stButtonGroup").get_by_text("interview", exact=True).click()
    expect(page.get_by_text("The ladder")).to_be_visible(timeout=60_000)
    expect(page.locator(".predict")).to_have_count(0)
    page.locator(".st-key-ladder_next_token").scroll_into_view_if_needed()
    eventually(lambda: page.evaluate(REMEMBERED), lambda kept: kept["next_token"] == {"looked": True})
    eventually(lambda: address(page), lambda url: url.endswith("/next_token?depth=interview"))
    page.get_by_test_id("stButtonGroup").get_by_text("derive", exact=True).click()
    claim = next(claim for source in code_of("next_token") for claim in claims(source))
    expect(page.get_by_text("✓ proved:").first).to_be_attached(timeout=60_000)
    expect(page.get_by_text("✓ proved:").first).to_contain_text(claim[:20])


def code_of(slug: str) -> list[str]:
    return [cell.source for cell in find_lesson(slug).cells() if cell.kind == "code"]


def test_code_is_folded_to_the_line_it_comes_to(open_page: OpenPage) -> None:
    page = open_page(path="/next_token", ready="[class*=st-key-code_] summary")
    cell = page.locator("[class*=st-key-code_]").first
    expect(cell.locator("summary")).to_contain_text(last_line(code_of("next_token")[0]))
    expect(cell.get_by_text("load_tokenizer")).not_to_be_visible()
    cell.locator("summary").click()
    expect(cell.get_by_text("load_tokenizer").first).to_be_visible()


def test_the_header_leads_to_a_section_the_notebook_and_ones_own_chat(open_page: OpenPage, tmp_path: Path) -> None:
    page = open_page(path="/prompt_masking", ready=".st-key-lesson_header")
    expect(page.get_by_text("The ladder").first).to_be_attached(timeout=60_000)
    with page.expect_download() as download:
        page.get_by_role("button", name="Open the notebook").click()
    download.value.save_as(tmp_path / "n.ipynb")
    assert json.loads((tmp_path / "n.ipynb").read_text())["nbformat"] == 4
    page.get_by_role("button", name="Parts").click()
    page.get_by_role("link", name="The ladder").click()
    expect(page.get_by_role("heading", name="The ladder")).to_be_in_viewport()
    page.keyboard.press("Escape")
    page.get_by_role("link", name="On your own chat").click()
    expect(page.locator(".sftviz-strip .tok").first).to_be_visible(timeout=60_000)
    eventually(lambda: address(page), lambda url: "prompt_masking" not in url)


def test_the_map_remembers_what_was_done_and_forgets_when_asked(open_page: OpenPage) -> None:
    page = open_page(path="/lessons", ready=".node")
    first = page.locator(".node").first
    expect(first).to_contain_text("→ next")
    first.click()
    for place in range(3):
        page.locator(".predict select").nth(place).select_option(index=1 + place)
    commit(page)
    expect(page.locator(".st-key-kata_next_token")).to_be_attached(timeout=60_000)
    eventually(  # the page is still being drawn above it: it moves
        lambda: page.locator(".st-key-kata_next_token").scroll_into_view_if_needed() or page.evaluate(REMEMBERED),
        lambda kept: kept["next_token"].get("looked"),
    )
    page.get_by_test_id("stSidebarNav").get_by_text("Lessons", exact=True).click()
    expect(first).to_contain_text("✓ done")
    expect(page.locator(".node.next")).to_have_count(1)
    page.get_by_role("button", name="Forget what I have done").click()
    expect(first).to_contain_text("→ next")
    assert page.evaluate("localStorage.getItem('sftviz:course:1')") is None


@pytest.mark.parametrize(("language", "width", "scheme"), [("en", 1280, "light"), ("zh", 390, "dark")])
def test_the_map_has_every_lesson_and_leads_to_those_written(
    open_page: OpenPage, language: str, width: int, scheme: str
) -> None:
    page = open_page(path=f"/lessons?lang={language}", ready=".node", width=width, scheme=scheme)
    sound(page)
    written = [lesson.slug for lesson in all_lessons()]
    expect(page.locator(".node")).to_have_count(len(course().nodes))
    links = [link.get_attribute("href") or "" for link in page.locator("a.node").all()]
    assert sorted(link.partition("?")[0] for link in links) == sorted(written)
    assert all(link.endswith("?lang=zh") is (language == "zh") for link in links)
    unwritten = "not written yet" if language == "en" else "还没写"
    expect(page.locator("div.node", has_text=unwritten)).to_have_count(len(course().nodes) - len(written))
    edges = sum(len(node.builds_on()) for node in course().nodes)
    expect(page.locator(".map .arrow")).to_have_count(edges)
    expect(page.locator(".route")).to_have_count(3)


def test_a_term_says_what_it_means_and_leads_to_the_glossary(open_page: OpenPage) -> None:
    page = open_page(path="/next_token", ready='a[href*="glossary?term=tokenizer"]')
    settled(page)
    page.locator('a[href*="glossary?term=tokenizer"]').focus()
    expect(page.get_by_role("tooltip")).to_contain_text("Cuts text into tokens from a fixed list")
    page.keyboard.press("Escape")
    expect(page.locator("#sftviz-term")).not_to_be_visible()
    page.goto(page.url.replace("/next_token", "/glossary?term=nat"))
    expect(page.get_by_text("1 nat is 1.44 bits")).to_be_visible(timeout=60_000)
    expect(page.get_by_text("A piece of text with a number")).to_have_count(0)


# --- the form by itself, for the kinds that few lessons use ---

OPTIONS = [{"id": one, "says": f"the `{one}`"} for one in "abc"]
WORDS = {word: word for word in ("locked", "legend", "up", "down", "choose")}
WORDS |= {"commit": "Commit", "cell": "{row}/{column}"}
MOUNT = """async ([source, data]) => {
  const url = URL.createObjectURL(new Blob([source], {type: "text/javascript"}));
  const form = (await import(url)).default;
  window.draw = (said) => form({data: {...data, said}, parentElement: document.body, setStateValue: (_, value) => {
    window.said = value;
    window.draw(value);
  }});
  window.draw(null);
}"""


def mounted(page: Page, kind: str, **data: Any) -> Page:
    page.goto("about:blank")
    page.set_content('<div class="predict"></div>')
    given = {"slug": "x", "label": "which", "kind": kind, "options": OPTIONS, "to": OPTIONS, "words": WORDS, **data}
    page.evaluate(MOUNT, [script("predict"), given])
    return page


def test_a_choice_is_made_by_keyboard_and_code_in_it_is_code(open_page: OpenPage) -> None:
    page = mounted(open_page(path="/lessons", ready=".node"), "choice")
    expect(page.get_by_role("button", name="Commit")).to_be_disabled()
    expect(page.locator("code").first).to_have_text("a")
    page.get_by_role("radio").first.focus()
    page.keyboard.press("ArrowDown")
    page.get_by_role("button", name="Commit").press("Enter")
    assert page.evaluate("said") == "b"
    expect(page.get_by_role("radio").nth(1)).to_be_checked()
    expect(page.get_by_role("radio").nth(1)).to_be_disabled()


def test_an_order_is_made_by_buttons_and_a_match_by_lists(open_page: OpenPage) -> None:
    page = mounted(open_page(path="/lessons", ready=".node"), "order")
    page.get_by_role("button", name="the `a`: down").press("Enter")
    page.keyboard.press("Enter")  # the focus went with it
    page.get_by_role("button", name="Commit").click()
    assert page.evaluate("said") == ["b", "c", "a"]
    mounted(page, "match", options=OPTIONS[:2])
    page.get_by_role("combobox").first.select_option("c")
    expect(page.get_by_role("button", name="Commit")).to_be_disabled()
    page.get_by_role("combobox").nth(1).select_option("a")
    page.get_by_role("button", name="Commit").click()
    assert page.evaluate("said") == ["c", "a"]


def test_a_grid_is_painted_and_its_cells_have_names(open_page: OpenPage) -> None:
    page = mounted(open_page(path="/lessons", ready=".node"), "mark", grid=[2, 3], texts=[""] * 6)
    page.get_by_role("button", name="1/1").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="2/2")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="Commit").click()
    assert page.evaluate("said") == [4]


def test_a_logarithmic_slider_fills_the_field(open_page: OpenPage) -> None:
    scale = {"least": 1, "most": 10_000, "logarithmic": True}
    page = mounted(open_page(path="/lessons", ready=".node"), "number", scale=scale, unit="times")
    page.get_by_role("slider").fill("500")
    expect(page.get_by_role("spinbutton")).to_have_value("100")
    page.get_by_role("spinbutton").fill("1000")
    expect(page.get_by_role("slider")).to_have_value("750")
