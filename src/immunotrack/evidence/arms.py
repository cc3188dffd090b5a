"""One arm of a trial as it is reported: events among patients, or the mean and SD of a number."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from immunotrack.problems import counted

LARGEST_NUMBER: Final = 1e15
"""No number of a trial is larger, and no spread smaller than its reciprocal."""


class Fault(NamedTuple):
    """What is wrong with one number of a trial.

    Args:
        code: A key of `immunotrack.problems.CODES`.
        statistic: Which number it is: `n`, `events`, `sd`.
    """

    code: str
    statistic: str
    message: str
    fix: str


def size_faults(statistic: str, number: float) -> Iterator[Fault]:
    """A number that is none, or beyond every sane size."""
    if not abs(number) <= LARGEST_NUMBER:
        message = f"no number of a trial is beyond {LARGEST_NUMBER:g}"
        yield Fault("bad-number", statistic, message, "Write the number as it is reported.")


def count_faults(statistic: str, number: float, least: int) -> Iterator[Fault]:
    """A number of patients or events that cannot be one."""
    if number != int(number):
        fix = "Write how many there are, not a percentage."
        yield Fault("bad-count", statistic, "a number of patients or events is whole", fix)
    elif number < least:
        least_of = f"an arm has at least {counted(least, 'patient')}"
        message = "a number of events is not below 0" if statistic == "events" else least_of
        fix = "Write how many there were, or leave the study out."
        yield Fault("bad-count", statistic, message, fix)


def spread_faults(statistic: str, number: float) -> Iterator[Fault]:
    """A standard deviation or standard error that cannot be one."""
    name = "standard deviation" if statistic == "sd" else "standard error"
    if number < 1 / LARGEST_NUMBER:
        message = f"a {name} is above 0"
        fix = "Check whether it is a difference, or a spread that was rounded to 0."
        yield Fault("bad-spread", statistic, message, fix)


def events_faults(events: float, n: float) -> Iterator[Fault]:
    """What is wrong with the events of an arm."""
    yield from count_faults("n", n, 1)
    yield from count_faults("events", events, 0)
    if events > n:
        fix = "Count patients with an event, not the events of all."
        message = f"{events:g} patients with an event are more than the {n:g} of the arm"
        yield Fault("events-above-n", "events", message, fix)


@dataclass(frozen=True, slots=True)
class Events:
    """Patients with an event among all patients of an arm.

    Raises:
        ValueError: A number is not whole, negative, or the events are more than the patients.
    """

    events: int
    n: int

    def __post_init__(self) -> None:
        _raise_first(*size_faults("n", self.n), *size_faults("events", self.events))
        _raise_first(*events_faults(self.events, self.n))

    @property
    def without(self) -> int:
        """How many had none."""
        return self.n - self.events


@dataclass(frozen=True, slots=True)
class Means:
    """The mean and standard deviation of a number over the patients of an arm.

    Args:
        derived: How the two were had where the trial reports something else; empty if it does not.

    Raises:
        ValueError: An arm has fewer than two patients, or the standard deviation is not above 0.
    """

    mean: float
    sd: float
    n: int
    derived: str = ""

    def __post_init__(self) -> None:
        named = {"mean": self.mean, "sd": self.sd, "n": self.n}
        _raise_first(*(fault for item in named.items() for fault in size_faults(*item)))
        _raise_first(*count_faults("n", self.n, 2), *spread_faults("sd", self.sd))


@dataclass(frozen=True, slots=True)
class Estimate:
    """An effect as it is published, on the scale of analysis: the logarithm of a ratio.

    Args:
        derived: How it was had where the trial reports something else.

    Raises:
        ValueError: The standard error is not above 0, or a number beyond every sane size.
    """

    estimate: float
    se: float
    derived: str = ""

    def __post_init__(self) -> None:
        _raise_first(*size_faults("estimate", self.estimate), *size_faults("se", self.se))
        _raise_first(*spread_faults("se", self.se))


def _raise_first(*faults: Fault) -> None:
    for fault in faults:
        raise ValueError(f"{fault.statistic}: {fault.message}")
