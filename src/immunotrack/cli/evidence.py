"""`immunotrack evidence`: pooled effects as printed, what can be computed of them, their figure."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from immunotrack.cli import rows
from immunotrack.cli.plot import Size
from immunotrack.cli.told import names, say

if TYPE_CHECKING:
    import polars as pl

    from immunotrack.evidence.printed import EffectSet, PrintedEffect


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("evidence")(evidence)


def evidence(
    consistency: Annotated[
        bool,
        typer.Option("--consistency", help="Whether the printed numbers can be true together."),
    ] = False,
    outcome: Annotated[
        list[str] | None,
        typer.Option(metavar="A,B", help="Of these outcomes only, such as ALC. Repeatable."),
    ] = None,
    population: Annotated[
        list[str] | None,
        typer.Option(metavar="A,B", help="sepsis, COVID-19, combined. Repeatable."),
    ] = None,
    json: rows.Json = False,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", metavar="FILE.csv|png|svg|pdf", help="The rows, or a forest plot."
        ),
    ] = None,
    size: Annotated[Size, typer.Option(help="183 mm, 89 mm, or a screen.")] = Size.double,
) -> None:
    """Show the pooled effects of IL-7 trials as printed.

    As a table, or as a forest plot. With --consistency one row a question that can be asked of the
    printed digits, each with its answer: midpoint and standard error, combined rows from their
    parts, differences between populations, Hartung-Knapp intervals.
    """
    from immunotrack.evidence.printed import builtin_effects

    source = builtin_effects()
    chosen = source.chosen(names(outcome or []), names(population or []))
    drawn = output is not None and output.suffix.lower() != ".csv"
    if drawn and consistency:
        raise typer.BadParameter("--consistency is a table: -o FILE.csv", param_hint="-o")
    told = _findings(source, chosen) if consistency else _effects(source, chosen)
    if output is not None and drawn:
        _draw(output, chosen, source, size)
    if json or not drawn:
        show = _finding_cells if consistency else _effect_cells
        rows.write(told, None if drawn else output, json=json, show=show)
    _summarise(told, source, asked=consistency)
    if drawn:
        say(f"figure: {output}")


def _effects(source: "EffectSet", chosen: "list[PrintedEffect]") -> "pl.DataFrame":
    from immunotrack.evidence.printed import SCHEMA, effect_rows
    from immunotrack.table import frame_of

    frame: pl.DataFrame = frame_of(effect_rows(chosen, source), SCHEMA, "polars").to_native()
    return frame


def _findings(source: "EffectSet", chosen: "list[PrintedEffect]") -> "pl.DataFrame":
    """What was found of the chosen effects."""
    from immunotrack.evidence.consistency import consistency
    from immunotrack.evidence.findings import SCHEMA, finding_rows
    from immunotrack.table import frame_of

    found = [
        finding
        for finding in consistency(source)
        if any(effect in chosen for effect in finding.asked)
    ]
    frame: pl.DataFrame = frame_of(finding_rows(found), SCHEMA, "polars").to_native()
    return frame


def _draw(output: Path, chosen: "list[PrintedEffect]", source: "EffectSet", size: Size) -> None:
    from immunotrack.plot.forest import draw_forest
    from immunotrack.plot.forest_printed import printed_forest
    from immunotrack.plot.formats import check_format
    from immunotrack.plot.save import save_figure

    check_format(output)
    save_figure(draw_forest(printed_forest(chosen, source), size.value), output)


def _summarise(told: "pl.DataFrame", source: "EffectSet", *, asked: bool) -> None:
    """How many rows there are, what is assumed of them, and where they come from."""
    from collections import Counter

    from immunotrack.evidence.printed import NOT_REPORTED
    from immunotrack.problems import counted

    if asked:
        answers = Counter(told["verdict"].to_list())
        counts = ", ".join(f"{answer} {number}" for answer, number in sorted(answers.items()))
        say(f"{counted(len(told), 'answer')}: {counts}")
    else:
        silent = (told["printed"] == NOT_REPORTED).sum()
        say(f"{counted(len(told), 'pooled effect')}, {silent} of them {NOT_REPORTED} as a number")
        if (told["unit_basis"] == "assumed").any():
            say(f"unit assumed: {source.assumed_unit_reason}")
    say(f"source: {source.source}")


def _effect_cells(row: dict[str, Any]) -> dict[str, str]:
    """A pooled effect as the terminal shows it."""
    from immunotrack.units import unit_label

    unit = f"{unit_label(row['unit'])}, {row['unit_basis']}" if row["unit"] else ""
    return {
        "population": row["population"],
        "outcome": row["outcome"],
        "time": row["timepoint"],
        f"effect [{row['level_percent']} % CI]": f"{row['measure']} {row['printed']}",
        "unit": unit,
    }


def _finding_cells(row: dict[str, Any]) -> dict[str, str]:
    """An answer as the terminal shows it."""
    return {
        "row": ", ".join(filter(None, (row["population"], row["outcome"], row["timepoint"]))),
        "verdict": row["verdict"],
        "answer": row["sentence"],
    }
