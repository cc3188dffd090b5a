"""The standards that name columns: SDTM, ADaM and OMOP, in their details."""

from datetime import datetime

import polars as pl
import pytest

from immunotrack.annotated import flag_differences, flagged_results
from immunotrack.problems import InvalidInput
from immunotrack.readers import Options, read_source
from immunotrack.readers.adam import parameter_of, unit_of
from immunotrack.readers.layout import results_layout
from immunotrack.readers.people import person_columns
from immunotrack.readers.sdtm import FINDINGS, findings_domain


@pytest.fixture
def study(tmp_path):
    """Read texts as the files of one folder: `study({"lb.csv": "…"}, decimal="comma")`."""

    def read(texts, **options):
        for name, text in texts.items():
            (tmp_path / name).write_text(text, encoding="utf-8")
        names = [str(tmp_path / name) for name in texts]
        return read_source(names, Options(**options))

    return read


def codes(source):
    """The codes of all problems, errors first."""
    ranked = sorted(source.problems, key=lambda problem: (not problem.is_error, problem.code))
    return [problem.code for problem in ranked]


class TestSdtm:
    """Findings domains, of which LB and CP are two."""

    @pytest.mark.parametrize(
        ("header", "domain"),
        [
            (["USUBJID", "LBTESTCD", "LBORRES"], "LB"),
            (["usubjid", " cptest ", "cpstresn"], "CP"),
            (["USUBJID", "LBTESTCD"], ""),
            (["LBTESTCD", "LBORRES"], ""),
            (["USUBJID", "LBTESTCD", "VSORRES"], ""),
            (["USUBJID", "VSTESTCD", "LBTEST", "LBORRES"], "LB"),
            ([], ""),
        ],
    )
    def test_domain(self, header, domain):
        """A findings domain is known by its test and result under one prefix, and the subject."""
        assert findings_domain(header) == domain

    def test_original_units_win(self, study):
        """Value, unit and limits are the original ones, whatever the standardised ones say."""
        source = study(
            {
                "lb.csv": "USUBJID,LBTESTCD,LBORRES,LBORRESU,LBORNRLO,LBORNRHI,LBSTRESC,LBSTRESN,"
                "LBSTRESU,LBSTNRLO,LBSTNRHI,LBDTC\n"
                "P,LYM,1.05,THOU/uL,1.05,3.2,1.0,1.0,GI/L,1.1,3.2,2020-03-01\n"
            }
        )

        assert source.used["value", "unit", "low", "high"].rows() == [(1.05, "10*3/uL", 1.05, 3.2)]
        assert flagged_results(source)["flag"].to_list() == ["N"]

    def test_standardised_units_where_there_are_no_original_columns(self, study):
        """A file without --ORRES is read by its standardised columns, text before number."""
        source = study(
            {
                "lb.csv": "USUBJID,LBTESTCD,LBSTRESC,LBSTRESN,LBSTRESU,LBSTNRLO,LBSTNRHI,LBDTC\n"
                "P,CD4,<5,,/uL,400,,2020-03-01\n"
            }
        )

        assert source.used["comparator", "value", "low", "high"].rows() == [("<", 5.0, 400.0, None)]

    def test_cell_phenotyping(self, study):
        """CP is read as LB is: markers by their codes, days as study days."""
        text = "USUBJID,CPTESTCD,CPTEST,CPORRES,CPORRESU,CPDTC,CPDY\nP,CD4,CD4,350,/uL,,-3\n"
        source = study({"cp.csv": text})

        assert source.used["analyte", "value", "day", "clock"].rows() == [
            ("cd4", 350.0, -3.0, "Study day")
        ]
        assert source.told[0].split(": ")[1].startswith("SDTM CP; ")

    def test_not_done(self, study):
        """A test that was not done is set aside; with an error of the row as a whole it is that."""
        text = (
            "USUBJID,LBTESTCD,LBORRES,LBORRESU,LBDTC,LBSTAT\n"
            "P,CD4,,/uL,2020-03-01,NOT DONE\nP,CD4,,/uL,2020-03-01, not done \n"
            "P,CD4,350,/uL,2020-03-01,\n"
        )
        counts = study({"lb.csv": text}).counts

        assert counts.said("row") == "3 rows read: 1 used, 2 set aside (not-done 2), 0 with errors"

    def test_another_specimen(self, study):
        """Lymphocytes of bone marrow are never those of blood."""
        text = (
            "USUBJID,LBTESTCD,LBORRES,LBORRESU,LBDTC,LBSPEC\n"
            "P,CD4,350,/uL,2020-03-01,BONE MARROW\nP,CD4,360,/uL,2020-03-01,BLOOD\n"
        )
        source = study({"lb.csv": text})

        assert source.used["analyte"].to_list() == ["CD4 (BONE MARROW)", "cd4"]
        assert codes(source) == ["unknown-analyte"]

    def test_laboratory_flag(self, study):
        """LBNRIND is compared with the flag of the range beside, and a difference is told once."""
        text = (
            "USUBJID,LBTESTCD,LBORRES,LBORRESU,LBORNRLO,LBORNRHI,LBNRIND,LBDTC\n"
            "P,CD4,350,/uL,414,1123,NORMAL,2020-03-01\nP,CD4,351,/uL,414,1123,NORMAL,2020-03-02\n"
            "P,CD4,352,/uL,414,1123,LOW,2020-03-03\nP,CD4,500,/uL,414,1123,ABNORMAL,2020-03-04\n"
        )
        source = study({"lb.csv": text})

        differ = flag_differences(source, flagged_results(source))

        assert source.results["own_flag"].to_list() == ["NORMAL", "NORMAL", "LOW", "ABNORMAL"]
        assert [(p.code, p.value, p.lines, p.rows, p.message) for p in differ] == [
            (
                "own-flag",
                "NORMAL",
                (2, 3),
                2,
                "the laboratory's own flag; value and range beside it say L",
            )
        ]

    def test_the_name_helps_a_code(self, study):
        """A code of a laboratory's own leaves the analyte to the name, as in ADaM."""
        text = "USUBJID,LBTESTCD,LBTEST,LBORRES,LBORRESU,LBDTC\nP,C98765,CD4,350,/uL,2020-03-01\n"

        assert study({"lb.csv": text}).used["analyte"].to_list() == ["cd4"]

    def test_what_is_read_is_not_told_as_unread(self, study):
        """LBSTAT decides whether a row counts, so it is read."""
        text = "USUBJID,LBTESTCD,LBORRES,LBORRESU,LBDTC,LBSTAT\nP,CD4,350,/uL,2020-03-01,\n"

        assert "LBSTAT" not in study({"lb.csv": text}).told[0].split("not read: ")[-1]

    def test_map_wins_over_the_standard(self, study):
        """A column that the user names is used in place of the standard's."""
        text = (
            "USUBJID,LBTESTCD,LBORRES,LBORRESU,LBDTC,MYDATE\nP,CD4,350,/uL,2020-03-01,2020-04-01\n"
        )
        source = study({"lb.csv": text}, columns={"time": "MYDATE"})

        assert source.used["time"].to_list() == [datetime(2020, 4, 1)]  # noqa: DTZ001


