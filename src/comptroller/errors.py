"""What went wrong, where, and what to do about it: the one exception a user may cause."""

from __future__ import annotations


class ComptrollerError(Exception):
    """A refusal or failure that a person can act on.

    The command line prints it in one line and exits with ``exit_code``; nothing has been changed
    when it is raised.

    Args:
        what: What was wrong, in a plain sentence without a full stop.
        where: The place: a file, sheet, row and column, a setting, an option.
        remedy: What the reader can do next.
    """

    exit_code = 1

    def __init__(self, what: str, *, where: str = "", remedy: str = "") -> None:
        self.what = what
        self.where = where
        self.remedy = remedy
        super().__init__(str(self))

    def __str__(self) -> str:
        """Return the whole message in one line."""
        text = f"{self.where}: {self.what}" if self.where else self.what
        return f"{text}. {self.remedy}" if self.remedy else text


class BusyError(ComptrollerError):
    """Another command is writing to the workspace: the same again will do when it has finished."""


class UsageError(ComptrollerError):
    """An option or argument that cannot be meant: the question is wrong, not what is there."""

    exit_code = 2
