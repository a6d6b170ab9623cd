"""The vocabulary: data sets, elements, columns and code lists, declared once and used by all.

In: the declarations in this package (`elements/*.toml`, `data_sets.toml`,
`other_data_sets.toml`, `code_lists/*.csv`), taken from the NHS Data Dictionary and the
published contract-monitoring standards. Out: the elements of each data set with every header
they are known by, the columns of the table `lines` with their types, and the code lists.
It owns no table and reads nothing outside the package. `reference_pages` writes the pages in
`docs/reference` from the same declarations, and a test keeps them equal.
"""

from comptroller.vocabulary.codes import (
    CODE_LISTS,
    code_list,
    is_non_activity,
    pod_group,
    pod_measure,
    repair_pod,
)
from comptroller.vocabulary.columns import SYSTEM_COLUMNS, column_kind, line_columns
from comptroller.vocabulary.declarations import data_sets, elements
from comptroller.vocabulary.model import (
    DUCKDB_TYPES,
    MANDATIONS,
    MONEY_TYPE,
    Code,
    CodeList,
    DataSet,
    Element,
    Measure,
    MeasureMatch,
    normalise_header,
)

DATA_SETS: dict[str, DataSet] = data_sets()
LINE_DATA_SETS: tuple[str, ...] = tuple(
    item.id for item in DATA_SETS.values() if item.family == "lines"
)
AGGREGATE_DATA_SETS: tuple[str, ...] = tuple(
    item.id for item in DATA_SETS.values() if item.family == "aggregates"
)


def data_set(data_set_id: str) -> DataSet:
    """Return the data set of this id (`PLCM`, `SUS_APC`, `PAYMENTS` ...) or raise KeyError."""
    try:
        return DATA_SETS[data_set_id]
    except KeyError:
        raise KeyError(f"no data set {data_set_id}; there are: {', '.join(DATA_SETS)}") from None


__all__ = [
    "AGGREGATE_DATA_SETS",
    "CODE_LISTS",
    "DATA_SETS",
    "DUCKDB_TYPES",
    "LINE_DATA_SETS",
    "MANDATIONS",
    "MONEY_TYPE",
    "SYSTEM_COLUMNS",
    "Code",
    "CodeList",
    "DataSet",
    "Element",
    "Measure",
    "MeasureMatch",
    "code_list",
    "column_kind",
    "data_set",
    "elements",
    "is_non_activity",
    "line_columns",
    "normalise_header",
    "pod_group",
    "pod_measure",
    "repair_pod",
]
