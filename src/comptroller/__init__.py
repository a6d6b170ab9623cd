"""Comptroller: commissioning and contracting for the NHS.

It loads providers' contract-monitoring files, reconciles them with SUS, the contract and the
invoice, checks every line, and writes the challenges a commissioner sends back, with every pound
traceable to file, sheet and row. The rooms of the house are listed in ``docs/map.md``.
"""

__version__ = "0.1.0"
