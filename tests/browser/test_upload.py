"""A file on the main page, as a person gives one: upload it, click a line of the table, take it away again."""

import json
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.conftest import box, eventually, paste, settled, sound
from tests.browser.test_inspect_page import wait_for_strip

ROWS = [
    {"messages": [{"role": "user", "content": f"What does {word} mean?"}, {"role": "assistant", "content": f"{word}!"}]}
    for word in ("owl", "eel", "oak")
]
ROW_HEIGHT = 35  # px of a line of Streamlit's table, and of its header


def click_line(page: Page, number: int) -> None:
    """The table is drawn on a canvas: its lines have no elements of their own."""
    table = page.get_by_test_id("stDataFrame").first.locator(".dvn-scroller")
    table.click(position={"x": 90, "y": ROW_HEIGHT * number + ROW_HEIGHT // 2})


def test_a_click_in_the_table_opens_that_sample_and_the_pasted_text_is_kept(open_page: Callable[..., Page]) -> None:
    page = open_page()
    paste(page, "User: mine\nAssistant: kept")
    wait_for_strip(page, "kept")
    data = "\n".join(map(json.dumps, ROWS)).encode()
    page.locator("input[type=file]").set_input_files(
        [{"name": "data.jsonl", "mimeType": "application/jsonl", "buffer": data}]
    )
    wait_for_strip(page, "owl!")
    settled(page)
    number = page.get_by_role("spinbutton", name="Sample, of 3")
    expect(number).to_have_value("1")
    click_line(page, 3)
    wait_for_strip(page, "oak!")
    expect(number).to_have_value("3")
    expect(box(page)).to_have_value("User: mine\nAssistant: kept")
    sound(page)
    page.get_by_test_id("stFileUploader").get_by_role("button", name="Remove").click()
    wait_for_strip(page, "kept")


def test_it_fits_a_phone(open_page: Callable[..., Page]) -> None:
    page = open_page(width=390)
    data = "\n".join(map(json.dumps, ROWS)).encode()
    page.locator("input[type=file]").set_input_files(
        [{"name": "data.jsonl", "mimeType": "application/jsonl", "buffer": data}]
    )
    wait_for_strip(page, "owl!")
    sound(page)
    table = eventually(page.get_by_test_id("stDataFrame").first.bounding_box, lambda at: at["width"] > 0)
    assert table["x"] + table["width"] <= 390
