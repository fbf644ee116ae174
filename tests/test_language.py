"""The app in Chinese: every word it shows is in the list, says what the English says, and none is left over."""

import ast
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
import pytest
import torch

from lessons.questions import LEVELS
from sftviz import assets
from sftviz.attention import ATTENTIONS, EXHIBITS
from sftviz.chat.formats import FORMATS
from sftviz.chat.samples import SAMPLES
from sftviz.chat.tokenizers import TOKENIZERS
from sftviz.chat.write.templates import TEMPLATES
from sftviz.figures import (
    alternatives,
    attention,
    calculators,
    cells,
    flow,
    gradients,
    information,
    normalization,
    objectives,
    scores,
    smoothing,
    stability,
    training_parts,
)
from sftviz.inspection import inspect
from sftviz.loss import ACCUMULATIONS, LOSSES, NORMALIZATIONS, SMOOTHINGS
from sftviz.loss.objectives import OBJECTIVES
from sftviz.loss.probability import naive_steps, stable_steps
from sftviz.loss.scores import PENALTIES
from sftviz.loss.terms import TERMS
from sftviz.loss.text_scores import BLEU_TOKENIZERS
from sftviz.supervision.policies import PART_NAMES, POLICIES
from sftviz.training.architectures import ARCHITECTURES
from sftviz.training.calculators import ZERO
from sftviz.training.clipping import CLIPPINGS
from sftviz.training.deduplication import UNITS
from sftviz.training.schedule import SCHEDULES
from sftviz.training.spikes import MONITORS
from sftviz.ui.app import LABS
from sftviz.ui.components import attention_grid, notes, pickers, token_strip
from sftviz.ui.figure_words import translated
from sftviz.ui.language import HOLE, chinese, in_chinese
from sftviz.ui.pages import attention as attention_page
from sftviz.ui.pages import information as information_page
from sftviz.ui.pages import interview
from sftviz.ui.pages import scores as scores_page
from sftviz.ui.pages.calculators import QUESTIONS
from sftviz.ui.pages.calculators.data import SOURCES
from sftviz.ui.pages.objectives.four_ways import READS

PACKAGE = Path(__file__).resolve().parent.parent / "sftviz"
CHINESE = re.compile("[\u4e00-\u9fff]")
# The same in both languages: names of things, identifiers and formulas
NAMES = {
    "LoRA", "MFU", "log V", "ChatML", "Alpaca", "Llama 2", "Llama 3", "Mistral (v7)", "Gemma 1, 2", "Gemma 3",
    "Qwen 2.5", "Qwen 3", "Qwen 3 Instruct 2507", "Phi 3", "DeepSeek V3", "GLM 4.5", "gpt-oss", "Command R7B", "LFM 2",
    "ShareGPT", "key j", "query i", "InfoNCE", "ZeRO-1", "ZeRO-2", "ZeRO-3, FSDP", "Token", "Tokens", "tokens",
    "logits", "exp", "{0}: ECE {1}", "{name}: log p, nats",
    "Qwen2.5 0.5B", "Llama 3.2 1B", "Mistral 7B v0.1", "Qwen2.5 7B", "Llama 3.1 8B", "Llama 3.1 70B",
}  # fmt: skip

MISFIT = {"pass the model that belongs to this tokenizer, or model=None"}


def words() -> dict[str, str]:
    return chinese()


def sources(*folders: str) -> Iterator[tuple[Path, ast.Module]]:
    for folder in folders:
        for path in sorted((PACKAGE / folder).rglob("*.py")):
            yield path, ast.parse(path.read_text(encoding="utf-8"))


def given_to_t() -> dict[str, str]:
    """Every literal given to t( … ) by the app and by the lessons' labs, t(TABLE[…]) included, and where."""
    return {
        text: f"{path.name}:{node.lineno}"
        for path, tree in sources("ui", "../lessons")
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "t"
        for text in choices(node.args[0], tree)
    }


