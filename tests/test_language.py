"""English and Chinese: every code has a sentence in both, with the same holes; none is left over; rows have theirs."""

import re
from collections.abc import Mapping
from string import Formatter
from typing import Any

import pytest

from sftviz import assets
from sftviz.attention import ATTENTIONS, EXHIBITS
from sftviz.chat.formats import FORMATS
from sftviz.chat.samples import SAMPLES
from sftviz.chat.tokenizers import TOKENIZERS
from sftviz.chat.write.templates import TEMPLATES
from sftviz.columns import COLUMNS
from sftviz.course.questions import LEVELS
from sftviz.loss import ACCUMULATIONS, LOSSES, NORMALIZATIONS, SMOOTHINGS
from sftviz.loss.objectives import OBJECTIVES
from sftviz.loss.scores import PENALTIES
from sftviz.loss.terms import TERMS
from sftviz.loss.text_scores import BLEU_TOKENIZERS
from sftviz.strip import payload, script
from sftviz.supervision.frameworks import PRESETS
from sftviz.supervision.paints import PAINTS
from sftviz.supervision.policies import POLICIES
from sftviz.training.architectures import ARCHITECTURES
from sftviz.training.calculators import ZERO
from sftviz.training.clipping import CLIPPINGS
from sftviz.training.deduplication import UNITS
from sftviz.training.schedule import SCHEDULES
from sftviz.training.spikes import MONITORS
from sftviz.ui.components import attention_grid
from sftviz.words import LANGUAGES, Said, named, say, sentences, tell, using
from tests import sources

CHINESE = re.compile("[\u4e00-\u9fff]")
# The same in both languages: names of models, formats and methods, and what is written in signs
NAMES = {
    "LoRA", "null", "exp", "InfoNCE", "ZeRO-1", "ZeRO-2", "ZeRO-3, FSDP",
}  # fmt: skip
SIGNS = re.compile(r"\{[^}]*\}|\$[^$]*\$|\b(?:nats?|log|BLEU|MFU|ECE|MAD|Jaccard|logits?|tokens?)\b", re.I)
# What rows say of themselves, shown in the app: table -> its rows and the fields
ROWS: dict[str, tuple[Mapping[Any, Any], tuple[str, ...]]] = {
    "architecture": (ARCHITECTURES, ("title",)),
    "accumulation": (ACCUMULATIONS, ("title", "meaning")),
    "attention": (ATTENTIONS, ("title", "meaning")),
    "clipping": (CLIPPINGS, ("title",)),
    "column": (COLUMNS, ("title", "meaning")),
    "exhibit": (EXHIBITS, ("title", "why")),
    "format": (FORMATS, ("title",)),
    "loss": (LOSSES, ("title",)),
    "model": (assets.MODELS, ("title",)),
    "monitor": (MONITORS, ("title",)),
    "normalization": (NORMALIZATIONS, ("title", "meaning")),
    "objective": (OBJECTIVES, ("title", "meaning", "attention")),
    "penalty": (PENALTIES, ("title", "meaning")),
    "paint": (PAINTS, ("title", "meaning")),
    "policy": (POLICIES, ("title", "meaning")),
    "sample": (SAMPLES, ("title",)),
    "preset": (PRESETS, ("title", "meaning")),
    "schedule": (SCHEDULES, ("title", "meaning")),
    "smoothing": (SMOOTHINGS, ("title",)),
    "term": (TERMS, ("title", "meaning")),
    "unit": (UNITS, ("title", "meaning")),
    "zero": (ZERO, ("title", "meaning")),
}
TEXTS = {"tokenizer": TOKENIZERS, "bleu_tokenizer": BLEU_TOKENIZERS, "level": LEVELS}
# Tables whose rows are names of models: the same in both languages
OF_NAMES = {"template": TEMPLATES}


def holes(sentence: str) -> set[str]:
    """What a sentence puts in, by name: a number's format may differ, its place too."""
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}


def kept(sentence: str) -> tuple[set[str], int, list[str]]:
    """What a translation must not lose: what is put in, what is bold, and the formulas."""
    return holes(sentence), sentence.count("**"), re.findall(r"\$[^$]*\$", sentence)


def is_english(words: str) -> bool:
    """Whether a reader of Chinese would miss something: letters beyond holes, formulas, units and names."""
    bare = re.sub(
        r"\{[^}]*\}|\$[^$]*\$|\b(?:nats?|log|BLEU|MFU|ECE|MAD|Jaccard|logits?|tokens?)\b", "", words, flags=re.I
    )
    return words not in NAMES and bool(re.search("[A-Za-z]{3}", bare))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_that_is_said_has_a_sentence(language: Any) -> None:
    known = sentences(language)
    assert {code: place for code, place in sources.said().items() if "." in code and code not in known} == {}


