"""The kata of this lesson: which tokens of a chat carry a label. A row of slips for every mistake people make."""

from collections.abc import Callable
from typing import Any, NamedTuple

from sftviz.course.katas import Attempt, Check, Kata
from sftviz.course.questions import Said
from sftviz.course.slips import Slip, nothing
from sftviz.loss import IGNORE

STARTER = '''def chat_labels(ids: list[int], roles: list[str], is_end: list[bool]) -> list[int]:
    """The label of every token: its own id where the assistant's turn says it or ends with it, -100 elsewhere.

    ids [T]; roles [T], each "system", "user", "assistant" or "template" (turn headers); is_end [T], True on an
    end-of-turn token, which carries the role of its turn. Labels are unshifted: one for every token, in its place.
    """
    return ...
'''


def chat_labels(ids: list[int], roles: list[str], is_end: list[bool]) -> list[int]:
    """ids, roles, is_end [T] -> labels [T], unshifted. An end carries its turn's role, so the role says it all."""
    return [token if role == "assistant" else IGNORE for token, role in zip(ids, roles, strict=True)]


class Token(NamedTuple):
    """One token of a chat. turn: the role whose turn it is, in headers too; answers: how many have begun by now."""

    id: int
    role: str
    is_end: bool
    turn: str
    answers: int


Chat = list[Token]


def _chat(*turns: tuple[str, list[int]], ended: bool = True) -> Chat:
    """Turns -> tokens: a header [1, 11|12|13], the words, and the end token 2 (the last turn's only if ended)."""
    chat: Chat = []
    answers = 0
    for i, (role, words) in enumerate(turns):
        chat += [Token(n, "template", False, role, answers) for n in (1, {"system": 11, "user": 12}.get(role, 13))]
        answers += role == "assistant"
        chat += [Token(word, role, False, role, answers) for word in words]
        if ended or i < len(turns) - 1:
            chat.append(Token(2, role, True, role, answers))
    return chat


def _keep(chosen: Callable[[Token, Chat], bool], otherwise: int = IGNORE) -> Callable[[Chat], list[int]]:
    return lambda chat: [token.id if chosen(token, chat) else otherwise for token in chat]


def _replied(token: Token, chat: Chat) -> bool:
    return token.role == "assistant"


