"""Every page in Chinese: nothing breaks, no English sentence is left, and the control leads back to English."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from sftviz.attention import ATTENTIONS
from sftviz.loss import ACCUMULATIONS, NORMALIZATIONS, SMOOTHINGS
from sftviz.loss.objectives import OBJECTIVES
from sftviz.loss.scores import PENALTIES
from sftviz.loss.terms import TERMS
from sftviz.training.schedule import SCHEDULES
from sftviz.ui.app import LABS
from tests.browser.conftest import PLOT, address, box, eventually, paste, settled, sound

OpenPage = Callable[..., Page]
CHINESE = re.compile("[\u4e00-\u9fff]")
NO_WORD = re.compile(r"\b(?:inf|nan|[A-Z]{2,}[0-9]?)\b,?")  # numbers, and kinds of file
SENTENCE = re.compile(r"(?:[A-Za-z][A-Za-z'’,;:.()-]*\s+){4,}[A-Za-z]+")
SOURCED = (ATTENTIONS, ACCUMULATIONS, NORMALIZATIONS, SMOOTHINGS, OBJECTIVES, PENALTIES, TERMS, SCHEDULES)

# Every text that is seen, in shadow trees too; not code, formulas, and what a chat or an example says
SEEN = """() => {
  const kept = [];
  const walk = (node) => {
    if (node.nodeType === Node.TEXT_NODE) kept.push(node.textContent);
    if (node.matches?.("code, pre, textarea, style, script, .katex, .tokens, .names, .said b")) return;
    for (const child of [...(node.shadowRoot?.childNodes ?? []), ...node.childNodes]) walk(child);
  };
  walk(document.querySelector("[data-testid=stMain]"));
  walk(document.querySelector("[data-testid=stSidebar]"));
  return kept.map((text) => text.trim()).filter(Boolean);
}"""


def speaks_chinese(page: Page) -> None:
    eventually(lambda: english_sentences(page), lambda found: found == [])


def english_sentences(page: Page) -> list[str]:
    sources = sorted({row.source for table in SOURCED for row in table.values()}, key=len, reverse=True)
    found = []
    for text in page.evaluate(SEEN):
        for source in sources:
            text = text.replace(source, "")
        found += SENTENCE.findall(NO_WORD.sub("", text))
    return found


@pytest.mark.parametrize("address", ["", *(lab[0] for lab in LABS)])
def test_a_page_speaks_chinese(open_page: OpenPage, address: str) -> None:
    page = open_page(path=f"/{address}?lang=zh", ready=PLOT if address else ".sftviz-strip .tok")
    expect(page.locator("h1")).to_have_text(CHINESE)
    sound(page)
    speaks_chinese(page)


QUESTIONS = {"要多久？": "days", "一步长什么样？": "spikes", "喂进去什么？": "likeness"}


@pytest.mark.parametrize("question", QUESTIONS)
def test_every_calculator_speaks_chinese(open_page: OpenPage, question: str) -> None:
    page = open_page(path="/calculators?lang=zh", ready=PLOT)
    settled(page)
    page.get_by_text(question, exact=True).click()
    expect(page.locator(f".st-key-{QUESTIONS[question]} .js-plotly-plot")).to_be_visible()
    sound(page)
    speaks_chinese(page)


def test_a_token_says_in_chinese_why_it_is_supervised(open_page: OpenPage) -> None:
    page = open_page(path="/?lang=zh")
    settled(page)
    page.locator(".sftviz-strip .tokens .tok.supervised").nth(2).click()
    expect(page.locator(".sftviz-strip .detail .reason").first).to_contain_text(
        "assistant 的内容：在模板的 generation 块之内"
    )
    speaks_chinese(page)


def test_a_finding_is_told_in_chinese(open_page: OpenPage) -> None:
    page = open_page(path="/?lang=zh&sample=unmasked_trap")
    settled(page)
    expect(page.locator(".findings").get_by_text("写在对话自己的文字里").first).to_be_visible()
    speaks_chinese(page)


def test_the_control_switches_to_english_and_back_and_the_address_follows(open_page: OpenPage) -> None:
    page = open_page(path="/information?lang=zh", ready=PLOT)
    settled(page)
    control = page.get_by_test_id("stSidebar").get_by_test_id("stButtonGroup")
    control.get_by_text("English", exact=True).click()
    expect(page.locator("h1")).to_have_text("What does a loss of so many nats mean?")
    expect(page.get_by_role("slider", name="p: what happens: cat")).to_be_visible()
    expect(page.get_by_role("slider", name="Probability of heads")).to_be_visible()
    expect(page.locator(".st-key-coin_curve .js-plotly-plot").get_by_text("entropy in bits")).to_be_visible()
    eventually(lambda: address(page), lambda url: "lang=" not in url)
    control.get_by_text("简体中文", exact=True).click()
    expect(page.get_by_role("slider", name="p：实际发生的: 猫", exact=True)).to_be_visible()
    expect(page.locator(".st-key-coin_curve .js-plotly-plot").get_by_text("熵（比特）")).to_be_visible()
    eventually(lambda: address(page), lambda url: "lang=zh" in url)


def test_a_chat_is_kept_when_the_language_changes(open_page: OpenPage) -> None:
    page = open_page()
    paste(page, "User: What is an owl?\nAssistant: A bird.")
    expect(page.locator(".sftviz-strip .tokens")).to_contain_text("bird")
    page.get_by_text("简体中文", exact=True).click()
    expect(box(page)).to_have_value("User: What is an owl?\nAssistant: A bird.")
    expect(page.locator(".sftviz-strip .legend")).to_contain_text("不受监督")
