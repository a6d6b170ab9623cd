"""Any file that a hospital sends becomes raw sheets: text cells with their physical rows.

Comes in: a path to a delimited file, an Excel or OpenDocument workbook, a saved web page, a PDF
with text, or an archive of these. Goes out: one `RawSheet` per table-like part, its cells in a
DuckDB relation exactly as they stood in the file, each row with its number in the file or sheet.
Nothing is interpreted here: finding the table is `intake.table_finder`, meaning comes after.
What cannot be read is refused with a `ComptrollerError` that says where and what to do.
"""

from comptroller.intake.reading.limits import Limits
from comptroller.intake.reading.opening import open_file
from comptroller.intake.reading.raw_sheet import SAMPLE_ROWS, RawSheet

__all__ = ["SAMPLE_ROWS", "Limits", "RawSheet", "open_file"]
