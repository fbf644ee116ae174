"""Chat: what was said, by whom, before any template or token."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from sftviz.chat.spans import Span
from sftviz.words import Said, SaidError

ROLES = ("system", "developer", "user", "assistant", "tool")
DOCUMENT = "document"  # the role of plain text that is no chat: pretraining data

Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True)
class ToolCall:
    name: str
    arguments: dict[str, Any] | str  # a string only when it is not a JSON object
    id: str | None = None

    def to_dict(self) -> dict[str, Any]:
        call: dict[str, Any] = {"type": "function", "function": {"name": self.name, "arguments": self.arguments}}
        return call | {"id": self.id} if self.id else call


@dataclass(frozen=True)
class TrainingMark:
    """What the sample itself says of a turn's training: it wins over the policy.

    `weight` multiplies the turn's cost: 0 not trained, 1 trained, fractions and negatives as they are; None where only
    `ranges` are marked. `ranges` are (start, end, weight) of characters of `content`. `key` is the sample's own word:
    weight, train, train_detail, loss, loss_weight, loss_scale, trainable.
    """

    key: str
    weight: float | None = None
    ranges: tuple[tuple[int, int, float], ...] = ()


@dataclass(frozen=True)
class Message:
    """One message. Where its thought stands inside its content, `inline` is the content as it was written.

    `content` and `reasoning` are then the two halves, for display; a template is given `inline`, and no reasoning.
    """

    role: str
    content: str = ""
    reasoning: str = ""  # what a reasoning model writes between <think> and </think>
    tool_calls: tuple[ToolCall, ...] = ()
    name: str | None = None  # the tool that answered, or a participant's name
    tool_call_id: str | None = None
    inline: str | None = None
    mark: TrainingMark | None = None

    def to_dict(self) -> dict[str, Any]:
        """The dict a chat template reads; keys without a value are left out.

        Reasoning goes under both names that templates read, as transformers hands it on.
        """
        message: dict[str, Any] = {"role": self.role, "content": self.content if self.inline is None else self.inline}
        if self.reasoning and self.inline is None:
            message |= {"reasoning_content": self.reasoning, "thinking": self.reasoning}
        if self.tool_calls:
            message["tool_calls"] = [call.to_dict() for call in self.tool_calls]
        optional = {"name": self.name, "tool_call_id": self.tool_call_id}
        return message | {key: value for key, value in optional.items() if value}


@dataclass(frozen=True)
class Notice:
    """Something reading changed, left out or doubts. Its sentences are finding.<code> and cure.<code>."""

    code: str
    where: Said | None = None  # Said("place.message", n=2)
    values: Mapping[str, Any] = field(default_factory=dict[str, Any])
    severity: Severity = "warning"

    @property
    def what(self) -> Said:
        return Said(f"finding.{self.code}", **self.values)

    @property
    def message(self) -> str:
        return str(self.what)


@dataclass(frozen=True)
class Written:
    """Training text as it was pasted: nothing is written anew. `spans` tile it and say who wrote what."""

    text: str
    spans: tuple[Span, ...]


@dataclass(frozen=True)
class Tokenized:
    """A row that was tokenized before it came: ids [T], labels [T] unshifted with -100, and what else it held."""

    ids: tuple[int, ...]
    labels: tuple[int, ...] | None = None
    attention_mask: tuple[int, ...] | None = None
    position_ids: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Chat:
    messages: tuple[Message, ...]
    form: str  # a name in FORMATS
    tools: tuple[dict[str, Any], ...] = ()
    template: str | None = None  # the template the text was written in, where the form tells
    completion_start: int | None = None  # first message of the completion, for prompt-completion samples
    variables: Mapping[str, Any] = field(default_factory=dict[str, Any])  # chat_template_kwargs of the sample
    written: Written | None = None  # training text: shown as it stands, unless a template is chosen
    tokenized: Tokenized | None = None
    notices: tuple[Notice, ...] = field(default=(), compare=False)
    others: Sequence["Chat"] = field(default=(), compare=False)  # the further samples of a file

    def to_dicts(self) -> list[dict[str, Any]]:
        return [message.to_dict() for message in self.messages]


class ChatError(SaidError):
    """A chat that cannot be read or written: sentences error.<code>, remedy.<code>."""
