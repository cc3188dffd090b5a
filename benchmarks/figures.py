"""Benchmarks of drawing: one patient, and many."""

from collections import Counter
from pathlib import Path
from statistics import median
from sys import exit as leave
from typing import Final

import drawing_by_hand
from commands import RUNS, by_hand, immunotrack
from matplotlib.figure import Figure
from measured import Measured, measured, table

from data import write_doses, write_results
from immunotrack import load_case, plot_timeline

CASE: Final = "monneret-2020"
SAMPLES: Final = Path(__file__).parents[1] / "cases" / CASE / "measurements.csv"
PATIENTS: Final = 200
RESULTS_EACH: Final = 84


def drawing(folder: Path) -> None:
    """The timeline of the case as PNG, as many artists of each kind from all."""
    _refuse_other_artists()
    found = measured(
        {
            "by hand, csv": by_hand("drawing_by_hand", "csv", SAMPLES, folder / "csv.png"),
            "by hand, pandas": by_hand("drawing_by_hand", "pandas", SAMPLES, folder / "pandas.png"),
            "immunotrack": immunotrack("plot", CASE, "-o", folder / "ours.png"),
        },
        3 * RUNS,
    )
    print(table(found, "by hand, csv", "a timeline as PNG, the same artists from all"), flush=True)


def _refuse_other_artists() -> None:
    ours = plot_timeline(load_case(CASE))
    theirs = drawing_by_hand.timeline(drawing_by_hand.read_with_csv(str(SAMPLES)))
    if _artists(ours) != _artists(theirs):
        leave(f"the artists differ: {_artists(ours)} and {_artists(theirs)}")


def _artists(figure: Figure) -> list[Counter[str]]:
    """How many there are of each kind, of the figure and of each of its axes."""
    return [
        Counter(type(artist).__name__ for artist in part.findobj())
        for part in (figure, *figure.axes)
    ]


def cohort(folder: Path) -> None:
    """CD4 of 200 patients aligned on their first dose, one small panel each, as PDF."""
    labs, doses = folder / "labs.csv", folder / "doses.csv"
    write_results(labs, PATIENTS * RESULTS_EACH)
    write_doses(doses, labs)
    outputs = {jobs: folder / f"{jobs}.pdf" for jobs in ("1", "2")}
    ours = {
        f"immunotrack, {jobs} job{'s' * (jobs != '1')}": immunotrack(
            *("cohort", labs, "--events", doses, "--analytes", "cd4", "--jobs", jobs),
            *("-o", path),
        )
        for jobs, path in outputs.items()
    }
    hand = by_hand("multiples_by_hand", labs, doses, folder / "hand.pdf")
    found = measured({**ours, "by hand, 1 process": hand}, RUNS)
    one, two = (path.read_bytes() for path in outputs.values())
    if one != two:
        leave("two jobs wrote other bytes than one")
    title = f"a PDF of {PATIENTS} small panels, the same bytes from 1 job and from 2"
    print(table(found, "immunotrack, 1 job", title))
    print(_expected(*(found[name] for name in ours)), flush=True)


def _expected(one: Measured, two: Measured) -> str:
    """How many times as fast two jobs are where nobody else wants the processors.

    What the first process itself uses with two jobs is done one thing after another; its workers
    are children of a server, and are not counted.
    """
    whole, serial = median(one.processor), median(two.processor)
    times = whole / (serial + (whole - serial) / 2)
    return (
        f"of {whole:.1f} s of processor, {serial:.1f} s are serial: on two idle processors "
        f"2 jobs are {times:.2f} times as fast as 1"
    )
