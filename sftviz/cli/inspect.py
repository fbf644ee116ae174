"""`sftviz inspect`: one sample of a file, or a line for each."""

from enum import StrEnum
from typing import Annotated, Any

import typer

from sftviz.cli import options as given
from sftviz.cli.border import errors, speaking, user_mistakes
from sftviz.cli.options import template_text, with_knobs
from sftviz.cli.source import open_source


class Format(StrEnum):
    text = "text"
    table = "table"
    json = "json"
    html = "html"


@with_knobs
def inspect_sample(
    turned: dict[str, Any],
    file: Annotated[
        str,
        typer.Argument(
            help="JSON Lines, JSON, CSV, Parquet or text in any usual form, packed or not; - for standard input; "
            "a data set as org/name:train[17] (counts from 0) or folder:train"
        ),
    ],
    tokenizer: given.TokenizerOfModel = None,
    template: given.Template = None,
    policy: given.PolicyName = "assistant_only",
    model: given.Model = None,
    sample: Annotated[int, typer.Option(help="which sample of a file of many; the first is 1, as on the page")] = 1,
    all_samples: Annotated[bool, typer.Option("--all", help="a line for every sample of the file")] = False,
    side: given.SideOption = None,
    media: given.MediaOption = given.Media.refuse,
    format: Annotated[
        Format, typer.Option(help="text: summary, strip, findings; table: a line a token besides; json; html")
    ] = Format.text,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="the summary and the findings only")] = False,
    online: given.Online = False,
    lang: given.Language = "en",
) -> None:
    """Show every token of a sample: trained or not, why, and what it costs.

    First the verdict, then the strip, then what the checks found. Where the output is piped, [[ and ]] stand round what
    is trained.
    """
    with user_mistakes(), speaking(lang):
        from sftviz.cli import shown

        data = open_source(file, side, media, online)
        choices = {"tokenizer": tokenizer, "template": template_text(template), "policy": policy, "online": online}
        if all_samples:
            shown.write_overviews(data.samples(), choices | turned | {"model": model}, as_json=format is Format.json)
            return
        if sample < 1:
            raise ValueError(f"--sample {sample}: samples count from 1, as on the page")
        _show(_inspected(data.sample(sample), choices | turned, model), format, quiet)


def _inspected(chat: Any, choices: dict[str, Any], model: str | None) -> Any:
    import sftviz

    chosen = _model() if model is None else model
    return sftviz.inspect(chat, model=None if chosen == "none" else chosen, **choices)


def _show(seen: Any, form: Format, quiet: bool) -> None:
    from sftviz.cli import shown

    if form is Format.json:
        shown.write_json(seen)
    elif form is Format.html:
        shown.write_html(seen)
    else:
        shown.write_text(seen, with_strip=not quiet, with_table=form is Format.table and not quiet)


def _model() -> str:
    """The embedded model, or none where torch is not installed: then it is said."""
    from sftviz import extras
    from sftviz.words import tell

    if extras.has("torch") and extras.has("transformers"):
        return "sftviz/tiny-sft"
    errors.print(tell("cli.no_loss"), markup=False, highlight=False)
    return "none"
