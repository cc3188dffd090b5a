"""`immunotrack analytes` and `immunotrack ranges`: what it knows, with sources."""

import json
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="As JSON, with every field.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("analytes")(analytes)
    app.command("ranges")(ranges)


def analytes(as_json: Json = False) -> None:
    """The analytes of the catalogue: names, units, codes, aliases."""
    from immunotrack.analytes import analytes as known

    if as_json:
        typer.echo(_json([entry.model_dump(mode="json") for entry in known().values()]))
        return
    for entry in known().values():
        typer.echo(f"{entry.key}: {entry.name}, in {entry.unit}")
        codes = [f"LOINC {', '.join(entry.loinc)}"] if entry.loinc else []
        typer.echo(
            f"  {'; '.join([*codes, f'ADaM PARAMCD {entry.paramcd}', f'SDTM {entry.sdtm_domain}'])}"
        )
        typer.echo(f"  also: {', '.join(entry.aliases)}")
        for text in (entry.notes, f"source: {entry.source}"):
            if text:
                typer.echo(f"  {text}")


def ranges(as_json: Json = False) -> None:
    """The built-in range sets, and which apply by default."""
    from immunotrack.ranges import builtin_range_sets

    sets = builtin_range_sets().values()
    if as_json:
        typer.echo(_json([entry.model_dump(mode="json", by_alias=True) for entry in sets]))
        return
    for entry in sets:
        typer.echo(f"{entry.name}{' (default)' if entry.default else ''}: {entry.title}")
        typer.echo(f"  source: {entry.source}")
        for item in entry.ranges:
            limits = (
                f"decision limit {item.limit}"
                if item.limit is not None
                else f"{item.low}–{item.high}"
                if item.low is not None and item.high is not None
                else f"≥ {item.low}"
                if item.low is not None
                else f"≤ {item.high}"
            )
            about = "; ".join(
                text for text in (item.population, item.method, item.meaning, item.note) if text
            )
            typer.echo(f"  {item.analyte}: {limits} {item.unit} ({about})")


def _json(data: object) -> str:
    return json.dumps(data, ensure_ascii=False, indent=2)
