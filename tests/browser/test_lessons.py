"""Lessons and interview as a reader meets them: both languages, every formula drawn, labs alone, progress in a file."""

import json
import re
from collections.abc import Callable
from functools import cache
from urllib.parse import urlencode

import pytest
import torch
from playwright.sync_api import Page, expect
from transformers import AutoModelForCausalLM, AutoTokenizer

from sftviz import assets
from sftviz.chat.samples import SAMPLES
from sftviz.course.content import load
from sftviz.course.lesson import all_lessons
from sftviz.course.questions import Question
from tests.browser.conftest import address, eventually, settled, sound

OpenPage = Callable[..., Page]
LESSONS = {lesson.slug: lesson for lesson in all_lessons()}


@pytest.mark.parametrize(("language", "width", "scheme"), [("en", 1280, "light"), ("zh", 390, "dark")])
@pytest.mark.parametrize("slug", LESSONS)
def test_a_lesson_is_whole_in_both_languages(
    open_page: OpenPage, slug: str, language: str, width: int, scheme: str
) -> None:
    page = open_page(path=f"/{slug}?lang={language}", ready="h1", width=width, scheme=scheme)
    expect(page.get_by_text("The ladder" if language == "en" else "问题阶梯")).to_be_visible(timeout=60_000)
    sound(page)
    lesson = LESSONS[slug]
    expect(page.locator("h1").first).to_have_text(lesson.front_matter(language).title)
    displayed = sum(cell.source.count("\n$$\n") for cell in lesson.cells(language) if cell.kind == "markdown") // 2
    assert displayed > 0
    eventually(lambda: page.locator(".katex-display").count(), lambda count: count >= displayed)
    expect(page.locator(".js-plotly-plot, .apprentices, .painter, .scissors, .cutter").first).to_be_attached()
    expect(page.get_by_text("$$")).to_have_count(0)


@pytest.mark.parametrize("slug", LESSONS)
def test_a_lab_opens_alone_and_leads_to_its_lesson(open_page: OpenPage, slug: str) -> None:
    page = open_page(path=f"/{slug}?only=lab", ready=f".st-key-lab_{slug}")
    sound(page)
    eventually(lambda: page.locator("h2").count(), lambda count: count <= 1)
    page.get_by_role("link", name="Read the whole lesson").click()
    expect(page.get_by_text("The ladder")).to_be_visible(timeout=60_000)


def test_the_control_switches_the_lesson_and_the_app_and_keeps_the_address(open_page: OpenPage) -> None:
    page = open_page(path="/next_token", ready="h1")
    page.get_by_text("简体中文", exact=True).click()
    expect(page.locator("h1").first).to_have_text("下一个 token 与移位")
    expect(page.get_by_test_id("stSidebarNav").get_by_text("梯度流向")).to_be_visible()
    page.wait_for_function("location.search.includes('lang=zh')")
    page.get_by_text("English", exact=True).click()
    expect(page.locator("h1").first).to_have_text("Next token and the shift")


@cache
def transformers_says(shifted_before: bool) -> str:
    """The base checkpoint's loss on the lab's sentence, whose labels are moved by one before the model moves them."""
    tokenizer = AutoTokenizer.from_pretrained(assets.locate("sftviz/tiny"))
    model = AutoModelForCausalLM.from_pretrained(assets.locate("sftviz/tiny-base")).eval()
    ids = tokenizer(load(LESSONS["next_token"].folder / "lab.py").TYPED.default, return_tensors="pt").input_ids
    labels = torch.cat([ids[:, 1:], torch.full((1, 1), -100)], dim=1) if shifted_before else ids
    with torch.no_grad():
        return f"{model(ids, labels=labels).loss:.3f} nats"


def test_the_labels_are_dragged_and_the_table_writes_what_it_was_asked(open_page: OpenPage) -> None:
    page = open_page(path="/next_token?only=lab&shift_by=2", ready=".apprentices .labels")
    expect(page.get_by_text(transformers_says(shifted_before=True))).to_be_visible()
    expect(page.get_by_text("A is large body water", exact=True)).to_be_visible()
    labels = page.locator(".apprentices .labels")
    labels.focus()
    labels.press("ArrowRight")
    expect(page.get_by_text(transformers_says(shifted_before=False))).to_be_visible()
    expect(page.get_by_text("✓ Right question", exact=False)).to_be_visible()
    expect(page.locator(".apprentices .learnt.right")).to_have_count(1)
    eventually(lambda: address(page), lambda now: "shift_by=1" in now)
    settled(page)
    cell = eventually(lambda: labels.locator(".cell").nth(4).bounding_box(), lambda box: box["width"] > 0)
    page.mouse.move(cell["x"] + 10, cell["y"] + 10)
    page.mouse.down()
    page.mouse.move(cell["x"] + 10 + 0.9 * cell["width"], cell["y"] + 10, steps=4)
    page.mouse.up()
    expect(page.get_by_text("AAAAAAAAAA", exact=True)).to_be_visible()
    expect(labels).to_have_attribute("aria-valuenow", "0")
    eventually(lambda: address(page), lambda now: "shift_by=0" in now)


def test_a_sentence_of_ones_own_is_taken_as_text(open_page: OpenPage) -> None:
    page = open_page(path="/next_token?only=lab&shift_by=1", ready=".apprentices .labels")
    settled(page)
    page.get_by_role("textbox").fill("<img> one two three")
    page.get_by_role("textbox").press("Enter")
    expect(page.locator(".apprentices .typed")).to_have_text("<img> one two three")
    assert page.locator(".apprentices img").count() == 0


