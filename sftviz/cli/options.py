"""The options that commands share, with the names a shell may complete, and what they make of them."""

from collections.abc import Callable, Iterator
from enum import StrEnum
from functools import wraps
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import Annotated, Any

import typer


class Side(StrEnum):
    chosen = "chosen"
    rejected = "rejected"


class Media(StrEnum):
    refuse = "refuse"
    placeholder = "placeholder"


def _policies() -> list[str]:
    from sftviz.supervision.policies import POLICIES

    return list(POLICIES)


def _templates(incomplete: str) -> Iterator[str]:
    from sftviz.chat.write.templates import TEMPLATES, TOKENIZERS_OWN

    yield from (name for name in (*TEMPLATES, TOKENIZERS_OWN) if name.startswith(incomplete))
    from sftviz.chat.files import TEMPLATE_SUFFIXES

    folder = Path(incomplete).parent
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.suffix in TEMPLATE_SUFFIXES and str(path).startswith(incomplete):
            yield str(path)


def _tokenizers() -> list[str]:
    from sftviz.chat.tokenizers import TOKENIZERS

    return list(TOKENIZERS)


def _models() -> list[str]:
    from sftviz.assets import MODELS

    return [*MODELS, "none"]


def _choices_of(knob: str) -> Any:
    def complete() -> list[str]:
        from sftviz.supervision.policies import CHOICES

        return list(CHOICES[knob])

    return complete


def _roles() -> list[str]:
    from sftviz.chat.messages import ROLES

    return list(ROLES)


Tokenizer = Annotated[str, typer.Option(help="a name, a folder or a Hub id", autocompletion=_tokenizers)]
TokenizerOfModel = Annotated[
    str | None,
    typer.Option(
        "--tokenizer",
        help="a name, a folder or a Hub id; if left out, the one that a named model reads",
        autocompletion=_tokenizers,
    ),
]
Template = Annotated[
    str | None, typer.Option(help="a template's name, 'tokenizer', or a .jinja file", autocompletion=_templates)
]
PolicyName = Annotated[
    str, typer.Option(help="pretrain, assistant_only, last_assistant or completion_only", autocompletion=_policies)
]
Model = Annotated[
    str | None,
    typer.Option(
        help="a name, a folder, a Hub id, or 'none' for no loss; sftviz/tiny-sft if left out", autocompletion=_models
    ),
]
Roles = Annotated[
    list[str] | None,
    typer.Option("--role", help="a role that is trained; may be given more than once", autocompletion=_roles),
]
Turns = Annotated[
    str | None,
    typer.Option(
        help="each, last_message, last_round, last_pair or last_of_any_role", autocompletion=_choices_of("turns")
    ),
]
End = Annotated[
    str | None,
    typer.Option(help="end-of-turn: each, last, none, all_roles or after_text", autocompletion=_choices_of("end")),
]
AfterEnd = Annotated[
    str | None,
    typer.Option(help="text after it: template, each, not_last or none", autocompletion=_choices_of("after_end")),
]
EmptyReasoning = Annotated[
    str | None,
    typer.Option(help="empty think blocks: template, each or none", autocompletion=_choices_of("empty_reasoning")),
]
Header = Annotated[bool | None, typer.Option(help="train on turn headers")]
Reasoning = Annotated[bool | None, typer.Option(help="train on reasoning")]
ToolCalls = Annotated[bool | None, typer.Option(help="train on tool calls")]
Marks = Annotated[bool | None, typer.Option(help="heed the sample's own weight, train, loss …")]
SideOption = Annotated[Side | None, typer.Option("--side", help="of a preference row")]
MediaOption = Annotated[Media, typer.Option("--media", help="images and sound in a chat")]
Online = Annotated[bool, typer.Option(help="let the Hub be asked: for Hub ids, and data sets as org/name:train")]
Language = Annotated[str, typer.Option("--lang", help="en or zh")]


KNOBS: dict[str, Any] = {
    "role": Roles, "turns": Turns, "end": End, "after_end": AfterEnd, "empty_reasoning": EmptyReasoning,
    "header": Header, "reasoning": Reasoning, "tool_calls": ToolCalls, "marks": Marks,
}  # fmt: skip


def with_knobs(command: Callable[..., None]) -> Callable[..., None]:
    """The command with an option for each knob of a policy; those that were turned it is given as `turned`."""

    @wraps(command)
    def with_options(**given: Any) -> None:
        values = {name: given.pop(name) for name in KNOBS}
        turned = {name: value for name, value in values.items() if value is not None}
        if "role" in turned:
            turned["roles"] = frozenset(turned.pop("role"))
        command(turned=turned, **given)

    own = [parameter for parameter in signature(command).parameters.values() if parameter.name != "turned"]
    of_knobs = [Parameter(name, Parameter.KEYWORD_ONLY, default=None, annotation=kind) for name, kind in KNOBS.items()]
    keyword_only = [parameter.replace(kind=Parameter.KEYWORD_ONLY) for parameter in own]
    with_options.__signature__ = Signature([*keyword_only, *of_knobs])  # pyright: ignore[reportAttributeAccessIssue]
    with_options.__annotations__ = {parameter.name: parameter.annotation for parameter in (*own, *of_knobs)}
    return with_options


def template_text(choice: str | None) -> str | None:
    """A template's name as it is; of a file, what it holds. Raises ChatError for a file that is no text."""
    from sftviz.chat.files import TEMPLATE_SUFFIXES
    from sftviz.chat.messages import ChatError
    from sftviz.chat.read.encodings import decoded

    if not choice or not choice.endswith(TEMPLATE_SUFFIXES):
        return choice
    try:
        return decoded(Path(choice).read_bytes())[0]
    except ChatError as error:
        raise ChatError("template_file", file=choice, told=error.sentence()) from error
