"""A figure's words in another language: names, titles, buttons and what hovering shows; its data stay."""

import re
from collections.abc import Callable
from typing import Any

import plotly.graph_objects as go

Say = Callable[[str], str]
DRESSED = re.compile(r"((?:<b>|[✗✓] |\s)*)(.*?)((?:</b>|\s)*)", re.S)
LETTER = re.compile("[A-Za-z]")
HOVER = re.compile(r"(.*?)(?:<extra>(.*)</extra>)?", re.S)


def translated(figure: go.Figure, say: Say) -> go.Figure:
    """A copy of the figure with its words put by `say`, which gives back what it does not know."""
    made = figure.to_dict()
    for part in (made, *(made.get("frames") or ())):
        for trace in part.get("data", ()):
            _trace(trace, say)
    _layout(made.get("layout", {}), say)
    return go.Figure(made)


def _word(text: str, say: Say) -> str:
    found = DRESSED.fullmatch(text)
    return f"{found[1]}{say(found[2])}{found[3]}" if found and found[2] else text


def _put(holder: Any, key: str, say: Say) -> None:
    if isinstance(holder, dict) and isinstance(holder.get(key), str):
        holder[key] = _word(holder[key], say)


def _each(words: Any, say: Say) -> Any:
    return [_word(word, say) if isinstance(word, str) else word for word in words]


def _together(words: Any, say: Say) -> Any:
    """All of them, or none: words that are not all known are a chat's own, even where one looks like ours."""
    if not isinstance(words, list | tuple) or len(words) < 2 or not all(isinstance(word, str) for word in words):
        return words
    said = []
    for word in words:
        said.append(_word(word, say))
        if said[-1] == word and LETTER.search(word):
            return words
    return said


def _hover(template: str, say: Say) -> str:
    body, extra = HOVER.fullmatch(template).groups()  # pyright: ignore[reportOptionalMemberAccess]
    return _word(body, say) + ("" if extra is None else f"<extra>{_word(extra, say)}</extra>")


def _trace(trace: dict[str, Any], say: Say) -> None:
    _put(trace, "name", say)
    _put((trace.get("colorbar") or {}).get("title"), "text", say)
    for axis in ("x", "y"):
        if axis in trace:
            trace[axis] = _together(trace[axis], say)
    rows = trace.get("customdata")
    if isinstance(rows, list | tuple) and rows and all(isinstance(row, list | tuple) for row in rows):
        columns = (_together(list(column), say) for column in zip(*rows, strict=True))
        trace["customdata"] = [list(row) for row in zip(*columns, strict=True)]
    if isinstance(trace.get("text"), list | tuple) and "customdata" not in trace:
        trace["text"] = _each(trace["text"], say)
    if isinstance(trace.get("hovertemplate"), str):
        trace["hovertemplate"] = _hover(trace["hovertemplate"], say)


def _layout(layout: dict[str, Any], say: Say) -> None:
    for name, axis in layout.items():
        if re.fullmatch(r"[xy]axis\d*", name):
            _put(axis.get("title"), "text", say)
            if "ticktext" in axis:
                axis["ticktext"] = _together(axis["ticktext"], say)
    _put((layout.get("legend") or {}).get("title"), "text", say)
    for annotation in layout.get("annotations") or ():
        _put(annotation, "text", say)
    for menu in layout.get("updatemenus") or ():
        for button in menu.get("buttons") or ():
            _put(button, "label", say)
    for slider in layout.get("sliders") or ():
        _put(slider.get("currentvalue"), "prefix", say)
