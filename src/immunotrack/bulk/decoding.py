"""The encoding of a large file, block by block: what its start has, or a later block shows."""

from dataclasses import replace

from immunotrack.bulk.blocks import Block, moved
from immunotrack.bulk.textfile import Premises, TextFile
from immunotrack.problems import InvalidInput, Problem
from immunotrack.readers.text import decode, mixed_text


class Changed(Exception):  # noqa: N818 - a signal, no error
    """The file is not as its start says; it is read again with other premises."""

    def __init__(self, premises: Premises) -> None:
        super().__init__()
        self.premises = premises


class Decoding:
    """Makes UTF-8 of the blocks of a file, one after the other."""

    def __init__(self, file: TextFile) -> None:
        self._file = file
        self._premises = file.premises
        self._wide = False

    def decoded(self, block: Block) -> bytes:
        """The data of a block as UTF-8.

        Raises:
            InvalidInput: They are no text.
            Changed: They are of another encoding than the blocks before.
        """
        data, codec = block.data, self._premises.codec
        if data.isascii() and b"\0" not in data:
            return data
        if self._file.stated:
            return self._text(block)[0].encode()
        if codec == "utf-8":
            return self._as_utf8(block)
        if not data.decode("utf-8", "ignore").isascii() and self._premises.assumed:
            raise _mixed(self._premises.assumed, codec)
        try:
            return data.decode(codec).encode()
        except UnicodeDecodeError:
            raise Changed(replace(self._premises, codec="iso8859-1")) from None

    def _as_utf8(self, block: Block) -> bytes:
        try:
            block.data.decode()
        except UnicodeDecodeError:
            pass
        else:
            if b"\0" not in block.data:
                self._wide = True
                return block.data
        _, encoding, assumed = self._text(block)
        problem = replace(assumed[0], line=(assumed[0].line or 1) + block.line - 1)
        codec = "cp1252" if encoding == "Windows-1252" else "iso8859-1"
        if self._wide:
            raise _mixed(problem, codec)
        raise Changed(replace(self._premises, codec=codec, assumed=problem))

    def _text(self, block: Block) -> tuple[str, str, list[Problem]]:
        try:
            return decode(block.data, self._file.source, self._file.stated)
        except InvalidInput as error:
            raise moved(error, block.line - 1) from None


def _mixed(assumed: Problem, codec: str) -> InvalidInput:
    """The error of a file that has UTF-8 beside what was assumed to be of another encoding."""
    letter = next(letter for letter in assumed.value or "" if not letter.isascii())
    return mixed_text(assumed.source, assumed.line, letter.encode(codec)[0])
