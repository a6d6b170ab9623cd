"""Registers that a commissioner keeps beside its contracts: agreements, notices, limits."""

from __future__ import annotations

from comptroller.reference.declared_money import (
    ANY_COMMISSIONER,
    COMMISSIONER,
    FINANCIAL_YEAR,
    PROVIDER,
    TARIFF,
    TFC,
)
from comptroller.reference.declared_organisations import DATED
from comptroller.reference.shapes import Column, ReferenceTable

_POD = Column("pod_code", "code", "Point of delivery; empty: for all")
_REQUIRED_POD = Column("pod_code", "code", "Point of delivery", required=True)

ADJUSTMENTS = ReferenceTable(
    "adjustments",
    "Register of financial adjustments and credits that were agreed",
    (
        Column("adjustment_id", "text", "Number of the agreement", required=True),
        PROVIDER,
        COMMISSIONER,
        Column(
            "local_code",
            "text",
            "Local point of delivery code under which it is charged",
            required=True,
        ),
        Column(
            "kind",
            "text",
            "adjustment: may be charged; credit: must be given every month",
            default="adjustment",
            choices=("adjustment", "credit"),
        ),
        Column(
            "monthly_value",
            "money",
            "Pounds of a month, a credit as a negative number; empty: worked out by a formula",
        ),
        Column("description", "text", "What was agreed"),
        Column("contract_id", "text", "Contract in which it stands"),
        *DATED,
    ),
    key=("adjustment_id", "commissioner_code", "local_code", "from_date"),
    file_names=("adjustment_register",),
)

NOTICES = ReferenceTable(
    "notices",
    "Register of counting and coding changes of which notice was given",
    (
        Column("notice_id", "text", "Number of the notice", required=True),
        PROVIDER,
        Column("effective_date", "date", "Day from which the change may be charged", required=True),
        ANY_COMMISSIONER,
        _POD,
        TFC,
        TARIFF,
        Column("local_code", "text", "New local point of delivery code; empty: for all"),
        Column(
            "status",
            "text",
            "What became of the notice",
            default="agreed",
            choices=("proposed", "agreed", "refused"),
        ),
        Column("noticed_on", "date", "Day on which notice was given"),
        Column("previous_price", "money", "Pounds of one unit before the change"),
        Column("description", "text", "What changes"),
    ),
    key=(
        "notice_id",
        "provider_code",
        "commissioner_code",
        "pod_code",
        "activity_treatment_function_code",
        "tariff_code",
        "local_code",
    ),
    file_names=("notice_register", "counting_and_coding_changes"),
)

ACTIVITY_LIMITS = ReferenceTable(
    "activity_limits",
    "Indicative activity plans and activity management plan limits",
    (
        Column("contract_id", "text", "Contract", required=True),
        Column(
            "kind",
            "text",
            "iap: indicative activity plan; amp: limit of an activity management plan",
            required=True,
            choices=("iap", "amp"),
        ),
        FINANCIAL_YEAR,
        _REQUIRED_POD,
        Column("activity", "decimal", "Units from first to last month", required=True, minimum="0"),
        ANY_COMMISSIONER,
        TFC,
        Column("month_from", "month", "First month", default="1"),
        Column("month_to", "month", "Last month", default="12"),
    ),
    key=(
        "contract_id",
        "kind",
        "financial_year",
        "pod_code",
        "commissioner_code",
        "activity_treatment_function_code",
        "month_from",
    ),
    file_names=("activity_limit", "indicative_activity_plan"),
)

FOLLOW_UP_CAPS = ReferenceTable(
    "follow_up_caps",
    "Most follow-up attendances that are paid for one first attendance",
    (
        PROVIDER,
        FINANCIAL_YEAR,
        Column(
            "activity_treatment_function_code",
            "code",
            "Treatment function",
            required=True,
            aliases=("treatment_function_code", "tfc"),
        ),
        Column("ratio", "decimal", "Follow-ups for one first attendance", required=True),
        ANY_COMMISSIONER,
    ),
    key=(
        "provider_code",
        "financial_year",
        "activity_treatment_function_code",
        "commissioner_code",
    ),
    file_names=("follow_up_cap", "follow_up_ratios"),
)

SUBCONTRACTS = ReferenceTable(
    "subcontracts",
    "Register of sub-contracts: who gives care for whom, and where",
    (
        Column("subcontract_id", "text", "Number of the sub-contract", required=True),
        PROVIDER,
        Column("subcontractor_code", "code", "Provider that gives the care", required=True),
        Column("site_code", "code", "Site at which it is given; empty: any of the subcontractor's"),
        TFC,
        *DATED,
    ),
    key=("subcontract_id", "site_code", "activity_treatment_function_code", "from_date"),
    file_names=("subcontract", "sub_contracts"),
)

HOST_CONTRACTS = ReferenceTable(
    "host_contracts",
    "Contracts that providers hold with other commissioners, for non-contracted activity",
    (
        PROVIDER,
        FINANCIAL_YEAR,
        Column(
            "host_commissioner_code", "code", "Commissioner that holds the contract", required=True
        ),
        Column("service_category", "text", "Acute, mental health, community ..."),
    ),
    key=("provider_code", "financial_year", "host_commissioner_code", "service_category"),
    file_names=("host_contract",),
)

FIXED_ITEMS = ReferenceTable(
    "fixed_items",
    "High-cost drugs and devices paid inside a contract's fixed element",
    (
        Column("contract_id", "text", "Contract", required=True),
        Column("item_code", "text", "National or local code of drug or device", required=True),
        Column("name", "text", "Name of the drug or device"),
        *DATED,
    ),
    key=("contract_id", "item_code", "from_date"),
    file_names=("fixed_item", "fixed_drugs"),
)

TABLES_OF_REGISTERS = (
    ADJUSTMENTS,
    NOTICES,
    ACTIVITY_LIMITS,
    FOLLOW_UP_CAPS,
    SUBCONTRACTS,
    HOST_CONTRACTS,
    FIXED_ITEMS,
)
