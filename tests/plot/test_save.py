"""Files of figures: formats, reproducibility, and what they do not tell."""

import re
import subprocess
import sys
from collections import Counter

import polars as pl
import pytest

from immunotrack import load_case, plot_timeline
from immunotrack.plot.save import save_figure


@pytest.fixture(scope="module")
def figure():
    """The small case, quick to draw."""
    return plot_timeline(load_case("miskin-2016"))


EACH = """
import sys
from immunotrack.__main__ import main
for suffix in ("png", "svg", "pdf"):
    sys.argv = ["immunotrack", "plot", "miskin-2016", "-o", f"figure.{suffix}"]
    try:
        main()
    except SystemExit as stop:
        assert not stop.code
"""
"""Draws one figure in every format."""


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """The folders in which two processes have drawn it."""
    made = [tmp_path_factory.mktemp(name) for name in ("one", "two")]
    for folder in made:
        subprocess.run([sys.executable, "-c", EACH], cwd=folder, check=True, capture_output=True)
    return made


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_two_processes_write_the_same_bytes(folders, suffix):
    """Nothing of the moment, the machine or the process is in a file."""
    one, two = ((folder / f"figure.{suffix}").read_bytes() for folder in folders)

    assert one == two


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_metadata_name_the_program_only(figure, tmp_path, suffix):
    """No date, no path, no person, no version of a library."""
    path = tmp_path / f"figure.{suffix}"
    save_figure(figure, path)
    data = path.read_bytes()

    assert b"immunotrack" in data
    assert re.findall(rb"20\d\d-\d\d-\d\d|D:20\d\d|/tmp|/home|/root|Matplotlib v", data) == []