def choices(given: ast.expr, tree: ast.Module) -> list[str]:
    """The text of a literal; of TABLE[…] the texts that a table of the module holds."""
    literals: list[ast.expr | None] = [given]
    if isinstance(given, ast.Subscript):
        tables = [node for node in tree.body if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict)]
        name = ast.unparse(given.value)
        literals = [v for node in tables if ast.unparse(node.targets[0]) == name for v in node.value.values]
    return [one.value for one in literals if isinstance(one, ast.Constant) and isinstance(one.value, str)]


def shown_by_tables() -> set[str]:
    """What pages show of the core's tables and of their own: everything that is given to t as a variable."""
    titled = (
        POLICIES, LOSSES, NORMALIZATIONS, SMOOTHINGS, ACCUMULATIONS, OBJECTIVES, TERMS, PENALTIES, ATTENTIONS, EXHIBITS,
        SAMPLES, FORMATS, TEMPLATES, assets.MODELS, token_strip.COLORINGS, SCHEDULES, CLIPPINGS, MONITORS, UNITS, ZERO,
        ARCHITECTURES,
    )  # fmt: skip
    explained = (
        POLICIES, NORMALIZATIONS, ACCUMULATIONS, OBJECTIVES, TERMS, PENALTIES, ATTENTIONS, token_strip.COLORINGS,
        SCHEDULES, UNITS, ZERO,
    )  # fmt: skip
    found = {row.title for table in titled for row in table.values()}
    found |= {row.meaning for table in explained for row in table.values()}
    found |= {"some RL trainers", "an exhibit", ACCUMULATIONS["micro_batch"].source}
    found |= {row.why for row in EXHIBITS.values()} | {row.attention for row in OBJECTIVES.values()}
    found |= {*TOKENIZERS.values(), *BLEU_TOKENIZERS.values(), *LEVELS.values(), "typed", "the tokenizer's own"}
    steps = (*naive_steps(torch.zeros(2), 0), *stable_steps(torch.zeros(2), 0))
    found |= {step.name for step in steps}
    found |= {title for _, title, *_ in LABS}
    found |= {*attention_grid.WORDS, *token_strip.WORDS, *notes.SEVERITIES.values(), *pickers.ENDS.values()}
    found |= {"As pasted, or the tokenizer's own", "The tokenizer's own", "Type one (Jinja) …", "Folder or Hub id …"}
    found |= {"on the right", "on the left", attention_page.PADDING, *information_page.OUTCOMES}
    found |= {*SOURCES, *(title for title, _ in QUESTIONS.values())}
    found |= {*interview.MARKS.values(), *scores_page.SOURCES.values(), *scores_page.EXAMPLES}
    return found


def core_sentences() -> set[str]:
    """Reasons and findings: what policies.py and checks.py say of a chat, {0} {1} … where they put something in."""
    checks = [node for node in nodes("supervision/checks.py") if isinstance(node, ast.Yield)]
    judge = [
        node for node in nodes("supervision/policies.py") if isinstance(node, ast.ClassDef) and node.name == "_Judge"
    ]
    found = {text.removeprefix("; ") for node in (*checks, *judge) for text in texts_in(node)}
    return {text for text in (*found, *PART_NAMES.values()) if " " in text} - {" and "}


def nodes(path: str) -> Iterator[ast.AST]:
    return ast.walk(ast.parse((PACKAGE / path).read_text(encoding="utf-8")))


def texts_in(node: ast.AST) -> Iterator[str]:
    """Every text below a node; an f-string is one, with numbered holes."""
    if isinstance(node, ast.JoinedStr):
        places = iter(range(10))
        yield "".join(str(p.value) if isinstance(p, ast.Constant) else f"{{{next(places)}}}" for p in node.values)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):  # a docstring
        for child in ast.iter_child_nodes(node):
            yield from texts_in(child)


