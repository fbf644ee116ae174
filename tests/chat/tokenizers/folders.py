"""Tokenizer folders made here: six whole ones of different kinds, and damaged copies with one change each."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from sftviz import assets

TEXTS = [
    "the owl is a bird of the night",
    "a dog barks at the owl",
    "näive Überraschung 你好 🙂",
    "1 + 1 = 2\n\ttab",
] * 9
TEMPLATE = "{% for m in messages %}<{{ m.role }}>{{ m.content }}{{ eos_token }}{% endfor %}"


def write(folder: Path, backend: Tokenizer, config: dict[str, Any], **files: str | dict[str, Any]) -> Path:
    folder.mkdir()
    backend.save(str(folder / "tokenizer.json"))
    files = {"tokenizer_config": config, **files}
    for name, content in files.items():
        text = content if isinstance(content, str) else json.dumps(content)
        (folder / (name if "." in name else f"{name}.json")).write_text(text, encoding="utf-8")
    return folder


def embedded(folder: Path) -> Path:
    return shutil.copytree(assets.HERE / "tiny", folder)


def byte_level(folder: Path) -> Path:
    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    backend.post_processor = processors.ByteLevel(trim_offsets=True)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    backend.train_from_iterator(TEXTS, trainers.BpeTrainer(vocab_size=400, initial_alphabet=alphabet))
    backend.add_special_tokens(["<|end|>"])
    config = {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "<|end|>", "pad_token": "<|pad|>",
              "chat_template": TEMPLATE, "model_max_length": 77}  # fmt: skip
    return write(folder, backend, config)


def unigram(folder: Path) -> Path:
    backend = Tokenizer(models.Unigram())
    backend.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace("  ", " ")])
    backend.pre_tokenizer = pre_tokenizers.Metaspace()
    backend.decoder = decoders.Metaspace()
    special = ["<unk>", "<s>", "</s>"]
    trainer = trainers.UnigramTrainer(vocab_size=200, special_tokens=special, unk_token="<unk>")
    backend.train_from_iterator(TEXTS, trainer)
    tokens = {"unk_token": {"content": "<unk>", "lstrip": False, "normalized": False, "rstrip": False,
                            "single_word": False}, "bos_token": "<s>", "eos_token": "</s>"}  # fmt: skip
    config = {"tokenizer_class": "TokenizersBackend", "model_max_length": 1e30, "chat_template": TEMPLATE}
    return write(folder, backend, config, special_tokens_map=tokens)


def word_piece(folder: Path) -> Path:
    backend = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    backend.normalizer = normalizers.BertNormalizer()
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]"]
    backend.train_from_iterator(TEXTS, trainers.WordPieceTrainer(vocab_size=200, special_tokens=special))
    backend.enable_padding(pad_id=3, pad_token="[PAD]")
    backend.enable_truncation(max_length=5)
    mask = {"__type": "AddedToken", "content": "[MASK]", "lstrip": True, "normalized": False, "rstrip": False}
    config = {"tokenizer_class": "PreTrainedTokenizerFast", "unk_token": "[UNK]", "cls_token": "[CLS]",
              "sep_token": "[SEP]", "mask_token": mask}  # fmt: skip
    return write(folder, backend, config)


def with_a_template_file(folder: Path) -> Path:
    byte_level(folder)
    (folder / "chat_template.jinja").write_text("{{ bos_token }}of the file\n", encoding="utf-8")
    config = json.loads((folder / "tokenizer_config.json").read_text())
    config |= {"image_token": "<image>", "additional_special_tokens": ["<a>", "<b>"], "bos_token": "<nowhere>"}
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    return folder


def with_named_templates(folder: Path) -> Path:
    unigram(folder)
    config = json.loads((folder / "tokenizer_config.json").read_text())
    named = [{"name": "default", "template": TEMPLATE}, {"name": "rag", "template": "rag"}]
    decoder = {
        "1": {"content": "<s>", "lstrip": False, "normalized": False, "rstrip": False, "single_word": False,
              "special": True},
        "900": {"content": "<late>", "lstrip": False, "normalized": False, "rstrip": False, "single_word": False,
                "special": False},
    }  # fmt: skip
    config |= {"chat_template": named, "added_tokens_decoder": decoder, "eos_token": "</s>",
               "extra_special_tokens": {"audio_token": "<audio>"}}  # fmt: skip
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    (folder / "special_tokens_map.json").unlink()
    return folder


WHOLE: dict[str, Callable[[Path], Path]] = {
    make.__name__: make
    for make in (embedded, byte_level, unigram, word_piece, with_a_template_file, with_named_templates)
}


def _config(**fields: Any) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        path = folder / "tokenizer_config.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | fields))

    return change


def _backend(change: Callable[[dict[str, Any]], Any]) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        path = folder / "tokenizer.json"
        held = json.loads(path.read_text(encoding="utf-8"))
        change(held)
        path.write_text(json.dumps(held), encoding="utf-8")

    return apply


def _file(name: str, content: str | bytes) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)

    return change


def _link(name: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        (folder / name).unlink(missing_ok=True)
        secret = folder.parent / "secret"
        secret.write_text("secret")
        (folder / name).symlink_to(secret)

    return change


def _without(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def _cut(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes()[:5000])


def _normalizers(count: int) -> dict[str, Any]:
    one = {"type": "Replace", "pattern": {"String": "."}, "content": "x" * 8}
    return {"type": "Sequence", "normalizers": [one] * count}


def _added(token_id: int, content: str = "<new>") -> dict[str, Any]:
    flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
    return {"id": token_id, "content": content, "special": True, **flags}


SETTINGS, BACKEND, TEMPLATE_FILE = "tokenizer_config.json", "tokenizer.json", "chat_template.jinja"

# a change to a copy of the embedded folder -> words of the error; None: it loads all the same
DAMAGED: dict[str, tuple[Callable[[Path], None], str | None]] = {
    "settings: a list": (_file(SETTINGS, "[]"), r"tokenizer_config.json holds a list, not a JSON object"),
    "settings: null": (_file(SETTINGS, "null"), "tokenizer_config.json holds null"),
    "settings: a number": (_file(SETTINGS, "7"), "tokenizer_config.json holds a number"),
    "settings: empty": (_file(SETTINGS, ""), "tokenizer_config.json cannot be read: Expecting value"),
    "settings: cut off": (_file(SETTINGS, '{"eos_token": "<|im'), "tokenizer_config.json cannot be read: Unterminated"),
    "settings: not UTF-8": (_file(SETTINGS, b'{"eos_token": "\xff"}'), "cannot be read: 'utf-8' codec can't decode"),
    "settings: deep": (_file(SETTINGS, "[" * 10**5), "tokenizer_config.json cannot be read: RecursionError"),
    "settings: missing": (_without(SETTINGS), None),
    "settings: 9 MB": (_file(SETTINGS, '{"a": "' + "x" * 9 * 2**20 + '"}'), "tokenizer_config.json has 9,4.* bytes"),
    "settings: a folder": (lambda f: ((f / SETTINGS).unlink(), (f / SETTINGS).mkdir()), "cannot be read"),
    "class: a number": (_config(tokenizer_class=7), "says tokenizer_class = 7; it must be a text"),
    "class: nobody's": (_config(tokenizer_class="EvilTokenizer"), None),
    "class: BERT's": (_config(tokenizer_class="BertTokenizer"), None),
    "class: a slow one": (_config(tokenizer_class="CanineTokenizer"), r"tokenizer '.*' (has no fast|could not)"),
    "class: code of its own": (_config(tokenizer_class="Evil", auto_map={"AutoTokenizer": ["evil.E", None]}), "code"),
    "length: a text": (_config(model_max_length="abc"), r'says model_max_length = "abc"; it must be a number'),
    "length: a list": (_config(model_max_length=[1]), r"says model_max_length = \[1\]"),
    "length: below 0": (_config(model_max_length=-1), None),
    "template: a number": (_config(chat_template=5), "says chat_template = 5; it must be a text, or a list"),
    "template: without a default": (_config(chat_template={"rag": "x"}), None),
    "template: no names": (_config(chat_template=[{"template": "x"}]), None),
    "added tokens: a list": (_config(added_tokens_decoder=[1]), r"says added_tokens_decoder = \[1\]"),
    "added tokens: no id": (_config(added_tokens_decoder={"x": {"content": "y"}}), "could not be loaded: invalid lit"),
    "added tokens: no content": (_config(added_tokens_decoder={"5": {}}), None),
    "added tokens: strange flags": (_config(added_tokens_decoder={"5": {"content": "y", "x": 1}}), None),
    "eos: a number": (_config(eos_token=7), "could not be loaded: \\w+"),
    "eos: a list": (_config(eos_token=["a"]), "could not be loaded: \\w+"),
    "eos: nowhere": (_config(eos_token="<nowhere>"), None),
    "extra tokens: a number": (_config(extra_special_tokens=7), "could not be loaded: \\w+"),
    "extra tokens: numbers": (_config(extra_special_tokens=[7]), "could not be loaded: \\w+"),
    "backend: null": (_file(BACKEND, "null"), "tokenizer.json holds null"),
    "backend: a list": (_file(BACKEND, "[]"), "tokenizer.json holds a list"),
    "backend: empty": (_file(BACKEND, ""), "tokenizer.json cannot be read"),
    "backend: an empty object": (_file(BACKEND, "{}"), "could not be loaded: \\w+"),
    "backend: cut off": (_cut(BACKEND), "tokenizer.json cannot be read"),
    "backend: missing": (_without(BACKEND), "could not be loaded: \\w+"),
    "backend: 51 MB": (_file(BACKEND, b" " * 51 * 2**20), r"tokenizer.json has 53,477,376 bytes, and at most"),
    "model: of a type nobody knows": (_backend(lambda b: b["model"].update(type="Evil")), "could not be loaded: \\w+"),
    "model: a list": (_backend(lambda b: b.update(model=[])), "could not be loaded: \\w+"),
    "model: missing": (_backend(lambda b: b.pop("model")), "could not be loaded: \\w+"),
    "merges: an unknown piece": (_backend(lambda b: b["model"]["merges"].append(["qqq", "zzz"])), "could not be load"),
    "merges: of one": (_backend(lambda b: b["model"]["merges"].append(["a"])), "could not be loaded: \\w+"),
    "merges: a text": (_backend(lambda b: b["model"].update(merges="a b")), "could not be loaded: \\w+"),
    "id: below 0": (_backend(lambda b: b["model"]["vocab"].update(qqq=-1)), "'qqq' has the id -1"),
    "id: 10^9": (_backend(lambda b: b["model"]["vocab"].update(qqq=10**9)), "'qqq' has the id 1,000,000,000"),
    "id: a text": (_backend(lambda b: b["model"]["vocab"].update(qqq="7")), "could not be loaded: \\w+"),
    "id: twice": (_backend(lambda b: b["model"]["vocab"].update(qqq=7)), None),
    "vocabulary: a list": (_backend(lambda b: b["model"].update(vocab=["a"])), "could not be loaded: \\w+"),
    "vocabulary: empty": (_backend(lambda b: b["model"].update(vocab={})), "could not be loaded: \\w+"),
    "added: 10^9": (_backend(lambda b: b["added_tokens"].append(_added(10**9))), "'<new>' has the id 1,000,000,000"),
    "added: 100,001": (
        _backend(lambda b: b.update(added_tokens=[_added(i, f"<{i}>") for i in range(100_001)])),
        "has 100,001 added tokens, and at most 100,000 are taken",
    ),
    "added: a number": (_backend(lambda b: b.update(added_tokens=7)), "could not be loaded: \\w+"),
    "added: numbers": (_backend(lambda b: b.update(added_tokens=[7])), "could not be loaded: \\w+"),
    "normalizer: 8 times 8": (
        _backend(lambda b: b.update(normalizer=_normalizers(8))),
        "its normalizer may make 16,777,216 characters of one",
    ),
    "normalizer: a text": (_backend(lambda b: b.update(normalizer="NFC")), "could not be loaded: \\w+"),
    "normalizer: nobody's": (_backend(lambda b: b.update(normalizer={"type": "Evil"})), "could not be loaded: \\w+"),
    "pre-tokenizer: nobody's": (_backend(lambda b: b.update(pre_tokenizer={"type": "E"})), "could not be loaded: \\w+"),
    "decoder: nobody's": (_backend(lambda b: b.update(decoder={"type": "Evil"})), "could not be loaded: \\w+"),
    "post-processor: nobody's": (_backend(lambda b: b.update(post_processor={"type": "E"})), "could not be loaded"),
    "Unigram: empty": (
        _backend(lambda b: b.update(model={"type": "Unigram", "unk_id": 0, "vocab": []})),
        "could not be loaded: \\w+",
    ),
    "template file: 65 kB": (_file(TEMPLATE_FILE, "x" * 65 * 2**10), "chat_template.jinja has 66,560 bytes"),
    "template file: 50 MB": (_file(TEMPLATE_FILE, b"x" * 50 * 2**20), "chat_template.jinja has 52,428,800 bytes"),
    "template file: not UTF-8": (_file(TEMPLATE_FILE, b"\xff\xfe"), "chat_template.jinja cannot be read"),
    "template file: a link out": (_link(TEMPLATE_FILE), "chat_template.jinja is a link out of its folder"),
    "backend: a link out": (_link(BACKEND), "tokenizer.json is a link out of its folder"),
    "settings: a link out": (_link(SETTINGS), "tokenizer_config.json is a link out of its folder"),
    "map: a list": (_file("special_tokens_map.json", "[]"), "special_tokens_map.json holds a list"),
    "map: cut off": (_file("special_tokens_map.json", "{"), "special_tokens_map.json cannot be read"),
    "map: numbers": (_file("special_tokens_map.json", '{"eos_token": 5}'), "could not be loaded: \\w+"),
    "config.json: a list": (_file("config.json", "[]"), "config.json holds a list"),
    "config.json: nobody's": (_file("config.json", '{"model_type": "evil"}'), None),
}

# whole to look at, and failing on a text
FAILING = {
    "WordLevel without its unknown token": {"type": "WordLevel", "vocab": {"a": 0}, "unk_token": "[UNK]"},
    "WordPiece without its unknown token": {
        "type": "WordPiece", "vocab": {"a": 0}, "unk_token": "[UNK]", "continuing_subword_prefix": "##",
        "max_input_chars_per_word": 100,
    },
}  # fmt: skip
