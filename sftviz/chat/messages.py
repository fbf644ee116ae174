"""Chat: what was said, by whom, before any template or token."""

from dataclasses import dataclass, field
from typing import Any

ROLES = ("system", "developer", "user", "assistant", "tool")
DOCUMENT = "document"  # the role of plain text that is no chat: pretraining data


@dataclass(frozen=True)
class ToolCall:
    name: str
    arguments: dict[str, Any] | str  # a string only when it is not a JSON object
    id: str | None = None

    def to_dict(self) -> dict[str, Any]:
        call: dict[str, Any] = {"type": "function", "function": {"name": self.name, "arguments": self.arguments}}
        return call | {"id": self.id} if self.id else call


@dataclass(frozen=True)
class Message:
    role: str
    content: str = ""
    reasoning: str = ""  # what a reasoning model writes between <think> and </think>
    tool_calls: tuple[ToolCall, ...] = ()
    name: str | None = None  # the tool that answered, or a participant's name
    tool_call_id: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """The dict a chat template reads; keys without a value are left out."""
        message: dict[str, Any] = {"role": self.role, "content": self.content}
        if self.reasoning:
            message["reasoning_content"] = self.reasoning
        if self.tool_calls:
            message["tool_calls"] = [call.to_dict() for call in self.tool_calls]
        optional = {"name": self.name, "tool_call_id": self.tool_call_id}
        return message | {key: value for key, value in optional.items() if value}


@dataclass(frozen=True)
class Notice:
    """Something parsing changed or doubts: shown as a warning, never an error."""

    code: str
    message: str
    where: str = ""  # "message 2", "line 3, column 7"


@dataclass(frozen=True)
class Chat:
    messages: tuple[Message, ...]
    form: str  # a name in FORMATS
    tools: tuple[dict[str, Any], ...] = ()
    template: str | None = None  # the template the text was written in, where the form tells
    completion_start: int | None = None  # first message of the completion, for prompt-completion samples
    notices: tuple[Notice, ...] = field(default=(), compare=False)
    others: tuple["Chat", ...] = field(default=(), compare=False)  # the further samples of JSON Lines

    def to_dicts(self) -> list[dict[str, Any]]:
        return [message.to_dict() for message in self.messages]


class ChatError(ValueError):
    """A chat that cannot be read: `code`, what is wrong, `where`, and `remedy`."""

    def __init__(self, code: str, message: str, where: str = "", remedy: str = ""):
        self.code, self.message, self.where, self.remedy = code, message, where, remedy
        super().__init__(": ".join(part for part in (where, message) if part) + (f"; {remedy}" if remedy else ""))
