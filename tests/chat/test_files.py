"""Files and data sets: every kind is recognised by what it holds, read as far as asked, and bad ones are named."""

import csv
import gzip
import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count, islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sftviz.chat.files import LONGEST_UPLOAD, FileSample, open_data
from sftviz.chat.files import streams as file_streams
from sftviz.chat.files.array import items_of_array
from sftviz.chat.formats import parse, parse_all
from sftviz.chat.messages import Chat, ChatError


def is_refused(sample: FileSample) -> bool:
    return isinstance(sample.read, ChatError)


def first_said(sample: FileSample) -> str | None:
    return sample.read.messages[0].content if isinstance(sample.read, Chat) else None


def row(i: int, said: str = "yes") -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": f"question {i}"}, {"role": "assistant", "content": said}]}


ROWS = [row(i) for i in range(1, 4)]
LINES = "\n".join(map(json.dumps, ROWS))


def as_csv(rows: list[list[str]], delimiter: str = ",") -> bytes:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows(rows)
    return out.getvalue().encode()


def as_parquet(rows: list[dict[str, Any]], **options: Any) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), out, **options)
    return out.getvalue()


@contextmanager
def refused(code: str) -> Iterator[pytest.ExceptionInfo[ChatError]]:
    with pytest.raises(ChatError) as caught:
        yield caught
    assert caught.value.code == code


