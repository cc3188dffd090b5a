"""What a user would otherwise write for one patient: the timeline of the case, in matplotlib.

Run as `drawing_by_hand.py csv|pandas measurements.csv timeline.png`. Ranges, windows, doses and
every place on the page are typed in; the values are read. The artists are those of
`immunotrack plot monneret-2020`, as many of each kind, on a page of the same size.
"""

import csv
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Final

import matplotlib as mpl
import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter, MaxNLocator

PAGE: Final = (7.2047, 6.4027)
INK, RULE, FAINT, RED, BLUE, BROWN = (
    *("#1f2933", "#52606d", "#9aa5b1", "#c8102e", "#1b62a5", "#b4500b"),
)
STRIPE, BAND, TINT, GREY, VIOLET = "#f0f2f4", "#dcdfe3", "#fdf1f2", "#8795a5", "#8e6fb0"
DAYS: Final = (-0.92, 47.84)
FIRST_DOSE: Final = 24
WINDOWS: Final = [(0, 23), (27, 29), (30, 32), (33, 35), (36, 39), (40, 43), (44, 48)]
COUNTS: Final = ("lymphocytes", "cd4", "nk", "mhla_dr")
PANELS: Final = {
    "lymphocytes": ("Lymphocytes", "cells/µL", 1100, 3200, 3584, "ref 1 100–3 200"),
    "cd4": ("CD4⁺ T cells", "cells/µL", 414, 1123, 1257.8, "ref 414–1 123"),
    "nk": ("NK cells", "cells/µL", 150, 1100, 1232, "ref 150–1 100"),
    "mhla_dr": ("mHLA-DR", "AB/C", 15000, 20496, 20496, "ref ≥ 15 000"),
    "ifn_gamma": ("Plasma IFN-γ", "pg/mL", 0, 10.4, 51.52, "ref ≤ 10.4"),
    "ifn_score": ("IFN score", "ratio to normal", 0, 2.466, 47.04, "ref ≤ 2.466"),
}
"""Heading, unit, lower and upper limit, top of the axis, and the range in words."""

DOSES: Final = [(24, 3), (26, 10), (29, 10), (33, 10), (36, 10), (40, 10), (43, 10)]
LANES: Final = {
    "IL-7, µg/kg": (0.12, 1.53),
    "Ventilation": (1.77, 2.53),
    "Steroids": (2.77, 3.53),
    "Infection": (3.77, 4.53),
    "PCR": (4.77, 5.53),
    "Outcome": (5.77, 6.53),
}
BARS: Final = [
    (1, 40, 1.77, "invasive ventilation", GREY),
    (10, 15, 2.77, "1 mg/kg/day", GREY),
    (15, 16.74, 3.77, "VAP", VIOLET),
    (20, 22.08, 3.77, "VAP?", VIOLET),
    (38, 43.01, 3.77, "Pseudomonas", VIOLET),
]
PCR: Final = [(0, "+"), (10, "+"), (16, "+"), (28, "−")]
LEGEND: Final = [
    (0.0354, "below range", "v", BLUE, BLUE),
    (0.139, "in range", "o", INK, INK),
    (0.2194, "above range", "^", BROWN, BROWN),
    (0.3244, "below detection or quantification", "o", INK, "white"),
    (0.5483, "reference range", "", BAND, ""),
    (0.6726, "sampling window", "-", FAINT, ""),
    (0.8053, "first IL-7 dose", "|", RED, RED),
]
FOOT: Final = """\
Lymphocytes, CD4⁺ T cells, NK cells, mHLA-DR: highest value kept per sampling window (days after \
ICU admission) <D24 (to 23), D27 (27–29), D30 (30–32), D33
(33–35), D36 (36–39), D40 (40–43), D44 (44–48); every sample drawn faintly. Reference ranges: \
Lymphocytes, CD4⁺ T cells, NK cells: covid-cohort-2020; mHLA-DR:
review-PMC9942705, as zone; Plasma IFN-γ: arup-3002601; IFN score: rice-2016. Dashed: decision \
limits, which are no reference range. Open marks (IL-7): assumed.
Dotted: end not stated. IL-7 days after day 24 are assumed (schedule A1; not published). D36 is \
read as D36 to D39 (printed: D36 to D36). Reference zones are
published ones, not the report's own."""

Points = list[tuple[float, float, bool]]
"""Day, value, and whether the value is a bound."""


def read_with_csv(path: str) -> dict[str, Points]:
    """The samples of each analyte, with the standard library."""
    found: dict[str, Points] = {}
    with open(path, encoding="utf-8") as file:  # noqa: PTH123 - as one would write it
        for row in csv.DictReader(file):
            if row["analyte"] in PANELS:
                text = row["value"]
                point = (float(row["day"]), float(text.lstrip("<")), text.startswith("<"))
                found.setdefault(row["analyte"], []).append(point)
    return found


