"""Rows X01 to X03 as data: texts that would run, draw or fetch something, and every way into the page.

Each payload bears MARK; where one stands in an element that reads Markdown or HTML, it has got through.
"""

import json
from collections.abc import Callable

from streamlit.testing.v1 import AppTest

MARK = "zq7"
PAYLOADS = {
    "X01 script": f"<script>window.{MARK} = 1</script>",
    "X01 image": f"<img src=x onerror=window.{MARK}=1>",
    "X01 svg": f"<svg onload=window.{MARK}=1></svg>",
    "X01 frame": f'<iframe srcdoc="<script>parent.{MARK}=1</script>"></iframe>',
    "X01 javascript": f"[{MARK}](javascript:window.{MARK}=1)",
    "X01 details": f"<details open ontoggle=window.{MARK}=1>x</details>",
    "X01 out of a string": f"</textarea></script>'\"><b onmouseover=window.{MARK}=1>",
    "X01 form": f'<form action="http://{MARK}.example/"><button>x</button></form>',
    "X01 math": f"<math><mtext><style><img src=x onerror=window.{MARK}=1></style></mtext></math>",
    "X01 object": f'<object data="http://{MARK}.example/a.svg"></object>',
    "X02 picture": f"![{MARK}](http://{MARK}.example/p.png)",
    "X02 link": f"<http://{MARK}.example/> www.{MARK}.example",
    "X02 colour": f":red[{MARK}] :material/face: :smile:",
    "X02 formula": f"${MARK}$ $$\\frac{{{MARK}}}{{2}}$$",
    "X02 heading": f"# {MARK}\n\n- {MARK}\n\n| {MARK} |\n|--|\n",
    "X03 style": f"<style>*{{display:none}} /* {MARK} */</style>",
    "X03 overlay": f'<div style="position:fixed;inset:0;z-index:9999;background:red">{MARK}</div>',
    "X03 remote style": f"<style>@import 'http://{MARK}.example/a.css'</style>",
}
EVERYTHING = "\n".join(PAYLOADS.values())
PICTURE = f"<img src=x onerror={MARK}=1>![{MARK}](http://{MARK}.example/p)"  # short enough for a role
CALL = {"type": "function", "function": {"name": PICTURE, "arguments": {PICTURE: EVERYTHING}}}


def chat_of(*messages: dict[str, object], **more: object) -> str:
    return json.dumps({"messages": [*messages, {"role": "assistant", "content": "yo"}], **more})


# what is pasted -> where the payloads arrive
PASTES: dict[str, str] = {
    "content": chat_of({"role": "user", "content": EVERYTHING}),
    "reply": chat_of({"role": "user", "content": "hi"}, {"role": "assistant", "content": EVERYTHING}),
    "role": chat_of({"role": PICTURE, "content": "hi"}),
    "tool call": chat_of({"role": "user", "content": "a"}, {"role": "assistant", "content": "", "tool_calls": [CALL]}),
    "tools": chat_of({"role": "user", "content": "hi"}, tools=[{"type": "function", "function": {"name": PICTURE}}]),
    "a key nobody reads": chat_of({"role": "user", "content": "hi", PICTURE: EVERYTHING}),
    "part": chat_of({"role": "user", "content": [{"type": PICTURE, PICTURE: EVERYTHING}]}),
    "error of JSON": f'{{"{PICTURE}": {PICTURE}',
    "error of a chat": json.dumps({PICTURE: EVERYTHING}),
    "error of a role": chat_of({"role": 80 * PICTURE, "content": "hi"}),
    "many samples": "\n".join(3 * [chat_of({"role": "user", "content": EVERYTHING})]),
}  # fmt: skip


def _typed_template(app: AppTest, jinja: str) -> None:
    app.selectbox(key="template").select("own").run()
    app.text_area(key="typed_template").set_value(jinja)


def _source(app: AppTest, picker: str, name: str) -> None:
    app.selectbox(key=picker).select("own").run()
    app.text_input(key=f"{picker}_source").set_value(name)


# what is typed elsewhere on the Inspect page
BOXES: dict[str, Callable[[AppTest], None]] = {
    "template": lambda app: _typed_template(app, EVERYTHING + "{% for m in messages %}{{ m.content }}{% endfor %}"),
    "what a template says": lambda app: _typed_template(app, f"{{{{ raise_exception({PICTURE!r}) }}}}"),
    "a template that is none": lambda app: _typed_template(app, f"{EVERYTHING}{{{{ {MARK}.x }}}}"),
    "tokenizer": lambda app: _source(app, "tokenizer", PICTURE),
    "model": lambda app: _source(app, "model", PICTURE),
}
