"""Three images guard the look; everything else about a figure is asked of its artists.

Text is placed anew by each matplotlib, so they are compared under the version that drew them only.
`make baseline` draws them again: look at them before they are committed.
"""

import os
from pathlib import Path

import matplotlib as mpl
import pytest
from matplotlib.figure import Figure
from matplotlib.testing.compare import compare_images

from immunotrack import Measurement, Patient, load_case, plot_timeline
from immunotrack.evidence.printed import builtin_effects
from immunotrack.plot.forest import draw_forest
from immunotrack.plot.forest_printed import printed_forest
from immunotrack.variation import Variation

BASELINE = Path(__file__).parent / "baseline"
DRAWN_BY = "3.11"
DPI = 90
MARKS = {
    "show": "grades,baseline,response,changes,missed,uncertainty",
    "plan": "3 µg/kg on day 24, then 10 µg/kg three times a week for 4 weeks",
    "variation": [
        Variation(
            analyte="lymphocytes",
            cv_within_subject_percent=12,
            cv_analytical_percent=5,
            source="an example",
        )
    ],
}
"""Everything that panels and lanes show on request."""


def statuses() -> Patient:
    """Every status in one panel: critical, low, in range, high, censored, undetermined."""
    results = ["40", "300", "500", "1500", "<30", ">600", "2500", "450"]
    return Patient(
        patient_id="P1",
        measurements=[
            Measurement(
                day=float(day * 3),
                analyte="CD4",
                reported=reported,
                unit="/µL",
                low=400,
                high=1200,
                critical_low=50,
                critical_high=2000,
            )
            for day, reported in enumerate(results)
        ],
    )


def forest() -> Figure:
    """The printed pooled effects."""
    return draw_forest(printed_forest(builtin_effects().effects, builtin_effects()), "single")


def timeline(name: str) -> Figure:
    """The figure of a patient."""
    if name == "statuses":
        return plot_timeline(statuses(), size="single")
    return plot_timeline(load_case("monneret-2020"), **(MARKS if name == "marks" else {}))


@pytest.mark.skipif(
    not mpl.__version__.startswith(DRAWN_BY),
    reason=f"the images were drawn by matplotlib {DRAWN_BY}, this is {mpl.__version__}",
)
@pytest.mark.parametrize("name", ["case-report", "statuses", "marks", "forest"])
def test_looks_as_it_did(name, tmp_path):
    """The figure is that of the image, but for rounding of the renderer."""
    figure = forest() if name == "forest" else timeline(name)
    figure.set_dpi(DPI)
    baseline = BASELINE / f"{name}.png"
    drawn = tmp_path / f"{name}.png"
    if os.environ.get("IMMUNOTRACK_NEW_BASELINE"):
        drawn = baseline
    figure.savefig(drawn, dpi=DPI, metadata={"Software": None})

    assert compare_images(str(baseline), str(drawn), tol=1.0) is None
