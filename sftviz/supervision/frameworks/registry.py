"""The table of frameworks and presets, and the one way to ask any of them."""

from sftviz.chat.messages import Chat
from sftviz.chat.tokenizers import load_tokenizer
from sftviz.supervision.frameworks import (
    axolotl,
    llamafactory,
    nanochat,
    nemo_rl,
    openrlhf,
    swift,
    tinker,
    torchtune,
    transformers,
    trl,
    unsloth,
    verl,
)
from sftviz.supervision.frameworks.made import Asked, Framework, Made, NoRow, Preset, joined
from sftviz.words import SaidError

_MODULES = (
    trl, transformers, llamafactory, axolotl, unsloth, torchtune, swift, verl, openrlhf, tinker, nemo_rl, nanochat,
)  # fmt: skip
FRAMEWORKS: dict[str, Framework] = {module.FRAMEWORK.name: module.FRAMEWORK for module in _MODULES}
PRESETS: dict[str, Preset] = {preset.name: preset for module in _MODULES for preset in module.PRESETS}
_ENCODE = {module.FRAMEWORK.name: module.encode for module in _MODULES}


class FrameworkError(SaidError):
    """A framework or preset that does not exist: sentences error.<code>, remedy.<code>."""


def chosen(name: str) -> Preset:
    """The preset of a name; a framework's name alone means its first preset, which is how it comes."""
    if name in FRAMEWORKS:
        return next(preset for preset in PRESETS.values() if preset.framework == name)
    if name not in PRESETS:
        raise FrameworkError("preset_unknown", name=repr(name), frameworks=tuple(FRAMEWORKS), known=tuple(PRESETS))
    return PRESETS[name]


def make(
    preset: str | Preset, chat: Chat, tokenizer: object = "sftviz/tiny", template: str | None = None, **options: object
) -> Made:
    """The rows that a framework makes of a chat, or why there is none.

    template: see `render`; of a framework that has its own (`Framework.templates`) one of these, or None for the one
    that fits. options turn the framework's own settings, max_length among them.
    """
    row = chosen(preset) if isinstance(preset, str) else preset
    framework = FRAMEWORKS[row.framework]
    asked = Asked(chat, load_tokenizer(tokenizer), template, row, options)
    source = f"{framework.version}: {', '.join(framework.files)}"
    try:
        labelled = list(_ENCODE[framework.name](asked))
    except NoRow as none:
        return Made(row, (), none.said, none.drops)
    return Made(row, tuple(joined(row, one, source) for one in labelled))