DM = "USUBJID,RFSTDTC,SEX,BRTHDTC,AGE,DTHDTC\n"
LB = "USUBJID,LBTESTCD,LBORRES,LBORRESU,LBDTC,LBDY\n"


class TestDemographics:
    """DM beside LB: study days, sex, age and death."""

    def test_study_days(self, study):
        """The day before the reference start is -1, it is itself 1, and no day is 0."""
        rows = [("2020-02-29T23:59", ""), ("2020-03-01", ""), ("2020-03-02T00:00", "")]
        text = LB + "".join(f"P,CD4,35{n},/uL,{at},{day}\n" for n, (at, day) in enumerate(rows))
        source = study({"lb.csv": text, "dm.csv": DM + "P,2020-03-01T12:00,F,,70,\n"})

        assert source.used["day"].to_list() == [-1.0, 1.0, 2.0]
        assert set(source.used["age_years"]) == {70.0}

    def test_a_study_day_that_does_not_follow(self, study):
        """The file's own day is kept, and told."""
        source = study(
            {"lb.csv": LB + "P,CD4,350,/uL,2020-03-03,2\n", "dm.csv": DM + "P,2020-03-01,F,,,\n"}
        )

        assert [p.message for p in source.problems] == [
            "the date and the reference start give study day 3"
        ]
        assert source.used["day"].to_list() == [2.0]

    def test_no_study_day_is_zero(self, study):
        """LBDY of 0 is a mistake also where no DM says so."""
        assert "study-day" in codes(study({"lb.csv": LB + "P,CD4,350,/uL,2020-03-03,0\n"}))

    def test_death_is_an_event(self, study):
        """DTHDTC makes an outcome; a patient without one makes none."""
        dm = DM + "P,2020-03-01,F,,,2020-05-01\nQ,2020-03-01,M,,,\n"
        source = study({"lb.csv": LB + "P,CD4,350,/uL,2020-03-03,3\n", "dm.csv": dm})

        assert source.events.table["patient_id", "kind", "name"].rows() == [
            ("P", "outcome", "death")
        ]

    @pytest.mark.parametrize("birth", ["1950", "1950-12"])
    def test_a_birth_date_may_lack_its_day(self, study, birth):
        """ISO 8601 as CDISC has it may leave out the day; the results are sound."""
        source = study(
            {
                "lb.csv": LB + "P,CD4,350,/uL,2020-03-03,3\n",
                "dm.csv": DM + f"P,2020-03-01,F,{birth},,\n",
            }
        )

        assert source.counts.wrong == 0
        assert source.used["birth_date"].to_list() == [None]

    def test_a_problem_of_a_person_is_told_where_it_stands(self, study):
        """A sex that is none is a problem of dm.csv."""
        source = study(
            {"lb.csv": LB + "P,CD4,350,/uL,2020-03-03,3\n", "dm.csv": DM + "P,2020-03-01,X,,,\n"}
        )

        assert [p.source.rpartition("/")[2] for p in source.problems] == ["dm.csv"]

    def test_a_bad_reference_start_is_told(self, study):
        """Without it no study day can be given, so somebody must hear of it."""
        source = study(
            {"lb.csv": LB + "P,CD4,350,/uL,2020-03-03,\n", "dm.csv": DM + "P,soon,F,,,\n"}
        )

        assert codes(source) == ["bad-date"]

    def test_two_rows_of_one_person_are_told(self, study):
        """Two reference starts of one patient contradict each other."""
        dm = DM + "P,2020-03-01,F,,,\nP,2020-03-05,F,,,\n"

        assert codes(study({"lb.csv": LB + "P,CD4,350,/uL,2020-03-03,\n", "dm.csv": dm})) != []

    @pytest.mark.parametrize(
        ("header", "known"),
        [
            (["USUBJID", "RFSTDTC", "SEX"], {"patient_id", "reference_start", "sex"}),
            (["person_id", "year_of_birth"], {"patient_id"}),
            (["person_id", "death_date"], {"patient_id", "death"}),
            (["patient", "sex"], set()),
        ],
    )
    def test_tables_of_persons(self, header, known):
        """DM, PERSON and DEATH are known by their columns."""
        assert set(person_columns(header)) == known