def read_with_pandas(path: str) -> dict[str, Points]:
    """The samples of each analyte, with pandas."""
    rows = import_module("pandas").read_csv(path, dtype={"value": str})
    rows = rows[rows["analyte"].isin(list(PANELS))]
    rows["bound"] = rows["value"].str.startswith("<")
    rows["value"] = rows["value"].str.lstrip("<").astype(float)
    columns = ["day", "value", "bound"]
    return {
        name: list(own[columns].itertuples(index=False, name=None))
        for name, own in rows.groupby("analyte")
    }


def timeline(samples: dict[str, Points]) -> Figure:
    """The figure."""
    mpl.use("Agg")
    plt.rcParams.update({"font.size": 6, "text.color": INK})
    figure = plt.figure(figsize=PAGE, dpi=300)
    figure.text(
        0.0109, 0.9877, "74-year-old man, COVID-19 ARDS: IL-7 from day 24",
        fontsize=9, fontweight="bold", va="top",
    )  # fmt: skip
    figure.text(
        0.0109, 0.9623,
        "ILLUSTRATIVE VALUES: chosen to fit the text of the source, which prints none of them.",
        color=RED, va="top",
    )  # fmt: skip
    lanes(figure.add_axes((0.0941, 0.7326, 0.8617, 0.1799)))
    for number, name in enumerate(PANELS):
        row, column = divmod(number, 3)
        left, bottom = 0.0809 + column * 0.3236, 0.4706 - row * 0.2875
        ax = figure.add_axes((left, bottom, 0.2446, 0.2152))
        panel(ax, name, samples[name])
        heading, unit, *_, words = PANELS[name]
        figure.text(left - (0.0538 if column else 0.0612), bottom + 0.1076, unit, fontsize=7,
                    rotation=90, ha="center", va="center")  # fmt: skip
        figure.text(left, bottom + 0.2466, heading, fontsize=7, fontweight="bold", va="top")
        figure.text(left + 0.2446, bottom + 0.2451, words, color=RULE, ha="right", va="top")
        if row == 1:
            ax.set_xlabel("Days after ICU admission", fontsize=7, labelpad=1.5, color=INK)
    legend(figure)
    for number, line in enumerate(FOOT.splitlines()):
        figure.text(0.0109, 0.0969 - 0.0169 * number, line, color=RULE, va="top")
    return figure


def number_text(value: float, _place: int = 0) -> str:
    """A number with a thin space before thousands."""
    return f"{value:,g}".replace(",", "\u2009")


def panel(ax: Axes, name: str, points: Points) -> None:
    """Band, windows, samples, line and first dose of one analyte."""
    _, _, low, high, top, _ = PANELS[name]
    ax.set(xlim=DAYS, ylim=(0, top))
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set(linewidth=0.6, color=RULE)
    ax.tick_params(width=0.6, length=2.2, color=RULE, labelcolor=INK, labelsize=6, pad=1.5)
    ax.xaxis.set_major_locator(MaxNLocator(7, steps=[1, 2, 4, 8, 10], integer=True))
    ax.yaxis.set_major_locator(MaxNLocator(5))
    ax.xaxis.set_major_formatter(FuncFormatter(number_text))
    ax.yaxis.set_major_formatter(FuncFormatter(number_text))
    ax.axvspan(FIRST_DOSE, DAYS[1], color=TINT, linewidth=0, zorder=0)
    ax.annotate(
        "", xy=(FIRST_DOSE, 0.9), xytext=(FIRST_DOSE, 1.035), xycoords=("data", "axes fraction"),
        arrowprops={"arrowstyle": "-|>", "color": RED, "linewidth": 1.2, "mutation_scale": 7,
                    "shrinkA": 0, "shrinkB": 0},
        annotation_clip=False, zorder=6,
    )  # fmt: skip
    ax.axhspan(low, high, color=BAND, alpha=0.75, linewidth=0, zorder=1)
    if name == "mhla_dr":
        for limit in (8000, 15000):
            ax.axhline(limit, color=RULE, linewidth=0.5, linestyle=(0, (4, 3)), zorder=1.5)
    line = points
    if name in COUNTS:
        for first, last in WINDOWS:
            ends = [max(first, DAYS[0]) if first else DAYS[0], min(last, DAYS[1])]
            ax.plot(ends, [0.018, 0.018], transform=ax.get_xaxis_transform(), color=FAINT,
                    linewidth=1.8, solid_capstyle="butt", zorder=2)  # fmt: skip
        inside = [[one for one in points if a <= one[0] <= b] for a, b in WINDOWS]
        line = [max(own, key=lambda one: one[1]) for own in inside if own]
        marks(ax, points, low, high, 2.6, 0.32)
    ax.plot([one[0] for one in line], [one[1] for one in line], color=INK, linewidth=0.9, zorder=3)
    marks(ax, line, low, high, 4.2, 1)


