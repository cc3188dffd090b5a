"""Nothing that is written of a de-identified source lets anybody find a person or a date."""

import base64
import io
import re
import zlib
from datetime import date, timedelta
from functools import cache

import narwhals as nw
import polars as pl
import pypdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from immunotrack.cli.sources import read_with_events
from immunotrack.clocks import choose_clock, moments
from immunotrack.deidentify import deidentified, kept_names
from immunotrack.flags import flag
from immunotrack.problems import InvalidInput
from immunotrack.pseudonyms import MOST_DAYS, Key, choose_key
from immunotrack.readers import Options
from immunotrack.terms import Terms

KEY = Key(b"a key that nobody knows")
IDS = ("Mustermann-0471", "007", "1957-03-02/AB", "O'Neil")
FIRST = date(2021, 11, 17)
DAYS = (0, 9, 400)
FREE = ("told his wife Erika", "room 12 of Dr Zwicky", "see letter", "hemolysed; call 555")
LABS = "Smith_Anna_labs.csv"


def at(number, day):
    """The date of a patient's sample; each patient begins on another day."""
    return FIRST + timedelta(days=13 * number + day)


def labs():
    """Results with dates in ISO 8601, births, ages, ranges, comments and an unknown analyte."""
    yield "patient,date,test,result,units,low,high,sex,birth_date,age,comment,flag"
    for number, patient in enumerate(IDS):
        born = date(1926 + 20 * number, 5, 9)
        for day in DAYS:
            when = f"{at(number, day)}T08:{10 + number}"
            person = f"female,{born},,{FREE[number]}"
            yield f"{patient},{when},CD4,{310 + day},/µL,400,1500,{person},L"
            yield f"{patient},{when},CRP of {patient},{5 + day / 10},mg/L,,5,{person},"
    yield f"{IDS[0]},{at(0, 41)},CD4,see {IDS[1]},/µL,,,female,,,,"


def events():
    """Doses and events, some with names that say too much."""
    yield "patient,kind,name,start,end,dose,dose_unit,result,note,quote,lane"
    for number, patient in enumerate(IDS):
        yield f"{patient},dose,IL-7,{at(number, 2)},,10,µg/kg,,{FREE[0]},{FREE[1]},"
        yield f"{patient},state,moved on {at(number, 3)},{at(number, 3)},,,,,{FREE[2]},,"
        yield f"{patient},test result,PCR,{at(number, 4)},,,,{FREE[3]},,,of {patient}"


@pytest.fixture
def folder(tmp_path):
    """The two files."""
    (tmp_path / LABS).write_text("\n".join(labs()), encoding="utf-8")
    (tmp_path / "events.csv").write_text("\n".join(events()), encoding="utf-8")
    (tmp_path / "key.txt").write_text("a key that nobody knows\n", encoding="utf-8")
    return tmp_path


@pytest.fixture
def source(folder):
    """What was read."""
    return read_with_events([str(folder / LABS)], folder / "events.csv", Options())


@cache
def secrets():
    """Every identifier, date and free text of the input, as somebody might look for it."""
    dates = {at(number, day) for number in range(len(IDS)) for day in (*DAYS, 2, 3, 4)}
    dates |= {date(1926 + 20 * number, 5, 9) for number in range(len(IDS))}
    shapes = ("%Y-%m-%d", "%Y%m%d", "%d.%m.%Y", "%d/%m/%Y", "%d %b %Y", "%d%b%Y")
    words = [shape for day in dates for shape in (day.strftime(form) for form in shapes)]
    return [*IDS[:1], *IDS[2:], *words, *FREE, "Erika", "Zwicky", "Smith_Anna", "events.csv"]


def found(text):
    """The secrets that a text holds; `007` is one where it is a word of its own."""
    plain = text.casefold()
    held = [secret for secret in secrets() if secret.casefold() in plain]
    return held + re.findall(r"(?<![\w.])007(?![\w.])", text)


def texts(data):
    """All texts of a file: itself, what it compresses, and a PDF's pages and metadata."""
    yield data.decode("latin-1")
    yield data.decode("utf-8", "replace")
    for start in (match.start() for match in re.finditer(rb"x[\x01\x9c\xda]", data)):
        try:
            yield zlib.decompressobj().decompress(data[start:]).decode("latin-1")
        except zlib.error:
            continue
    for packed in re.findall(rb'data-chapter="\d+">([^<]+)<', data):
        yield zlib.decompress(base64.b64decode(packed)).decode()
    if data.startswith(b"%PDF"):
        reader = pypdf.PdfReader(io.BytesIO(data))
        yield str(reader.metadata)
        yield from (page.extract_text() for page in reader.pages)


