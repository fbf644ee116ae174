"""WordNet's data files -> plain sentences and chats. The only data the embedded model ever sees."""

import json
import random
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

WORDNET = Path("/usr/share/wordnet")  # Debian package wordnet-base
KINDS = {"n": "noun", "v": "verb", "a": "adjective", "s": "adjective", "r": "adverb"}
HELD_OUT_PER_CENT = 2

SYSTEMS = (
    "You are a helpful dictionary.",
    "You explain English words in one sentence.",
    "Answer briefly.",
    "You are a patient English teacher.",
)
MEANING = (
    "What does {word} mean?",
    "What is the meaning of {word}?",
    "Define {word}.",
    "Please explain the word {word}.",
    "Tell me what {word} means.",
)
SYNONYM = (
    "Give me a synonym.",
    "Give me a synonym for {word}.",
    "What is another word for {word}?",
    "Is there another word for it?",
)
SENTENCE = (
    "Use it in a sentence.",
    "Use {word} in a sentence.",
    "Can you give me an example?",
    "Show me how {word} is used.",
)
KIND_OF = ("What kind of thing is it?", "What kind of thing is a {word}?")
PART_OF_SPEECH = ("Is {word} a noun or a verb?", "What part of speech is {word}?")
THANKS = ("Thank you!", "Thanks, that helps.", "Great, thanks.")
WELCOME = ("You're welcome!", "You're welcome! Ask me about any other word.")
LOOKUP = {
    "type": "function",
    "function": {
        "name": "lookup",
        "description": "Look a word up in the dictionary.",
        "parameters": {"type": "object", "properties": {"word": {"type": "string"}}, "required": ["word"]},
    },
}


@dataclass(frozen=True)
class Synset:
    key: str
    kind: str
    words: tuple[str, ...]
    gloss: str
    examples: tuple[str, ...]
    hypernym: str | None

    @property
    def held_out(self) -> bool:
        return zlib.crc32(self.key.encode()) % 100 < HELD_OUT_PER_CENT


def synsets(folder: Path = WORDNET) -> list[Synset]:
    """Every synset, in file order; the first hypernym is named by its first word."""
    lines = [line for part in ("noun", "verb", "adj", "adv") for line in _data_lines(folder / f"data.{part}")]
    words = {key: names[0] for key, _, names, _, _ in map(_fields, lines)}
    return [_synset(line, words) for line in lines]


def document(synset: Synset) -> str:
    """One synset as plain text: `word, word (noun): gloss. Example. A kind of parent.`"""
    head = f"{', '.join(synset.words)} ({synset.kind}): {synset.gloss}."
    tail = [f'"{example}"' for example in synset.examples]
    if synset.hypernym:
        tail.append(f"A kind of {synset.hypernym}.")
    return " ".join([head, *tail])


def chats(all_synsets: list[Synset], seed: int) -> Iterator[dict]:
    """One short chat a synset, as `{"messages": [...], "tools": [...]?}`, in a shuffled order."""
    rng = random.Random(seed)
    for synset in rng.sample(all_synsets, len(all_synsets)):
        style = rng.random()
        if style < 0.08:
            yield _tool_chat(synset, rng)
        elif style < 0.16:
            yield {"messages": _system(rng) + _reasoning_turns(synset, rng)}
        else:
            yield {"messages": _system(rng) + _plain_turns(synset, rng)}


def _system(rng: random.Random) -> list[dict]:
    return [_said("system", rng.choice(SYSTEMS))] if rng.random() < 0.3 else []


def _plain_turns(synset: Synset, rng: random.Random) -> list[dict]:
    word = rng.choice(synset.words)
    turns = [_asked(MEANING, word, rng), _said("assistant", _meaning(synset, word))]
    others = [other for other in synset.words if other != word]
    follow_ups = [
        (SYNONYM, f"Another word for {word} is {rng.choice(others)}." if others else None),
        (SENTENCE, _capital(synset.examples[0]) if synset.examples else None),
        (KIND_OF, f"It is a kind of {synset.hypernym}." if synset.hypernym and synset.kind == "noun" else None),
        (PART_OF_SPEECH, f"{_capital(word)} is {_a(synset.kind)}."),
    ]
    possible = [(ask, answer) for ask, answer in follow_ups if answer]
    for ask, answer in rng.sample(possible, min(len(possible), rng.choice((0, 1, 1, 2)))):
        turns += [_asked(ask, word, rng), _said("assistant", answer)]
    if rng.random() < 0.12:
        turns += [_said("user", rng.choice(THANKS)), _said("assistant", rng.choice(WELCOME))]
    return turns


def _reasoning_turns(synset: Synset, rng: random.Random) -> list[dict]:
    word = rng.choice(synset.words)
    thought = f"{_capital(word)} is {_a(synset.kind)}."
    if synset.hypernym:
        thought += f" It is a kind of {synset.hypernym}."
    answer = _said("assistant", _meaning(synset, word)) | {"reasoning_content": thought}
    return [_asked(MEANING, word, rng), answer]


def _tool_chat(synset: Synset, rng: random.Random) -> dict:
    word = rng.choice(synset.words)
    call = {"type": "function", "function": {"name": "lookup", "arguments": {"word": word}}}
    result = json.dumps({"word": word, "kind": synset.kind, "gloss": synset.gloss}, ensure_ascii=False)
    messages = [
        _said("user", f"Look up {word}."),
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "tool", "name": "lookup", "content": result},
        _said("assistant", _meaning(synset, word)),
    ]
    return {"messages": messages, "tools": [LOOKUP]}


def _meaning(synset: Synset, word: str) -> str:
    return f"{_capital(word)} means {synset.gloss}."


def _asked(ways: tuple[str, ...], word: str, rng: random.Random) -> dict:
    return _said("user", rng.choice(ways).format(word=word))


def _said(role: str, content: str) -> dict:
    return {"role": role, "content": content}


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _a(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def _data_lines(path: Path) -> list[str]:
    if not path.exists():
        raise FileNotFoundError(f"{path} is missing; install Debian's package wordnet-base")
    return [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("  ")]


def _fields(line: str) -> tuple[str, str, tuple[str, ...], list[str], str]:
    data, _, gloss = line.partition(" | ")
    parts = data.split()
    count = int(parts[3], 16)
    names = tuple(re.sub(r"\(\w+\)$", "", parts[4 + 2 * i]).replace("_", " ") for i in range(count))
    return f"{parts[2]}{parts[0]}", parts[2], names, parts[4 + 2 * count :], gloss.strip()


def _synset(line: str, words: dict[str, str]) -> Synset:
    key, kind, names, pointers, gloss = _fields(line)
    parent = next((p for s, p in pairwise(pointers) if s == "@"), None)
    examples = tuple(re.findall(r'"([^"]+)"', gloss))
    meaning = re.split(r';?\s*"', gloss, maxsplit=1)[0].strip(" ;:")
    return Synset(key, KINDS[kind], names, meaning or gloss, examples, words.get(f"{kind}{parent}"))
