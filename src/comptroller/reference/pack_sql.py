"""SQL that turns the public files into the tables of the starter pack.

Known traps of the sources, each met here:

- ODS parents every commissioning hub of NHS England on the board in whose town it sits (West
  Yorkshire): hubs belong to NHS England, X24.
- The list of boards at April 2026 appends six new boards without members and still parents every
  sub-ICB location on the abolished ones: only the names are taken from it. Who moved where is taken
  from the practices, each of which names its board in the list of 2026/27.
- Frimley, Hertfordshire and West Essex, and Suffolk and North East Essex were split, so that one
  successor is not enough. A sub-ICB location that moved whole gets a step of its own; Frimley had a
  single location, and only the practice tells.
- The practice list of 2026/27 still counts Surrey's practices under the closed board QXU, while the
  new board S9B9J bears the name Surrey and Sussex: Surrey is taken over by S9B9J.
"""

from __future__ import annotations

READ: dict[str, tuple[str, bool]] = {
    "etr": ("reference/ods_etr_trusts.csv", True),
    "eccg": ("reference/ods_eccg_commissioners.csv", True),
    "epraccur": ("reference/ods_epraccur.csv.gz", True),
    "icbs": ("reference/icb_names_codes_dec_2024.csv", False),
    "april": ("reference/iap_ICB_and_SubICB_Apr2026.csv", False),
    "changes": ("geo/lookup_trust_trust.csv", False),
    "successors": ("reference/provider_successors.csv", False),
    "pcns": ("reference/gp_practice_pcn_subicb_icb_2023_24.csv", False),
    "lists": ("reference/gp_practice_population_age_sex_2026_27.csv.gz", False),
    "mff": ("tariff/mff_provider_2026_27.csv", False),
    "iap_hrgs": ("reference/iap_HRG.csv", False),
}

PACK_TABLES = (
    "organisations",
    "successions",
    "practices",
    "populations",
    "treatment_functions",
    "points_of_delivery",
    "hrgs",
    "market_forces",
)

# Successions of trusts after the dated list ends (2022), by the day after closing in ODS. The first
# four are in provider_successors.csv; the others rest on the public announcements of the mergers
# and are marked as such.
_LATE_TRUSTS = (
    ("R1C", "RW1"),
    ("RAP", "RAL"),
    ("RRP", "G6V2S"),
    ("RY9", "RAX"),
)

_DAY = "CAST(strptime(nullif({0}, ''), '%Y%m%d') AS DATE)"


def _day(column: str) -> str:
    return _DAY.format(column)


_APRIL = "DATE '2026-04-01'"
_BOARDS = "DATE '2022-07-01'"

_PRACTICE_BOARDS = """
CREATE TEMP TABLE practice_boards AS
SELECT practice_code,
       CASE WHEN any_value(icb_code) = 'QXU' THEN 'S9B9J' ELSE any_value(icb_code) END AS board
FROM lists GROUP BY practice_code
"""

# How many practices of each location and board of 2025 belong to which board in April 2026.
_MOVES = """
CREATE TEMP TABLE moves AS
SELECT e.column03 AS old_board, e.column14 AS location, b.board AS new_board, count(*) AS practices
FROM practice_boards b JOIN epraccur e ON e.column00 = b.practice_code
WHERE e.column03 IN (SELECT ICB24CDH FROM icbs)
GROUP BY ALL
"""

# A stray practice or two may be coded to a neighbour; a board or location has moved where more
# than two per cent of its practices are.
_BOARD_MOVES = """
CREATE TEMP TABLE board_moves AS
SELECT old_board, new_board FROM (
  SELECT old_board, new_board, sum(practices) AS n,
         sum(sum(practices)) OVER (PARTITION BY old_board) AS total
  FROM moves GROUP BY old_board, new_board)
WHERE n * 50 > total
"""

_LOCATION_MOVES = """
CREATE TEMP TABLE location_moves AS
SELECT old_board, location, new_board FROM (
  SELECT *, sum(practices) OVER (PARTITION BY location) AS total FROM moves)
WHERE practices * 50 > total
"""

_CLOSED_BOARDS = """
CREATE TEMP TABLE closed_boards AS
SELECT DISTINCT old_board FROM board_moves m
WHERE old_board <> new_board
  AND NOT EXISTS (SELECT 1 FROM board_moves s
                  WHERE s.old_board = m.old_board AND s.new_board = m.old_board)
"""

