"""`sftviz check`: a gate for data. It reads every sample, says what it found by code, and its exit code says whether
that passes."""

import json
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from sftviz.cli import options as given
from sftviz.cli.border import console, errors, speaking, user_mistakes, write
from sftviz.cli.options import template_text, with_knobs
from sftviz.cli.source import open_source


class Level(StrEnum):
    error = "error"
    warning = "warning"


class Format(StrEnum):
    text = "text"
    json = "json"
    markdown = "markdown"
    sarif = "sarif"


@with_knobs
def check_data(
    turned: dict[str, Any],
    data: Annotated[list[str], typer.Argument(help="files or data sets, as `sftviz inspect` takes them; - for input")],
    fail_on: Annotated[Level, typer.Option(help="the severity from which on a finding fails")] = Level.error,
    baseline: Annotated[
        Path | None, typer.Option(help="what passed before: a finding fails where its share of the samples has grown")
    ] = None,
    write_baseline: Annotated[bool, typer.Option("--write-baseline", help="write that file, and pass")] = False,
    format: Annotated[Format, typer.Option(help="how to write the report")] = Format.text,
    tokenizer: given.Tokenizer = "sftviz/tiny",
    template: given.Template = None,
    policy: given.PolicyName = "assistant_only",
    side: given.SideOption = None,
    media: given.MediaOption = given.Media.refuse,
    jobs: Annotated[int, typer.Option(help="processes; 0: as many as there are processors, at most 4", min=0)] = 0,
    online: given.Online = False,
    lang: given.Language = "en",
) -> None:
    """Check every sample of a data set.

    Exit code 0: nothing at or above --fail-on, or no more of it than the baseline allows. 1: findings, samples that
    cannot be used among them. 2: a file that cannot be read, of which no sample can be used, or an option that is none.
    """
    with user_mistakes(), speaking(lang):
        from sftviz.gate.processes import usual_jobs
        from sftviz.gate.run import run

        if write_baseline and baseline is None:
            raise ValueError("--write-baseline needs --baseline FILE: where it is written")
        choices = {"tokenizer": tokenizer, "template": template_text(template), "policy": policy} | turned
        opened = [(name, lambda name=name: open_source(name, side, media, online)) for name in data]
        done = run(
            opened, choices, online=online, level=fail_on.value, baseline=baseline, writes=write_baseline,
            jobs=jobs or usual_jobs(),
        )  # fmt: skip
        _write(done, format)
        for name, error in done.unread:
            errors.print(f"sftviz: {name}: {error}", style="red", markup=False, highlight=False)
    raise typer.Exit(done.code)


def _write(done: Any, form: Format) -> None:
    report, failing = done.report, done.failing
    if form is Format.json:
        write(json.dumps(report.to_dict(failing), ensure_ascii=False, indent=1))
    elif form is Format.markdown:
        from sftviz.gate.markdown import to_markdown

        write(to_markdown(report, failing))
    elif form is Format.sarif:
        from sftviz.gate.sarif import to_sarif

        write(json.dumps(to_sarif(report, done.code), ensure_ascii=False, indent=1))
    else:
        for line in _lines(report, failing):
            console.print(line, soft_wrap=not console.is_terminal)


def _lines(report: Any, failing: Sequence[Any]) -> list[Text]:
    from sftviz.gate.verdict import places, share, verdict
    from sftviz.strip.static import MARKS
    from sftviz.strip.terminal import COLOURS
    from sftviz.words import tell
    from sftviz.words.visible import visible

    lines = [Text(str(verdict(report, failing)), style="bold")]
    for group in report.ordered():
        counted = tell("gate.counted", samples=group.samples, count=report.samples, share=share(report.rate(group)))
        head = f"{MARKS[group.severity]} {group.code}: {counted}, {places(group)}"
        weight = "bold " if group in failing else ""
        lines.append(Text(visible(head), style=weight + COLOURS[group.severity]))
        remedy = f" → {group.remedy}" if group.remedy else ""
        lines.append(Text(visible(f"    {group.first[0].what}{remedy}")))
    if report.unseen:
        named = tuple(f"{code} ({count:,})" for code, count in report.unseen.most_common())
        lines.append(Text(tell("gate.unseen", codes=named), style="dim"))
    return lines
