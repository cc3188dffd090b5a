"""`immunotrack cases`: the published cases that come with it."""

import typer


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("cases")(cases)


def cases() -> None:
    """The published cases that `immunotrack plot NAME` draws."""
    from immunotrack.readers.case import case_folders, load_case_file

    for name, folder in case_folders().items():
        case = load_case_file(folder)
        typer.echo(f"{name}: {case.summary}")
        typer.echo(f"  {case.citation}. {case.url}")
        patients = ", ".join(f"{entry.patient_id} ({entry.title})" for entry in case.patients)
        typer.echo(f"  patients: {patients}")
