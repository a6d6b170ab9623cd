"""Challenges: what is put to a provider, in a workbook that the provider can answer in.

What comes in: the latest check run's findings, results and rules, the submissions they stand on
and the slices' charges. What goes out: for each provider one workbook with a summary by check, a
row-level log with columns for the answers, what could not run, coverage, the uncontested amount
and the method. It names the provider's own identifiers only; no NHS number and no pseudonym
leaves. The room reads published warehouse tables and writes none; batches, responses and credits
will live here too.
"""

from comptroller.challenges.export import ExportedWorkbook, export_all, export_workbook
from comptroller.challenges.selection import Options

__all__ = ["ExportedWorkbook", "Options", "export_all", "export_workbook"]
