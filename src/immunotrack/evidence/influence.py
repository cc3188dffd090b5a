"""What one study weighs: the pool again without each of its studies."""

from collections.abc import Sequence
from dataclasses import dataclass

from immunotrack.evidence.effects import Effect
from immunotrack.evidence.mantel_haenszel import NotPooled
from immunotrack.evidence.method import How, pool_by
from immunotrack.evidence.pooled import Pooled


@dataclass(frozen=True, slots=True)
class Without:
    """A pool without one of its studies.

    Args:
        pooled: None where the others cannot be pooled; `why` says so.
    """

    name: str
    pooled: Pooled | None
    why: str = ""


def leave_one_out(how: How, effects: Sequence[Effect]) -> tuple[Without, ...]:
    """The pool without each of its studies in turn; nothing for a study alone."""
    if len(effects) < 2:
        return ()
    return tuple(_without(how, effects, place) for place in range(len(effects)))


def _without(how: How, effects: Sequence[Effect], place: int) -> Without:
    name = effects[place].study.name
    try:
        return Without(name, pool_by(how, [*effects[:place], *effects[place + 1 :]]))
    except NotPooled as error:
        return Without(name, None, str(error))