def test_every_code_built_from_a_name_has_some_sentence() -> None:
    """f"part.{name}" must fit a code, or the table was renamed below it."""
    tables = {code.split(".")[0] for code in sentences("zh")}
    ours = {one for one in sources.patterns() if re.match(r"(\w+)\\\.", one.pattern)[1] in tables}  # pyright: ignore[reportOptionalSubscript]
    assert {one.pattern for one in ours if not any(map(one.fullmatch, sentences("zh")))} == set()


def test_both_languages_say_the_same_codes() -> None:
    rows = {f"{table}." for table in (*ROWS, *TEXTS, *OF_NAMES)}
    chinese = {code for code in sentences("zh") if not code.startswith(tuple(rows))}
    english = {code for code in sentences("en") if not code.startswith(tuple(rows))}
    assert (chinese - english, english - chinese) == (set(), set())


def test_the_chinese_puts_in_what_the_english_puts_in() -> None:
    english, chinese = sentences("en"), sentences("zh")
    assert {code for code in english if code in chinese and kept(english[code]) != kept(chinese[code])} == set()


def test_the_chinese_is_chinese() -> None:
    names = ("format.json", "source.tokenizer", "tokenizer.", "ui.pick.tokenizer", "zero.", "kind.", "field.")
    english = {code for code, said in sentences("zh").items() if not CHINESE.search(said) and is_english(said)}
    assert {code for code in english if not code.startswith(names)} == set()


def test_no_sentence_is_left_over() -> None:
    """What common.toml holds is every room's to take: a place, a kind of value, a part."""
    rows = tuple(f"{table}." for table in (*ROWS, *TEXTS, *OF_NAMES, "place", "kind", "part"))
    assert {code for code in sentences("zh") if not code.startswith(rows) and not sources.is_used(code)} == set()


@pytest.mark.parametrize("table", ROWS)
def test_every_row_of_a_table_has_its_chinese(table: str) -> None:
    rows, fields = ROWS[table]
    shown = {f"{table}.{row.name}.{field}": getattr(row, field) for row in rows.values() for field in fields}
    assert {
        code for code, words in shown.items() if is_english(words) and code not in sentences("zh")
    } - names() == set()
    sourced = {f"{table}.{row.name}.{field}" for row in rows.values() for field in (*fields, "source")}
    assert {code for code in sentences("zh") if code.startswith(f"{table}.")} - sourced == set()


def names() -> set[str]:
    """Rows that are called by a name: formats of a model."""
    formats = {f"format.{name}.title" for name in FORMATS}
    models = {f"architecture.{name}.title" for name in ARCHITECTURES}
    presets = {f"preset.{name}.title" for name in PRESETS}
    return formats | models | presets | {"term.info_nce.title", "sample.emoji_code.title"}


@pytest.mark.parametrize("table", TEXTS)
def test_every_text_of_a_table_has_its_chinese(table: str) -> None:
    assert {
        name for name, words in TEXTS[table].items() if is_english(words) and named(table, name, words, "zh") == words
    } == set()
    assert {code.partition(".")[2] for code in sentences("zh") if code.startswith(f"{table}.")} <= {*TEXTS[table]}


def test_every_table_that_a_page_reads_is_tested_here() -> None:
    read = {
        given
        for _, node in sources.nodes()
        if sources.called(node) in ("words_of", "explained", "introduced", "named", "row")
        for given in sources.literals(node.args[0])  # pyright: ignore[reportAttributeAccessIssue]
    }
    assert read - {*ROWS, *TEXTS, *OF_NAMES} == set()


def test_no_sentence_is_a_key() -> None:
    """A code is words and dots; table rows keep their own names."""
    rows = tuple(f"{table}." for table in (*ROWS, *TEXTS, *OF_NAMES))
    assert {
        code for code in sentences("en") if not code.startswith(rows) and not re.fullmatch(r"[\w.-]+", code)
    } == set()


def test_a_scripts_words_are_handed_to_it() -> None:
    folder = sources.ROOT / "sftviz/ui/components"
    said = re.findall(r"""say(?:\.named)?\((?:[^"()]* \? )?"([^"]+)"(?: : "([^"]+)")?""", script())
    keys = re.findall(r'"(key_\w+)"', script())
    assert {word for pair in said for word in pair if word} | {*keys} == {*payload.WORDS}
    grid = (folder / "attention_grid/grid.js").read_text(encoding="utf-8")
    taken = re.findall(r"const \{([^}]*)\} = words", grid)
    assert {one.split(":")[0].strip() for names in taken for one in names.split(",")} == {*attention_grid.WORDS}


def test_what_fills_a_hole_is_said_in_the_same_language_and_a_quoted_text_stays() -> None:
    said = Said("place.within", outer=Said("place.message", n=2), inner="salt and pepper")
    assert say(said, "en") == "message 2, salt and pepper"
    assert say(said, "zh") == "消息 2，salt and pepper"
    assert say(Said("place.key", key=("a", "b and c")), "zh") == "a 和 b and c"


def test_the_language_that_is_set_is_spoken_within_the_block_only() -> None:
    with using("zh"):
        assert tell("place.message", n=2) == "消息 2"
    assert tell("place.message", n=2) == "message 2"
