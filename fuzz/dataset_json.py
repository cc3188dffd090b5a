"""CDISC Dataset-JSON: every row and every number as a plain JSON reader gives them."""

import json
import zlib

import campaign
import mutators
import oracle
import tables

from immunotrack.dataset_json import Column, dataset_json_bytes
from immunotrack.readers.dataset_json import read_dataset_json
from immunotrack.readers.grid import Grid, NumberCell, Options


def dataset(rows: list[list[str]], name: str, form: str) -> bytes:
    """A table as Dataset-JSON, cells that are numbers as decimals or numbers."""
    columns = [Column(c, c, "decimal" if n % 2 else "string") for n, c in enumerate(rows[0])]
    return dataset_json_bytes(columns, rows[1:], name=name, label="", form=form)


def old(rows: list[list[str]]) -> bytes:
    """A table as version 1.0."""
    items = [
        {"OID": c, "name": c, "label": c, "type": "string"} for c in ("ITEMGROUPDATASEQ", *rows[0])
    ]
    data = [[n, *row] for n, row in enumerate(rows[1:], 1)]
    group = {"records": len(data), "name": "LB", "label": "", "items": items, "itemData": data}
    made = {"datasetJSONVersion": "1.0.0", "clinicalData": {"itemGroupData": {"IG.LB": group}}}
    return json.dumps(made).encode()


def typed() -> bytes:
    """A dataset with numbers, dates as numbers, nulls and truth values."""
    names = [("USUBJID", "string", ""), ("LBTESTCD", "string", ""), ("LBORRES", "float", "")]
    names += [
        ("LBDT", "integer", "DATE9."),
        ("LBDTM", "integer", "E8601DT."),
        ("LBFAST", "boolean", ""),
    ]
    columns = [
        {"itemOID": n, "name": n, "label": n, "dataType": kind, "displayFormat": shown}
        for n, kind, shown in names
    ]
    rows = [["1", "LYM", 1.2, 19725, 1704240000, True], ["1", "LYM", 1e2, None, None, False]]
    head = {
        "datasetJSONVersion": "1.1.0",
        "name": "LB",
        "records": 2,
        "columns": columns,
        "rows": rows,
    }
    return json.dumps(head, indent=1).encode()


SEEDS = [
    dataset(tables.LB, "LB", "json"),
    dataset(tables.ADLB, "ADLB", "ndjson"),
    dataset(tables.DM, "DM", "dsjc"),
    old(tables.LB),
    typed(),
]


def check(data: bytes) -> None:
    """Read bytes as a dataset."""
    path = campaign.as_file(data, "input.json")
    grids = oracle.accepted(lambda: read_dataset_json(path, "input.json", Options()))
    for grid in grids or []:
        oracle.check_grid(grid)
        oracle.check_numbers(grid)
    if grids and len(grids) == 1:
        check_rows(data, grids[0])
    if campaign.one_file() or (campaign.sampled(data) and grids):
        oracle.read_whole(path, Options())


def check_rows(data: bytes, grid: Grid) -> None:
    """The rows of a document that any JSON reader takes."""
    try:
        found = json.loads(data, parse_float=NumberCell, parse_int=NumberCell)
    except (ValueError, RecursionError):
        return
    if not isinstance(found, dict) or "columns" not in found:
        return
    rows = found.get("rows") or []
    oracle.must(len(rows) == len(grid.rows), f"rows are lost: {len(rows)}, {len(grid.rows)}")
    for number, (row, cells) in enumerate(zip(rows, grid.rows, strict=True)):
        if number in grid.faults:
            continue
        for column, one, cell in zip(found["columns"], row, cells, strict=True):
            plain = "" if one is None else str(one).lower() if isinstance(one, bool) else one
            shown = column.get("displayFormat")
            half = isinstance(plain, str) and any("\ud800" <= c <= "\udfff" for c in plain)
            oracle.must(cell == plain or shown or half, f"another cell: {one!r} is {cell!r}")
            if isinstance(one, NumberCell) and not shown:
                oracle.must(type(cell) is NumberCell, f"a number that is text: {one!r}")


def mutate(data: bytes, chance: object) -> bytes:
    """A changed document, also within the compressed form."""
    if data[:1] == b"x":
        try:
            return zlib.compress(mutators.tree(zlib.decompress(data), chance))
        except zlib.error:
            return mutators.some_bytes(data, chance)
    return mutators.tree(data, chance)


if __name__ == "__main__":
    campaign.run("dataset_json", SEEDS, check, mutate)