def marks(ax: Axes, points: Points, low: float, high: float, size: float, alpha: float) -> None:
    """The points by status; a bound is open."""
    status = {
        ("v", BLUE, BLUE): [one for one in points if one[1] < low],
        ("o", INK, INK): [one for one in points if low <= one[1] <= high and not one[2]],
        ("o", INK, "white"): [one for one in points if one[2]],
        ("^", BROWN, BROWN): [one for one in points if one[1] > high],
    }
    for (marker, colour, face), own in status.items():
        if own:
            ax.plot(
                [one[0] for one in own], [one[1] for one in own], linestyle="none", marker=marker,
                markersize=size, markerfacecolor=face, markeredgecolor=colour,
                markeredgewidth=0.9 if face == "white" else 0.36, alpha=alpha,
                zorder=4 if alpha == 1 else 2.5, clip_on=False,
            )  # fmt: skip


def lanes(ax: Axes) -> None:
    """Doses, ventilation, steroids, infections, PCR and outcome."""
    ax.set(xlim=DAYS, ylim=(6.65, 0))
    ax.spines[:].set_visible(False)
    ax.tick_params(left=False, labelleft=False, bottom=False, labelbottom=False)
    ax.tick_params(axis="x", top=True, labeltop=True, length=1.6, width=0.6, color=RULE, pad=1)
    ax.tick_params(axis="x", labelcolor=INK, labelsize=6)
    ax.xaxis.set_major_locator(MaxNLocator(14, steps=[1, 2, 4, 8, 10], integer=True))
    for name, (top, bottom) in LANES.items():
        stripe = (DAYS[0], top), DAYS[1] - DAYS[0], bottom - top
        ax.add_patch(Rectangle(*stripe, facecolor=STRIPE, linewidth=0, zorder=0))
        ax.text(-1.48, (top + bottom) / 2, name, fontsize=7, ha="right", va="center_baseline")
    for place, (day, size) in enumerate(DOSES):
        face = "white" if place else RED
        ax.plot([day], [0.465], "v", color=RED, markerfacecolor=face, markersize=4,
                markeredgewidth=0.9, zorder=4, clip_on=False)  # fmt: skip
        ax.text(day, 1.185, str(size), color=RED, ha="center", va="center_baseline", zorder=5)
    for start, end, top, name, colour in BARS:
        ax.add_patch(Rectangle((start, top), end - start, 0.76, facecolor=colour, edgecolor=STRIPE,
                               linewidth=0.63, zorder=2))  # fmt: skip
        ax.text(start + 0.25, top + 0.38, name, color="white", va="center_baseline", zorder=5)
        if colour == VIOLET:
            ax.plot([end, end + 1.24], [4.15, 4.15], color=colour, linewidth=1.44,
                    linestyle=(0, (1, 1)), zorder=2)  # fmt: skip
    for day, sign in PCR:
        face, mark = (INK, "white") if sign == "+" else ("white", INK)
        ax.plot([day], [5.15], "o", color=INK, markerfacecolor=face, markersize=5.25,
                markeredgewidth=0.72, zorder=4, clip_on=False)  # fmt: skip
        ax.plot([day], [5.15], linestyle="none", marker=f"${sign}$", color=mark, markersize=2.94,
                markeredgewidth=0, zorder=5)  # fmt: skip
    for day, text, align in ((45, "acute kidney injury", "right"), (46, "death", "left")):
        ax.plot([day], [6.15], "X", color=INK, markersize=4.62, markeredgewidth=0, zorder=4,
                clip_on=False)  # fmt: skip
        ax.text(day + (0.44 if align == "left" else -0.44), 6.15, text, ha=align,
                va="center_baseline", zorder=5)  # fmt: skip


def legend(figure: Figure) -> None:
    """A sample of each mark, and its name."""
    for left, name, mark, colour, face in LEGEND:
        x, y = left - 0.0108, 0.1132
        figure.text(left, y, name, va="center")
        if not mark:
            figure.add_artist(Rectangle((x - 0.0072, y - 0.005), 0.0144, 0.01, facecolor=colour))
        elif mark == "-":
            figure.add_artist(Line2D([x - 0.0072, x + 0.0072], [y, y], color=colour, linewidth=1.8))
        elif mark == "|":
            ends = [y + 0.0073, y - 0.004]
            figure.add_artist(Line2D([x, x], ends, color=colour, linewidth=1.2, marker="v",
                                     markevery=[1], markersize=3.2))  # fmt: skip
        else:
            figure.add_artist(Line2D([x], [y], linestyle="none", marker=mark, markersize=4.2,
                                     markerfacecolor=face, markeredgecolor=colour))  # fmt: skip


READERS: Final[dict[str, Callable[[str], dict[str, Points]]]] = {
    "csv": read_with_csv,
    "pandas": read_with_pandas,
}

if __name__ == "__main__":
    timeline(READERS[sys.argv[1]](sys.argv[2])).savefig(sys.argv[3], dpi=300)