EX = "USUBJID,EXTRT,EXDOSE,EXDOSU,EXSTDTC,EXENDTC,EXSTDY,EXENDY\n"


class TestExposure:
    """EX beside LB: doses with their dates and study days."""

    def test_doses(self, study):
        """A dose of zero (placebo) is one; a dose of one day is a point."""
        ex = EX + "P,IL7,10,ug/kg,2020-03-01,2020-03-01,1,1\nP,PLACEBO,0,mg,2020-03-02,,2,\n"
        source = study({"lb.csv": LB + "P,CD4,350,/uL,2020-03-03,3\n", "ex.csv": ex})
        columns = ["name", "dose", "dose_unit", "start_day", "end_day"]

        assert source.events.table[columns].rows() == [
            ("IL7", 10.0, "ug/kg", 1.0, None),
            ("PLACEBO", 0.0, "mg", 2.0, None),
        ]

    def test_wrong_rows_are_counted(self, study):
        """Each wrong row of EX is an error that names its line and column."""
        ex = EX + "P,IL7,ten,ug/kg,2020-03-01,,,\nP,,1,mg,2020-03-01,,,\nP,IL7,1,mg,,,,\n"
        source = study({"lb.csv": LB + "P,CD4,350,/uL,2020-03-03,3\n", "ex.csv": ex})

        assert [(p.line, p.column, p.code) for p in source.problems] == [
            (2, "EXDOSE", "not-a-number"),
            (3, "EXTRT", "missing-analyte"),
            (4, "EXSTDTC", "missing-time"),
        ]
        assert source.counted.endswith("; 3 events read: 0 used, 3 with errors")

    def test_a_dose_of_nobody(self, study):
        """In a table of several patients a dose belongs to one of them."""
        ex = EX + ",IL7,10,ug/kg,2020-03-01,,,\n"
        source = study({"lb.csv": LB + "P,CD4,350,/uL,2020-03-03,3\n", "ex.csv": ex})

        assert codes(source) == ["missing-patient"]


