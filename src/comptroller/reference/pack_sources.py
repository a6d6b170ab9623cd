"""Where the starter pack comes from: every source with its licence, year and rows."""

from __future__ import annotations

from dataclasses import dataclass

OGL = "Open Government Licence v3.0 (Crown copyright)"
OGL_MIT = "Open Government Licence v3.0 at source; MIT for the copy"
MIT = "MIT"


@dataclass(frozen=True)
class Source:
    """One public file from which part of the starter pack was made.

    Args:
        file: Path below the folder of public data.
        title: What it is.
        publisher: Who published the facts.
        year: Year or edition.
        licence: Licence under which it is shipped.
        taken_from: Repository, commit and path of the copy used.
        rows: Rows of the file, headings not counted.
        tables: Reference tables that use it.
    """

    file: str
    title: str
    publisher: str
    year: str
    licence: str
    taken_from: str
    rows: int
    tables: tuple[str, ...]


SOURCES: tuple[Source, ...] = (
    Source(
        "reference/ods_etr_trusts.csv",
        "ODS file etr: NHS trusts, open and closed",
        "NHS England, Organisation Data Service",
        "2025",
        OGL,
        "jhau/nhs-spend@1e5af1327e, data/",
        273,
        ("organisations",),
    ),
    Source(
        "reference/ods_eccg_commissioners.csv",
        "ODS file eccg: sub-ICB locations, commissioning hubs and closed CCGs",
        "NHS England, Organisation Data Service",
        "2025",
        OGL,
        "jhau/nhs-spend@1e5af1327e, data/",
        320,
        ("organisations", "successions"),
    ),
    Source(
        "reference/ods_epraccur.csv.gz",
        "ODS file epraccur: GP practices, open and closed, with their commissioner",
        "NHS England, Organisation Data Service",
        "2025",
        OGL,
        "hsma-programme/hsma6_geographic@ccc25d98c9, data/epraccur.csv",
        15971,
        ("organisations", "practices"),
    ),
    Source(
        "reference/icb_names_codes_dec_2024.csv",
        "Integrated care boards of England, December 2024",
        "Office for National Statistics",
        "2024",
        OGL,
        "copy of the ONS Open Geography list",
        42,
        ("organisations", "successions"),
    ),
    Source(
        "reference/iap_ICB_and_SubICB_Apr2026.csv",
        "ICB and sub-ICB organisations at April 2026: names of the six new boards only",
        "NHS England",
        "2026/27",
        MIT,
        "pete4nhs/DQ_checks@d8aaa6c030, reference_tables/",
        144,
        ("organisations", "successions"),
    ),
    Source(
        "geo/lookup_trust_trust.csv",
        "Old and new organisation codes with the date of change",
        "NHS England, Organisation Data Service",
        "1992-2022",
        OGL_MIT,
        "humaniverse/geographr@c026be5cc7",
        25480,
        ("successions",),
    ),
    Source(
        "reference/provider_successors.csv",
        "Trusts and the trusts that took them over",
        "NHS England",
        "2025",
        OGL,
        "The-Strategy-Unit/nhp_data@cff9dde878",
        283,
        ("successions",),
    ),
    Source(
        "reference/gp_practice_pcn_subicb_icb_2023_24.csv",
        "Practices with primary care network, sub-ICB location and ICB",
        "NHS England",
        "2023/24",
        OGL_MIT,
        "wylie102/QOF-visualisation@febccd212d",
        6267,
        ("practices",),
    ),
    Source(
        "reference/gp_practice_population_age_sex_2026_27.csv.gz",
        "People registered by practice, sex and age, with the ICB of the year",
        "NHS England",
        "2026/27",
        OGL_MIT,
        "pete4nhs/eFIT-tool@d23e9646bc",
        12331,
        ("populations", "practices", "successions"),
    ),
    Source(
        "tariff/mff_provider_2026_27.csv",
        "Market forces factor by trust",
        "NHS England, NHS Payment Scheme",
        "2026/27",
        OGL_MIT,
        "ncl-icb-analytics/dbt-ncl-analytics@ec0379f317, seeds/nhse_provider_mff_2627.csv",
        205,
        ("market_forces", "organisations"),
    ),
    Source(
        "reference/hrg4plus_chapters_subchapters_hrgs.json",
        "HRG4+ chapters, sub-chapters and groups across versions",
        "NHS England, National Casemix Office",
        "several",
        MIT,
        "The-Strategy-Unit/nhp_data@cff9dde878",
        5400,
        ("hrgs",),
    ),
    Source(
        "reference/iap_HRG.csv",
        "HRG codes accepted by the indicative activity plan check",
        "NHS England",
        "2026/27",
        MIT,
        "pete4nhs/DQ_checks@d8aaa6c030, reference_tables/",
        5001,
        ("hrgs",),
    ),
)

NOT_SHIPPED = """\
Points of delivery and treatment functions come from the product's own code lists (the vocabulary),
which take them from the NHS Data Dictionary. Price lists, ICD-10 and OPCS-4 texts, trim points and
high-cost drug lists are not in the pack: their licence or their year is not settled. Load the
published files instead (`comptroller reference load`).
"""
