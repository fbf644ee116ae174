"""The 91 bad inputs: what is given, where, and what must come of it. The cases that try a row bear its id.

`differs` says where the product does something else than the row asks for, and why; a case holds what it does.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    id: str
    where: str
    given: str
    expected: str
    differs: str = ""


def _rows(where: str, *rows: tuple[str, ...]) -> dict[str, Row]:
    return {row[0]: Row(row[0], where, *row[1:]) for row in rows}


PASTED = _rows(
    "paste box, read by chat.formats.parse",
    ("J01", "nothing, or white space", "no error: an empty state with an example",
     "the page has its empty state; Python and the terminal have nothing to give back, so there it is an error"),
    ("J02", "JSON whose string is not closed", "error: where the string begins"),
    ("J03", "a comma too many, a comment", "error: line and column"),
    ("J04", "a Python literal", "error: it looks like Python; converting is offered"),
    ("J05", "a byte-order mark", "read, with a warning"),
    ("J06", "lines that end in CR LF", "read; a CR inside a text is kept and shown"),
    ("J07", "UTF-16, Latin-1, half a character", "UTF-16 and UTF-32 read with a warning; else the byte that is wrong"),
    ("J08", "JSON Lines, one line broken", "as many samples; the broken line is named, the others kept"),
    ("J09", "a key twice in one object", "error: the key and its message"),
    ("J10", "brackets 5,000 and a million deep", "error before they are parsed"),
    ("J11", "NaN, Infinity, 1e999", "error: no JSON number, where"),
    ("J12", "a number of 5,000 digits", "error: too long"),
    ("J13", "a lone surrogate in JSON", "a warning with its place; U+FFFD in its place"),
    ("J14", "a raw control character in a string", "error: which, line and column"),
    ("J15", "a string, a number, null, {}", "error: a list of messages was expected, and what came"),
    ("J16", "an empty list", "error: no messages"),
    ("J17", "a list with an empty list", "error: sample 1 has none"),
    ("J18", "null or a text where a message belongs", "error: which message, what it is"),
    ("J19", "a message without a role", "error: which message"),
    ("J20", "a role nobody knows", "a warning; none of its tokens supervised"),
    ("J21", "Assistant; assistant with a space", "a warning: did you mean assistant? Not supervised"),
    ("J22", "ShareGPT's from and value", "read, the mapping shown"),
    ("J23", "content null or absent", "a warning: empty"),
    ("J24", "an empty reply", "a warning: only its end is supervised"),
    ("J25", "content a number, a boolean, an object", "error: what it is, text was expected"),
    ("J26", "content of text parts", "joined, with a warning"),
    ("J27", "a part with an image", "error: which part; its text parts kept",
     "the sample is refused, or with media=\"placeholder\" kept whole: a text without its image is another sample"),
    ("J28", "tool calls that the template does not write", "a warning that they are not in the text"),
    ("J29", "arguments as text and as an object", "the same; a warning where encoded twice"),
    ("J30", "two replies running, a system turn in the middle, no reply", "rendered, or the template's own words"),
    ("J31", "1,000 messages; a message of a megabyte", "read up to a limit; above it count and limit"),
    ("J32", "26 million characters", "told before or after it is sent; the box keeps its text"),
    ("J33", "300 characters into a limited box", "no box cuts: max_chars is used nowhere"),
    ("J34", "a lone surrogate typed into the box", "documented; the page still works",
     "as text it is read with a warning; a browser's socket cannot send it, so the box sends U+FFFD in its place"),
)  # fmt: skip
CONTROL = _rows(
    "a whole inspection",
    ("S01", "a forged turn in the user's text", "a warning with message, place and id; a toggle shows it as text",
     "the warning is there, the toggle is not: nothing in the core encodes a message with its control tokens split"),
    ("S02", "an end-of-turn inside a reply", "a warning; whether it is trained is shown"),
    ("S03", "</think> in a user's text", "a warning: an added token from content"),
    ("S04", "a role with a control token in it", "error: which"),
    ("S05", "every private-use character", "text like any other"),
    ("S06", "content that equals the template's words", "told apart by place, never by looking for the text"),
)  # fmt: skip
SHOWN = _rows(
    "what is drawn: strip, card, notes, notebook, terminal",
    ("X01", "script, svg, iframe and other markup, in every sink", "nothing runs or fetches; text as text"),
    ("X02", "Markdown, formulas, emoji codes", "shown as they were written, everywhere"),
    ("X03", "a style, an overlay", "shown as they were written"),
    ("X04", "characters that turn the direction", "a glyph for each; the order of tokens unchanged"),
    ("X05", "invisible characters, tags", "a glyph with the code point; a warning with the count"),
    ("X06", "NUL, escape, delete", "control pictures; ids and places unchanged"),
    ("X07", "a letter with 200 accents, families, flags", "one box, as many tokens, no clipped line"),
    ("X08", "Hebrew and Arabic", "tokens in logical order, each with its own direction"),
    ("X09", "spaces, tabs, no-break spaces, blank lines", "every token of white space visible"),
    ("X10", "a role, a model, a file of 10,000 characters or of HTML", "escaped and shortened",
     "a role of more than 80 characters is refused: every token of a turn says it; other names are cut to 96"),
)  # fmt: skip
TOKENS = _rows(
    "a whole inspection",
    ("K01", "an emoji, byte by byte", "one box, four ids, its four bytes"),
    ("K02", "a tokenizer with byte pieces", "the same"),
    ("K03", "a ligature, accents that are dropped, zero width", "every character covered or told; none twice"),
    ("K04", "a character outside the vocabulary", "a warning with the count; the source's text shown"),
    ("K05", "SentencePiece's space before the first word", "the tokenizer's, not the user's: no character of the text"),
    ("K06", "a reply beyond the model's length", "a warning: what would be cut"),
    ("K07", "no fast backend, no offsets, no chat template", "error: what is missing"),
)  # fmt: skip
TEMPLATES = _rows(
    "a typed template, run in the bounded helper",
    ("T01", "range(10**9)", "error: the limit"),
    ("T02", "nested loops, a macro that calls itself twice, lipsum", "stopped after 2 s; others served"),
    ("T03", "strings of gigabytes, four ways", "error: the memory limit"),
    ("T04", "powers of millions of digits", "stopped after 2 s; others not held up"),
    ("T05", "recursion without end, thousands of brackets", "error: nested too deep"),
    ("T06", "25 loops, 200 conditions in one another", "error: nested too deep"),
    ("T07", "a way out through __class__, __globals__, format", "error: not allowed; no file is made"),
    ("T08", "include, import", "error: there is nothing to include"),
    ("T09", "a block that is not closed, broken syntax, a name nobody defined", "error: line and name"),
    ("T10", "no generation block", "a note that replies are found by their turns"),
    ("T11", "a template of 70 KB; one that writes megabytes; many large ones", "error: counts; the server stays small"),
    ("T12", "today's date in the template", "a note that it depends on the day"),
)
SOURCES = _rows(
    "a tokenizer or a model by name, folder or Hub id",
    ("M01", "URL, .., an absolute path, a/b/c, nothing, NUL, 200 characters, full width", "one text for all of them"),
    ("M02", "an id nobody has, no network", "error within 3 s that lists what works offline"),
    ("M03", "safetensors cut, empty, with a bad header", "error: the file and its size"),
    ("M04", "a layer more in config.json than in the file", "error: the tensors that are missing"),
    ("M05", "NaN in the weights, another vocabulary", "error: the tensor; both sizes"),
    ("M06", "a pickle, code of its own, damaged JSON", "error; nothing of it is run"),
)
NUMBERS = _rows(
    "the loss library",
    ("L01", "nothing supervised", "undefined, never nan, with a warning",
     "0 with zero gradient and a warning, so that a training step can go on; perplexity is undefined"),
    ("L02", "NaN logits on an ignored row", "a warning: the gradient would be NaN",
     "refused with its place: a loss that looks right beside a gradient of NaN is worse than an error"),
    ("L03", "inf, only -inf, beyond float16", "error: its place, and float16's largest number"),
    ("L04", "-inf with label smoothing", "a warning", "refused: the loss would be infinite"),
    ("L05", "labels V, -1, -101", "error: which, where, V and ignore_index"),
    ("L06", "int32, bool, float, uint8 labels", "int32 taken, the others refused"),
    ("L07", "[B, T, V] with T = V", "the right number"),
    ("L08", "a row of one token, an empty batch", "as L01"),
    ("L09", "V = 1, V = 0", "0; refused"),
    ("L10", "label smoothing of 1.5 and -0.1", "refused: within [0, 1]"),
    ("L11", "20,000 costs in float16, a mean in bfloat16", "computed in float32 or better"),
    ("L12", "a query that may see nothing", "attends to nothing, no NaN"),
    ("L13", "an infinite bar", "a mark of its own"),
)  # fmt: skip
REST = _rows(
    "the page",
    ("R01", "a rate of 1e9, nan, 0, -1; 10**9 steps; no batch", "refused before it starts",
     "the app trains nothing: the one thing that steps is the descent of the Gradients page, and it is bounded"),
    ("U01", "an address with script, keys nobody knows, 8 KB", "ignored, and said; never a chat in the address",
     "a key that no widget has is ignored without a word: other programs add theirs"),
    ("F01", "a file of nothing, of 5 MB and one byte, a picture, a path as its name, a hundred files",
     "size and kind looked at by the server; the name is never a path"),
)  # fmt: skip

CATALOGUE = PASTED | CONTROL | SHOWN | TOKENS | TEMPLATES | SOURCES | NUMBERS | REST


def row_of(case: str) -> str:
    """The row that a case tries: the first word of its id.

    >>> row_of("J03 comment")
    'J03'
    """
    return case.partition(" ")[0]