ADLB = "USUBJID,PARAMCD,PARAM,ADT,ADY,AVAL,AVALC,DTYPE,ANRLO,ANRHI\n"


class TestAdam:
    """ADaM data sets of laboratory results."""

    @pytest.mark.parametrize(
        ("label", "unit"),
        [
            ("Leukocytes (10^9/L)", "10^9/L"),
            ("Lymphocytes (absolute)", ""),
            ("CD4 (cells/uL) ", "cells/uL"),
            ("Hematocrit (%)", "%"),
            ("A (B) (mg/dL)", "mg/dL"),
            ("", ""),
            ("()", ""),
        ],
    )
    def test_unit_behind_the_parameter(self, label, unit):
        """Brackets at the end hold a unit if it is known, or looks like one."""
        assert unit_of(label) == unit

    @pytest.mark.parametrize(
        ("code", "label", "name"),
        [
            ("LYMPH", "Lymphocytes (10^9/L)", "LYMPH"),
            ("C64", "CD4 (cells/uL)", "CD4"),
            ("HGB", "Hemoglobin (mmol/L)", "HGB"),
            ("", "Hemoglobin (mmol/L)", "Hemoglobin"),
        ],
    )
    def test_name(self, code, label, name):
        """The code, or the name where only that is one of ours."""
        assert parameter_of(code, label) == name

    def test_derived_rows_are_no_measurements(self, study):
        """DTYPE sets a row aside, whatever it says."""
        rows = [("2020-03-01", "1.5", ""), ("2020-03-02", "1.6", "LOV"), ("", "", "MAXIMUM")]
        text = ADLB + "".join(
            f"P,LYMPH,Lymphocytes (10^9/L),{at},,{value},,{kind},,\n" for at, value, kind in rows
        )
        source = study({"adlb.csv": text})

        assert source.counts.as_dict() == {
            "read": 3,
            "used": 1,
            "merged": 0,
            "set_aside": {"derived-row": 2},
            "errors": 0,
        }
        assert source.problems == []

    def test_a_censored_text_wins_over_its_number(self, study):
        """AVALC `<0.5` beside AVAL 0.5 stays `<0.5`; `1.50` beside 1.5 is the number."""
        text = (
            ADLB
            + "P,LYMPH,Lymphocytes (10^9/L),2020-03-01,1,0.5,<0.5,,,\n"
            + "P,LYMPH,Lymphocytes (10^9/L),2020-03-02,2,1.5,1.50,,,\n"
            + "P,LYMPH,Lymphocytes (10^9/L),2020-03-03,3,,>=7,,,\n"
        )

        assert study({"adlb.csv": text}).used["comparator", "value"].rows() == [
            ("<", 0.5),
            ("", 1.5),
            (">=", 7.0),
        ]

    def test_a_date_without_time_of_day(self, study):
        """A data set with ADT alone is dated by it, and its days are study days."""
        text = ADLB + "P,LYMPH,Lymphocytes (10^9/L),2020-03-01,-2,0.5,,,,\n"
        used = study({"adlb.csv": text}).used

        assert used["time", "day", "clock"].rows() == [
            (datetime(2020, 3, 1), -2.0, "Study day")  # noqa: DTZ001
        ]

    def test_the_date_stands_in_for_the_date_time(self, study):
        """Beside an empty ADTM the date is in ADT."""
        text = (
            "USUBJID,PARAMCD,PARAM,ADT,ADTM,AVAL\n"
            "P,CD4,CD4 (/uL),2020-03-01,2020-03-01T08:00,350\nP,CD4,CD4 (/uL),2020-03-02,,351\n"
        )

        assert study({"adlb.csv": text}).counts.used == 2

    def test_treatments_are_events(self, study):
        """Each subject's treatment is told once, with its dates."""
        text = (
            "USUBJID,TRT01A,TRTSDT,TRTEDT,PARAMCD,PARAM,ADT,AVAL\n"
            "P,IL7,2020-03-01,2020-03-09,CD4,CD4 (/uL),2020-03-01,350\n"
            "P,IL7,2020-03-01,2020-03-09,CD4,CD4 (/uL),2020-03-02,351\n"
            "Q,,,,CD4,CD4 (/uL),2020-03-02,351\n"
        )
        events = study({"adlb.csv": text}).events

        assert events.table["patient_id", "kind", "name", "start_time", "end_time"].rows() == [
            ("P", "drug", "IL7", datetime(2020, 3, 1), datetime(2020, 3, 9))  # noqa: DTZ001
        ]


