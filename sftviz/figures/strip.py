"""The token strip where there is no app: HTML for Jupyter. Supervised tokens are underlined."""

from collections.abc import Iterable, Sequence
from html import escape
from itertools import groupby

from sftviz.columns import TokenRow
from sftviz.supervision.checks import Finding
from sftviz.supervision.checks.evidence import INVISIBLE
from sftviz.words import Said, say

# Marks in place of what cannot be seen; control characters become their Unicode pictures
VISIBLE = {"\n": "⏎", "\t": "⇥", "\r": "␍", "\u00a0": "⍽"} | {
    chr(c): chr(0x2400 + c) for c in range(32) if c not in (9, 10, 13)
}
VISIBLE |= {chr(c): f"‹U+{c:04X}›" for c in (0x7F, *range(0x80, 0xA0), 0x3000, *range(0x2000, 0x200B))}
VISIBLE |= {character: f"‹U+{ord(character):04X}›" for character in INVISIBLE}
MARKS = {"error": "✗", "warning": "!", "note": "i"}
# Values as JupyterLab's sanitizer lets them through in a notebook that is not trusted; tags that survive without styles
STYLE = "font-family:ui-monospace,monospace;line-height:2;white-space:pre-wrap;word-wrap:break-word;max-width:60em"
CHIP = {
    "ins": "border-bottom:3px solid #0072b2;background:#d9e9f3;color:#000000;padding:1px 0;text-decoration:none",
    "span": "border-bottom:1px dashed #808080;padding:1px 0",
}


def visible(text: str) -> str:
    """The text with every character that would not be seen, or would reorder its neighbours, written as a mark."""
    return "".join(VISIBLE.get(character, character) for character in text)


def to_html(rows: Sequence[TokenRow], headline: Said, findings: Iterable[Finding] = ()) -> str:
    """The strip as HTML. Every text is escaped; each token's title holds its id, its reason and its cost.

    Supervised tokens are <ins>, which is underlined where styles are stripped.
    """
    lines = [
        f"<div><small>{escape(role or 'template')}</small> {''.join(_chip(row) for row in turn)}</div>"
        for role, turn in turns(rows)
    ]
    notes = [f"<div>{MARKS[f.severity]} {escape(note(f))}</div>" for f in findings]
    legend = f"<div>{_tagged('ins', say(Said('strip.supervised')))} {_tagged('span', say(Said('strip.ignored')))}</div>"
    return f'<div style="{STYLE}"><div>{escape(str(headline))}</div>{legend}{"".join(lines)}{"".join(notes)}</div>'


def note(finding: Finding) -> str:
    """A finding in one line: where, what, and what to do."""
    where = f"{finding.where}: " if finding.where else ""
    remedy = f" → {finding.remedy}" if finding.remedy else ""
    return visible(f"{where}{finding.message}{remedy}")


def turns(rows: Sequence[TokenRow]) -> Iterable[tuple[str | None, list[TokenRow]]]:
    for _, turn in groupby(rows, key=lambda row: row.message):
        members = list(turn)
        yield members[0].role, members


def _chip(row: TokenRow) -> str:
    cost = "" if row.cost is None else say(Said("strip.cost", nats=row.cost))
    weight = say(Said("strip.weight", weight=row.weight)) if row.supervised and row.weight != 1 else ""
    lines = (f"id {row.id}, {Said(f'part.{row.part}')}", str(row.reason), weight, cost)
    title = "\n".join(line for line in lines if line)
    return _tagged("ins" if row.supervised else "span", visible(row.text), title)


def _tagged(tag: str, text: str, title: str = "") -> str:
    hover = f' title="{escape(title, quote=True)}"' if title else ""
    return f'<bdi><{tag} style="{CHIP[tag]}"{hover}>{escape(text)}</{tag}></bdi>'
