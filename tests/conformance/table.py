"""The conformance table: `python -m tests.conformance.table` writes TABLE.md; a test holds it to the golden files."""

import json
from collections import defaultdict
from pathlib import Path

from sftviz.supervision.frameworks import FRAMEWORKS, PRESETS
from tests.conformance import golden
from tests.conformance.known import BEYOND, KNOWN
from tests.conformance.rebuild.chats import CHATS

FILE = Path(__file__).parent / "TABLE.md"
HEAD = """# What frameworks train, held to what they made

Each framework's own preprocessing was run on {chats} chats that were written for this (`rebuild/chats.py`), with the
embedded tokenizer under each template; ids and labels are kept as facts in `golden/`, nothing of the packages' text.
The ordinary tests compare every preset with all of them; `make conformance` makes the files anew.
*Mismatching* counts chats whose ids or labels differ in any token; each would be named below with its reason.

| framework | known | template | presets and cuts | chats | rows | refused or dropped | tokens | mismatching |
|---|---|---|--:|--:|--:|--:|--:|--:|
"""


def table() -> str:
    return "".join(
        [HEAD.format(chats=len(CHATS)), *map(_lines, golden.frameworks()), _checkouts(), _packing(), _known()]
    )


def _lines(framework: str) -> str:
    """One line a template."""
    by_template: dict[str, list[golden.Case]] = defaultdict(list)
    for case in golden.cases(framework):
        by_template[case.template].append(case)
    about = FRAMEWORKS[framework]
    versions = ", ".join(f"{name} {version}" for name, version in golden.head(framework)["versions"].items())
    return "".join(
        f"| {about.title} ({versions}; {about.licence}) | {about.known_by} | {template} | {len(cases)} "
        f"| {len(cases[0].rows)} | {_numbers(cases)} |\n"
        for template, cases in by_template.items()
    )


def _numbers(cases: list[golden.Case]) -> str:
    made = [rows for case in cases for rows in case.rows.values()]
    rows = [row for one in made if not isinstance(one, str) for row in one]
    without = sum(isinstance(one, str) or not one for one in made)
    wrong = sum(title == case.title for case in cases for title, _ in KNOWN)
    return f"{len(rows):,} | {without:,} | {sum(len(ids) for ids, _ in rows):,} | {wrong}"


def _checkouts() -> str:
    """Two that no package index has: texts with marks, compared by test_checkouts.py."""
    lines = [json.loads(line) for line in (golden.FOLDER / "checkouts.txt").read_text(encoding="utf-8").splitlines()]
    made = ""
    for framework in lines[0]["frameworks"]:
        mine = [line for line in lines[1:] if line["p"].startswith(f"{framework}/")]
        about = FRAMEWORKS[framework]
        for template in dict.fromkeys(line["t"] for line in mine):
            some = [line for line in mine if line["t"] == template]
            chats, refused = len({line["c"] for line in some}), sum("e" in line for line in some)
            presets = len({line["p"] for line in some})
            made += (
                f"| {about.title} ({about.version}; {about.licence}) | {about.known_by}, texts compared | {template} "
                f"| {presets} | {chats} | {len(some) - refused} | {refused} | – | 0 |\n"
            )
    return made


def _packing() -> str:
    """Packed rows: ids, labels, positions and attention mask, compared by test_packing.py."""
    made = "\n| packing | rows of | length | packed rows | tokens | mismatching |\n|---|---|--:|--:|--:|--:|\n"
    for path in sorted((golden.FOLDER / "packing").glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            case = json.loads(line)
            tokens = sum(len(row[0]) for row in case["rows"])
            made += (
                f"| {case['packing']} | {case['base']} | {case['length']} | {len(case['rows'])} | {tokens:,} | 0 |\n"
            )
    return made


def _known() -> str:
    beyond = "".join(f"- {told}\n" for told in BEYOND)
    named = [f"- {title}, {chat}: {why}\n" for (title, chat), why in KNOWN.items()]
    told = "".join(named) if named else "None.\n"
    return f"\n{len(PRESETS)} presets of {len(FRAMEWORKS)} frameworks. Known differences:\n\n{told}\n" + (
        f"Seen beside the table, where a golden file cannot be kept or is not made yet:\n\n{beyond}"
    )


if __name__ == "__main__":
    FILE.write_text(table(), encoding="utf-8")