NATS = [0.5, 0.25]
FIGURES: dict[str, Callable[[], go.Figure]] = {
    "alternatives": lambda: alternatives.alternatives_bars([("¶", 0.5), ("§", 0.2)], "¶", 1, 0.5),
    "moved": lambda: attention.moved_bars(["¶", "§"], NATS, [0], 1),
    "learning": lambda: attention.learning_curves(NATS, 0.1, 0.9),
    "weights": lambda: attention.weight_picture([[1.0, 0.0], [0.5, 0.5]]),
    "logits": lambda: calculators.stacks(
        {"all logits at once": parts(LOGIT_PARTS), "1024 rows at a time": parts(LOGIT_PARTS)}, x="bytes", unit="B"
    ),
    "states": lambda: calculators.stacks({"¶": parts(STATE_PARTS)}, x="bytes on each device", unit="B", limit=("¶", 1)),
    "truncation": lambda: calculators.stacks(
        {name: parts(("kept", "cut off")) for name in ("tokens", "supervised targets")}, x="tokens"
    ),
    "packing": lambda: calculators.stacks(
        {way: {"tokens of chats": 1.0, "padding": 1.0} for way in PACKED_WAYS}, x="tokens computed"
    ),
    "matrices": lambda: calculators.matrix_bars({"¶": 2}, {"¶": 1}),
    "days": lambda: calculators.days_curve(NATS, NATS, 0.5, 0.5),
    "share": lambda: calculators.share_area([1, 2], NATS, 1, 0.5),
    "mixture": lambda: calculators.mixture_bars(parts(SOURCES), parts(SOURCES)),
    "repetitions": lambda: calculators.repetition_bars(parts(SOURCES)),
    "likeness": lambda: calculators.likeness_map([[1.0, 0.5], [0.5, 1.0]], [0], 0.7),
    "rows": lambda: cells.token_rows(
        [cells.Cells(name, ["¶"] * 5, list(cells.KINDS)) for name in (*READS.values(), "is asked for")]
    ),
    "alignment": lambda: cells.alignment([cells.Cells("reads", ["¶"], ["text"])] * 2, [0.5]),
    "flow": lambda: flow.flow_bars(flow.Arrived(["¶", "§"], [True, False], NATS, NATS, NATS)),
    "flow rows": lambda: flow.row_bars(["¶", "§"], NATS, [True, False]),
    "pulls": lambda: gradients.pull_curves(gradients.Pulls([0, 1], dict.fromkeys(gradients.TITLES, NATS), 0, {})),
    "gradients": lambda: gradients.gradient_bars(
        ["target", "rival", "token 2"], [0.5] * 3, dict.fromkeys(gradients.TITLES, [0.1] * 3)
    ),
    "descents": lambda: gradients.descents({"cross_entropy": NATS, "squared_error": NATS}),
    "sums": lambda: information.sums([information.Split("H(p)", 1, "KL(p‖q)", 1)]),
    "coin": lambda: information.coin_curve(NATS, NATS, 0.5, 0.5),
    "token weights": lambda: normalization.token_weight_bars([normalization.Weighed("¶", ["¶"], [1.0], [1.0])]),
    "shares": lambda: normalization.share_bars({"¶": [("¶", 1.0)]}),
    "attends": lambda: objectives.may_attend_picture([[True]]),
    "partners": lambda: objectives.partner_matrix([[1.0]]),
    "batch": lambda: objectives.loss_over_batch([2, 4], NATS, NATS, 2),
    "experts": lambda: objectives.expert_bars(NATS, NATS, NATS),
    "balance": lambda: objectives.sweep_curves(
        objectives.Sweep("logit added to expert 1", [0, 1], {}, 0, {"even: 1": 1.0, "all to one: E": 4.0}),
        "load-balance loss",
    ),
    "classes": lambda: objectives.sweep_curves(
        objectives.Sweep(
            "weight of the rare class", [0, 1], {"divided by the weights": NATS, "divided by the rows": NATS}, 0, {}
        ),
        "loss",
    ),
    "bonus": lambda: objectives.sweep_curves(
        objectives.Sweep("logit of the target", [0, 1], {"cross-entropy": NATS, "with the bonus": NATS}, 0, {}),
        "loss in nats",
    ),
    "term shares": lambda: objectives.grouped_bars(
        ["answers", "prompts", "entropy"], {"share of the loss": [1] * 3, "share of the gradient": [1] * 3}, "share"
    ),
    "class shares": lambda: objectives.grouped_bars(
        ["frequent class", "rare class"],
        {
            "share of the rows": NATS,
            "share of the weight: what is learned": NATS,
            "what the model says now": NATS,
        },
        "share",
    ),
    "bonus bars": lambda: objectives.grouped_bars(
        ["target", "rival"], {"probability p": NATS, "with the bonus": NATS}, "probability; gradient", percent=False
    ),
    "ranks": lambda: scores.rank_bars(["¶", "§", "¶"], [1, 3, 50], [0.5, 0.2, 0.1], 5, 4096),
    "reliability": lambda: scores.reliability_bars([scores.Confident(0, 1, 0.5, 0.5, 1)], 0.1),
    "contest": lambda: scores.score_curves(
        scores.Contest([0, 1], {"¶": [-1.0, -1.0]}, 0, {"¶": -1.0}, [scores.Swap("¶ = §", 0.5, -1.0)])
    ),
    "texts": lambda: scores.text_score_bars({"¶": {"BLEU": scores.TextScore(1, 1)}}),
    "smoothed target": lambda: smoothing.target_bars([0.9, 0.1], 45),
    "gap": lambda: smoothing.over_gap(
        smoothing.Gap([0, 1], {"cross_entropy": NATS, "smoothed": NATS}, 0, {"smoothed": 1.0}, 0.5), "loss in nats"
    ),
    "slope": lambda: smoothing.over_gap(smoothing.Gap([0, 1], {}, 0, {}, 9.0), "∂L/∂z of the target"),
    "costs": lambda: smoothing.token_costs(["¶", "§"], NATS, NATS),
    "calibration": lambda: smoothing.calibration_curves(
        [
            smoothing.Calibration(title, NATS, NATS, [1, 1], 0.1)
            for title in ("before", "plain", "smoothed with ε = 0.1")
        ]
    ),
    "push": lambda: stability.push_curves([0, 1], [0.5, None], NATS, 0, 0.5),
    "schedules": lambda: training_parts.schedule_curves(dict.fromkeys(SCHEDULES, NATS), "linear", 1),
    "clipping": lambda: training_parts.clipping_arrows(dict.fromkeys(CLIPPINGS, NATS), 1),
    "spikes": lambda: training_parts.spike_curve(NATS, dict.fromkeys(MONITORS, training_parts.Watched(NATS, [1]))),
}
LOGIT_PARTS = ("logits", "log-probabilities", "their gradient", "gradient p − y")
STATE_PARTS = ("parameters", "gradients", "Adam and master copy")
PACKED_WAYS = ("padded to the full length", "padded to the batch's longest", "packed")