_ORGANISATIONS = f"""
CREATE TEMP TABLE organisations AS
SELECT 'X24' AS org_code, 'NHS ENGLAND' AS name, 'commissioner' AS role,
       CAST(NULL AS VARCHAR) AS parent_code, DATE '2013-04-01' AS open_date,
       CAST(NULL AS DATE) AS close_date, CAST(NULL AS VARCHAR) AS postcode,
       CAST(NULL AS VARCHAR) AS extra
UNION ALL BY NAME
SELECT ICB24CDH AS org_code, ICB24NM AS name, 'commissioner' AS role, {_BOARDS} AS open_date,
       CASE WHEN ICB24CDH IN (SELECT old_board FROM closed_boards)
            THEN {_APRIL} - 1 END AS close_date,
       '{{"kind":"integrated care board"}}' AS extra
FROM icbs
UNION ALL BY NAME
SELECT ICB_Code AS org_code, any_value(ICB_Name) AS name, 'commissioner' AS role,
       {_APRIL} AS open_date, '{{"kind":"integrated care board"}}' AS extra
FROM april WHERE Organisation_Code IS NULL GROUP BY ICB_Code
UNION ALL BY NAME
SELECT column00 AS org_code, column01 AS name, 'commissioner' AS role,
       CASE WHEN column13 = 'RO218' THEN 'X24'
            WHEN column11 IS NULL THEN column03 END AS parent_code,
       {_day("column10")} AS open_date, {_day("column11")} AS close_date, column09 AS postcode,
       CASE WHEN column13 = 'RO218' THEN '{{"kind":"commissioning hub"}}'
            WHEN column13 = 'RO327' THEN '{{"kind":"sub-ICB reporting entity"}}'
            WHEN column13 IS NULL THEN '{{"kind":"clinical commissioning group"}}'
            ELSE '{{"kind":"sub-ICB location"}}' END AS extra
FROM eccg
UNION ALL BY NAME
SELECT column00 AS org_code, column01 AS name, 'provider' AS role, {_day("column10")} AS open_date,
       {_day("column11")} AS close_date, column09 AS postcode
FROM etr
UNION ALL BY NAME
SELECT provider_code AS org_code, provider_name AS name, 'provider' AS role FROM mff
WHERE provider_code NOT IN (SELECT column00 FROM etr)
UNION ALL BY NAME
SELECT column00 AS org_code, column01 AS name, 'practice' AS role, column14 AS parent_code,
       {_day("column10")} AS open_date, {_day("column11")} AS close_date, column09 AS postcode,
       CASE WHEN column25 = '4' THEN NULL
            ELSE '{{"prescribing_setting":"' || column25 || '"}}' END AS extra
FROM epraccur
"""

_STEPS = f"""
CREATE TEMP TABLE steps AS
-- clinical commissioning groups and hubs that merged
SELECT DISTINCT old_code AS from_code, new_code AS to_code, CAST(date AS DATE) AS date,
       CAST(NULL AS VARCHAR) AS rule, CAST(NULL AS VARCHAR) AS extra
FROM changes
WHERE old_code IN (SELECT column00 FROM eccg) AND new_code IN (SELECT column00 FROM eccg)
UNION ALL BY NAME
-- the last clinical commissioning groups became parts of the boards on 1 July 2022
SELECT column00 AS from_code, column03 AS to_code, {_BOARDS} AS date
FROM eccg
WHERE column13 LIKE 'RO319%' AND column11 IS NULL AND {_day("column10")} < {_BOARDS}
UNION ALL BY NAME
-- the boards of April 2026
SELECT old_board AS from_code, new_board AS to_code, {_APRIL} AS date,
       CASE WHEN count(*) OVER (PARTITION BY old_board) > 1 THEN 'practice' END AS rule
FROM board_moves WHERE old_board IN (SELECT old_board FROM closed_boards)
UNION ALL BY NAME
-- locations of split boards that moved whole
SELECT location AS from_code, any_value(new_board) AS to_code, {_APRIL} AS date
FROM location_moves
WHERE old_board IN (SELECT old_board FROM board_moves
                    WHERE old_board IN (SELECT old_board FROM closed_boards)
                    GROUP BY old_board HAVING count(*) > 1)
GROUP BY location HAVING count(*) = 1
UNION ALL BY NAME
-- trusts
SELECT DISTINCT old_code AS from_code, new_code AS to_code, CAST(date AS DATE) AS date
FROM changes
WHERE regexp_matches(old_code, '^[RT][A-Z0-9]{{2}}$') AND old_code <> new_code
  AND new_code IN (SELECT column00 FROM etr)
UNION ALL BY NAME
SELECT s.old_code AS from_code, s.new_code AS to_code, {_day("e.column11")} + 1 AS date
FROM successors s JOIN etr e ON e.column00 = s.old_code
WHERE s.old_code <> s.new_code AND e.column11 IS NOT NULL
  AND s.old_code NOT IN (SELECT old_code FROM changes)
UNION ALL BY NAME
SELECT h.old_code AS from_code, h.new_code AS to_code, {_day("e.column11")} + 1 AS date,
       '{{"evidence":"public announcement of the merger; to confirm in ODS"}}' AS extra
FROM (VALUES {", ".join(str(pair) for pair in _LATE_TRUSTS)}) h(old_code, new_code)
JOIN etr e ON e.column00 = h.old_code
"""

