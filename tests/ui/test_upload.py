"""A file on the Inspect page: a table, any sample of it, mistakes by name; what was pasted stays in its box."""

import gzip
import json
from typing import Any

from streamlit.testing.v1 import AppTest

from sftviz.chat.files import LONGEST_UPLOAD, MOST_UPLOADED
from tests.ui.opened import failed, handed, opened


def row(asked: str, *answered: str) -> dict[str, Any]:
    turns = [("user", asked), *(("assistant", said) for said in answered)]
    return {"messages": [{"role": role, "content": content} for role, content in turns]}


ROWS = [row("Bird?", "Owl."), row("Fish?", "Eel."), row("Tree?")]
LINES = "\n".join(map(json.dumps, ROWS)).encode()


def with_file(name: str, data: bytes, app: AppTest | None = None) -> AppTest:
    app = app or opened("")
    app.file_uploader(key="file").set_value((name, data, "application/octet-stream"))
    return app.run()


def open_sample(number: int, app: AppTest) -> AppTest:
    """As a click on its line does, which AppTest cannot."""
    app.session_state["sample_number"] = number
    return app.run()


def strip(app: AppTest) -> str:
    return "".join(handed(app)["strip"]["shown"])


def table(app: AppTest) -> list[list[Any]]:
    return next(one for one in app.dataframe if one.key == "sample_table").value.values.tolist()


def test_a_file_becomes_a_table_before_any_strip() -> None:
    app = with_file("data.jsonl", LINES)
    assert failed(app) == set()
    assert "strip" not in handed(app)
    assert [(line[0], line[1], line[4]) for line in table(app)] == [
        (1, "Bird?", ""), (2, "Fish?", ""), (3, "Tree?", "✗ nothing_supervised"),
    ]  # fmt: skip
    assert table(app)[2][3] == "0%"


def test_any_sample_can_be_opened() -> None:
    app = with_file("data.jsonl.gz", gzip.compress(LINES))
    assert "Eel." in strip(open_sample(2, app))
    app.button(key="sample_after").click().run()
    assert "Tree?" in strip(app)
    assert app.button(key="sample_after").disabled
    app.button(key="sample_before").click().run()
    app.button(key="all_samples").click().run()
    assert len(table(app)) == 3


def test_what_was_pasted_stays_in_the_box_and_comes_back_with_the_file_gone() -> None:
    app = opened("")
    mine = "User: mine\nAssistant: kept"
    app.text_area(key="chat").set_value(mine).run()
    with_file("data.jsonl", LINES, app)
    assert "Bird?" in strip(open_sample(1, app))
    assert app.text_area(key="chat").value == mine
    app.file_uploader(key="file").clear().run()
    assert "kept" in strip(app)


def test_a_second_file_begins_with_its_table() -> None:
    app = open_sample(3, with_file("data.jsonl", LINES))
    with_file("more.jsonl", json.dumps(row("One?", "A")).encode() + b"\n" + json.dumps(row("Two?", "B")).encode(), app)
    assert [line[1] for line in table(app)] == ["One?", "Two?"]
    assert failed(app) == set()


def test_a_broken_line_is_named_in_the_table_and_hides_no_other() -> None:
    app = with_file("data.jsonl", b'{"messages": [\n' + LINES)
    assert table(app)[0][4] == "✗ json_open_bracket"
    open_sample(1, app)
    assert handed(app)["error"]["notes"][0]["where"] == "line 1, column 15"
    assert "Bird?" in strip(open_sample(2, app))


def test_a_file_that_cannot_be_read_is_named_and_the_last_strip_stays() -> None:
    app = opened("")
    before = strip(app)
    for name, data, words in (
        ("big.jsonl", b"x" * (LONGEST_UPLOAD + 1), "more than 5 MB"),
        ("many.jsonl", b"{}\n" * (MOST_UPLOADED + 1), "more than 100,000 samples"),
        ("odd.json", b"\x89PNG", "this is PNG, not text"),
        ("none.csv", b"", "the file is empty"),
    ):
        with_file(name, data, app)
        assert words in handed(app)["error"]["notes"][0]["message"]
        assert strip(app) == before


def test_a_row_that_a_trainer_tokenized_has_turns() -> None:
    ids = handed(opened("", lang="en"))["strip"]["columns"]["id"]
    app = with_file("cached.json", json.dumps({"input_ids": ids, "labels": ids}).encode())
    assert failed(app) == set()
    assert {"user", "assistant"} <= set(handed(app)["strip"]["columns"]["role"])


def test_a_template_is_put_where_templates_are_typed() -> None:
    jinja = "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}"
    app = with_file("mine.jinja", jinja.encode())
    assert app.text_area(key="typed_template").value == jinja
    assert strip(app).startswith("<")


def test_a_template_that_is_no_text_is_named_and_the_typed_one_stays() -> None:
    app = with_file("mine.JINJA", b"{{ bos_token }}")
    app = with_file("other.jinja", "{% set x = 'caf\u00e9' %}".encode("latin-1"), app)
    assert failed(app) == set()
    assert "0xE9" in handed(app)["error_template"]["notes"][0]["message"]
    assert app.text_area(key="typed_template").value == "{{ bos_token }}"
