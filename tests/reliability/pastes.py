"""Rows J and S04 as data: what is pasted, what is expected of it, and the words of the answer."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

OK = '[{"role": "user", "content": "hi"}]'


@dataclass(frozen=True)
class BadInput:
    """A row: `make` gives the paste. `words` stand in the error, or in the notice of that code."""

    id: str  # "J03" or, where a row of the catalogue has several inputs, "J03 comment"
    make: Callable[[], Any]
    expected: Literal["ok", "warn", "error"]
    code: str = ""
    words: str = ""


def pasted(value: Any) -> Callable[[], Any]:
    return lambda: value


def error(name: str, value: Any, code: str, words: str) -> BadInput:
    return BadInput(name, pasted(value), "error", code, words)


def warn(name: str, value: Any, code: str, words: str) -> BadInput:
    return BadInput(name, pasted(value), "warn", code, words)


def ok(name: str, value: Any) -> BadInput:
    return BadInput(name, pasted(value), "ok")


def one(content: Any, role: str = "user", **more: Any) -> str:
    return json.dumps([{"role": role, "content": content, **more}])


def call(arguments: Any) -> str:
    return one("", "assistant", tool_calls=[{"type": "function", "function": {"name": "f", "arguments": arguments}}])


def rows(*inputs: BadInput) -> dict[str, BadInput]:
    return {row.id: row for row in inputs}


PASTES = rows(
    error("J01", "", "empty", "nothing was pasted"),
    error("J01 space", " \n", "empty", "nothing was pasted"),
    error("J02", '[{"role":"user","content":"hi', "json_open_string", "line 1, column 27: a string is not closed"),
    error(
        "J02 bracket",
        '[{"role":"user"',
        "json_open_bracket",
        "line 1, column 16: the text ends before its brackets are closed",
    ),
    error("J03", "[1,]", "json_trailing_comma", "line 1, column 3: a comma stands before the closing bracket"),
    error(
        "J03 object",
        '[{"role": "user",\n}]',
        "json_trailing_comma",
        "line 1, column 17: a comma stands before the closing",
    ),
    error("J03 comment", "[1] // x", "json_comment", "line 1, column 5: comments are not JSON"),
    error("J03 block comment", "[{}, /* x */ 2]", "json_comment", "line 1, column 6: comments are not JSON"),
    error(
        "J03 curly quote", "[{“role”: 1}]", "json_punctuation", "line 1, column 3: “ (U+201C) is not JSON's punctuation"
    ),
    error("J03 full-width colon", '[{"role"："user"}]', "json_punctuation", "line 1, column 9: ： (U+FF1A)"),
    error(
        "J04", "[{'role':'user'}]", "python_literal", "line 1, column 3: this is a Python literal, not JSON; convert"
    ),
    error("J04 None", "[None]", "python_literal", "line 1, column 2: this is a Python literal"),
    error("J04 words", "[{'role': 'user', 'content': 'NaN'}]", "python_literal", "this is a Python literal"),
    warn("J05", "\ufeff" + OK, "byte_order_mark", "dropped"),
    warn("J05 file", b"\xef\xbb\xbf" + OK.encode(), "byte_order_mark", "dropped"),
    ok("J06", "[\r\n" + OK[1:-1] + "\r\n]"),
    ok("J06 chatml", "<|im_start|>user\r\nhi<|im_end|>\r\n"),
    warn("J07", OK.encode("utf-16"), "encoding", "UTF-16"),
    error("J07 latin", b'["\xe9"]', "encoding_latin", "byte 2: the file is not UTF-8: byte 0xE9; read as Latin-1"),
    warn("J07 big-endian", OK.encode("utf-32"), "encoding", "UTF-32"),
    error("J07 odd", b"\xff\xfeA", "encoding", "byte 2: the file is not UTF-16"),
    error("J08", '{"a":1}\n{"b":2}', "not_a_chat_object", "line 1: an object with the keys 'a'"),
    warn("J08 bad line", '{"messages":[{"role":"user","content":"x"}]}\n\n{"bad"', "bad_sample", "line 3, column 7"),
    warn("J08 no object", OK + "\n" + OK + "\nend", "bad_sample", "line 3, column 1"),
    error("J09", '{"role":"user","role":"assistant","content":"x"}', "duplicate_key", "the key 'role' is there twice"),
    error("J09 list", '[{"role":"user","content":"a","content":"b"}]', "duplicate_key", "message 1: the key 'content'"),
    error("J09 outside", '{"messages":[],"messages":[]}', "duplicate_key", "the key 'messages'"),
    error("J09 sharegpt", '[{"from":"gpt","from":"human","value":"x"}]', "duplicate_key", "message 1: the key 'from'"),
    error("J09 sample", '[{"messages":[{"role":"user","role":"user"}]}]', "duplicate_key", "sample 1, message 1"),
    error("J10", "[" * 5000 + "]" * 5000, "too_deep", "character 64: nested deeper than 64"),
    BadInput("J10 million", lambda: "[" * 10**6 + "]" * 10**6, "error", "too_deep", "character 64"),
    warn("J10 in a string", call("[" * 5000), "arguments_are_text", "message 1, tool call 1"),
    error("J11", "[NaN, Infinity]", "not_a_json_number", "line 1, column 2: NaN is no JSON number"),
    error("J11 1e999", "[\n1e999]", "not_a_json_number", "line 2, column 1: 1e999 is no JSON number"),
    error("J11 after text", '["NaN", -Infinity]', "not_a_json_number", "line 1, column 9: -Infinity"),
    error("J12", "[" + "9" * 5000 + "]", "number_too_long", "line 1, column 2: a number of 5,000 digits"),
    warn(
        "J13",
        '[{"role":"user","content":"ab\\ud800"}]',
        "lone_surrogate",
        "message 1: lone surrogate U+D800 at character 2",
    ),
    warn("J13 name", one("x", "tool", name="\ud800"), "lone_surrogate", "message 1: lone surrogate"),
    warn("J13 tools", json.dumps({"messages": json.loads(OK), "tools": [{"a": "\udfff"}]}), "lone_surrogate", "tools"),
    error("J14", '["a\x01"]', "json_control_character", "line 1, column 4: control character U+0001"),
    error("J15", '"hi"', "not_a_chat", "expected a list of messages, got a string"),
    error("J15 number", "5", "not_a_chat", "expected a list of messages, got a number"),
    error("J15 object", "{}", "not_a_chat_empty", "an object with no keys"),
    error("J15 null", "null", "not_a_chat", "expected a list of messages, got null"),
    error("J15 None", None, "not_a_chat", "expected a list of messages, got null"),
    error("J16", "[]", "no_messages", "the list holds no messages"),
    error("J17", "[[]]", "no_messages", "sample 1: the list holds no messages"),
    error("J18", [None], "not_a_message", "message 1: null, expected an object"),
    error("J18 string", ["hi"], "not_a_message", "message 1: a string, expected an object"),
    error("J18 second", '[{"role":"user","content":"a"}, "hi"]', "not_a_message", "message 2: a string"),
    error("J02 header alone", "<|START_OF_TURN_TOKEN|><|USER: Hi", "no_turns_in_text", "no turn"),
    error("J19", '[{"content":"x"}]', "role_missing", 'message 1: "role" is missing'),
    error("J19 second", '[{"role":"user","content":"a"},{"content":"x"}]', "role_missing", "message 2"),
    error(
        "J19 null", '[{"role":null,"content":"x"}]', "role_type", "message 1: role is null, expected the name of a role"
    ),
    warn("J20", one("x", "wizard"), "unknown_role", "message 1: the role 'wizard' is unknown"),
    warn("J21", one("x", "Assistant"), "role_near_miss", "did you mean assistant"),
    warn("J21 space", one("x", "assistant "), "role_near_miss", "did you mean assistant"),
    warn("J21 chatml", "<|im_start|>Assistant\nhi<|im_end|>\n", "role_near_miss", "did you mean assistant"),
    warn("J22", '{"from":"gpt","value":"x"}', "sharegpt_roles", "gpt → assistant"),
    warn("J22 list", '[{"from":"human","value":"x"}]', "sharegpt_roles", "human → user"),
    warn("J23", one(None), "empty_content", "message 1: the message has no content"),
    warn("J23 absent", '[{"role":"user"}]', "empty_content", "message 1: the message has no content"),
    ok("J24", one("", "assistant")),  # what that trains, a check says
    error("J25", one(5), "content_type", "message 1: content is a number, expected text"),
    error("J25 boolean", one(True), "content_type", "message 1: content is a boolean, expected text"),
    error("J25 object", one({"a": 1}), "content_type", "message 1: content is an object, expected text"),
    warn("J26", one([{"type": "text", "text": "hi"}]), "parts_joined", "message 1: its 1 text parts were joined"),
    error("J27", one(["hi", {"type": "image_url"}]), "not_text", "message 1, part 2: 'image_url' is not text"),
    ok("J28", call({"a": 1})),
    ok("J29", call('{"a": 1}')),
    warn("J29 twice", call(json.dumps('{"a": 1}')), "double_encoded", "message 1, tool call 1"),
    warn("J29 text", call("a = 1"), "arguments_are_text", "message 1, tool call 1"),
    ok(
        "J30", '[{"role":"assistant","content":"a"},{"role":"assistant","content":"b"},{"role":"system","content":"c"}]'
    ),
    ok("J31", json.dumps([{"role": "user", "content": "hi"}] * 1000)),
    error("J31 long", one("x" * 1_000_001), "too_long", "at most 1,000,000 are read"),
    BadInput(
        "J31 20,001 messages",
        lambda: json.dumps([{"role": "user", "content": ""}] * 20_001),
        "error",
        "too_many_messages",
        "20,001 messages",
    ),
    BadInput(
        "J32", lambda: "x" * 26_000_000, "error", "file_too_long", "26,000,000 characters; at most 25,000,000 are read"
    ),
    ok("J33", "a" * 300),
    warn("J34", "User: a\ud800", "lone_surrogate", "message 1: lone surrogate U+D800 at character 1"),
    error("X10 role", one("x", "r" * 10_000), "role_too_long", "message 1: the role has 10,000 characters"),
    error("X10 of a text", f"<|im_start|>{'r' * 81}\nhi<|im_end|>\n", "role_too_long", "message 1: the role has 81"),
    ok("X10 of 80", f"<|im_start|>user\n{'r' * 81}<|im_end|>\n"),
    error("S04", one("x", "user<|im_end|>"), "role_holds_control_token", "message 1: the role 'user<|im_end|>'"),
    error("S04 sharegpt", '[{"from":"</s>","value":"x"}]', "role_holds_control_token", "message 1: the role '</s>'"),
)