def parts(names: Any) -> dict[str, float]:
    return dict.fromkeys(names, 1.0)


@cache
def said_by(figure: str) -> frozenset[str]:
    """Every word of a figure that the app would translate."""
    heard = set()

    def listen(word: str) -> str:
        heard.add(word)
        return "好"  # else a row of categories is given up at its first

    translated(FIGURES[figure](), listen)
    return frozenset(heard)


def is_english(word: str) -> bool:
    """Whether a reader of Chinese would miss something: letters beyond formulas, units, names and plotly's own."""
    return bool(re.search("[A-Za-z]{3}", re.sub(r"%\{[^}]*\}|\b(nats|log|BLEU|MFU|InfoNCE|Jaccard)\b", "", word)))


def test_every_word_given_to_t_is_in_the_list() -> None:
    assert {word: place for word, place in given_to_t().items() if word not in words()} == {}


def test_every_word_of_a_table_is_in_the_list() -> None:
    assert shown_by_tables() - words().keys() - NAMES == set()


@pytest.mark.parametrize("figure", FIGURES)
def test_a_figures_words_are_in_the_list(figure: str) -> None:
    assert {word for word in said_by(figure) if is_english(word) and in_chinese(word) == word} - NAMES == set()


def test_reasons_and_findings_are_in_the_list() -> None:
    assert core_sentences() - words().keys() == set()