OMOP = (
    "measurement_id,person_id,measurement_concept_id,measurement_date,operator_concept_id,"
    "value_as_number,unit_concept_id,range_low,range_high,measurement_source_value,"
    "unit_source_value,value_source_value\n"
)


class TestOmop:
    """OMOP tables as CSV."""

    def used(self, study, *rows):
        """The results of some rows of MEASUREMENT."""
        return study({"measurement.csv": OMOP + "".join(f"{row}\n" for row in rows)}).used

    @pytest.mark.parametrize(
        ("concept", "sign"),
        [
            ("4171756", "<"),
            ("4171754", "<="),
            ("4172703", ""),
            ("4171755", ">="),
            ("4172704", ">"),
            ("4171756.0", "<"),
            ("0", ""),
            ("", ""),
        ],
    )
    def test_operators(self, study, concept, sign):
        """Each operator concept is its sign; the file may hold it as a decimal number."""
        used = self.used(study, f"1,7,3028167,2020-03-01,{concept},5,8784,,,CD4,,")

        assert used["comparator", "value", "unit"].rows() == [(sign, 5.0, "cells/µL")]
        assert used["reported"].to_list() == [f"{sign}5"]

    def test_an_unknown_operator_is_never_guessed(self, study):
        """A number with an operator that nobody explains is wrong, and its concept is told."""
        row = "1,7,3028167,2020-03-01,999,5,8784,,,CD4,,\n"
        source = study({"measurement.csv": OMOP + row})

        assert codes(source) == ["not-a-number"]
        assert source.problems[0].value == "concept 999 5"
        assert len(source.used) == 0

    @pytest.mark.parametrize(
        ("concept", "unit"),
        [
            ("8554", "%"),
            ("8647", "cells/µL"),
            ("8784", "cells/µL"),
            ("8785", "cells/µL"),
            ("8848", "10*3/uL"),
            ("9444", "10*9/L"),
            ("8961", "10*3/uL"),
        ],
    )
    def test_units(self, study, concept, unit):
        """Each unit concept is its unit, in the house spelling."""
        used = self.used(study, f"1,7,0,2020-03-01,,5,{concept},,,marker,,")

        assert used["unit"].to_list() == [unit]

    def test_a_unit_in_words_wins(self, study):
        """The source's own unit is nearer to the result than its concept."""
        used = self.used(study, "1,7,3004327,2020-03-01,,5,8784,,,LYM,x10E3/uL,")

        assert used["value_std"].to_list() == [5000.0]

    def test_an_unknown_unit_stays_a_number(self, study):
        """What is not known is kept, as the name of a measurement is."""
        used = self.used(study, "1,7,0,2020-03-01,,5,4242,,,marker,,")

        assert "4242" in used["unit"].to_list()[0]

    def test_names(self, study):
        """A code in the source's name, then its concept; one that is not known keeps its number."""
        used = self.used(
            study,
            "1,7,0,2020-03-01,,5,8784,,,731-0,,",
            "2,7,3028167,2020-03-01,,5,8784,,,,,",
            "3,7,424242,2020-03-01,,5,8784,,,,,",
        )

        assert used["analyte"].to_list() == ["lymphocytes", "cd4", "concept 424242"]

    def test_the_text_of_the_source(self, study):
        """Without a number the source's text is the result."""
        used = self.used(study, "1,7,0,2020-03-01,,,8784,,,CD4,,< 5")

        assert used["comparator", "value", "reported"].rows() == [("<", 5.0, "< 5")]

    def test_number_and_text_that_differ(self, study):
        """1.2 beside "1.3" is a contradiction."""
        row = "1,7,3028167,2020-03-01,0,1.2,8784,,,CD4,,1.3\n"

        assert codes(study({"measurement.csv": OMOP + row})) != []

    def test_dates_and_date_times(self, study):
        """An empty date-time leaves the date; ranges are those of the row."""
        text = (
            "person_id,measurement_date,measurement_datetime,measurement_source_value,"
            "value_as_number,unit_source_value,range_low,range_high\n"
            "7,2020-03-01,2020-03-01 08:50:00,CD4,350,/uL,414,1123\n7,2020-03-02,,CD4,360,/uL,,\n"
        )
        used = study({"measurement.csv": text}).used

        assert used["time", "low"].rows() == [
            (datetime(2020, 3, 1, 8, 50), 414.0),  # noqa: DTZ001
            (datetime(2020, 3, 2), None),  # noqa: DTZ001
        ]

    def test_drugs_persons_and_deaths(self, study):
        """DRUG_EXPOSURE, PERSON and DEATH beside MEASUREMENT make one study."""
        source = study(
            {
                "measurement.csv": OMOP + "1,7,3028167,2020-03-01,,350,8784,,,CD4,,\n",
                "drug_exposure.csv": "person_id,drug_source_value,drug_exposure_start_date,"
                "drug_exposure_end_date,quantity,dose_unit_source_value\n"
                "7,IL7,2020-03-01,,10,ug\n7,aspirin,2020-03-01,2020-03-04,30,\n",
                "person.csv": "person_id,gender_concept_id,year_of_birth,birth_datetime\n"
                "7,8532,1950,1950-12-26\n",
                "death.csv": "person_id,death_date\n7,2020-05-01\n",
            }
        )

        assert source.used["sex", "age_years"].rows() == [("female", 69.0)]
        assert sorted(source.events.table["name", "kind", "dose", "dose_unit"].rows()) == [
            ("IL7", "dose", 10.0, "ug"),
            ("aspirin", "drug", None, ""),
            ("death", "outcome", None, ""),
        ]
        assert source.counts.read == 1