def test_painted_labels_are_judged_counted_and_slid(open_page: OpenPage) -> None:
    page = open_page(path="/prompt_masking?only=lab", ready=".painter .tok")
    expect(page.get_by_text("0/0: nothing is asked", exact=False)).to_be_visible()
    settled(page)
    page.locator(".painter .tok").nth(14).click()
    expect(page.locator(".painter .tok").nth(14)).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_text("1 of 33")).to_be_visible()
    expect(page.locator(".painter .verdict").nth(14)).to_have_text("✓")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Space")
    expect(page.locator(".painter .verdict").nth(13)).to_have_text("✗")
    expect(page.get_by_text("2 of 33")).to_be_visible()
    eventually(lambda: address(page), lambda now: "masking_own=13-14" in now)
    page.get_by_text("the answer and its end", exact=True).click()
    chat = json.loads(SAMPLES["single_turn"].text)
    tokenizer = AutoTokenizer.from_pretrained(assets.locate("sftviz/tiny"))
    answer, row = tokenizer(chat[1]["content"]), tokenizer.apply_chat_template(chat, return_dict=True)
    expect(page.get_by_text(f"{len(answer.input_ids) + 1} of {len(row.input_ids)}")).to_be_visible()
    page.get_by_text("read one place too early", exact=True).click()
    expect(page.get_by_text("lost its loss", exact=False)).to_be_visible()
    expect(page.locator(".painter .tok").nth(14)).not_to_have_class("tok carries")
    expect(page.get_by_text("<|im_start|>user").last).to_be_visible(timeout=60_000)


def test_a_cut_sinks_what_stands_left_of_it(open_page: OpenPage) -> None:
    page = open_page(path="/masked_still_learn?only=lab&scissors_token=0", ready=".scissors .handle")
    expect(page.get_by_text("never a target", exact=False)).to_be_visible()
    handle = page.locator(".scissors .handle")
    handle.focus()
    for _ in range(3):
        handle.press("ArrowRight")
    expect(handle).to_have_attribute("aria-valuenow", "3")
    bars = page.locator(".scissors .bar i.through")
    expect(bars.nth(0)).to_have_attribute("style", "height: 0%;")
    expect(bars.nth(4)).not_to_have_attribute("style", "height: 0%;")
    eventually(lambda: address(page), lambda now: "scissors_cut=3" in now)


def test_a_batch_is_cut_and_the_gradient_turns(open_page: OpenPage) -> None:
    page = open_page(path="/one_number?only=lab&cutter_cuts=000", ready=".cutter .gap")
    expect(page.get_by_text("this cut does no harm", exact=False)).to_be_visible()
    page.locator(".cutter .gap").nth(0).press("Enter")
    expect(page.locator(".cutter .gap").nth(0)).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_text("The worst cut there is.")).to_be_visible()
    eventually(lambda: address(page), lambda now: "cutter_cuts=100" in now)


SHOWN = [(slug, q) for slug, lesson in LESSONS.items() for q in lesson.questions]


def shown_at(question: Question, language: str = "en") -> str:
    """The address that a card's Show me leads to."""
    assert question.show is not None
    state = {name: str(value) for name, value in question.show.state.items()}
    state |= {"only": "lab"} if question.show.page in LESSONS else {}
    state |= {"lang": language} if language != "en" else {}
    return f"/{question.show.page}?{urlencode(state)}"


@pytest.mark.parametrize("question", [q for _, q in SHOWN], ids=[f"{slug}/{q.id}" for slug, q in SHOWN])
def test_what_a_card_shows_displays_its_number(open_page: OpenPage, question: Question) -> None:
    page = open_page(path=shown_at(question), ready="h1")
    eventually(lambda: page.evaluate(WORDS), lambda words: (question.expects or "-") in words, within_s=60)
    expect(page.locator("[class*=st-key-failed_]")).to_have_count(0)
    expect(page.locator("[class*=st-key-ignored_]")).to_have_count(0)


NUMBERS = [(slug, q) for slug, q in SHOWN if not re.search("[A-Za-z]", q.expects or "-")]


@pytest.mark.parametrize("question", [q for _, q in NUMBERS], ids=[f"{slug}/{q.id}" for slug, q in NUMBERS])
def test_it_does_in_chinese(open_page: OpenPage, question: Question) -> None:
    page = open_page(path=shown_at(question, "zh"), ready="h1")
    eventually(lambda: page.evaluate(WORDS), lambda words: (question.expects or "-") in words, within_s=60)


# Everything that is displayed, in figures and in the shadow of our own components too
WORDS = """() => {
  const words = (node) => node.nodeType === Node.TEXT_NODE ? node.data : ["STYLE", "SCRIPT"].includes(node.tagName) ? ""
    : [...(node.shadowRoot ? [node.shadowRoot] : []), ...node.childNodes].map(words).join("");
  return words(document.querySelector("[data-testid=stMain]")).replaceAll("\\u00a0", " ");
}"""


def test_show_me_opens_the_lab_in_the_state_that_proves_it(open_page: OpenPage) -> None:
    page = open_page(path="/interview?way=all", ready="h1")
    card = page.locator("[class*='st-key-card_interview_next_token-two_conventions'], "
                        "[class*='st-key-card_interview_next_token_two_conventions']").first  # fmt: skip
    card.get_by_text("Show the answer").click()
    card.get_by_role("link", name="Show me").click()
    expect(page.get_by_text("it skips", exact=False)).to_be_visible(timeout=60_000)
    expect(page.get_by_text(transformers_says(shifted_before=True))).to_be_visible()
