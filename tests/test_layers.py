"""Imports point strictly downwards: data flows one way, and no module knows a later one."""

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "immunotrack"

ORDER = [
    "problems",
    "workers",
    "extras",
    "units",
    "numbers",
    "dataset_json",
    "settings",
    "analytes",
    "words",
    "numerals",
    "values",
    "ranges",
    "times",
    "rules",
    "table",
    "records",
    "outputs",
    "datasets",
    "transport",
    "flags",
    "windows",
    "windowed",
    "clocks",
    "scales",
    "grading",
    "graded",
    "worst_grades",
    "grade_shift",
    "series",
    "variation",
    "change",
    "plausibility",
    "doses",
    "regimens",
    "schedule",
    "plan_text",
    "plans",
    "anchors",
    "course_ends",
    "dosing",
    "totals",
    "missed",
    "intervals",
    "courses",
    "recovery",
    "readout",
    "responses",
    "decisions",
    "ruling",
    "verdicts",
    "screening",
    "visits",
    "cohort",
    "summaries",
    "narrative",
    "readers.grid",
    "readers.counts",
    "readers.files",
    "readers.scan",
    "readers.inflated",
    "readers.archive",
    "readers.compound",
    "readers.sheet_xml",
    "readers.biff",
    "readers.sheet_table",
    "readers.excel",
    "readers.xport",
    "readers.sas",
    "readers.headers",
    "readers.layout",
    "readers.json_text",
    "readers.documents",
    "readers.fhir.headers",
    "readers.fhir.element",
    "readers.fhir.own",
    "readers.fhir.bundle",
    "readers.fhir.rows",
    "readers.fhir.values",
    "readers.fhir.ranges",
    "readers.fhir.observations",
    "readers.fhir.events",
    "readers.fhir.repeats",
    "readers.fhir.grids",
    "readers.fhir",
    "readers.dataset_json",
    "readers.text",
    "readers.record",
    "readers.start",
    "readers.delimited",
    "readers.json_row",
    "readers.json_rows",
    "readers.parquet",
    "readers.formats",
    "readers.standards",
    "readers.sdtm",
    "readers.adam",
    "readers.omop",
    "readers.notation",
    "readers.cells",
    "readers.findings",
    "readers.telling",
    "readers.samples",
    "readers.results",
    "readers.events",
    "readers.people",
    "readers.case",
    "readers.source",
    "readers.study",
    "readers",
    "pseudonyms",
    "terms",
    "annotated",
    "flagged_parts",
    "flagged_table",
    "problem_list",
    "bulk.blocks",
    "bulk.textfile",
    "bulk.lot",
    "bulk.shapes",
    "bulk.jsonfile",
    "bulk.json_lots",
    "bulk.decoding",
    "bulk.plain_rows",
    "bulk.odd_rows",
    "bulk.delimited_lots",
    "bulk.lots",
    "bulk.likeness",
    "bulk.judged",
    "bulk.company",
    "bulk.spill",
    "bulk.segments",
    "bulk.listing",
    "bulk.ahead",
    "bulk.flagging",
    "bulk.flagged",
    "bulk.shares",
    "bulk",
    "groups",
    "writers.text",
    "writers.long",
    "writers.adlb",
    "writers.fhir",
    "writers",
    "evidence.weighted",
    "evidence.estimators",
    "evidence.heterogeneity",
    "evidence.confidence",
    "evidence.pooled",
    "evidence.arms",
    "evidence.summaries",
    "evidence.effects",
    "evidence.mantel_haenszel",
    "evidence.method",
    "evidence.subgroups",
    "evidence.influence",
    "evidence.headers",
    "evidence.rows",
    "evidence.mixing",
    "evidence.reported",
    "evidence.studies",
    "evidence.study_file",
    "evidence.pool",
    "evidence.pool_rows",
    "evidence.sentences",
    "evidence.printed",
    "evidence.rounding",
    "evidence.findings",
    "evidence.consistency",
    "evidence.beside",
    "evidence",
    "deidentify",
    "plot.style",
    "plot.asked",
    "plot.drawn",
    "plot.series",
    "plot.found",
    "plot.severity",
    "plot.treated",
    "plot.varied",
    "plot.planned",
    "plot.marks",
    "plot.compose",
    "plot.marking",
    "plot.panels",
    "plot.lane",
    "plot.lanes",
    "plot.tiles",
    "plot.page",
    "plot.strip",
    "plot.notes",
    "plot.context",
    "plot.legend",
    "plot.timeline",
    "plot.formats",
    "plot.forest_lines",
    "plot.forest_axis",
    "plot.forest_marks",
    "plot.forest_columns",
    "plot.forest_block",
    "plot.forest",
    "plot.forest_printed",
    "plot.forest_pool",
    "plot.leaf",
    "plot.ground",
    "plot.sheet",
    "plot.multiples",
    "plot.overlay_panel",
    "plot.overlay",
    "plot.cohort_strip",
    "plot.contents",
    "plot.spared",
    "plot.compose_multiples",
    "plot.compose_overlay",
    "plot.compose_strip",
    "plot.gallery",
    "plot.save",
    "plot.pages",
    "plot.book",
    "plot.binding",
    "plot",
    "cases",
    "api",
    "figure",
    "cohort_figure",
    "__init__",
    "report.document",
    "report.places",
    "report.ranged",
    "report.chapter",
    "report.relevant",
    "report.contents",
    "report.provenance",
    "report.words",
    "report.tables",
    "report.result_tables",
    "report.course_tables",
    "report.chapter_tables",
    "report.facts",
    "report.appendix",
    "report.svg",
    "report.spots",
    "report.panes",
    "report.page",
    "report.measure",
    "report.sheet",
    "report.ruled",
    "report.paper",
    "report.save",
    "report.watching",
    "report",
    "cli.told",
    "cli.options",
    "cli.rows",
    "cli.sources",
    "cli.patients",
    "cli.large",
    "cli.answers",
    "cli.hiding",
    "cli.reporting",
    "cli.report",
    "cli.watch",
    "cli.plot",
    "cli.flag",
    "cli.grade",
    "cli.response",
    "cli.doses",
    "cli.change",
    "cli.evidence",
    "cli.screen",
    "cli.progress",
    "cli.cohort",
    "cli.convert",
    "cli.check",
    "cli.pool",
    "cli.parse",
    "cli.catalogue",
    "cli.cases",
    "cli",
    "__main__",
]