# fmt: off
SLIPS = (
    Slip(_keep(_replied, otherwise=0),
         "0 is no “ignore”: it is a token's id, so the model would learn to write token 0; −100 is ignored",
         "0 不表示“忽略”：它是一个 token 的 id，模型会去学写 token 0；被忽略的标签是 −100"),
    Slip(_keep(_replied, otherwise=-1),
         "−1 is not ignored: PyTorch's default ignore_index is −100, and any other negative label is an error",
         "−1 不会被忽略：PyTorch 默认的 ignore_index 是 −100，其他负数标签会报错"),
    Slip(lambda c: [t.id if any(_replied(u, c) for u in c[i : i + 2]) else IGNORE for i, t in enumerate(c)],
         "the header's last token got a label: its position predicts the answer, but a label speaks of its own token",
         "头部的最后一个 token 得到了标签：它的位置预测回答的第一个词，但标签说的是 token 自己"),
    *(Slip(made,
           "that is a mask, not labels: 1 says that a token counts; a label says which: its id, and −100 elsewhere",
           "这是掩码，不是标签：1 只说明这个 token 算数；标签要说出是哪个 token：它的 id，其余为 −100")
      for made in (lambda c: [int(_replied(t, c)) for t in c], lambda c: [1 if _replied(t, c) else IGNORE for t in c])),
    Slip(_keep(lambda t, c: t.role in ("assistant", "system")),
         "the system turn is trained: whoever runs the model writes it; the model only reads it",
         "system 轮次参与训练了：它由使用模型的人来写，模型只读"),
    Slip(_keep(lambda t, c: True), "every token is a target: the model would learn to write the user's part too",
         "所有 token 都成了目标：模型会连用户的话也一起学"),
    Slip(_keep(lambda t, c: t.role == "user"), "upside down: the user's tokens are trained and the answers masked",
         "反了：训练了用户的 token，掩码了回答"),
    Slip(_keep(lambda t, c: t.role == "assistant" and not t.is_end),
         "the end-of-turn of an answer is masked, so the model never learns to stop",
         "回答的结束 token 被掩码了，模型永远学不会停"),
    Slip(_keep(lambda t, c: t.role == "assistant" or t.is_end),
         "every end-of-turn is trained, the user's too; only the assistant's end is the model's to write",
         "所有结束 token 都参与训练了，用户的也在内；只有 assistant 的结束才该由模型来写"),
    Slip(_keep(lambda t, c: t.role not in ("user", "system")),
         "the headers of every turn are trained: “template” is not the assistant",
         "每一轮的头部都参与训练了：“template” 不是 assistant"),
    Slip(_keep(lambda t, c: t.turn == "assistant"),
         "the answer's header is trained: it is given to the model before it writes, so it is no target",
         "回答的头部参与训练了：它在模型开始写之前就已给出，不是目标"),
    Slip(_keep(lambda t, c: t.role == "assistant" and t.answers == c[-1].answers),
         "only the last answer is trained; the earlier ones are the assistant's words too",
         "只训练了最后一个回答；前面的回答也是 assistant 写的"),
    Slip(_keep(lambda t, c: t.role == "assistant" and t.answers == 1),
         "only the first answer is trained: the search stopped at its end",
         "只训练了第一个回答：找到它的结尾就停了"),
    Slip(_keep(lambda t, c: t.answers > 0), "everything after the first answer began is trained, the user's turns too",
         "第一个回答开始之后的一切都参与训练了，包括用户后面的话"),
    Slip(lambda c: [*_keep(_replied)(c)[1:], IGNORE],
         "shifted one to the left: the loss shifts once itself, so position t would learn token t+2",
         "标签左移了一位：损失函数自己会移一次，于是位置 t 学的是第 t+2 个 token"),
    Slip(lambda c: [IGNORE, *_keep(_replied)(c)[:-1]],
         "shifted one to the right: labels[t] must be ids[t] or −100; the loss does the shifting",
         "标签右移了一位：labels[t] 应为 ids[t] 或 −100；移位由损失函数来做"),
    Slip(_keep(lambda t, c: t.role == "assistant" and t.id != 0),
         "token 0 of an answer lost its label: 0 is an id, though Python takes it for false",
         "回答中的 token 0 丢了标签：0 也是 id，虽然 Python 把它当作假"),
    Slip(_keep(lambda t, c: _replied(t, c) or (not t.is_end and t.id in {u.id for u in c if _replied(u, c)})),
         "tokens were found by their id: the user wrote the same words; who wrote it depends on the place",
         "你按 id 找 token：用户也写了同样的词；是谁写的要看位置"),
)
# fmt: on
OTHER = Slip(_keep(_replied), "look at the role of this token", "看看这个 token 的 role")


def _kind(given: Any, wanted: list[int]) -> Said | None:
    """What to say about a result that is no list of T ints."""
    if (none := nothing(given)) is not None:
        return none
    kind, length = type(given).__name__, len(wanted)
    if not isinstance(given, list):
        return Said(en=f"you gave a {kind}; give a list of {length} labels",
                    zh=f"你返回的是 {kind}；要返回 {length} 个标签组成的列表")  # fmt: skip
    if given == [label for label in wanted if label != IGNORE] != wanted:
        return Said(en=f"{length} tokens came in and {len(given)} labels came out: masked tokens stay, as −100",
                    zh=f"输入 {length} 个 token，返回 {len(given)} 个标签：被掩码的要以 −100 留在原位")  # fmt: skip
    if len(given) != length:
        return Said(en=f"{length} tokens came in and {len(given)} labels came out; give one for every token",
                    zh=f"输入 {length} 个 token，返回 {len(given)} 个标签；每个 token 要有一个标签")  # fmt: skip
    if any(isinstance(label, bool) for label in given):
        return Said(en=f"you gave booleans, {given.count(True)} of {length} True; a label is an id, or −100",
                    zh=f"你返回的是布尔值，{length} 个里有 {given.count(True)} 个 True；标签是 id 或 −100")  # fmt: skip
    if odd := [label for label in given if not isinstance(label, int)]:
        return Said(en=f"the label {odd[0]!r} is no int; give ids", zh=f"标签 {odd[0]!r} 不是 int；应给出 id")
    return None


