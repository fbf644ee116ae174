"""The strip as HTML without script: for a notebook, a file, and whatever strips styles from it.

Supervised tokens are <ins>, which a browser underlines by itself; one style sheet colours them where it is let through.
"""

from collections.abc import Iterable, Sequence
from html import escape
from itertools import groupby
from pathlib import Path

from sftviz.columns import TokenRow
from sftviz.supervision.checks import Finding
from sftviz.words import Said, say
from sftviz.words.visible import visible

MARKS = {"error": "✗", "warning": "!", "note": "i"}
SHEET = (Path(__file__).parent / "static.css").read_text(encoding="utf-8")


def to_html(rows: Sequence[TokenRow], headline: Said, findings: Iterable[Finding] = ()) -> str:
    """The strip as HTML. Every text is escaped; each token's title holds its id, its reason and its cost."""
    lines = [
        f"<div><small>{escape(role or 'template')}</small> {''.join(_chip(row) for row in turn)}</div>"
        for role, turn in turns(rows)
    ]
    notes = [f"<p>{MARKS[f.severity]} {escape(note(f))}</p>" for f in findings]
    legend = f"<p>{_tagged('ins', say(Said('strip.supervised')))} {_tagged('span', say(Said('strip.ignored')))}</p>"
    within = f"<p><b>{escape(str(headline))}</b></p>{''.join(notes)}{legend}<pre>{''.join(lines)}</pre>"
    return f'<style>{SHEET}</style><div class="sftviz-static">{within}</div>'


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
    return f"<bdi><{tag}{hover}>{escape(text)}</{tag}></bdi>"
