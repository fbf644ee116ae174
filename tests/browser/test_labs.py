"""Every lab, opened and moved: figures are drawn, a slider's effect is on screen at once, nothing breaks when small."""

import statistics
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from sftviz.ui.app import LABS
from tests.browser.conftest import PLOT, crowding, eventually, plotted, settled, sound

OpenPage = Callable[..., Page]
ADDRESSES = [lab[0] for lab in LABS]

# Resolves with the ms from the key to the first change of what the figures and the facts say
WATCH = """() => {
  const said = () => [...document.querySelectorAll(".js-plotly-plot, [data-testid=stMarkdown]")]
    .map((e) => e._fullData ? JSON.stringify(e.data.map((t) => [t.x, t.y])) : e.textContent).join();
  const before = said();
  let pressed = null;
  addEventListener("keydown", () => { pressed = performance.now(); }, { once: true, capture: true });
  window.moved = new Promise((resolve, reject) => {
    setTimeout(() => reject("nothing moved within ten seconds"), 10_000);
    const look = () => {
      if (pressed && said() !== before) resolve(performance.now() - pressed);
      else requestAnimationFrame(look);
    };
    look();
  });
}"""


# Keeps how many points the descent had after every frame that was played
PLAYED = """() => {
  const plot = [...document.querySelectorAll(".st-key-descents .js-plotly-plot")].at(-1);
  window.played = [];
  plot.on("plotly_animatingframe", () => window.played.push(plot.data[0].x.length));
  plot.on("plotly_animated", () => window.played.push(plot.data[0].x.length));
}"""


def figure(page: Page, key: str):
    return page.locator(f".st-key-{key} .js-plotly-plot")


def slider(page: Page, label: str):
    return page.get_by_role("slider", name=label)


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_a_lab_opens_whole_and_never_scrolls_sideways(
    open_page: OpenPage, address: str, width: int, scheme: str
) -> None:
    page = open_page(width=width, scheme=scheme, path=f"/{address}", ready=PLOT)
    expect(page.locator("h1")).to_be_visible()
    sound(page)


MOVED = {
    "gradients": ("Logit of the target", 300),
    "label_smoothing": ("Smoothing ε", 300),
    "numerical_stability": ("Constant added to every logit", 300),
    "information": ("Probability of heads", 300),
    "attention?attention_kind=prefix": ("Prefix P", 300),
    "objectives?objectives_question=info_nce": ("Temperature τ", 300),
    "calculators": ("Rows B", 300),
}


@pytest.mark.parametrize("address", MOVED)
def test_a_sliders_effect_is_on_screen_at_once(open_page: OpenPage, address: str) -> None:
    label, limit_ms = MOVED[address]
    page = open_page(path=f"/{address}", ready=PLOT)
    settled(page)
    handle = slider(page, label)
    delays, crowds = [], []
    for _ in range(5):
        page.evaluate(WATCH)
        handle.press("ArrowLeft")
        delays.append(page.evaluate("() => window.moved"))
        crowds.append(crowding())
        settled(page)
    assert statistics.median(delays) <= limit_ms * statistics.median(crowds), (delays, crowds)


def test_dragging_moves_the_figure_before_the_handle_is_let_go(open_page: OpenPage) -> None:
    page = open_page(path="/gradients", ready=PLOT)
    settled(page)
    before = plotted(page, "pull_curves")[-1]["x"]
    box = slider(page, "Logit of the target").bounding_box()
    assert box
    page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + box["height"] / 2)
    page.mouse.down()
    for share in range(30, 90, 3):
        page.mouse.move(box["x"] + share / 100 * box["width"], box["y"] + box["height"] / 2)
    plotted(page, "pull_curves", lambda traces: traces[-1]["x"] != before)
    page.mouse.up()


def test_confidently_wrong_squared_error_has_no_pull_left_on_the_page(open_page: OpenPage) -> None:
    page = open_page(path="/gradients", ready=PLOT)
    settled(page)
    slider(page, "Logit of the target").press("Home")
    plotted(page, "pull_curves", lambda traces: wrong_is_felt(*traces[-1]["y"]))
    expect(page.get_by_text("not within 40 steps")).to_be_visible()
    page.evaluate(PLAYED)
    page.get_by_text("▶ Release").click()
    eventually(lambda: page.evaluate("window.played"), lambda lengths: {1, 20} <= {*lengths} and lengths[-1] == 41)


def wrong_is_felt(cross_entropy: float, squared_error: float, shortcut: float) -> bool:
    return cross_entropy > 0.99 and abs(squared_error) < 1e-4 and abs(shortcut) < 1e-4


def test_smoothing_turns_the_gradient_round_at_the_best_gap(open_page: OpenPage) -> None:
    page = open_page(path="/label_smoothing", ready=PLOT)
    settled(page)
    plotted(page, "slope_over_gap", lambda traces: traces[1]["y"][0] < 0 < traces[1]["y"][-1])
    slider(page, "Smoothing ε").press("Home")
    expect(page.get_by_text("infinite: nothing is smoothed")).to_be_visible()


