"""What the ways through a source make of it, side by side."""

import tempfile
from collections import Counter
from pathlib import Path

from immunotrack.annotated import annotated_csv, flag_differences, flagged_results
from immunotrack.bulk import bulk_file
from immunotrack.bulk.flagged import STREAMED
from immunotrack.cluster.flagged import Wanted
from immunotrack.cluster.flagged import flagged as flagged_by_spark
from immunotrack.cluster.session import session
from immunotrack.cluster.written import write_list
from immunotrack.problem_list import problems_csv
from immunotrack.problems import InvalidInput
from immunotrack.readers import Options, read_source
from immunotrack.readers.formats import format_for


def held(path: Path, options: Options) -> dict[str, object]:
    """What a file becomes that is read as a whole."""
    try:
        found = read_source([str(path)], options)
    except InvalidInput as error:
        return {"refused": [str(problem) for problem in error.problems]}
    flagged = flagged_results(found)
    problems = [*found.problems, *flag_differences(found, flagged)]
    used = flagged.filter(flagged["fate"] == "used")
    warnings = Counter[str]()
    for problem in problems:
        warnings[problem.code] += 0 if problem.is_error else problem.rows
    errors = [problem for problem in problems if problem.is_error]
    return {
        "told": found.told,
        "rows": annotated_csv(found, flagged).decode(),
        "list": problems_csv(found, problems).decode(),
        "counts": found.counts.said("row"),
        "flags": Counter(used["flag"]),
        "sources": Counter(used["range_source"]),
        "warnings": +warnings,
        "errors": sorted(map(str, errors)) if len(errors) <= 100 else len(errors),
    }


def streamed(path: Path, options: Options, size: int) -> dict[str, object] | None:
    """What a file becomes that streams by; None where it must be read as a whole.

    Args:
        size: So many bytes are read at once.
    """
    try:
        known = format_for(path, options) in STREAMED
        large = bulk_file(path, str(path), options, size) if known else None
        if large is None:
            return None
        with tempfile.TemporaryDirectory() as folder:
            found = large.flagged([], Path(folder), listing=True)
            rows, listed = (file.path.read_bytes() for file in (found.rows, found.listed))
    except InvalidInput as error:
        return {"refused": [str(problem) for problem in error.problems]}
    outcome = found.outcome
    shown = sorted(map(str, found.errors)) if outcome.errors <= 100 else outcome.errors
    return {
        "told": [found.told],
        "rows": rows.decode(),
        "list": listed.decode(),
        "counts": found.counts.said("row"),
        "flags": +outcome.flags,
        "sources": +outcome.sources,
        "warnings": +outcome.warnings,
        "errors": shown,
    }


def clustered(name: str, folder: Path, options: Options | None = None) -> dict[str, object]:
    """What Spark makes of a source, in the session that is there.

    Args:
        folder: Where the list of problems is kept.
    """
    wanted = Wanted(listing=True)
    try:
        with (
            session("") as spark,
            flagged_by_spark(spark, name, options or Options(), wanted) as found,
        ):
            write_list(found, folder / "list")
            rows = found.frame.where("told IS NULL AND place IS NULL AND line > 0")
            texts = [row.text for row in rows.orderBy("file", "line").select("text").collect()]
    except InvalidInput as error:
        return {"refused": [str(problem) for problem in error.problems]}
    outcome = found.outcome
    return {
        "told": found.told,
        "rows": "".join(f"{text}\n" for text in [found.header, *texts]),
        "list": (folder / "list").read_text("utf-8"),
        "counts": outcome.counts.said("row"),
        "flags": +outcome.flags,
        "sources": +outcome.sources,
        "warnings": +outcome.warnings,
        "errors": sorted(map(str, found.errors)),
    }