def test_our_own_table_is_read_again(study):
    """A table that `flag` would give is read by its names: numbers plainly, set ranges anew."""
    text = (
        "patient_id,time,day,analyte,reported,comparator,value,unit,low,high,range_source\n"
        "P,2020-03-01,,cd4,< 5.000,<,5,cells/µL,414,1123,covid-cohort-2020\n"
        'P,2020-03-02,,cd4,"1.060,0",,1060,cells/µL,300,900,file\n'
    )
    source = study({"table.csv": text})
    flagged = flagged_results(source, ["none"])

    assert source.used["comparator", "value"].rows() == [("<", 5.0), ("", 1060.0)]
    assert flagged["flag", "range_source"].rows() == [("", ""), ("H", "file")]


def test_a_standard_that_does_not_fit_is_told(study):
    """An option that matches nothing is an error, never silently ignored."""
    text = "patient,date,test,value,unit\nP,2020-03-01,CD4,350,/µL\n"
    with pytest.raises(InvalidInput) as caught:
        study({"labs.csv": text}, format="sdtm")

    assert {problem.code for problem in caught.value.problems} & {"missing-column", "not-read"}


def test_a_standard_of_choice(study):
    """--format omop reads a file by OMOP's names where two standards' would do."""
    text = (
        "USUBJID,LBTESTCD,LBORRES,LBDTC,person_id,measurement_date,measurement_source_value,"
        "value_as_number,unit_source_value\nP,CD8,1,2020-01-01,7,2020-03-01,CD4,350,/uL\n"
    )

    assert study({"both.csv": text}).told[0].split(": ")[1].startswith("SDTM LB; ")
    assert study({"both.csv": text}, format="omop").used["patient_id", "analyte"].rows() == [
        ("7", "cd4")
    ]


def test_a_standard_names_no_column_twice():
    """The roles of a layout are the file's own places, each once."""
    header = ["USUBJID", "LBTESTCD", "LBTEST", "LBORRES", "LBORRESU", "LBDTC", "LBDY", "VISIT"]
    layout = results_layout("lb.csv", header, FINDINGS.naming(header), 1)

    assert sorted(layout.roles.values()) == sorted(set(layout.roles.values()))
    assert layout.unread == ()


def test_the_flag_of_a_derived_row_is_empty(study):
    """What does not count has neither range nor flag."""
    text = ADLB + "P,LYMPH,Lymphocytes (10^9/L),2020-03-01,1,0.5,,LOV,1.1,3.2\n"
    flagged = flagged_results(study({"adlb.csv": text}))

    assert flagged["fate", "flag", "range_source"].rows() == [("aside", "", "")]
    assert flagged["low"].is_null().all()
    assert flagged.filter(pl.col("problem") == "derived-row").height == 1
