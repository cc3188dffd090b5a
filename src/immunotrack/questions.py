"""What is asked of the rows of a table: a plain function, asked once of each kind of row."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import narwhals as nw
from narwhals.typing import FrameT


class Question(NamedTuple):
    """What is asked of a table: once of each distinct combination of its keys.

    Args:
        keys: The columns that are asked.
        answers: Names and types of the columns that answer; a column of that name is replaced.
        answer: Takes one value of each key, gives one value for each answer.
    """

    keys: Sequence[str]
    answers: Mapping[str, Any]
    answer: Callable[..., tuple[Any, ...]]

    def of(self, rows: Iterable[tuple[Any, ...]]) -> dict[tuple[Any, ...], tuple[Any, ...]]:
        """The answers to distinct rows; a null key has null answers."""
        nothing = (None,) * len(self.answers)
        return {
            row: nothing if any(key is None or key != key for key in row) else self.answer(*row)  # noqa: PLR0124
            for row in dict.fromkeys(rows)
        }


def lookup(
    table: FrameT,
    keys: Sequence[str],
    answers: Mapping[str, Any],
    answer: Callable[..., tuple[Any, ...]],
) -> FrameT:
    """The table with the answers to one `Question`."""
    return answered(table, [Question(keys, answers, answer)])


def answered(table: FrameT, questions: Sequence[Question]) -> FrameT:
    """The table with the answers to questions, none of which is asked what another one answers.

    A rule that is a matter of names or grammar is thus written as a plain function and serves one
    record and ten million rows alike. The order of rows is kept (but in PySpark, which has none).
    """
    if isinstance(table, nw.DataFrame) and len(table) <= _FEW:
        return table.with_columns(
            *(column for question in questions for column in _told_by_row(table, question))
        )
    for question in questions:
        table = _told_by_kind(table, question)
    return table


_FEW: Final = 2000
"""The answers of so many rows are put beside them without a join, which takes longer to start."""


def _told_by_row(table: nw.DataFrame[Any], question: Question) -> list[nw.Series[Any]]:
    """The answers, row by row."""
    rows = table[list(question.keys)].rows()
    known = question.of(rows)
    told = map(known.__getitem__, rows)
    columns = zip(*told, strict=True) if rows else [()] * len(question.answers)
    return [
        nw.new_series(name, list(column), dtype, backend=table.implementation)
        for (name, dtype), column in zip(question.answers.items(), columns, strict=True)
    ]


def _told_by_kind(table: FrameT, question: Question) -> FrameT:
    """The table with the answers, each kind of row being asked once."""
    said = question.of(_rows(table.select(question.keys).unique()))
    if len(said) == 1:
        told = zip(question.answers.items(), *said.values(), strict=True)
        return table.with_columns(
            *(nw.lit(value, dtype).alias(name) for (name, dtype), value in told)
        )
    return _joined(table, question, [keys + answers for keys, answers in said.items()])


def _rows(table: nw.DataFrame[Any] | nw.LazyFrame[Any]) -> list[tuple[Any, ...]]:
    whole = table.collect(backend="polars") if isinstance(table, nw.LazyFrame) else table
    return whole.rows()


def _joined(table: FrameT, question: Question, said: Sequence[tuple[Any, ...]]) -> FrameT:
    """The table with the answers to its keys."""
    keys, types = list(question.keys), table.collect_schema()
    told = {name: f"immunotrack_{name}" for name in question.answers}
    schema = {key: types[key] for key in keys}
    schema |= {told[name]: dtype for name, dtype in question.answers.items()}
    columns = dict(
        zip(schema, zip(*said, strict=True) if said else [()] * len(schema), strict=True)
    )
    if isinstance(table, nw.DataFrame):
        found = nw.from_dict(columns, schema=schema, backend=table.implementation)
        order = "immunotrack_row"
        asked = table.select(keys).with_row_index(order)
        joined = asked.join(found, on=keys, how="left").sort(order)
        return table.with_columns(*(joined[there].alias(name) for name, there in told.items()))
    native: Any = table.to_native()
    if table.implementation.is_pyspark():
        known = native.sparkSession.createDataFrame(list(said), _spark_schema(schema))
        both = native.join(known.hint("broadcast"), keys, "left")
    else:
        known = nw.from_dict(columns, schema=schema, backend="polars").lazy().to_native()
        both = native.join(known, on=keys, how="left", maintain_order="left")
    whole: Any = nw.from_native(both)
    return whole.with_columns(  # type: ignore[no-any-return]
        nw.col(there).alias(name) for name, there in told.items()
    ).drop(*told.values())


_SPARK: Final[Mapping[Any, str]] = {
    nw.String(): "string",
    nw.Float64(): "double",
    nw.Int64(): "bigint",
    nw.Boolean(): "boolean",
    nw.Datetime("us"): "timestamp_ntz",
}


def _spark_schema(schema: Mapping[str, Any]) -> str:
    """A schema as PySpark has it."""
    return ", ".join(f"`{name}` {_SPARK.get(dtype, 'string')}" for name, dtype in schema.items())