IN_FULL = ["--patient", IDS[0], "--patient", IDS[1], "--events", "events.csv"]
COMMANDS = [
    ("report", [*IN_FULL, "-o", "r.html", "-o", "r.pdf", "--data", "r.json"]),
    ("plot", ["--patient", IDS[1], "--events", "events.csv", "-o", "f.svg", "--data", "f.csv"]),
    ("plot", ["--patient", IDS[2], "--events", "events.csv", "-o", "f.png"]),
    ("plot", ["--patient", IDS[0], "--events", "events.csv", "-o", "f.pdf"]),
    ("flag", ["-o", "flagged.csv", "--report", "problems.csv"]),
    ("convert", ["-o", "c.csv"]),
    ("convert", ["-o", "c.xpt"]),
    ("convert", ["-o", "c.dsjc"]),
    ("convert", ["-o", "c.json", "--to", "fhir"]),
    ("convert", ["-o", "c.ndjson", "--to", "adlb"]),
]


@pytest.mark.parametrize("shift", [[], ["--shift-dates"]])
@pytest.mark.parametrize(("command", "options"), COMMANDS)
def test_no_output_holds_a_name_or_a_date(folder, run, command, options, shift):
    """Neither in a file, nor in what was said on the way."""
    before = set(folder.iterdir())
    done = run(command, LABS, *options, "--deidentify", "--key-file", "key.txt", *shift)
    written = set(folder.iterdir()) - before

    assert done.returncode in {0, 4}, done.stderr
    assert written
    assert found(done.stdout) == []
    held = [found(text) for path in written for text in texts(path.read_bytes())]
    assert [secret for secrets in held for secret in secrets] == []


def test_the_search_itself_finds_what_is_not_hidden(folder, run):
    """The report of the same files as they are holds ids, dates and notes."""
    run("report", LABS, "--events", "events.csv", "-o", "open.html")
    held = found((folder / "open.html").read_text("utf-8"))

    assert {IDS[0], "2021-11-17", FREE[0]} <= {*held}


def test_intervals_stay(source):
    """Moved dates are as far apart as before, and each patient moves by days of its own."""
    moved = deidentified(source, KEY, shift_dates=True).results
    both = pl.DataFrame(
        {"was": source.results["time"], "is": moved["time"], "who": moved["patient_id"]}
    )
    steps = both.group_by("who").agg((pl.col("was") - pl.col("is")).unique().alias("moved"))
    lengths = steps["moved"].list.len().to_list()
    days = sorted(entry.total_seconds() / 86_400 for [entry] in steps["moved"].to_list())

    assert lengths == [1] * len(IDS)
    assert all(1 <= day <= MOST_DAYS and day == int(day) for day in days)
    assert len(set(days)) > 1


def test_days_take_the_place_of_dates(source):
    """Each patient's days count from midnight before the first dose, which is on day 0.

    The first dose is given 2 days after the first sample, which was taken at 8:10 of day -2.
    """
    hidden = deidentified(source, KEY)
    first = hidden.results.row(0, named=True)
    doses = hidden.events.table.filter(pl.col("kind") == "dose")

    assert hidden.results["time"].is_null().all()
    assert first["clock"] == "Days after first IL-7 dose"
    assert first["day"] == pytest.approx(-2 + (8 * 60 + 10) / 1440)
    assert doses["start_day"].to_list() == [0.0] * len(IDS)


def test_days_after_the_first_dose_stay_those_of_windows(source):
    """Windows that count from the first dose fit a source whose dates have become such days."""
    hidden = deidentified(source, KEY)
    clock = choose_clock(moments(nw.from_native(hidden.used, eager_only=True)), [])

    assert clock.name == "Days after first IL-7 dose"
    assert clock.is_called("days after first dose")


def test_flags_and_fates_stay(source):
    """What is flagged is flagged alike, and no row is lost."""
    hidden = deidentified(source, KEY)

    assert flag(hidden.used)["flag"].to_list() == flag(source.used)["flag"].to_list()
    assert hidden.counted == source.counted
    assert hidden.fates() == source.fates()


def test_ages_from_90_on_are_one_group(source):
    """Born in 1926 and 1946: 95 in 2021 becomes 90, 75 stays."""
    ages = deidentified(source, KEY).results["age_years"]

    assert source.results["age_years"].max() >= 95
    assert ages.max() == 90
    assert 75 in ages.to_list()