def test_pushed_too_far_the_naive_form_has_no_number_and_the_stable_one_has(open_page: OpenPage) -> None:
    page = open_page(path="/numerical_stability", ready=PLOT)
    settled(page)
    slider(page, "Constant added to every logit").press("End")
    expect(page.get_by_text("✗ no number")).to_be_visible()
    expect(page.get_by_text("✗ exp").first).to_be_visible()
    page.get_by_role("combobox", name="Precision").click()
    page.get_by_role("option", name="float64").click()
    expect(page.get_by_text("✗ no number")).to_have_count(0)


def test_a_bar_of_a_distribution_can_be_dragged_and_moved_by_keys(open_page: OpenPage) -> None:
    page = open_page(path="/information", ready=PLOT)
    settled(page)
    cat = page.get_by_role("slider", name="p: what happens: cat")
    expect(cat).to_have_attribute("aria-valuenow", "0.500")
    cat.press("ArrowUp")
    expect(cat).to_have_attribute("aria-valuenow", "0.520")
    box = cat.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 0.5 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 0.25 * box["height"], steps=5)
    page.mouse.up()
    eventually(lambda: shares_of(page), three_quarters_are_the_cats)


def three_quarters_are_the_cats(shares: list[float]) -> bool:
    """The dragged bar stands where it was dropped, all add up to 1, and the others keep their proportions."""
    cat, dog, owl, _ = shares
    near = pytest.approx
    return (cat, sum(shares)) == (near(0.75, abs=0.03), near(1, abs=0.002)) and dog == near(2 * owl, abs=0.002)


def shares_of(page: Page) -> list[float]:
    """p as the four handles say it, read in one step."""
    return page.get_by_role("slider", name="p: what happens: ").evaluate_all("all => all.map((e) => +e.ariaValueNow)")


def test_an_attention_that_shows_the_answer_is_found_out_and_a_click_changes_another_token(open_page: OpenPage) -> None:
    page = open_page(path="/attention", ready=PLOT)
    settled(page)
    expect(page.get_by_text("Nothing before it moved")).to_be_visible()
    page.get_by_role("combobox", name="Attention").click()
    page.get_by_role("option", name="Full (leaks the answer)").click()
    expect(page.get_by_text("16 positions before it moved")).to_be_visible()
    page.locator(".attention-grid .cell[data-i='9'][data-j='5']").click()
    expect(page.get_by_text("5 positions before it moved")).to_be_visible()
    expect(page.locator(".attention-grid .said")).to_contain_text("may look at 24 of 24 tokens")


def test_masked_tokens_get_gradient_until_the_attention_is_cut(open_page: OpenPage) -> None:
    page = open_page(path="/gradient_flow", ready=PLOT)
    settled(page)
    plotted(page, "flow_bars", lambda bars: bars[0]["y"][0] == 0 < bars[1]["y"][0])
    page.get_by_text("Cut the attention", exact=True).click()
    expect(page.get_by_text("every token sees itself alone")).to_be_visible()
    plotted(page, "flow_bars", lambda bars: bars[0]["y"][0] == 0 < max(bars[0]["y"]) and max(bars[1]["y"]) == 0)


def test_the_same_text_is_asked_in_four_ways_and_drawn_anew(open_page: OpenPage) -> None:
    page = open_page(path="/objectives", ready=PLOT)
    settled(page)
    expect(page.get_by_text("asks for 10 of 11 tokens")).to_be_visible()
    before = plotted(page, "rows_masked_lm")
    page.get_by_role("button", name="Draw again").click()
    plotted(page, "rows_masked_lm", lambda traces: traces != before)
    page.get_by_label("Text", exact=True).fill("你好")
    page.keyboard.press("Enter")
    expect(page.get_by_text("asks for 5 of 6 tokens")).to_be_visible()  # six bytes


QUESTIONS = {
    "How long?": "days",
    "What does a step look like?": "spikes",
    "What goes in?": "likeness",
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_every_question_of_the_calculators_is_answered(open_page: OpenPage, question: str) -> None:
    page = open_page(path="/calculators", ready=PLOT)
    settled(page)
    expect(figure(page, "logits")).to_be_visible()
    page.get_by_text(question, exact=True).click()
    expect(figure(page, QUESTIONS[question])).to_be_visible()
    sound(page)


def test_the_coin_of_nine_tenths_holds_less_than_half_a_bit(open_page: OpenPage) -> None:
    page = open_page(path="/information", ready=PLOT)
    expect(page.get_by_text("0.469 bits = 0.325 nats")).to_be_visible()


def test_the_normalisation_page_shows_the_bug_and_its_size(open_page: OpenPage) -> None:
    page = open_page(path="/normalization", ready=PLOT)
    settled(page)
    expect(page.get_by_text("(+0.0000)")).to_be_visible()
    page.get_by_text("per sequence, then over sequences", exact=True).first.click()
    plotted(page, "token_weights", lambda chats: sum(chats[0]["y"]) == pytest.approx(1 / len(chats), abs=1e-6))