def test_every_reason_of_every_sample_is_told_in_chinese() -> None:
    knobs: list[dict[str, Any]] = [
        {},
        {"roles": {"user", "tool"}},
        {"end": "none"},
        {"end": "last", "header": True},
        {"reasoning": False, "tool_calls": False},
    ]
    reasons = {
        reason
        for sample in SAMPLES.values()
        for policy in POLICIES
        for template in (None, "llama3", "plain")
        for knob in knobs
        for reason in inspect(sample.text, template=template, policy=policy, model=None, **knob).supervision.reasons
    }
    assert len(reasons) > 60
    assert {reason for reason in reasons if re.search(r"[A-Za-z]+ [A-Za-z]+ [A-Za-z]+", in_chinese(reason))} == set()


def test_the_chinese_puts_in_what_the_english_puts_in() -> None:
    assert {english for english, said in words().items() if kept(english) != kept(said)} == set()


def kept(text: str) -> tuple[list[str], int, list[str]]:
    """What a translation must not lose: what is put in, what is bold, and the formulas."""
    return sorted(re.findall(r"%?\{[^{}]*\}", text)), text.count("**"), re.findall(r"\$[^$]*\$", text)


def test_the_chinese_is_chinese() -> None:
    bare = {english: re.sub(r"\{\w+\}|token", "", english) for english in words()}
    same = {english for english, said in words().items() if not CHINESE.search(said) and is_english(bare[english])}
    assert same - NAMES == set()


def test_the_list_is_sorted() -> None:
    assert list(words()) == sorted(words())


def test_no_word_is_left_over_in_the_list() -> None:
    written = {text for _, tree in sources("ui", "figures", "../lessons") for text in texts_in(tree)}
    heard = {word for figure in FIGURES for word in said_by(figure)}
    used = (
        written | heard | given_to_t().keys() | shown_by_tables() | core_sentences() | set(PART_NAMES.values()) | MISFIT
    )
    assert {word for word in words() if word not in used and not HOLE.search(word)} == set()


def test_a_pattern_is_filled_and_what_fills_it_is_told_too() -> None:
    assert in_chinese("token 3") == "3 号"
    assert in_chinese("best 2.20") == "最佳 2.20"
    assert (
        in_chinese("assistant end-of-turn: here the model learns to stop")
        == "assistant 轮次结束标记：模型在这里学会停下"
    )
    assert in_chinese("assistant content: pretrain trains on user and tool turns only").endswith(
        "只训练 user 和 tool 的轮次"
    )
    assert in_chinese("nothing of the kind") == "nothing of the kind"


def test_a_figure_is_translated_and_the_given_one_stays() -> None:
    figure = FIGURES["descents"]()
    before = figure.to_json()
    said = translated(figure, in_chinese)
    assert figure.to_json() == before
    assert [trace.name for trace in said.data] == ["交叉熵", "平方误差"]
    assert {trace.name for frame in said.frames for trace in frame.data} == {"交叉熵", "平方误差"}
    assert said.layout.xaxis.title.text == "梯度下降的步数"
    assert said.layout.updatemenus[0].buttons[0].label == "▶ 放开"
    assert said.data[0].hovertemplate == "第 %{x} 步：p = %{y:.4g}<extra>交叉熵</extra>"
    assert said.data[0].y == figure.data[0].y
    hovered = translated(FIGURES["flow"](), in_chinese).data[0].customdata
    assert [list(row) for row in hovered] == [["¶", "计入损失"], ["§", "被掩掉"]]


def test_a_chats_own_words_stay_even_where_one_looks_like_ours() -> None:
    said = translated(smoothing.token_costs(["loss", "of", "step"], [1, 2, 3], [1, 2, 3]), in_chinese)
    assert said.layout.xaxis.ticktext == ("loss", "of", "step")
    said = translated(alternatives.alternatives_bars([("loss", 0.5), ("step", 0.2)], "loss", 1, 0.5), in_chinese)
    assert said.data[0].y == ("1. loss", "2. step")
    assert said.data[0].text[0] == "50.00%  ← 目标"


def test_the_strip_says_nothing_that_is_not_handed_to_it() -> None:
    script = (PACKAGE / "ui/components/token_strip/strip.js").read_text(encoding="utf-8")
    assert set(re.findall(r"""say\((?:[^"()]* \? )?"([^"]+)\"""", script)) <= set(token_strip.WORDS)
