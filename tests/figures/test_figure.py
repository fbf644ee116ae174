"""Our figure says what plotly's own says: lines, titles, rows of axes; and plotly can be asked for its own."""

import json
from typing import Any

import plotly.graph_objects as go
import pytest
from plotly.subplots import make_subplots

from sftviz.figures.figure import Figure
from sftviz.figures.layout import dressed

LINE = {"color": "red", "width": 2}


def layout_of(theirs: go.Figure) -> dict[str, Any]:
    """What plotly wrote, without its template and the axes it left empty."""
    layout = json.loads(str(theirs.to_json()))["layout"]
    del layout["template"]
    return layout


def test_lines_across_are_plotlys() -> None:
    theirs = go.Figure().add_vline(x=2, line=LINE, annotation={"text": "here"}).add_hline(y=1, line=LINE)
    assert Figure().add_vline(2, LINE, "here").add_hline(1, LINE).layout == layout_of(theirs)


def test_a_change_is_merged_into_what_is_there_as_plotly_does() -> None:
    changes = [
        {"xaxis": {"range": [0, 1], "tickfont": {"size": 9}}},
        {"xaxis": {"title": "x", "tickfont": {"color": "red"}}},
    ]
    theirs, ours = go.Figure(), Figure()
    for change in changes:
        theirs.update_layout(change)
        ours.update_layout(**change)
    assert ours.layout == layout_of(theirs)


@pytest.mark.parametrize("rows", [1, 2, 3])
def test_rows_of_axes_are_plotlys_and_every_one_is_changed(rows: int) -> None:
    theirs = make_subplots(rows=rows, cols=1, vertical_spacing=0.1).update_yaxes(type="log", title="y")
    ours = Figure()
    assert ours.add_rows(rows, spacing=0.1) == ["", "2", "3"][:rows]
    ours.update_yaxes(type="log", title="y")
    expected = layout_of(theirs)
    assert ours.layout.keys() == expected.keys()
    for name, axis in expected.items():
        assert ours.layout[name].pop("domain") == pytest.approx(axis.pop("domain"))
        assert ours.layout[name] == axis


def test_two_figures_of_a_theme_do_not_share_what_one_of_them_changes() -> None:
    first, second = dressed(Figure(), "light"), dressed(Figure(), "light")
    first.update_layout(legend={"y": 3}, margin={"l": 99}).update_xaxes(gridcolor="red")
    assert second.layout == dressed(Figure(), "light").layout


def test_what_plotly_refuses_is_found_where_its_own_figure_is_asked_for() -> None:
    with pytest.raises(ValueError, match="colour"):
        Figure().add_bar(x=[1], y=[1], marker={"colour": "red"}).to_plotly()


def test_a_figure_written_down_is_the_same_again() -> None:
    made = Figure().add_bar(x=[1], y=[2]).update_layout(height=50)
    assert Figure.of(json.loads(json.dumps(made.to_dict()))).to_dict() == made.to_dict()
