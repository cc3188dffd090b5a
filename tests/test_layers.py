"""Imports point strictly downwards: data flows one way, and no module knows a later one."""

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "immunotrack"

ORDER = [
    "problems",
    "units",
    "numbers",
    "settings",
    "analytes",
    "values",
    "ranges",
    "times",
    "rules",
    "table",
    "records",
    "outputs",
    "flags",
    "windows",
    "windowed",
    "clocks",
    "narrative",
    "readers.grid",
    "readers.files",
    "readers.headers",
    "readers.delimited",
    "readers.findings",
    "readers.results",
    "readers.events",
    "readers.case",
    "readers",
    "annotated",
    "plot.style",
    "plot.drawn",
    "plot.series",
    "plot.compose",
    "plot.panels",
    "plot.lane",
    "plot.lanes",
    "plot.page",
    "plot.notes",
    "plot.legend",
    "plot.timeline",
    "plot.save",
    "plot",
    "cases",
    "api",
    "figure",
    "__init__",
    "cli.told",
    "cli.options",
    "cli.plot",
    "cli.flag",
    "cli.check",
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


def test_only_commands_and_the_figure_import_late():
    """Functions import nothing, but for commands and what would load matplotlib."""
    late = [name for name, path in modules().items() if deferred(path)]

    assert [name for name in late if not name.startswith("cli.") and name != "figure"] == []
