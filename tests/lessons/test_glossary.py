"""Glossary: one line a term in both languages, one source with the strip, and links where a term is first used."""

import re

import pytest

from sftviz.course.glossary import Term, glossary, known_in, linked
from sftviz.course.lesson import find_lesson
from sftviz.course.map import course
from sftviz.strip.payload import TERMS
from sftviz.words import sentences

BY_ID = {term.id: term for term in glossary()}
FORMULA_OR_CODE = re.compile(r"\$|`|\n")


def test_there_are_forty_terms_and_none_twice() -> None:
    assert len(BY_ID) == len(glossary()) >= 40
    for language in ("en", "zh"):
        forms = [form for term in glossary() for form in term.written(language)]
        assert len(forms) == len(set(forms))


@pytest.mark.parametrize("term", glossary(), ids=BY_ID)
def test_a_term_has_one_line_in_both_languages_and_a_lesson_on_the_map(term: Term) -> None:
    assert term.lesson in {node.slug for node in course().nodes}
    assert re.search("[\u4e00-\u9fff]", term.meaning("zh"))
    assert not re.search("[\u4e00-\u9fff]", term.meaning("en") + term.term.en)
    assert not any(FORMULA_OR_CODE.search(term.meaning(language)) for language in ("en", "zh"))
    if term.says:
        assert len(term.meaning("en")) <= 120


def test_what_the_strip_explains_is_said_in_its_words_and_not_twice() -> None:
    columns = {term.column: term for term in glossary() if term.column}
    assert columns.keys() == TERMS.keys()
    for name, term in columns.items():
        assert term.lesson == TERMS[name]
        assert term.meaning("zh") == sentences("zh")[f"bench.term.{name}"]
    with pytest.raises(ValueError, match="a line of its own, or a column"):
        Term.model_validate(columns["nll"].model_dump() | {"says": {"en": "again", "zh": "再说"}})


def marked(markdown: str, language: str = "en") -> str:
    return linked(markdown, language, dict(BY_ID), lambda term: term.id)


@pytest.mark.parametrize(
    ("language", "prose", "expected"),
    [
        ("en", "logits, then logits again", "[logits](logits), then logits again"),
        (
            "en",
            "A **tokenizer** cuts; each piece is **a token**.",
            "A [**tokenizer**](tokenizer) cuts; each piece is **a token**.",
        ),
        (
            "en",
            "`loss` and $loss$ and $$\nloss\n$$ and a loss",
            "`loss` and $loss$ and $$\nloss\n$$ and a [loss](loss)",
        ),
        ("en", "# loss\n[loss](x) <!-- loss --> loss", "# loss\n[loss](x) <!-- loss --> [loss](loss)"),
        ("en", "glossy, lossless, loss_x, x-loss", "glossy, lossless, loss_x, x-loss"),
        ("en", "a special token", "a [special token](special_token)"),
        ("zh", "叫**词表**，参数（parameters）", "叫[**词表**](vocabulary)，[参数](parameter)（parameters）"),
        ("zh", "每个token的损失", "每个[token](token)的[损失](loss)"),
    ],
)
def test_a_term_is_linked_once_and_never_in_code_or_formulas(language: str, prose: str, expected: str) -> None:
    assert marked(prose, language) == expected


def test_a_word_is_no_term_before_the_lesson_that_explains_it() -> None:
    first = {term.id for term in known_in(find_lesson("next_token"))}
    assert {"loss", "token"} <= first
    assert first.isdisjoint({"chat_template", "span", "attention"})
    assert first < {term.id for term in known_in(find_lesson("prompt_masking"))}