def _judge(given: Any, chat: Chat, wanted: list[int]) -> Said | None:
    """None, or the first token whose label is wrong, and the slip that gives such labels."""
    if (unfit := _kind(given, wanted)) is not None or given == wanted:
        return unfit
    place = next(place for place, label in enumerate(given) if label != wanted[place])
    slip = next((slip for slip in SLIPS if slip.made(chat) == given), OTHER)
    token, label, right = chat[place], given[place], wanted[place]
    en, zh = f"token {place} (id {token.id}, {token.role}", f"第 {place} 个 token（id {token.id}, {token.role}"
    en, zh = (f"{en}, end of turn)", f"{zh}，轮次结束）") if token.is_end else (f"{en})", f"{zh}）")
    return Said(en=f"{en} has label {label}, and should have {right}: {slip.en}",
                zh=f"{zh}的标签是 {label}，应为 {right}：{slip.zh}")  # fmt: skip


def _columns(chat: Chat) -> tuple[list[int], list[str], list[bool]]:
    return [token.id for token in chat], [token.role for token in chat], [token.is_end for token in chat]


def _check(en: str, zh: str, wanted: list[int], chat: Chat) -> Check:
    return Check(Said(en=en, zh=zh), lambda attempt: _judge(attempt(*_columns(chat)), chat, wanted))


def _ids_are_left_alone(attempt: Attempt) -> Said | None:
    chat = _chat(("user", [21]), ("assistant", [31]))
    ids, roles, is_end = _columns(chat)
    attempt(ids, roles, is_end)
    if ids == _columns(chat)[0]:
        return None
    return Said(en=f"the labels are right, but `ids` became {ids}: the model reads them; write into a new list",
                zh=f"标签正确，但 `ids` 变成了 {ids}：模型还要读它们；请写进新的列表")  # fmt: skip


X = IGNORE
ONE = _chat(("user", [21, 22]), ("assistant", [31, 32]))
TWO = _chat(("system", [41]), ("user", [21]), ("assistant", [31]), ("user", [22, 23]), ("assistant", [32, 33]))
ECHO = _chat(("user", [21, 0]), ("assistant", [0, 21, 34]))
OPEN = _chat(("user", [21]), ("assistant", []), ("user", [22]), ("assistant", [31, 32]), ended=False)

KATA = Kata(
    name="chat_labels",
    function="chat_labels",
    title=Said(en="Who is taught what: the labels of a chat", zh="谁学什么：一段对话的标签"),
    task=Said(
        en="Write `chat_labels(ids, roles, is_end)`: a list with one label for every token of a chat. It is the "
        "token's own id where the token belongs to an assistant's turn: its words, and the end-of-turn token that "
        "closes it; −100 everywhere else. Turn headers have the role `template`; an end-of-turn token has the role of "
        "its turn. Labels stay in place: the loss shifts. Whether you need every argument is for you to find out.",
        zh="写出 `chat_labels(ids, roles, is_end)`：为对话中的每个 token 返回一个标签，组成列表。属于 assistant 轮次的 "
        "token（它写的内容，以及结束这一轮的 token），标签就是它自己的 id；其余一律为 −100。各轮头部的 role 是 "
        "`template`；结束 token 的 role 是它所结束的那一轮的 role。标签留在原位：移位由损失函数来做。"
        "是不是每个参数都用得上，由你判断。",
    ),
    starter=STARTER,
    checks=[  # the labels each chat must have are written by hand
        _check("one question, one answer", "一问一答", [X, X, X, X, X, X, X, 31, 32, 2], ONE),
        _check("a system turn and two answers", "有 system，两个回答",
               [X, X, X, X, X, X, X, X, X, X, 31, 2, X, X, X, X, X, X, X, 32, 33, 2], TWO),
        _check("token 0, and an answer that repeats the question", "token 0，回答重复了提问",
               [X, X, X, X, X, X, X, 0, 21, 34, 2], ECHO),
        _check("an empty answer, and one cut off before its end", "一个空回答，一个没写完的回答",
               [X, X, X, X, X, X, 2, X, X, X, X, X, X, 31, 32], OPEN),
        _check("a chat without an answer", "没有回答的对话", [X, X, X, X], _chat(("user", [21]))),
        Check(Said(en="`ids` are left as they were", zh="`ids` 保持原样"), _ids_are_left_alone),
    ],
    reference=chat_labels,
)  # fmt: skip