_SUCCESSIONS = """
CREATE TEMP TABLE successions AS
SELECT from_code, to_code, date,
       CASE WHEN count(*) OVER (PARTITION BY from_code, date) > 1 THEN 'split'
            WHEN count(*) OVER (PARTITION BY to_code, date) > 1 THEN 'merge'
            WHEN to_code IN (SELECT org_code FROM organisations WHERE open_date = date)
            THEN 'rename' ELSE 'merge' END AS kind,
       coalesce(rule, CASE WHEN count(*) OVER (PARTITION BY from_code, date) > 1
                           AND from_code LIKE 'R__' THEN 'site' END) AS rule,
       extra
FROM steps
"""

_PRACTICES = f"""
CREATE TEMP TABLE practices AS
WITH said AS (
  SELECT e.column00 AS practice_code, e.column14 AS commissioner_code,
         {_day("e.column15")} AS from_date,
         coalesce({_day("e.column16")}, {_day("e.column11")}) AS to_date,
         p.PCN_ODS_CODE AS pcn_code, b.board AS board
  FROM epraccur e
  LEFT JOIN pcns p ON p.PRACTICE_CODE = e.column00
  LEFT JOIN practice_boards b ON b.practice_code = e.column00
  WHERE e.column14 IS NOT NULL
), divided AS (
  -- locations whose practices went to several boards: only the practice tells
  SELECT location FROM location_moves
  WHERE old_board IN (SELECT old_board FROM closed_boards)
  GROUP BY location HAVING count(*) > 1
)
SELECT practice_code, commissioner_code, pcn_code, from_date,
       CASE WHEN commissioner_code IN (SELECT location FROM divided) AND board IS NOT NULL
            THEN {_APRIL} - 1 ELSE to_date END AS to_date
FROM said
UNION ALL BY NAME
SELECT practice_code, board AS commissioner_code, pcn_code, {_APRIL} AS from_date
FROM said
WHERE board IS NOT NULL AND commissioner_code IN (SELECT location FROM divided)
UNION ALL BY NAME
SELECT practice_code, board AS commissioner_code, {_APRIL} AS from_date FROM practice_boards
WHERE practice_code NOT IN (SELECT column00 FROM epraccur)
"""

_POPULATIONS = """
CREATE TEMP TABLE populations AS
SELECT practice_code, '2026/27' AS period, sum(CAST(people AS INTEGER)) AS list_size
FROM (UNPIVOT lists ON COLUMNS(* EXCLUDE (icb_code, sex, practice_code))
      INTO NAME age VALUE people)
GROUP BY practice_code
"""

_MARKET_FORCES = """
CREATE TEMP TABLE market_forces AS
SELECT '2026/27' AS financial_year, provider_code, CAST(mff_factor AS DECIMAL(26,8)) AS mff,
       'payment' AS kind
FROM mff
"""

STATEMENTS = (
    _PRACTICE_BOARDS,
    _MOVES,
    _BOARD_MOVES,
    _LOCATION_MOVES,
    _CLOSED_BOARDS,
    _ORGANISATIONS,
    _STEPS,
    _SUCCESSIONS,
    _PRACTICES,
    _POPULATIONS,
    _MARKET_FORCES,
)
