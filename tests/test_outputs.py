"""Output files, whole or not at all, and cells that no spreadsheet runs."""

import os

import pytest

from immunotrack.outputs import defused, write_whole
from immunotrack.problems import InvalidInput


def refusal(path, data=b"new"):
    """What is said of a file that cannot be written."""
    with pytest.raises(InvalidInput) as caught:
        write_whole(path, data)
    return [str(problem) for problem in caught.value.problems]


def test_a_file_has_the_bytes_it_was_given(tmp_path):
    """Nothing is translated on the way."""
    write_whole(tmp_path / "out.csv", b"a\r\nb\n\x00")

    assert (tmp_path / "out.csv").read_bytes() == b"a\r\nb\n\x00"


def test_no_temporary_file_stays_behind(tmp_path):
    """The folder holds the file and nothing beside it."""
    write_whole(tmp_path / "out.csv", b"x")

    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]


def test_an_older_file_is_replaced(tmp_path):
    """Writing again leaves only the new bytes."""
    (tmp_path / "out.csv").write_bytes(b"something longer")
    write_whole(tmp_path / "out.csv", b"new")

    assert (tmp_path / "out.csv").read_bytes() == b"new"


@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o077, 0o600)])
def test_a_file_has_the_rights_that_the_user_s_mask_leaves(tmp_path, mask, mode):
    """A temporary file's own rights, which only its owner has, are not kept."""
    before = os.umask(mask)
    try:
        write_whole(tmp_path / "out.csv", b"x")
    finally:
        os.umask(before)

    assert (tmp_path / "out.csv").stat().st_mode & 0o777 == mode


def test_the_user_s_mask_is_not_changed(tmp_path):
    """Files that others write afterwards have the rights they had before."""
    before = os.umask(0o027)
    try:
        write_whole(tmp_path / "out.csv", b"x")
        after = os.umask(0o027)
    finally:
        os.umask(before)

    assert after == 0o027


def test_a_folder_that_is_not_there_is_told(tmp_path):
    """No folder is made in passing."""
    path = tmp_path / "absent" / "out.csv"

    assert refusal(path) == [
        f"{path}  unwritable (error): the file cannot be written: no such file or directory."
    ]


def test_nothing_is_made_in_place_of_a_missing_folder(tmp_path):
    """A refusal leaves the disk as it was."""
    refusal(tmp_path / "absent" / "out.csv")

    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_the_place_of_the_file_is_told(tmp_path):
    """A path that is a folder cannot be replaced by a file."""
    (tmp_path / "out.csv").mkdir()

    assert refusal(tmp_path / "out.csv") == [
        f"{tmp_path / 'out.csv'}  unwritable (error): the file cannot be written: is a directory."
    ]


def test_a_refused_move_leaves_no_temporary_file(tmp_path):
    """The bytes that were written beside the place are gone."""
    (tmp_path / "out.csv").mkdir()
    refusal(tmp_path / "out.csv")

    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]


def test_a_file_in_the_place_of_a_folder_is_told(tmp_path):
    """A file holds no other file."""
    (tmp_path / "file").write_bytes(b"")

    assert refusal(tmp_path / "file" / "out.csv") == [
        (
            f"{tmp_path / 'file' / 'out.csv'}  unwritable (error): "
            "the file cannot be written: not a directory."
        )
    ]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write into any folder")
def test_a_folder_without_the_right_to_write_is_told(tmp_path):
    """A read-only folder gets neither the file nor a temporary one."""
    tmp_path.chmod(0o555)
    try:
        told = refusal(tmp_path / "out.csv")
    finally:
        tmp_path.chmod(0o755)

    assert (told, list(tmp_path.iterdir())) == (
        [
            (
                f"{tmp_path / 'out.csv'}  unwritable (error): "
                "the file cannot be written: permission denied."
            )
        ],
        [],
    )


def test_a_full_disk_leaves_the_older_file_whole(tmp_path, monkeypatch):
    """When the bytes do not fit, what stood there before still does, and nothing else."""
    (tmp_path / "out.csv").write_bytes(b"old")

    def full(handle, _mode):
        os.close(handle)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("immunotrack.outputs.os.fdopen", full)
    told = refusal(tmp_path / "out.csv")

    assert (told, {path.name: path.read_bytes() for path in tmp_path.iterdir()}) == (
        [
            (
                f"{tmp_path / 'out.csv'}  unwritable (error): "
                "the file cannot be written: no space left on device."
            )
        ],
        {"out.csv": b"old"},
    )


@pytest.mark.parametrize(
    "cell",
    [
        "=1+1",
        "+1+1",
        "-1+1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "=HYPERLINK(1)",
        "-",
        "-x",
        "- 5 mg",
        "+49 30 1234",
    ],
)
def test_a_cell_that_a_spreadsheet_would_run_is_defused(cell):
    """OWASP's list of first characters: = + - @ tab and carriage return."""
    assert defused(cell) == f"'{cell}"


@pytest.mark.parametrize(
    "cell", ["", "-5", "+5", "-0.5e3", "CD4", "<5", "5-10", "a=b", "'=1", "12", "1,5", "µg"]
)
def test_a_number_or_a_plain_text_is_left_alone(cell):
    """A negative number is no formula."""
    assert defused(cell) == cell
