"""What a user would otherwise write for a cohort: a small panel for each patient, in matplotlib.

Run as `multiples_by_hand.py labs.csv doses.csv cohort.pdf`. It draws CD4 with band, line and points
by status against days after the first dose, 20 patients a page, and checks nothing.
"""

import sys
from typing import Any, Final

import matplotlib as mpl
import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_pdf import PdfPages

ANALYTE, UNIT, LOW, HIGH = "CD4", "cells/µL", 414, 1123
INK, BAND, TINT, RED, BLUE, BROWN = (
    *("#1f2933", "#dcdfe3", "#fdf1f2", "#c8102e", "#1b62a5", "#b4500b"),
)
DOWN, ACROSS = 5, 4
PAGE: Final = (7.2047, 6.69)


def main(labs: str, doses: str, target: str) -> None:
    """All pages."""
    mpl.use("Agg")
    plt.rcParams.update({"font.size": 6, "pdf.fonttype": 42})
    rows = pd.read_csv(labs, dtype={"result": str})
    rows = rows[rows["test"] == ANALYTE]
    first = pd.read_csv(doses).groupby("patient_id")["start"].min()
    starts = pd.to_datetime(rows["patient"].map(first))
    rows["day"] = (pd.to_datetime(rows["date"]) - starts).dt.days
    rows["bound"] = rows["result"].str.startswith("<")
    rows["value"] = rows["result"].str.lstrip("<").astype(float)
    days = (rows["day"].min() - 10, rows["day"].max() + 10)
    people = [(name, own.sort_values("day")) for name, own in rows.groupby("patient")]
    with PdfPages(target) as pages:
        for page in range(0, len(people), DOWN * ACROSS):
            figure, axes = plt.subplots(DOWN, ACROSS, figsize=PAGE, squeeze=False)
            figure.suptitle(f"{len(people)} patients", fontsize=9, fontweight="bold")
            some = people[page : page + DOWN * ACROSS]
            for ax, (name, own) in zip(axes.flat, some, strict=False):
                panel(ax, str(name), own, days, rows["value"].max() * 1.12)
            figure.supxlabel(f"Days after first dose; {ANALYTE}, {UNIT}", fontsize=7)
            pages.savefig(figure)
            plt.close(figure)


def panel(ax: Axes, name: str, own: Any, days: tuple[float, float], top: float) -> None:  # noqa: ANN401 - a frame of pandas
    """One patient."""
    ax.set(xlim=days, ylim=(0, top))
    ax.set_title(name, fontsize=6, fontweight="bold", loc="left", pad=2)
    ax.spines[["top", "right"]].set_visible(False)
    ax.tick_params(labelsize=6, length=1.4, pad=1.5)
    ax.locator_params(nbins=4)
    ax.axvspan(0, days[1], color=TINT, linewidth=0, zorder=0)
    ax.annotate("", xy=(0, 0.9), xytext=(0, 1.035), xycoords=("data", "axes fraction"),
                arrowprops={"arrowstyle": "-|>", "color": RED}, annotation_clip=False)  # fmt: skip
    ax.axhspan(LOW, HIGH, color=BAND, alpha=0.75, linewidth=0, zorder=1)
    ax.plot(own["day"], own["value"], color=INK, linewidth=0.9, zorder=3)
    for marker, colour, face, chosen in (
        ("v", BLUE, BLUE, (own["value"] < LOW) & ~own["bound"]),
        ("v", BLUE, "white", own["bound"]),
        ("o", INK, INK, own["value"].between(LOW, HIGH) & ~own["bound"]),
        ("^", BROWN, BROWN, own["value"] > HIGH),
    ):
        ax.plot(own["day"][chosen], own["value"][chosen], marker, markersize=4.2, color=colour,
                markerfacecolor=face, markeredgewidth=0.9, zorder=4, clip_on=False)  # fmt: skip


if __name__ == "__main__":
    main(*sys.argv[1:])