def modules() -> dict[str, Path]:
    """Every module by its dotted name within the package."""
    found = {}
    for path in SOURCE.rglob("*.py"):
        name = ".".join(path.relative_to(SOURCE).with_suffix("").parts)
        found[name.removesuffix(".__init__")] = path
    return found


def imported(path: Path) -> set[str]:
    """The modules of ours that a module imports, anywhere in its text."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("immunotrack"):
            base = (node.module or "").removeprefix("immunotrack").lstrip(".")
            inner = {f"{base}.{alias.name}".lstrip(".") for alias in node.names}
            known = inner & set(ORDER)
            names |= known or {base or "__init__"}
    return names


def test_every_module_has_its_place():
    """A new module is given a place in the order."""
    assert set(modules()) == set(ORDER)


@pytest.mark.parametrize("name", ORDER)
def test_imports_point_downwards(name):
    """A module imports only what stands before it (the package's own top is lazy)."""
    if name == "__init__":
        return
    later = ORDER[ORDER.index(name) :]

    assert sorted(imported(modules()[name]) & set(later)) == []


def deferred(path: Path) -> list[str]:
    """Imports inside functions."""
    return [
        f"{path.name}:{inner.lineno}"
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef)
        for inner in ast.walk(node)
        if isinstance(inner, ast.Import | ast.ImportFrom)
    ]


LATE = {"figure", "cohort_figure", "readers.formats", "readers.study", "writers"}
"""What would load matplotlib, and what each reads or writes one format of many."""


def test_only_commands_and_the_figure_import_late():
    """Functions import nothing, but for commands and what not every user has or needs."""
    late = {name for name, path in modules().items() if deferred(path)}

    assert {name for name in late if not name.startswith("cli.")} == LATE
