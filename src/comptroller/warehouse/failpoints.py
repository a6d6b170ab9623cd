"""Named places at which a test may kill the process, to prove that nothing half-done is seen.

A failpoint does nothing unless ``COMPTROLLER_FAILPOINT`` names it, in which case the process ends
at once as ``kill -9`` would end it: no clean-up, no ``finally``. ``COMPTROLLER_FAILPOINT_LOG``
names a file to which every failpoint passed is appended, so that a test can find them all.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path


def failpoint(name: str) -> None:
    """End the process here, without clean-up, when the environment asks for this failpoint."""
    log = os.environ.get("COMPTROLLER_FAILPOINT_LOG")
    if log:
        with Path(log).open("a", encoding="utf-8") as stream:
            stream.write(name + "\n")
    if os.environ.get("COMPTROLLER_FAILPOINT") == name:
        os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))
