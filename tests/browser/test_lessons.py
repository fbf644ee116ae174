"""Lessons and interview as a reader meets them: both languages, every formula drawn, labs alone, progress in a file."""

import json
from collections.abc import Callable
from functools import cache

import pytest
import torch
from playwright.sync_api import Page, expect
from transformers import AutoModelForCausalLM, AutoTokenizer

from sftviz import assets
from sftviz.chat.samples import SAMPLES
from sftviz.course.content import load
from sftviz.course.lesson import all_lessons
from tests.browser.conftest import PLOT, eventually, settled, sound

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
    expect(page.locator(".js-plotly-plot").first).to_be_attached()
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


def test_the_shift_lab_pays_more_for_a_double_shift(open_page: OpenPage) -> None:
    page = open_page(path="/next_token?only=lab&shift_by=2", ready=PLOT)
    expect(page.get_by_text("The double shift")).to_be_visible()
    expect(page.get_by_text(transformers_says(shifted_before=True))).to_be_visible()
    page.get_by_text("by one", exact=True).click()
    expect(page.get_by_text(transformers_says(shifted_before=False))).to_be_visible()


def test_the_masking_lab_shows_the_model_that_became_a_user(open_page: OpenPage) -> None:
    page = open_page(path="/prompt_masking?only=lab&masking_end=none", ready=".sftviz-strip .tok")
    chat = json.loads(SAMPLES["single_turn"].text)
    tokenizer = AutoTokenizer.from_pretrained(assets.locate("sftviz/tiny"))
    answer, row = tokenizer(chat[1]["content"]), tokenizer.apply_chat_template(chat, return_dict=True)
    expect(page.get_by_text(f"{len(answer.input_ids)} of {len(row.input_ids)}")).to_be_visible()
    expect(page.get_by_text("<|im_start|>user").last).to_be_visible(timeout=60_000)
    settled(page)
    page.locator(".sftviz-strip .tok").nth(20).click()
    expect(page.get_by_text("so the model must learn to write it").first).to_be_visible()


def test_show_me_opens_the_lab_in_the_state_that_proves_it(open_page: OpenPage) -> None:
    page = open_page(path="/interview?way=all", ready="h1")
    card = page.locator("[class*='st-key-card_interview_next_token-two_conventions'], "
                        "[class*='st-key-card_interview_next_token_two_conventions']").first  # fmt: skip
    card.get_by_text("Show the answer").click()
    card.get_by_role("link", name="Show me").click()
    expect(page.get_by_text("The double shift")).to_be_visible(timeout=60_000)
    expect(page.get_by_text(transformers_says(shifted_before=True))).to_be_visible()
