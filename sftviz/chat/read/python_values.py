"""Python values -> what JSON would hold: NumPy, pandas, Arrow, datasets, pydantic, by what they can do."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sftviz.chat.messages import ChatError
from sftviz.chat.read.json_text import DEEPEST, is_list, is_object, too_deep

MOST_VALUES = 2_000_000
LEAVES = (str, bytes, bool, int, float, type(None))


def plain_value(value: Any) -> Any:
    """A Python value as JSON would hold it: tuples and arrays as lists, keys as text, models as objects.

    Raises ChatError where it is too deep (a list that holds itself), or holds too many values (one that is shared
    again and again). What JSON does not know (dates, bytes) stays: the reader that meets it names it.

    >>> plain_value(({"role": "user"},))
    [{'role': 'user'}]
    """
    seen = [0]

    def plain(value: Any, depth: int) -> Any:
        seen[0] += 1
        if seen[0] > MOST_VALUES:
            raise ChatError("too_many_values", most=MOST_VALUES)
        if type(value) is str:
            return value
        if depth > DEEPEST:
            raise too_deep()
        value = opened(value)
        if isinstance(value, dict):
            return {str(key): plain(item, depth + 1) for key, item in value.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        if isinstance(value, list | tuple):
            return [plain(item, depth + 1) for item in value]  # pyright: ignore[reportUnknownVariableType]
        return value

    return plain(value, 0)


def opened(value: Any) -> Any:
    """A value of a library as the nearest dict, list or scalar of Python; one step, its items are still closed."""
    if (
        (isinstance(value, LEAVES) and type(value) in LEAVES)
        or is_list(value)
        or is_object(value)
        or isinstance(value, tuple)
    ):
        fields: Any = getattr(value, "_asdict", None)  # pyright: ignore[reportUnknownArgumentType]  (a named tuple)
        return fields() if fields else value  # pyright: ignore[reportUnknownVariableType]
    for opens, way in WAYS:
        if opens(value):
            return way(value)
    return value


def _can(*names: str) -> Callable[[Any], bool]:
    return lambda value: not isinstance(value, type) and all(hasattr(value, name) for name in names)


def _row(series: Any) -> Any:
    """A pandas Series: an object where its index is made of names, else a list. Missing cells are null."""
    held = {key: missing_is_null(cell) for key, cell in series.to_dict().items()}
    return held if held and all(isinstance(key, str) for key in held) else list(held.values())


def missing_is_null(cell: Any) -> Any:
    """pandas writes a missing cell as NaN, NaT or NA: none of them equals itself, or says whether it does."""
    try:
        return None if bool(cell != cell) else cell
    except (TypeError, ValueError):  # NA refuses the question; an array has no one answer
        return None if type(cell).__name__ == "NAType" else cell


# What a value can do -> how it is opened. Nothing is imported: the libraries may not be there
WAYS: tuple[tuple[Callable[[Any], bool], Callable[[Any], Any]], ...] = (
    (_can("model_dump"), lambda value: value.model_dump()),  # pydantic, the OpenAI and Anthropic packages
    (_can("as_py"), lambda value: value.as_py()),  # an Arrow scalar
    (_can("to_pylist"), lambda value: value.to_pylist()),  # an Arrow array
    (_can("to_dict", "iloc", "index"), _row),  # a pandas Series
    (_can("to_list", "dtype"), lambda value: value.to_list()),  # a polars Series
    (_can("tolist", "dtype"), lambda value: value.tolist()),  # NumPy's arrays and scalars, torch's tensors
    (lambda value: dataclasses.is_dataclass(value) and not isinstance(value, type), lambda value: _fields(value)),
    (
        lambda value: isinstance(value, Mapping) or _can("keys", "__getitem__", "items")(value),
        lambda v: dict(v.items()),
    ),
    (lambda value: isinstance(value, str), str),
    (lambda value: isinstance(value, Sequence) and not isinstance(value, bytes), lambda value: list(value)),
)


def _fields(value: Any) -> dict[str, Any]:
    return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}


def rows_of(value: Any) -> tuple[int, Callable[[int], Any]] | None:
    """(how many rows, how to get one) of a table of samples: pandas, polars, Arrow, datasets; None of anything else."""
    if _can("iloc", "columns", "to_dict")(value):
        return len(value), lambda i: {
            k: missing_is_null(v) for k, v in value.iloc[i : i + 1].to_dict("records")[0].items()
        }
    if _can("row", "columns", "to_dicts")(value):
        return value.height, lambda i: value.row(i, named=True)
    if _can("num_rows", "column_names", "slice", "to_pylist")(value):
        return value.num_rows, lambda i: value.slice(i, 1).to_pylist()[0]
    if _can("num_rows", "column_names", "features", "select")(value):
        return value.num_rows, lambda i: value[i]
    if _can("iloc", "to_dict", "index", "dtype")(value) and not all(isinstance(key, str) for key in value.index):
        return _column(value)
    return None


def _column(series: Any) -> tuple[int, Callable[[int], Any]] | None:
    """A column of samples; of texts, each a training text."""
    first = opened(series.iloc[0]) if len(series) else None
    if isinstance(first, dict) and {"role", "from"} & set(first):  # pyright: ignore[reportUnknownArgumentType]
        return None  # the turns of one chat
    if isinstance(first, str):
        return len(series), lambda i: {"text": missing_is_null(series.iloc[i])}
    return len(series), lambda i: series.iloc[i]
