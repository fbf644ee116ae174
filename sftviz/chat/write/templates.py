"""The chat templates one can choose by name, and how a choice becomes Jinja text."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sftviz.chat.messages import Chat, ChatError

OWN = Path(__file__).resolve().parents[2] / "assets" / "templates"
FOLDERS = {"sftviz": OWN, "trl": OWN / "trl"}
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
    takes_parts: bool = False  # a content is a list of parts: a text goes in as one, as TRL's trainer hands it on

    def jinja(self) -> str:
        return (FOLDERS[self.source] / self.file).read_text(encoding="utf-8")


@dataclass(frozen=True)
class Template:
    """Jinja text and where it came from. Untrusted text is rendered in the bounded helper process."""

    name: str
    jinja: str
    trusted: bool
    bos: str = ""
    eos: str = ""
    takes_parts: bool = False

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


BEGIN, END = "<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>"  # DeepSeek's
IM_END = "<|im_end|>"

TEMPLATES = _rows(
    TemplateRow("chatml", "ChatML", "chatml.jinja", "sftviz", "", IM_END),
    TemplateRow("alpaca", "Alpaca", "alpaca.jinja", "sftviz", "", "</s>"),
    TemplateRow("llama2", "Llama 2", "llama2.jinja", "sftviz", "<s>", "</s>"),
    TemplateRow("llama3", "Llama 3", "llama3_training.jinja", "trl", "<|begin_of_text|>", "<|eot_id|>"),
    TemplateRow("mistral", "Mistral (v7)", "mistral.jinja", "sftviz", "<s>", "</s>"),
    TemplateRow("mistral_v1", "Mistral (v1)", "mistral_v1.jinja", "sftviz", "<s>", "</s>"),
    TemplateRow("mistral_v2", "Mistral (v2)", "mistral_v2.jinja", "sftviz", "<s>", "</s>"),
    TemplateRow("mistral_v3", "Mistral (v3)", "mistral_v3.jinja", "sftviz", "<s>", "</s>"),
    TemplateRow("mistral_tekken", "Mistral (v3, tekken)", "mistral_v3.jinja", "sftviz", "<s>", "</s>"),
    TemplateRow("gemma", "Gemma 1, 2", "gemma_training.jinja", "trl", "<bos>", "<end_of_turn>"),
    TemplateRow("gemma3", "Gemma 3", "gemma3_training.jinja", "trl", "<bos>", "<end_of_turn>"),
    TemplateRow("diffusion_gemma", "DiffusionGemma", "diffusion_gemma_training.jinja", "trl", "<bos>", "<turn|>"),
    TemplateRow("qwen2_5", "Qwen 2.5", "qwen2_5_training.jinja", "trl", "", IM_END),
    TemplateRow("qwen2_5_vl", "Qwen 2.5 VL", "qwen2_5_vl_training.jinja", "trl", "", IM_END),
    TemplateRow("qwen3", "Qwen 3", "qwen3_training.jinja", "trl", "", IM_END),
    TemplateRow("qwen3_instruct", "Qwen 3 Instruct 2507", "qwen3_instruct_2507_training.jinja", "trl", "", IM_END),
    TemplateRow("qwen3_vl", "Qwen 3 VL", "qwen3_vl_training.jinja", "trl", "", IM_END),
    TemplateRow("qwen3_5", "Qwen 3.5, thinking", "qwen3_5_think_training.jinja", "trl", "", IM_END),
    TemplateRow("qwen3_5_nothink", "Qwen 3.5, not thinking", "qwen3_5_nothink_training.jinja", "trl", "", IM_END),
    TemplateRow("qwen3_6", "Qwen 3.6", "qwen3_6_training.jinja", "trl", "", IM_END),
    TemplateRow("qwen3_8", "Qwen 3.8", "qwen3_8_training.jinja", "trl", "", IM_END),
    TemplateRow("phi3", "Phi 3", "phi3_training.jinja", "trl", "", "<|endoftext|>"),
    TemplateRow("phi3_5", "Phi 3.5", "phi3_5_training.jinja", "trl", "", "<|endoftext|>"),
    TemplateRow("deepseek_v3", "DeepSeek V3", "deepseekv3_training.jinja", "trl", BEGIN, END),
    TemplateRow("deepseek_r1", "DeepSeek R1 Distill", "deepseek_r1_distill_training.jinja", "trl", BEGIN, END),
    TemplateRow("glm4", "GLM 4.5", "glm4moe_training.jinja", "trl", "", "<|user|>"),
    TemplateRow("gpt_oss", "gpt-oss", "gptoss_training.jinja", "trl", "", "<|return|>"),
    TemplateRow("cohere", "Command R, Aya", "cohere_training.jinja", "trl", "<BOS_TOKEN>", "<|END_OF_TURN_TOKEN|>"),
    TemplateRow("cohere2", "Command R7B", "cohere2_training.jinja", "trl", "<BOS_TOKEN>", "<|END_OF_TURN_TOKEN|>"),
    TemplateRow("lfm2", "LFM 2", "lfm2_v2_training.jinja", "trl", "<|startoftext|>", IM_END),
    TemplateRow("lfm2_first", "LFM 2, first revision", "lfm2_training.jinja", "trl", "<|startoftext|>", IM_END),
    TemplateRow("nemotron_3_nano", "Nemotron 3 Nano", "nemotron_3_nano_training.jinja", "trl", "", IM_END),
    TemplateRow("nemotron_3_super", "Nemotron 3 Super", "nemotron_3_super_training.jinja", "trl", "", IM_END),
    TemplateRow("nemotron_3_ultra", "Nemotron 3 Ultra", "nemotron_3_ultra_training.jinja", "trl", "", IM_END),
    TemplateRow("nemotron_3_5", "Nemotron 3.5", "nemotron_3_5_lightning_training.jinja", "trl", "", IM_END),
    TemplateRow("muse_glimmer", "Muse Glimmer", "muse_glimmer_training.jinja", "trl", "<|begin_of_text|>", "<|eot|>"),
    TemplateRow("idefics3", "Idefics 3", "idefics3_training.jinja", "trl", "", "<end_of_utterance>", True),
    TemplateRow("smolvlm", "SmolVLM", "smolvlm_training.jinja", "trl", "", "<end_of_utterance>", True),
    TemplateRow("llava_next", "LLaVA-NeXT", "llava_next_training.jinja", "trl", "<s>", "</s>", True),
    TemplateRow("plain", "No template: text as it is", "plain.jinja", "sftviz", "", "<|endoftext|>"),
)


def resolve(choice: str | None, chat_template: str | None, tokenizer_template: str | None) -> Template:
    """The template to use: a name in TEMPLATES, "tokenizer", or Jinja text; None asks the chat, then the tokenizer.

    A tokenizer's own template may be a name in TEMPLATES too. Raises ChatError where the choice is neither.
    """
    if not isinstance(choice, str | None):  # pyright: ignore[reportUnnecessaryIsInstance]  (whatever a caller gives)
        raise ChatError("template_no_text", kind=type(choice).__name__)
    if choice is None:
        choice = chat_template or (TOKENIZERS_OWN if tokenizer_template else "chatml")
    if choice == TOKENIZERS_OWN and tokenizer_template in TEMPLATES:
        choice = tokenizer_template
    if choice in TEMPLATES:
        row = TEMPLATES[choice]
        return Template(row.name, _jinja_of(row.name), True, row.bos, row.eos, row.takes_parts)
    if choice == TOKENIZERS_OWN:
        if not tokenizer_template:
            raise ChatError("tokenizer_has_no_template", names=tuple(TEMPLATES))
        return _tokenizers_own(tokenizer_template)
    if "{" not in choice:
        raise ChatError("template_unknown", name=choice, names=tuple(TEMPLATES))
    return Template(TYPED, choice, trusted=False)


def joined_turns(chat: Chat, template: Template) -> tuple[int, ...]:
    """The messages that Mistral's templates join to the one before, as mistral-common's normalizer does."""
    if not template.name.startswith("mistral"):
        return ()
    roles = [message.role for message in chat.messages]
    return tuple(i for i in range(1, len(roles)) if roles[i] == roles[i - 1] and roles[i] in ("user", "assistant"))


@cache
def _jinja_of(name: str) -> str:
    return TEMPLATES[name].jinja()


def _tokenizers_own(jinja: str) -> Template:
    ours = jinja == _jinja_of("chatml")  # the embedded tokenizer's: no need for the helper process
    return Template(TOKENIZERS_OWN, jinja, trusted=ours, eos="<|im_end|>" if ours else "")
