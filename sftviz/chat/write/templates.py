"""The chat templates one can choose by name, and how a choice becomes Jinja text."""

from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from sftviz.chat.messages import Chat, ChatError

OWN = Path(__file__).resolve().parents[2] / "assets" / "templates"
TYPED = "typed"
TOKENIZERS_OWN = "tokenizer"


@dataclass(frozen=True)
class TemplateRow:
    name: str
    title: str
    file: str
    source: str
    bos: str = ""
    eos: str = ""

    def jinja(self) -> str:
        folder = OWN if self.source == "sftviz" else trl_templates()
        return (folder / self.file).read_text(encoding="utf-8")


@dataclass(frozen=True)
class Template:
    """Jinja text and where it came from. Untrusted text is rendered in the bounded helper process."""

    name: str
    jinja: str
    trusted: bool
    bos: str = ""
    eos: str = ""

    @property
    def title(self) -> str:
        if self.name in TEMPLATES:
            return TEMPLATES[self.name].title
        return "typed" if self.name == TYPED else "the tokenizer's own"

    @property
    def has_generation(self) -> bool:
        """True where the text marks what the assistant writes with `{% generation %}`."""
        return "generation" in self.jinja and "endgeneration" in self.jinja


def _rows(*rows: TemplateRow) -> dict[str, TemplateRow]:
    return {row.name: row for row in rows}


TEMPLATES = _rows(
    TemplateRow("chatml", "ChatML", "chatml.jinja", "sftviz", eos="<|im_end|>"),
    TemplateRow("alpaca", "Alpaca", "alpaca.jinja", "sftviz", eos="</s>"),
    TemplateRow("llama2", "Llama 2", "llama2.jinja", "sftviz", "<s>", "</s>"),
    TemplateRow("llama3", "Llama 3", "llama3_training.jinja", "trl", "<|begin_of_text|>", "<|eot_id|>"),
    TemplateRow("mistral", "Mistral (v7)", "mistral.jinja", "sftviz", "<s>", "</s>"),
    TemplateRow("gemma", "Gemma 1, 2", "gemma_training.jinja", "trl", "<bos>", "<end_of_turn>"),
    TemplateRow("gemma3", "Gemma 3", "gemma3_training.jinja", "trl", "<bos>", "<end_of_turn>"),
    TemplateRow("qwen2_5", "Qwen 2.5", "qwen2_5_training.jinja", "trl", eos="<|im_end|>"),
    TemplateRow("qwen3", "Qwen 3", "qwen3_training.jinja", "trl", eos="<|im_end|>"),
    TemplateRow(
        "qwen3_instruct", "Qwen 3 Instruct 2507", "qwen3_instruct_2507_training.jinja", "trl", eos="<|im_end|>"
    ),
    TemplateRow("phi3", "Phi 3", "phi3_training.jinja", "trl", eos="<|endoftext|>"),
    TemplateRow(
        "deepseek_v3",
        "DeepSeek V3",
        "deepseekv3_training.jinja",
        "trl",
        "<｜begin▁of▁sentence｜>",
        "<｜end▁of▁sentence｜>",
    ),
    TemplateRow("glm4", "GLM 4.5", "glm4moe_training.jinja", "trl", eos="<|user|>"),
    TemplateRow("gpt_oss", "gpt-oss", "gptoss_training.jinja", "trl", eos="<|return|>"),
    TemplateRow("cohere2", "Command R7B", "cohere2_training.jinja", "trl", "<BOS_TOKEN>", "<|END_OF_TURN_TOKEN|>"),
    TemplateRow("lfm2", "LFM 2", "lfm2_v2_training.jinja", "trl", eos="<|im_end|>"),
    TemplateRow("plain", "No template: text as it is", "plain.jinja", "sftviz", eos="<|endoftext|>"),
)


def resolve(choice: str | None, chat_template: str | None, tokenizer_template: str | None) -> Template:
    """The template to use: a name in TEMPLATES, "tokenizer", or Jinja text; None asks the chat, then the tokenizer.

    A tokenizer's own template may be a name in TEMPLATES too. Raises ChatError where the choice is neither.
    """
    if not isinstance(choice, str | None):
        raise ChatError("template_no_text", kind=type(choice).__name__)
    if choice is None:
        choice = chat_template or (TOKENIZERS_OWN if tokenizer_template else "chatml")
    if choice == TOKENIZERS_OWN and tokenizer_template in TEMPLATES:
        choice = tokenizer_template
    if choice in TEMPLATES:
        row = TEMPLATES[choice]
        return Template(row.name, _jinja_of(row.name), trusted=True, bos=row.bos, eos=row.eos)
    if choice == TOKENIZERS_OWN:
        if not tokenizer_template:
            raise ChatError("tokenizer_has_no_template", names=tuple(TEMPLATES))
        return _tokenizers_own(tokenizer_template)
    if "{" not in choice:
        raise ChatError("template_unknown", name=choice, names=tuple(TEMPLATES))
    return Template(TYPED, choice, trusted=False)


def joined_turns(chat: Chat, template: Template) -> tuple[int, ...]:
    """The user messages that Mistral's templates join to the one before, as mistral-common does."""
    if not template.name.startswith("mistral"):
        return ()
    roles = [message.role for message in chat.messages]
    return tuple(i for i in range(1, len(roles)) if roles[i] == roles[i - 1] == "user")


def trl_templates() -> Path:
    """The folder of TRL's templates, found without importing TRL."""
    spec = find_spec("trl")
    if spec is None or not spec.submodule_search_locations:
        raise ChatError("trl_not_installed")
    return Path(spec.submodule_search_locations[0]) / "chat_templates"


@cache
def _jinja_of(name: str) -> str:
    return TEMPLATES[name].jinja()


def _tokenizers_own(jinja: str) -> Template:
    ours = jinja == _jinja_of("chatml")  # the embedded tokenizer's: no need for the helper process
    return Template(TOKENIZERS_OWN, jinja, trusted=ours, eos="<|im_end|>" if ours else "")
