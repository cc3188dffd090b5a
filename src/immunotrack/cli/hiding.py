"""Options that take the people out of a source, for every command that writes what it read."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from immunotrack.cli.options import with_shared
from immunotrack.cli.told import say

if TYPE_CHECKING:
    from immunotrack.pseudonyms import Key
    from immunotrack.readers import Source

_PANEL = "Sharing"
_SHARED: dict[str, tuple[Any, Any]] = {
    "deidentify": (
        Annotated[
            bool,
            typer.Option(
                "--deidentify",
                help="Pseudonyms, days in place of dates, ages from 90 as one, no free text.",
                rich_help_panel=_PANEL,
            ),
        ],
        False,
    ),
    "shift_dates": (
        Annotated[
            bool,
            typer.Option(
                "--shift-dates",
                help="With --deidentify: move dates, for each patient by days of its own.",
                rich_help_panel=_PANEL,
            ),
        ],
        False,
    ),
    "key_file": (
        Annotated[
            Path | None,
            typer.Option(
                "--key-file",
                metavar="FILE",
                help="With --deidentify: the key; else $IMMUNOTRACK_KEY, else one made for once.",
                rich_help_panel=_PANEL,
            ),
        ],
        None,
    ),
}


@dataclass(frozen=True, slots=True)
class Hiding:
    """What was asked for.

    Args:
        key: None where nobody is to be hidden.
        shift_dates: In place of days.
    """

    key: "Key | None"
    shift_dates: bool

    @property
    def said(self) -> str:
        """What is done, in words; empty where nothing is."""
        if self.key is None:
            return ""
        from immunotrack.deidentify import said

        return said(shift_dates=self.shift_dates)

    def hide(self, source: "Source") -> "Source":
        """The source as it may be handed on, where that was asked for; told on stderr."""
        if self.key is None:
            return source
        from immunotrack.analytes import find_analyte
        from immunotrack.deidentify import deidentified, kept_names
        from immunotrack.units import find_unit

        hidden = deidentified(source, self.key, shift_dates=self.shift_dates)
        if self.key.made:
            say(
                "warning: no key is set, so one was made for this run and is forgotten now; "
                "another run gives other pseudonyms. Set IMMUNOTRACK_KEY, or name a --key-file."
            )
        kept = [word for word in kept_names(hidden) if not (find_analyte(word) or find_unit(word))]
        if kept:
            say(f"kept as the files have them; check that none names a person: {', '.join(kept)}")
        return hidden

    def patient(self, name: str, source: "Source") -> str:
        """A patient that was asked for by id, as the source now calls it; a pseudonym as it is."""
        if self.key is None:
            return name
        ids = {*source.results["patient_id"], *source.events.table["patient_id"]}
        return name if name in ids else self.key.pseudonym(name)

    def refuse_engine(self, name: str) -> None:
        """Refuse an engine that hides nobody.

        Raises:
            typer.BadParameter: People are to be hidden.
        """
        if self.key is not None:
            message = f"not with --engine {name}; use --engine polars"
            raise typer.BadParameter(message, param_hint="--deidentify")

    def refuse_text(self, text: str, option: str) -> None:
        """Refuse a text of the user's own, which may say who it is about.

        Raises:
            typer.BadParameter: There is one, and people are to be hidden.
        """
        if self.key is not None and text:
            message = "it may name a person; leave it out with --deidentify"
            raise typer.BadParameter(message, param_hint=option)


def _hiding(given: dict[str, Any]) -> Hiding:
    """What was asked for.

    Raises:
        typer.BadParameter: A further option is given without `--deidentify`.
    """
    if not given["deidentify"]:
        for option, name in (("--shift-dates", "shift_dates"), ("--key-file", "key_file")):
            if given[name]:
                raise typer.BadParameter("it is for --deidentify", param_hint=option)
        return Hiding(None, shift_dates=False)
    from immunotrack.pseudonyms import choose_key

    return Hiding(choose_key(given["key_file"], os.environ), shift_dates=given["shift_dates"])


with_hiding = with_shared("hiding", _SHARED, _hiding)
"""A command whose parameter `hiding` is who is to be hidden."""
