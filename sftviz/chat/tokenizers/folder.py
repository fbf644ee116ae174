"""A folder with tokenizer.json -> a tokenizer, by the library `tokenizers` alone: 0.05 s where transformers takes 2.

What transformers would do besides is done here for its generic class, TokenizersBackend; the classes of its own that
rebuild a tokenizer (LlamaTokenizer, BertTokenizer, …) are left to it. Ids, characters, variables and template are the
same; tests compare them.
"""

from collections.abc import Mapping
from typing import Any, cast

from tokenizers import AddedToken
from tokenizers import Tokenizer as Backend

from sftviz.assets.files import Folder
from sftviz.chat.tokenizers.fast import FastTokenizer, Settings, default_template
from sftviz.chat.tokenizers.limits import check

GENERIC = (None, "TokenizersBackend", "PreTrainedTokenizerFast")
NAMED = ("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token")
LEFT_TO_TRANSFORMERS = ("auto_map", "split_special_tokens", "fix_mistral_regex")  # settings that change the tokenizer
SETTINGS, MAP, TEMPLATE = "tokenizer_config.json", "special_tokens_map.json", "chat_template.jinja"

Config = dict[str, Any]


def read(folder: Folder) -> FastTokenizer | None:
    """The tokenizer; None where it needs transformers: there is no tokenizer.json, or a class of its own.

    Raises SourceError for files that are too large, damaged, or say what cannot be.
    """
    check(folder)
    config = folder.json(SETTINGS)
    if not folder.has("tokenizer.json") or _needs_transformers(folder, config):
        return None
    backend = Backend.from_str(folder.text("tokenizer.json") or "")
    config = _merged(config, folder)
    _add_missing(backend, config)
    template = folder.text(TEMPLATE)
    return FastTokenizer(
        backend,
        Settings(
            chat_template=default_template(config.get("chat_template")) if template is None else template,
            variables=_variables(config, backend),
            max_length=config.get("model_max_length"),
        ),
        folder.name,
    )


def _needs_transformers(folder: Folder, config: Config) -> bool:
    """A config.json's model type may name another class; templates in a folder and old files are transformers' too."""
    return (
        config.get("tokenizer_class") not in GENERIC
        or any(config.get(key) for key in LEFT_TO_TRANSFORMERS)
        or any(folder.has(file) for file in ("added_tokens.json", "additional_chat_templates"))
        or bool(folder.json("config.json").get("model_type"))
    )


def _merged(config: Config, folder: Folder) -> Config:
    """special_tokens_map.json wins, unless tokenizer_config.json lists the added tokens (then it is a newer file)."""
    if "additional_special_tokens" in config and not config.get("extra_special_tokens"):
        config["extra_special_tokens"] = config.pop("additional_special_tokens")
    if "added_tokens_decoder" in config:
        return config
    legacy = folder.json(MAP)
    extra = legacy.pop("extra_special_tokens", None)
    if isinstance(extra, list):
        before: list[Any] = list(config.get("extra_special_tokens") or [])
        legacy["extra_special_tokens"] = before + [token for token in cast(list[Any], extra) if token not in before]
    return config | legacy


def _add_missing(backend: Backend, config: Config) -> None:
    """Control tokens that the settings name and tokenizer.json lacks, in transformers' order."""
    present = {token.content for token in backend.get_added_tokens_decoder().values()}
    decoder: Mapping[str, Any] = config.get("added_tokens_decoder") or {}
    listed = [AddedToken(**token) for _, token in sorted(decoder.items(), key=lambda item: int(item[0]))]
    known = {repr(token) for token in backend.get_added_tokens_decoder().values()}
    added = [token for token in listed if repr(token) not in known]
    names = present | {token.content for token in listed}
    extra = config.get("extra_special_tokens") or ()
    special = [*_named(config).values(), *(() if isinstance(extra, dict) else extra)]
    for token in map(_as_token, special):
        if token.content not in names:
            added.append(token)
            names.add(token.content)
    if added:
        cast(Any, backend).add_tokens(added)


def _named(config: Config) -> dict[str, Any]:
    """bos_token, eos_token, …; and the model's own, as image_token: whatever ends in _token."""
    extra = config.get("extra_special_tokens")
    own = {key: value for key, value in config.items() if key not in NAMED and key.endswith("_token")}
    own = {key: value for key, value in own.items() if isinstance(value, str)}
    return {key: config[key] for key in NAMED if config.get(key)} | own | (extra if isinstance(extra, dict) else {})


def _variables(config: Config, backend: Backend) -> dict[str, str]:
    padding: Any = cast(Any, backend).padding
    named = _named(config)
    if padding and "pad_token" not in config:
        named["pad_token"] = padding["pad_token"]
    return {key: _as_token(value).content for key, value in named.items()}


def _as_token(value: Any) -> AddedToken:
    if isinstance(value, str):
        return AddedToken(value, special=True)
    settings = {key: value for key, value in value.items() if key not in ("__type", "special")}
    return AddedToken(**settings, special=True)
