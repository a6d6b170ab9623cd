"""``python -m comptroller`` is the ``comptroller`` command."""

from comptroller.cli import main

main()
