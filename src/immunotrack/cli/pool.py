"""`immunotrack pool`: trials pooled, with everything that is known of the result."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from immunotrack.cli import options
from immunotrack.cli.plot import Size
from immunotrack.cli.rows import on_terminal
from immunotrack.cli.told import say, tell_letters, tell_problems, write_stdout

if TYPE_CHECKING:
    from immunotrack.evidence.pool import Pool


class Measure(StrEnum):
    """What is pooled."""

    md = "MD"
    smd = "SMD"
    rr = "RR"
    or_ = "OR"
    rd = "RD"
    generic = "generic"


class Model(StrEnum):
    """How it is pooled."""

    common = "common"
    dl = "DL"
    pm = "PM"
    reml = "REML"
    ml = "ML"
    mh = "MH"
    peto = "Peto"


class Interval(StrEnum):
    """How its interval is made."""

    wald = "wald"
    hk = "HK"
    hk_modified = "HK-modified"


class Scale(StrEnum):
    """What published estimates are."""

    difference = "difference"
    ratio = "ratio"
    log_ratio = "log-ratio"


_FIGURE = "Its figure"
_RANDOM = {Model.dl, Model.pm, Model.reml, Model.ml}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("pool")(pool)


def pool(
    studies: Annotated[
        Path,
        typer.Argument(metavar="STUDIES.csv", help="One row a study.", show_default=False),
    ],
    measure: Annotated[
        Measure,
        typer.Option(
            case_sensitive=False,
            metavar="|".join(Measure),
            help="Mean difference, standardised mean difference, risk ratio, odds ratio, risk "
            "difference, or estimates as they are published (generic).",
            show_default=False,
        ),
    ],
    model: Annotated[
        Model,
        typer.Option(
            case_sensitive=False,
            metavar="|".join(Model),
            help="A common effect, or random effects by an estimator of tau2; of events also "
            "Mantel-Haenszel or Peto.",
        ),
    ] = Model.reml,
    interval: Annotated[
        Interval | None,
        typer.Option(
            case_sensitive=False,
            metavar="|".join(Interval),
            help="Wald's, Hartung-Knapp's, or the latter never narrower than Wald's. HK-modified "
            "for random effects, else wald.",
            show_default=False,
        ),
    ] = None,
    by: Annotated[
        str, typer.Option(metavar="COLUMN", help="The column that names the subgroups.")
    ] = "",
    leave_one_out: Annotated[
        bool, typer.Option("--leave-one-out", help="Pool again without each study.")
    ] = False,
    scale: Annotated[
        Scale | None,
        typer.Option(
            help="What published estimates are, where no column measure says it.",
            show_default=False,
        ),
    ] = None,
    level: Annotated[
        float, typer.Option(metavar="PERCENT", help="The confidence of all intervals.")
    ] = 95.0,
    correction: Annotated[
        float,
        typer.Option(metavar="N", help="Added to each cell of a table of events with a 0."),
    ] = 0.5,
    decimal: Annotated[
        options.Decimal, typer.Option(help="The decimal sign of numbers.")
    ] = options.Decimal.auto,
    encoding: Annotated[
        str, typer.Option(metavar="NAME", help="Of the file; found by itself.")
    ] = "",
    json: Annotated[bool, typer.Option("--json", help="JSON on stdout.")] = False,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE.csv", help="Write the rows here.")
    ] = None,
    figure: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.png|svg|pdf", help="Draw a forest plot.", rich_help_panel=_FIGURE
        ),
    ] = None,
    size: Annotated[
        Size, typer.Option(help="183 mm, 89 mm, or a screen.", rich_help_panel=_FIGURE)
    ] = Size.double,
    title: Annotated[str, typer.Option(rich_help_panel=_FIGURE)] = "",
    axis: Annotated[
        str,
        typer.Option(
            metavar="TEXT",
            help="The label of the axis, with its unit.",
            rich_help_panel=_FIGURE,
        ),
    ] = "",
    favours: Annotated[
        str,
        typer.Option(
            metavar="LEFT,RIGHT",
            help="Whom the sides of no effect favour.",
            rich_help_panel=_FIGURE,
        ),
    ] = "",
) -> None:
    """Pool trials, and draw their forest plot.

    From events or means of two arms, or from published estimates. One row a study with its weight,
    subgroup by subgroup, then the pooled effect with its heterogeneity and prediction interval; the
    notes say what was done to the numbers.
    """
    from immunotrack.evidence.pool import pool as pooled_by
    from immunotrack.evidence.sentences import sentences
    from immunotrack.evidence.study_file import read_study_file
    from immunotrack.outputs import not_both, not_onto

    sides = _sides(favours)
    if not 0 < level < 100:
        raise typer.BadParameter("a level lies between 0 and 100", param_hint="--level")
    for written in (output, figure):
        if written is not None:
            not_onto(written, [studies])
    if output is not None and figure is not None:
        not_both(output, figure)
    chosen = interval or (Interval.hk_modified if model in _RANDOM else Interval.wald)
    found = pooled_by(
        read_study_file(studies, decimal=decimal.value, encoding=encoding),
        measure=measure.value,
        model=model.value,
        interval=chosen.value,
        subgroup=by,
        scale=scale.value if scale else "",
        level=level / 100,
        correction=correction,
    )
    if figure is not None:
        _draw(found, figure, size, title=title, axis=axis, favours=sides)
    _write(found, output, json=json, without=leave_one_out)
    tell_problems(found.problems)
    for text in (*sentences(found), *found.notes):
        say(text)
    if figure is not None:
        say(f"figure: {figure}")


def _sides(favours: str) -> tuple[str, str] | None:
    """The two sides that are named, or none.

    Raises:
        typer.BadParameter: There are not two.
    """
    if not favours:
        return None
    left, comma, right = (part.strip() for part in favours.partition(","))
    if not (left and comma and right):
        raise typer.BadParameter(f"{favours!r} is not LEFT,RIGHT", param_hint="--favours")
    return left, right


def _draw(
    found: "Pool",
    figure: Path,
    size: Size,
    *,
    title: str,
    axis: str,
    favours: tuple[str, str] | None,
) -> None:
    from immunotrack.plot.forest import draw_forest
    from immunotrack.plot.forest_pool import pool_forest
    from immunotrack.plot.formats import check_format
    from immunotrack.plot.save import save_figure

    check_format(figure)
    forest = pool_forest(found, title=title, axis=axis, favours=favours)
    drawn = draw_forest(forest, size.value)
    save_figure(drawn, figure)
    tell_letters(drawn)


def _write(found: "Pool", output: Path | None, *, json: bool, without: bool) -> None:
    """The rows into a file, as JSON, on a terminal, or into a pipe."""
    from immunotrack.annotated import table_csv
    from immunotrack.evidence.pool_rows import pool_frame, pool_rows
    from immunotrack.outputs import write_whole

    if output is not None:
        write_whole(output, table_csv(pool_frame(found, without=without)))
    if json:
        write_stdout(_json(found, without=without))
    elif output is None and sys.stdout.isatty():
        _show(pool_rows(found, without=without))
    elif output is None:
        write_stdout(table_csv(pool_frame(found, without=without)))


def _json(found: "Pool", *, without: bool) -> bytes:
    """The choices, the rows and the notes; a number beyond every size is null."""
    import json
    from dataclasses import asdict
    from math import isinf

    from immunotrack.evidence.pool_rows import pool_rows

    rows = [
        {
            name: None if isinstance(cell, float) and isinf(cell) else cell
            for name, cell in row.items()
        }
        for row in pool_rows(found, without=without)
    ]
    told = {"how": asdict(found.how), "rows": rows, "notes": found.notes}
    return (json.dumps(told, ensure_ascii=False, indent=2) + "\n").encode()


def _show(rows: list[dict[str, Any]]) -> None:
    """The rows as a readable table; the test of subgroups is a sentence of its own."""
    on_terminal([_cells(row) for row in rows if row["row"] != "difference"])


def _cells(row: dict[str, Any]) -> dict[str, str]:
    """One row as the terminal shows it."""
    from immunotrack.evidence.sentences import number

    weight, estimate = row["weight_percent"], row["estimate"]
    own = row["row"] == "study"
    return {
        "study": row["name"],
        "group": row["group"] if own or row["row"] == "left out" else "",
        "treated": _arm(row, "treated"),
        "control": _arm(row, "control"),
        "effect": number(estimate),
        "interval": ""
        if estimate is None
        else f"[{number(row['ci_low'])}, {number(row['ci_high'])}]",
        "weight": "" if weight is None else f"{weight:.1f} %",
        "note": row["note"] if own or estimate is None else "",
    }


def _arm(row: dict[str, Any], arm: str) -> str:
    """What an arm reported: `4/123`, or mean, SD and patients."""
    size, events, mean = (row[f"{name}_{arm}"] for name in ("n", "events", "mean"))
    if size is None:
        return ""
    if events is not None:
        return f"{events}/{size}"
    return f"{mean:.4g} ({row[f'sd_{arm}']:.4g}), {size}"