def test_a_png_loads_nothing_that_it_does_not_need(tmp_path):
    """No PDF writer, no pandas, no SciPy: each costs a start its time."""
    program = (
        "import sys\n"
        "from immunotrack.__main__ import main\n"
        "sys.argv = ['immunotrack', 'plot', 'monneret-2020', '-o', 'out.png']\n"
        "try:\n"
        "    main()\n"
        "finally:\n"
        "    idle = {'matplotlib.backends.backend_pdf', 'pandas', 'scipy', 'jinja2', 'pypdf',\n"
        "            'matplotlib.pyplot', 'pyarrow'}\n"
        "    print(sorted(idle & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert (done.stdout, done.returncode) == ("[]\n", 0)
    assert (tmp_path / "out.png").exists()


def test_svg_text_stays_text_and_ids_are_unique(figure, tmp_path):
    """Headings can be searched and edited; no id stands twice."""
    path = tmp_path / "figure.svg"
    save_figure(figure, path)
    text = path.read_text("utf-8")

    assert ">Lymphocytes</text>" in text
    assert [name for name, n in Counter(re.findall(r' id="([^"]+)"', text)).items() if n > 1] == []
    assert {"band-1", "band-2", "band-3", "value-1"} <= set(re.findall(r' id="([^"]+)"', text))


def test_saving_leaves_the_gids_alone(figure, tmp_path):
    """Numbering the ids for SVG is undone."""
    before = [artist.get_gid() for artist in figure.findobj()]
    save_figure(figure, tmp_path / "figure.svg")

    assert [artist.get_gid() for artist in figure.findobj()] == before


def test_pdf_fonts_are_truetype(figure, tmp_path):
    """Type 42, as journals ask; no Type 3."""
    path = tmp_path / "figure.pdf"
    save_figure(figure, path)
    data = path.read_bytes()

    assert b"/TrueType" in data or b"/CIDFontType2" in data
    assert b"/Type3" not in data


def test_an_unknown_format_is_a_usage_error(run, tmp_path):
    """The extension decides, and a wrong one is refused before anything is read."""
    done = run("plot", "miskin-2016", "-o", "figure.gif")

    assert done.returncode == 2
    assert done.stderr == (
        "-o  unknown-option (error): '.gif' is no format of a figure. "
        "Let the name end in .png, .svg or .pdf.\n1 error, 0 warnings\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_data_are_what_is_drawn(run, tmp_path):
    """`--data` holds each point of the figure, and each sample with what its window did with it."""
    run("plot", "monneret-2020", "-o", "t.png", "--data", "t.csv")
    table = pl.read_csv(tmp_path / "t.csv", infer_schema=False)
    lymphocytes = table.filter(analyte="lymphocytes")
    drawn = lymphocytes.filter(series="window")
    left = lymphocytes.filter(pl.col("why").str.starts_with("not"))

    assert drawn.select("day", "value", "flag", "window").rows() == [
        ("22", "470", "L", "<D24"),
        ("28", "760", "L", "D27"),
        ("30", "1240", "N", "D30"),
        ("34", "1900", "N", "D33"),
        ("37", "1050", "L", "D36"),
        ("41", "1480", "N", "D40"),
        ("44", "1850", "N", "D44"),
    ]
    assert left["day"].to_list() == ["2", "9", "16", "27", "33", "38", "45"]
    assert set(left["why"]) == {"not the highest of its window"}
    assert len(lymphocytes.filter(series="sample")) == 14
    assert set(table["origin"]) == {"illustrative"}
    assert set(table["analyte"]) == set(load_case("monneret-2020").file.panels)


def test_plot_asks_which_patient(run, tmp_path):
    """Several patients and no choice: the ids are listed, exit code 2, no figure."""
    done = run("plot", "sospedra-2014")

    assert done.returncode == 2
    assert "there are 2 patients. Choose one of: P1, P2." in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_plot_draws_what_is_valid_and_says_what_is_not(run, tmp_path):
    """A row with an error is told and left out; the figure is drawn; exit code 4."""
    (tmp_path / "labs.csv").write_text(
        "patient,day,test,value,unit\nP,1,CD4,350,/µL\nP,2,CD4,abc,/µL\nP,3,CD4,<5,/µL\n",
        encoding="utf-8",
    )
    done = run("plot", "labs.csv", "--data", "t.csv")

    assert done.returncode == 4
    assert "labs.csv:3 value='abc'  not-a-number (error): not a number." in done.stderr
    assert pl.read_csv(tmp_path / "t.csv")["line"].to_list() == [2, 4]
    assert (tmp_path / "timeline.png").read_bytes().startswith(b"\x89PNG")


def test_events_file(run, tmp_path):
    """Doses from a file of their own set the clock and the arrow."""
    (tmp_path / "labs.csv").write_text(
        "patient,date,test,value,unit\nP,2020-03-01,CD4,350,/µL\nP,2020-03-09,CD4,500,/µL\n",
        encoding="utf-8",
    )
    (tmp_path / "events.csv").write_text(
        "patient,kind,name,start,end,dose,dose unit\nP,dose,IL-7,2020-03-05,,10,µg/kg\n"
        "P,drug,steroids,2020-03-01,?,,\nQ,dose,IL-7,2020-01-01,,10,µg/kg\n",
        encoding="utf-8",
    )
    done = run("plot", "labs.csv", "--events", "events.csv", "-o", "t.svg", "--data", "t.csv")
    svg = (tmp_path / "t.svg").read_text("utf-8")

    assert done.returncode == 0
    assert pl.read_csv(tmp_path / "t.csv")["day"].to_list() == [-4, 4]
    assert ">Days after first IL-7 dose</text>" in svg
    assert ">IL-7, µg/kg</text>" in svg


def test_bad_events_are_told(run, tmp_path):
    """Each fault of an events file has its line, and the figure is drawn without the row."""
    (tmp_path / "labs.csv").write_text(
        "patient,day,test,value,unit\nP,1,CD4,350,/µL\n", encoding="utf-8"
    )
    (tmp_path / "events.csv").write_text(
        "kind,name,start,end,dose,dose_unit\ndose,IL-7,x,,10,µg/kg\ngift,IL-7,1,,,\n"
        "drug,steroids,5,2,,\ndose,IL-7,2,,10,\ndose,IL-7,2020-03-01,,10,mg\n",
        encoding="utf-8",
    )
    done = run("plot", "labs.csv", "--events", "events.csv")

    assert done.returncode == 4
    assert [line.split("  ")[0] for line in done.stderr.splitlines() if "(error)" in line] == [
        "events.csv:2 start='x'",
        "events.csv:3 kind='gift'",
        "events.csv:4 end='2'",
        "events.csv:5 dose='10'",
        "events.csv:6 column 'start'",
    ]
