"""The master of a cluster that a user names: whether it can be one, and whether it answers."""

import os
import re
import socket
from typing import Final, Literal
from urllib.parse import urlsplit

from immunotrack.problems import InvalidInput, Problem, shown

_FORM: Final = re.compile(
    r"local(\[([1-9][0-9]*|\*)(\s*,\s*[0-9]+)?\])?|local-cluster\[.+\]|yarn|(spark|k8s)://.+"
)
_PORTS: Final = {"spark": 7077, "http": 80, "https": 443}
"""Where a master listens whose port is not named."""

_PATIENCE_S: Final = 5.0
"""So long each machine of a master is given to answer."""

_SETTINGS_OF_YARN: Final = ("HADOOP_CONF_DIR", "YARN_CONF_DIR")
_FORMS: Final = "Write local[2], spark://HOST:7077, yarn or k8s://HOST."


def check_master(master: str) -> None:
    """Refuse a master that Spark would not know, or wait a minute and a half for.

    Args:
        master: As Spark has it.

    Raises:
        InvalidInput: It is none, or nobody answers.
    """
    kind, _, rest = master.partition("://")
    if not _FORM.fullmatch(master):
        raise _refused("unknown-option", "--master", f"{shown(master)} is no master", _FORMS)
    if master == "yarn" and not any(map(os.environ.get, _SETTINGS_OF_YARN)):
        said = "the settings of the cluster are not known"
        raise _refused(
            "unreadable", "--master yarn", said, f"Let {_SETTINGS_OF_YARN[0]} name them."
        )
    if rest and not any(map(_answers, _urls(kind, rest))):
        fix = "Start it, or correct its name and its port."
        raise _refused("unreadable", f"--master {master}", "nobody answers there", fix)


def _urls(kind: str, rest: str) -> list[str]:
    """The addresses of a master as URLs; a standalone one may have several, with commas."""
    if kind == "spark":
        return [f"spark://{address}" for address in rest.split(",")]
    return [rest if "://" in rest else f"https://{rest}"]


def _answers(url: str) -> bool:
    """Whether something listens at an address."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS[parts.scheme]
        with socket.create_connection((parts.hostname or "", port), _PATIENCE_S):
            return True
    except (OSError, ValueError, KeyError):
        return False


def _refused(
    code: Literal["unknown-option", "unreadable"], source: str, message: str, fix: str
) -> InvalidInput:
    problem = Problem(code=code, source=source, message=message, fix=fix)
    return InvalidInput([problem], unreadable=code == "unreadable")
