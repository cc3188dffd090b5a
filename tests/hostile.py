"""Results and events whose every text attacks what shows it."""

import csv
import io

IDS = (
    "<script>window.hacked=1</script>",
    '"onmouseover=window.hacked=2 x="',
    "</style><script>window.hacked=3</script>",
    "\u202eright to left\u202c",
    '=HYPERLINK("http://x")',
    "\N{GRINNING FACE} patient",
    "n'or\"mal & <b>",
    "X" * 300,
)
ANALYTE = "<img src=x onerror=window.hacked=4>"
NOTES = (
    "n" * 10_000,
    "</style></script><!-- \u202e \N{GRINNING FACE}",
    "{{ 7 * 7 }} ${window} `a`",
)


def _csv(rows):
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _labs():
    yield "patient", "date", "test", "result", "units"
    for number, patient in enumerate(IDS):
        for day in range(1, 7):
            at = f"2020-03-{day:02}"
            yield patient, at, "CD4", 100 + 60 * day + 10 * number, "/µL"
            yield patient, at, ANALYTE, 5 + day, "mg/L"
            yield patient, at, "Lymphocytes", "<0.3" if day < 3 else 0.3 * day, "G/L"


def _events():
    yield "patient", "kind", "name", "start", "end", "dose", "dose_unit", "note"
    for patient in IDS:
        yield patient, "dose", "IL-7</script>", "2020-03-02", "", 10, "µg/kg", NOTES[0]
        yield (
            patient,
            "infection",
            '"><svg onload=window.hacked=5>',
            "2020-03-03",
            "?",
            "",
            "",
            NOTES[1],
        )
        yield patient, "state", "{{ 7 * 7 }}", "2020-03-04", "", "", "", NOTES[2]


LABS, EVENTS = _csv(_labs()), _csv(_events())
