"""The ruler, and the ticks that are known before they are drawn."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure

from immunotrack import Measurement, Patient, plot_timeline
from immunotrack.plot.drawn import Panel
from immunotrack.plot.panels import value_ticks, y_limits
from immunotrack.plot.series import panel_of
from immunotrack.plot.style import SIZES, Ruler
from strategies import examples

RULER = Ruler(Figure(figsize=(7, 7), dpi=300))
WORDS = st.lists(st.text("aimW.é<–", min_size=1, max_size=12), max_size=12).map(" ".join)
WIDTHS = st.sampled_from([0.5, 3.0, 9.0, 20.0, 60.0])


def shortened_letter_by_letter(text: str, width: float) -> str:
    """The longest beginning with an ellipsis that fits, tried from the end."""
    shorter = (f"{text[:end].rstrip()}…" for end in range(len(text) - 1, 1, -1))
    whole = [text] if RULER.width(text, 6) <= width else shorter
    return next((one for one in whole if RULER.width(one, 6) <= width), "")


def broken_word_by_word(text: str, width: float) -> list[str]:
    """Lines that each take one word more until it does not fit."""
    lines, line = [], ""
    for word in text.split():
        if RULER.width(f"{line} {word}".strip(), 6) <= width:
            line = f"{line} {word}".strip()
        else:
            lines += [line] if line else []
            line = shortened_letter_by_letter(word, width)
    return [*lines, line] if line else lines


@settings(max_examples=examples(25))
@given(text=WORDS, width=WIDTHS)
@example(text=f"{'WWWWWW ' * 3}{'iiiiiiiiiiii ' * 9}", width=20.0)
@example(text=f"{'iiiiiiiiiiii ' * 9}{'WWWWWW ' * 3}", width=20.0)
def test_lines_break_where_the_next_word_has_no_room(text, width):
    """As if they were filled word by word, and a word that is too long letter by letter."""
    assert RULER.wrapped(text, 6, width) == broken_word_by_word(text, width)


@settings(max_examples=examples(25))
@given(text=WORDS, width=WIDTHS)
def test_a_text_is_shortened_to_its_longest_beginning(text, width):
    """As if letter after letter were taken off."""
    assert RULER.fitted(text, 6, width) == shortened_letter_by_letter(text, width)


def test_a_text_is_measured_once(monkeypatch):
    """The second question finds the answer of the first; another size or weight is another text."""
    ruler = Ruler(Figure(dpi=300))
    asked = []
    measure = ruler._renderer.get_text_width_height_descent
    monkeypatch.setattr(
        ruler._renderer,
        "get_text_width_height_descent",
        lambda text, *rest, **more: (asked.append(text), measure(text, *rest, **more))[1],
    )
    widths = [ruler.width("CD4", 6), ruler.width("CD4", 6), ruler.width("CD4", 6, bold=True)]

    assert asked == ["CD4", "CD4"]
    assert widths[0] == widths[1] < widths[2]


def course(values) -> Patient:
    """A patient with a result a day."""
    results = [
        Measurement(day=float(day), analyte="CD4", reported=str(value), unit="/µL")
        for day, value in enumerate(values)
    ]
    return Patient(patient_id="P1", measurements=results)


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("values", [[3, 700, 1900], [0.4, 0.7], [12, 48000]])
def test_ticks_are_known_before_they_are_drawn(values, size, log):
    """Those that the axis then has, within its limits."""
    figure = plot_timeline(course(values), size=size, log=["cd4"] if log else [])
    (ax,) = figure.axes
    bottom, top = ax.get_ylim()
    drawn = [float(tick) for tick in ax.get_yticks() if bottom <= tick <= top]

    assert value_ticks(panel(values, log=log), SIZES[size]) == drawn


def panel(values, *, log: bool) -> Panel:
    """The panel of such a course, with the range of the default set."""
    rows = [
        {"day": float(day), "value": float(value), "low": 414.0, "high": 1123.0}
        for day, value in enumerate(values)
    ]
    found = panel_of("cd4", "cells/µL", rows, log=log)
    assert y_limits(found)[1] > max(values)
    return found