PAIRS = [["prompt", "completion"], ["question 1", "a\nb"], ["question 2", "yes"], ["question 3", "yes"]]
KINDS: dict[str, tuple[str, bytes]] = {
    "JSON Lines": ("data.jsonl", LINES.encode()),
    "JSON Lines with CRLF and blank lines": ("data.jsonl", LINES.replace("\n", "\r\n\r\n").encode()),
    "JSON Lines called .json": ("data.json", LINES.encode()),
    "JSON Lines in UTF-16": ("data.jsonl", LINES.encode("utf-16")),
    "JSON Lines with a byte-order mark": ("data.jsonl", b"\xef\xbb\xbf" + LINES.encode()),
    "JSON Lines, packed": ("data.jsonl.gz", gzip.compress(LINES.encode())),
    "a JSON list": ("data.json", json.dumps(ROWS).encode()),
    "a JSON list on many lines": ("data.json", json.dumps(ROWS, indent=2).encode()),
    "a JSON list in UTF-16": ("data.json", json.dumps(ROWS, indent=2).encode("utf-16")),
    "CSV": ("data.csv", as_csv(PAIRS)),
    "TSV": ("data.tsv", as_csv(PAIRS, "\t")),
    "Parquet": ("data.parquet", as_parquet(ROWS)),
    "without a name": ("", LINES.encode()),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_of_many_samples_gives_each_with_its_number(kind: str) -> None:
    name, data = KINDS[kind]
    samples = list(open_data(io.BytesIO(data), name).samples())
    assert [sample.number for sample in samples] == [1, 2, 3]
    assert [first_said(sample) for sample in samples] == [
        "question 1", "question 2", "question 3",
    ]  # fmt: skip
    assert open_data(io.BytesIO(data), name).sample(2).messages[0].content == "question 2"


def test_every_sample_knows_the_line_it_begins_on() -> None:
    def lines(data: bytes, name: str) -> list[int | None]:
        return [sample.line for sample in open_data(io.BytesIO(data), name).samples()]

    assert lines(f"\n{LINES}".encode(), "data.jsonl") == [2, 3, 4]
    assert lines(as_csv(PAIRS), "data.csv") == [2, 4, 5]  # the first row holds a line break
    text = json.dumps(ROWS, indent=2)
    assert lines(text.encode(), "data.json") == [2, 14, 26]
    assert [text.splitlines()[n - 1] for n in (2, 14, 26)] == ["  {"] * 3  # by looking
    assert lines(as_parquet(ROWS), "data.parquet") == [None] * 3


ONE = {
    "an object": ("chat.json", json.dumps(ROWS[0], indent=1)),
    "messages": ("chat.json", json.dumps(ROWS[0]["messages"])),
    "messages, one a line": ("chat.jsonl", "\n".join(map(json.dumps, ROWS[0]["messages"]))),
    "messages, one a row": ("chat.csv", "role,content\nuser,question 1\nassistant,yes\n"),
    "a transcript": ("chat.txt", "User: question 1\nAssistant: yes"),
    "training text": ("chat.txt", "<|im_start|>user\nquestion 1<|im_end|>\n<|im_start|>assistant\nyes<|im_end|>\n"),
    "one line": ("data.jsonl", json.dumps(ROWS[0])),
}


@pytest.mark.parametrize("kind", ONE)
def test_a_file_of_one_chat_is_one_sample(kind: str) -> None:
    name, text = ONE[kind]
    samples = list(open_data(io.BytesIO(text.encode()), name).samples())
    assert len(samples) == 1
    assert isinstance(samples[0].read, Chat)
    assert [message.content for message in samples[0].read.messages] == ["question 1", "yes"]


def test_a_table_of_one_column_is_told_by_its_name() -> None:
    data = b'text\n"One, two."\nThree.\n'
    samples = open_data(io.BytesIO(data), "data.csv").samples()
    assert [first_said(sample) for sample in samples] == ["One, two.", "Three."]
    assert len(list(open_data(io.BytesIO(data), "data.txt").samples())) == 1


def test_a_broken_line_is_named_by_its_number_and_hides_no_other() -> None:
    data = f'{json.dumps(ROWS[0])}\n\n{{"messages": [\n{json.dumps(ROWS[2])}\n[1]'.encode()
    samples = list(open_data(io.BytesIO(data), "data.jsonl").samples())
    assert [(sample.number, sample.line, is_refused(sample)) for sample in samples] == [
        (1, 1, False), (2, 3, True), (3, 4, False), (4, 5, True),
    ]  # fmt: skip
    assert str(samples[1].read).startswith("line 3, column 15: the text ends before its brackets are closed")
    assert str(samples[3].read).startswith("line 5, message 1: a number, expected an object")


def test_lines_that_are_no_samples_are_told_one_by_one() -> None:
    samples = list(open_data(io.BytesIO(b'"abc"\n5\nnull\n'), "data.jsonl").samples())
    assert [str(sample.read).split(";")[0] for sample in samples] == [
        f"line {n}: expected a list of messages, got {kind}"
        for n, kind in ((1, "a string"), (2, "a number"), (3, "null"))
    ]


def test_latin_1_is_told_and_not_guessed() -> None:
    data = LINES.replace("question 2", "qu\xe9").encode("latin-1")
    samples = list(open_data(io.BytesIO(data), "data.jsonl").samples())
    assert [is_refused(sample) for sample in samples] == [False, True, False]
    told = str(samples[1].read)
    at = data.splitlines()[1].index(b"\xe9")
    assert told.startswith(f"line 2, byte {at}: the file is not UTF-8: byte 0xE9")
    assert "qué" in told
    assert "iconv -f WINDOWS-1252 -t UTF-8" in told


def test_what_was_noticed_of_the_file_stands_with_the_sample() -> None:
    first = open_data(io.BytesIO(b"\xef\xbb\xbf" + LINES.encode()), "data.jsonl").sample(1)
    assert [notice.code for notice in first.notices] == ["byte_order_mark"]
    wide = open_data(io.BytesIO(LINES.encode("utf-16")), "data.jsonl").sample(2)
    assert [str(notice.what) for notice in wide.notices] == ["the file is UTF-16; it was read as such"]


BROKEN: dict[str, tuple[str, bytes, str]] = {
    "nothing": ("data.jsonl", b"", "the file is empty"),
    "white space": ("data.json", b" \n ", "the file is empty"),
    "a picture": ("data.json", b"\x89PNG\r\n", "this is PNG, not text"),
    "a template": ("mine.jinja", b"{{ messages }}", "this is a chat template, not data"),
    "a cut Parquet": ("data.parquet", as_parquet(ROWS)[:100], "the Parquet file cannot be read"),
    "Parquet by name only": ("data.parquet", b"PAR1", "the Parquet file cannot be read"),
    "a cut gzip": ("data.jsonl.gz", gzip.compress(LINES.encode())[:-12], "the packed file cannot be unpacked"),
    "a table of nothing known": ("data.csv", b"foo,bar\n1,2\n", "no form that is known: foo,bar"),
    "a name that leads elsewhere": ("../../etc/passwd.json", b"[", "the text ends before its brackets are closed"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_file_that_cannot_be_read_says_why(case: str) -> None:
    name, data, words = BROKEN[case]
    with pytest.raises(ChatError) as caught:
        list(open_data(io.BytesIO(data), name).samples())
    assert words in str(caught.value)
    assert caught.value.remedy


CUT: dict[str, tuple[str, list[str | None]]] = {
    "the list is not closed": (json.dumps(ROWS)[:-1], [None, None, "line 1: the text ends before its brackets"]),
    "an open string": (json.dumps(ROWS).replace('2"', "2"), [None, "line 1, column 160: not valid JSON: expecting"]),
    "no comma": (json.dumps(ROWS).replace('}, {"m', '} {"m'), [None, "line 1: not valid JSON: expecting ',' or ']'"]),
    "more behind the list": (json.dumps(ROWS) + " x", [None, None, None, "line 1: not valid JSON: extra data"]),
}


@pytest.mark.parametrize("case", CUT)
def test_a_broken_list_gives_what_stands_before_the_break(case: str) -> None:
    text, told = CUT[case]
    samples = list(open_data(io.BytesIO(text.encode()), "data.json").samples())
    assert len(samples) == len(told)
    for sample, words in zip(samples, told, strict=True):
        assert (not is_refused(sample)) if words is None else str(sample.read).startswith(words)


def test_more_than_is_allowed_is_refused_with_the_limit() -> None:
    for name, data in (
        ("data.jsonl", b"x" * (LONGEST_UPLOAD + 1)),
        ("data.jsonl.gz", gzip.compress(b"x" * (LONGEST_UPLOAD + 1))),
        ("data.parquet", as_parquet([{"text": "x" * (LONGEST_UPLOAD + 1)}])),
        ("data.parquet", as_parquet([{"text": "x" * 1000}] * (LONGEST_UPLOAD // 1000 + 1))),  # one text, written once
        ("data.parquet", as_parquet([{"input_ids": [0] * LONGEST_UPLOAD}])),  # one number, written once
        ("data.json", b'[{"text": "' + b"x" * LONGEST_UPLOAD + b'"}]'),
    ):
        with refused("file_too_large") as caught:
            list(open_data(io.BytesIO(data), name, most=LONGEST_UPLOAD).samples())
        assert "more than 5 MB, unpacked" in str(caught.value)


def test_the_limit_itself_is_allowed() -> None:
    data = LINES.encode()
    assert len(list(open_data(io.BytesIO(data), "data.jsonl", most=len(data)).samples())) == 3
    with refused("file_too_large"):
        open_data(io.BytesIO(data), "data.jsonl", most=len(data) - 1)


def test_a_line_that_never_ends_is_named_and_the_next_one_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_streams, "LONGEST_LINE", 500)
    data = f"{json.dumps(row(1))}\n{json.dumps(row(2, 'x' * 2000))}\n{json.dumps(row(3))}".encode()
    samples = list(open_data(io.BytesIO(data), "data.jsonl").samples())
    assert [sample.read.code if isinstance(sample.read, ChatError) else None for sample in samples] == [
        None,
        "line_too_long",
        None,
    ]


class Endless(io.RawIOBase):
    """A file without an end: whoever reads more of it than asked for never comes back."""

    def __init__(self, pieces: Callable[[int], bytes]):
        self._pieces = (pieces(i) for i in count())
        self._held, self.taken = b"", 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while len(self._held) < len(buffer):
            self._held += next(self._pieces)
        piece, self._held = self._held[: len(buffer)], self._held[len(buffer) :]
        buffer[:] = piece
        self.taken += len(piece)
        return len(piece)


ENDLESS: dict[str, Callable[[int], bytes]] = {
    "data.jsonl": lambda i: json.dumps(row(i + 1)).encode() + b"\n",
    "data.json": lambda i: (b", " if i else b"[") + json.dumps(row(i + 1)).encode(),
    "data.csv": lambda i: (b"" if i else b"prompt,completion\n") + f"question {i + 1},yes\n".encode(),
}


@pytest.mark.parametrize("name", ENDLESS)
def test_no_more_is_read_than_the_sample_that_is_wanted(name: str) -> None:
    stream = Endless(ENDLESS[name])
    wanted = 20_000
    assert open_data(io.BufferedReader(stream), name).sample(wanted).messages[0].content == f"question {wanted}"
    size = sum(len(ENDLESS[name](i)) for i in range(wanted))
    assert stream.taken < size + 2 * file_streams.HEAD


def test_a_number_beyond_the_last_is_told_with_how_many_there_are() -> None:
    for name, data in KINDS.values():
        with refused("no_such_sample") as caught:
            open_data(io.BytesIO(data), name).sample(9)
        assert "there is no sample 9: the file holds 3" in str(caught.value)


def test_row_groups_before_the_wanted_row_are_not_read(tmp_path: Path) -> None:
    path = tmp_path / "data.parquet"
    path.write_bytes(as_parquet([row(i) for i in range(1, 101)], row_group_size=10, compression="none"))
    data = bytearray(path.read_bytes())
    first = pq.ParquetFile(path).metadata.row_group(0).column(0)
    data[first.data_page_offset : first.data_page_offset + 40] = b"\xff" * 40  # the first group is spoilt
    path.write_bytes(data)
    assert open_data(path).sample(55).messages[0].content == "question 55"
    with refused("parquet"):
        open_data(path).sample(1)


def test_parse_reads_a_path_of_any_kind(tmp_path: Path) -> None:
    for name, data in KINDS.values():
        path = tmp_path / (name or "data")
        path.write_bytes(data)
        assert [chat.messages[0].content for chat in parse_all(path)] == ["question 1", "question 2", "question 3"]
        assert len(parse(path).others) == 2


@pytest.fixture
def hub(tmp_path: Path) -> Path:
    """A data set as the Hub lays it out."""
    folder = tmp_path / "org" / "name"
    (folder / "data").mkdir(parents=True)
    rows = as_parquet([row(i) for i in range(1, 31)])
    (folder / "data" / "train-00000-of-00001.parquet").write_bytes(rows)
    return folder


def test_a_row_of_a_data_set_counts_from_0_as_datasets_does(hub: Path) -> None:
    chosen = open_data(f"{hub}:train[17]")
    assert chosen.sample().messages[0].content == "question 18"
    assert [sample.number for sample in chosen.samples()] == [18]
    assert [sample.number for sample in islice(open_data(f"{hub}:train").samples(), 3)] == [1, 2, 3]
    assert len(open_data(f"{hub}:train").paste().samples) == 30


def test_a_data_set_that_is_not_here_is_asked_for_only_when_told() -> None:
    with refused("dataset_offline") as caught:
        open_data("org/name:train[17]")
    assert "say --online" in str(caught.value)


def test_a_split_or_row_that_is_not_there_is_told(hub: Path) -> None:
    with refused("dataset") as caught:
        open_data(f"{hub}:test").sample()
    assert "train" in str(caught.value)
    with refused("no_such_sample") as caught:
        open_data(f"{hub}:train[30]").sample()
    assert "the file holds 30" in str(caught.value)


def test_a_folder_that_a_trainer_saved_is_opened(tmp_path: Path) -> None:
    from datasets import Dataset, DatasetDict

    rows = Dataset.from_list([{"input_ids": [1, 2, i], "labels": [-100, 2, i]} for i in range(5, 8)])
    rows.save_to_disk(str(tmp_path / "one"))
    DatasetDict({"train": rows}).save_to_disk(str(tmp_path / "many"))
    for source in (tmp_path / "one", f"{tmp_path / 'many'}:train"):
        tokenized = open_data(source).sample(3).tokenized
        assert tokenized is not None
        assert tokenized.ids == (1, 2, 7)
    with refused("splits_of_folder") as caught:
        open_data(tmp_path / "many")
    assert "train" in str(caught.value)
    with refused("file_is_folder"):
        open_data(tmp_path)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-99, 99) | st.floats(-9, 9) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(st.lists(JSON, min_size=1, max_size=6), st.sampled_from([None, 1]), st.integers(1, 9), st.booleans())
def test_a_list_read_in_pieces_is_the_list(values: list[Any], indent: int | None, size: int, is_ascii: bool) -> None:
    """json.loads reads the same text whole; the line of each item is where its text stands."""
    text = json.dumps(values, indent=indent, ensure_ascii=is_ascii)
    found = list(items_of_array(cut(text, size)))
    assert [item.get() for item in found] == json.loads(text)
    assert all(1 <= (item.line or 0) <= text.count("\n") + 1 for item in found)


def cut(text: str, size: int) -> Iterator[str]:
    return (text[at : at + size] for at in range(0, len(text), size))


PIECES = [
    b"[", b"]", b"{", b"}", b",", b":", b'"', b"\n", b"\r\n", b" ", b"\\u", b"null", b'{"text": "a"}', b"User: a",
    b'{"prompt": "a", "completion": "b"}', b"prompt,completion\n", b"\xff\xfe", b"\xef\xbb\xbf", b"\xe9", b"\0",
    b"PAR1", b"\x1f\x8b",
]  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.sampled_from(PIECES) | st.binary(max_size=6), max_size=12).map(b"".join),
    st.sampled_from(["", "a.jsonl", "a.json", "a.csv", "a.tsv", "a.parquet", "a.txt", "a.jsonl.gz"]),
)
def test_any_bytes_are_samples_or_a_named_error(data: bytes, name: str) -> None:
    try:
        found = list(open_data(io.BytesIO(data), name, most=LONGEST_UPLOAD).samples())
        assert [sample.number for sample in found] == list(range(1, len(found) + 1))
        assert all(str(sample.read) for sample in found if is_refused(sample))
    except ChatError as error:
        assert str(error)
