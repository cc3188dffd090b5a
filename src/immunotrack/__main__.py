"""`python -m immunotrack` and the `immunotrack` command."""

import errno
import gc
import os
import sys
from typing import Final

from immunotrack.cli import app
from immunotrack.cli.told import UNREADABLE, USAGE, abandon_stdout, exit_code, tell_problems
from immunotrack.outputs import unwritable
from immunotrack.problems import InvalidInput, Problem

INTERNAL_ERROR = 70
"""The exit code of a fault of immunotrack's own (EX_SOFTWARE of sysexits.h)."""

_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""What the operating system says where it can write no more."""

_NO_MEMORY: Final = Problem(
    code="too-large",
    source="memory",
    message="the input is larger than this computer can hold",
    fix="Check that it is the laboratory's export, or split it.",
)


def main() -> None:
    """Run the command line; errors in the input never show a traceback without `--debug`.

    What is alive at the end is frozen, so that the interpreter ends without searching it. Threads
    of BLAS are not started, as nothing here is large enough for them.
    """
    os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    debug = "--debug" in sys.argv
    sys.argv = [argument for argument in sys.argv if argument != "--debug"]
    try:
        app()
    except InvalidInput as error:
        if debug:
            raise
        tell_problems(error.problems)
        sys.exit(exit_code(error))
    except BrokenPipeError:
        abandon_stdout()
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        if debug:
            raise
        if isinstance(error, MemoryError):
            tell_problems([_NO_MEMORY])
            sys.exit(UNREADABLE)
        if isinstance(error, OSError) and error.errno in _FULL:
            abandon_stdout()
            tell_problems([unwritable("stdout", error)])
            sys.exit(USAGE)
        sys.stderr.write(
            f"immunotrack: internal error ({type(error).__name__}); nothing was written. "
            "Run again with --debug and report what it prints, without patient data.\n"
        )
        sys.exit(INTERNAL_ERROR)
    finally:
        gc.freeze()


if __name__ == "__main__":
    main()