def test_names_that_hold_neither_id_nor_date_stay(source):
    """They are listed, for somebody to look at."""
    kept = kept_names(deidentified(source, KEY))

    assert {"IL-7", "PCR", "cd4", "µg/kg"} <= {*kept}
    assert not [name for name in kept if found(name)]


def test_the_same_key_gives_the_same_pseudonyms(source):
    """Another key gives others."""
    once, again, other = (
        deidentified(source, key).results["patient_id"].to_list()
        for key in (KEY, Key(b"a key that nobody knows"), Key(b"another key, as long"))
    )

    assert once == again
    assert set(once).isdisjoint(other)


@settings(max_examples=30)
@given(st.sets(st.text(min_size=1, max_size=6), min_size=2, max_size=8))
def test_pseudonyms_tell_patients_apart(ids):
    """Two patients never share one, and none holds an id of 3 letters or more."""
    names = [KEY.pseudonym(patient) for patient in ids]

    assert len(set(names)) == len(ids)
    assert all(name.startswith("P-") and len(name) == 12 for name in names)


@pytest.mark.parametrize(
    "text",
    ["since 2021", "3.4.21", "on 17/11", "x" * 61, "Nov 17", "17 November", "the M-12 again", "7"],
)
def test_what_may_be_a_date_or_an_id_is_no_term(text):
    """A number of four digits, a date, a month with a day, prose, an id in a name, an id."""
    terms = Terms({"M-12", "7"}, KEY)
    told = terms.tellable(text)

    assert told is (text == "on 17/11")


def test_a_short_id_is_not_looked_for_inside_words():
    """Patient 7 does not make IL-7 a secret."""
    assert Terms({"7"}, KEY).term("event", "IL-7") == "IL-7"


def test_a_key_comes_from_a_file_or_the_environment(tmp_path):
    """The file wins; without both one is made, another each time."""
    path = tmp_path / "key"
    path.write_text("a key of the file\n", encoding="utf-8")
    environment = {"IMMUNOTRACK_KEY": "a key of the environment"}
    made = {choose_key(None, {}).secret for _ in range(2)}

    assert choose_key(path, environment) == Key(b"a key of the file")
    assert choose_key(None, environment) == Key(b"a key of the environment")
    assert len(made) == 2


def test_a_short_key_is_refused():
    """It could be guessed, and the message does not hold it."""
    with pytest.raises(InvalidInput) as caught:
        choose_key(None, {"IMMUNOTRACK_KEY": "secret"})

    assert [str(problem) for problem in caught.value.problems] == [
        (
            "IMMUNOTRACK_KEY  unknown-option (error): the key has fewer than 16 letters. "
            'Make one: python -c "import secrets; print(secrets.token_hex(32))".'
        )
    ]


@pytest.mark.usefixtures("folder")
def test_a_key_that_was_made_is_warned_of(run, monkeypatch):
    """And is no part of what is written."""
    monkeypatch.delenv("IMMUNOTRACK_KEY", raising=False)
    done = run("flag", LABS, "-o", "flagged.csv", "--deidentify")

    assert done.stderr.startswith(
        "warning: no key is set, so one was made for this run and is forgotten now; another run "
        "gives other pseudonyms. Set IMMUNOTRACK_KEY, or name a --key-file.\n"
        "kept as the files have them; check that none names a person: "
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--shift-dates"], "it is for --deidentify"),
        (["--key-file", "key.txt"], "it is for --deidentify"),
        (["--deidentify", "--title", "Anna"], "it may name a person"),
    ],
)
def test_options_that_do_not_go_together(folder, run, options, message):
    """They are a usage error, and nothing is written."""
    done = run("plot", LABS, "--patient", IDS[0], "-o", "f.svg", *options)

    assert done.returncode == 2
    assert message in " ".join(done.stderr.replace("│", " ").split())
    assert not (folder / "f.svg").exists()


def test_a_patient_is_asked_for_by_id_or_pseudonym(folder, run):
    """Both give the same figure."""
    private = ["--deidentify", "--key-file", "key.txt"]
    for name, patient in (("a.svg", IDS[1]), ("b.svg", KEY.pseudonym(IDS[1]))):
        run("plot", LABS, "--patient", patient, "-o", name, *private)

    assert (folder / "a.svg").read_bytes() == (folder / "b.svg").read_bytes()
