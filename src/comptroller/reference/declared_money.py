"""Reference tables about prices, contracts, plans and payments."""

from __future__ import annotations

from comptroller.reference.declared_organisations import DATED
from comptroller.reference.shapes import Column, ReferenceTable

FINANCIAL_YEAR = Column(
    "financial_year", "financial_year", "Financial year, such as 2025/26", required=True
)
MONTH = Column(
    "month",
    "month",
    "Month of the financial year from April, 1 to 12; 13 for year-end adjustments",
    required=True,
)
PROVIDER = Column("provider_code", "code", "ODS code of the provider", required=True)
COMMISSIONER = Column("commissioner_code", "code", "ODS code of the commissioner", required=True)
ANY_COMMISSIONER = Column(
    "commissioner_code", "code", "Commissioner for whom the row holds; empty: for all"
)
ANY_POD = Column("pod_code", "code", "Point of delivery; empty: for all")
TFC = Column(
    "activity_treatment_function_code",
    "code",
    "Treatment function; empty: for all",
    aliases=("treatment_function_code", "tfc"),
)
TARIFF = Column("tariff_code", "code", "HRG or other priced code; empty: for all", aliases=("hrg",))
SERVICE = Column("service_code", "code", "Specialised or local service line; empty: for all")
LOCAL = Column("local_code", "text", "Code of the local price; empty: for all")
ELEMENTS = ("variable", "fixed", "blended", "lva", "activity", "pass_through", "local", "block")

PRICES = ReferenceTable(
    "prices",
    "Published unit prices by scheme and year",
    (
        Column("scheme", "text", "Payment scheme, such as NTPS or NHSPS", required=True),
        FINANCIAL_YEAR,
        Column("price_code", "code", "HRG or treatment function priced", required=True),
        Column(
            "setting",
            "code",
            "Where the price applies: DC, EL, DCEL, NEL, NELST, OPFA, OPFUP, OPPROC, EC ...",
            required=True,
        ),
        Column("price", "money", "Unit price in pounds", required=True),
        Column("trim_point_days", "integer", "Days after which excess bed days count", minimum="0"),
        Column("per_diem_price", "money", "Price of an excess bed day in pounds"),
        Column("short_stay_price", "money", "Price of a short emergency stay in pounds"),
        Column("short_stay_percent", "decimal", "Short stay price in per cent of the full one"),
        Column("best_practice_price", "money", "Price where best practice is met, in pounds"),
        Column(
            "basis",
            "text",
            "unit: paid as such; guide: benchmark; local: to be agreed",
            default="unit",
            choices=("unit", "guide", "local"),
        ),
        Column("professional", "text", "Consultant-led or not, where the price depends on it"),
        Column("version", "text", "Issue of the price list", default="1"),
        Column("published_on", "date", "Day of publication of this version"),
        *DATED,
    ),
    key=(
        "scheme",
        "financial_year",
        "price_code",
        "setting",
        "basis",
        "professional",
        "version",
        "from_date",
    ),
    file_names=("price", "tariff"),
)

TOP_UPS = ReferenceTable(
    "top_ups",
    "Specialised service top-ups",
    (
        FINANCIAL_YEAR,
        PROVIDER,
        Column("service_code", "code", "Specialised service line", required=True),
        Column("percent", "decimal", "Top-up in per cent of the price", required=True),
        Column(
            "paid_as",
            "text",
            "line: with each spell; block: inside the block",
            default="line",
            choices=("line", "block"),
        ),
    ),
    key=("financial_year", "provider_code", "service_code"),
    file_names=("top_up", "topups"),
)

MARKET_FORCES = ReferenceTable(
    "market_forces",
    "Market forces factor of each provider and year",
    (
        FINANCIAL_YEAR,
        PROVIDER,
        Column(
            "mff",
            "decimal",
            "Factor by which prices are multiplied",
            required=True,
            minimum="0.5",
            maximum="2",
            aliases=("market_forces_factor", "mff_factor"),
        ),
        Column("site_code", "code", "Site, where the factor is set by site"),
        Column(
            "kind",
            "text",
            "payment: used for payment; underlying: before transition",
            default="payment",
            choices=("payment", "underlying"),
        ),
        *DATED,
    ),
    key=("financial_year", "provider_code", "site_code", "kind", "from_date"),
    about=("financial_year", "provider_code"),
    file_names=("mff", "market_forces_factors"),
)

LOCAL_PRICES = ReferenceTable(
    "local_prices",
    "Prices agreed in contracts where no national price applies",
    (
        PROVIDER,
        COMMISSIONER,
        Column("local_code", "text", "Code of the local price", required=True),
        Column("pod_code", "code", "Point of delivery", required=True),
        Column("unit", "text", "What one unit is: attendance, bed day, month ...", required=True),
        Column("price", "money", "Unit price in pounds", required=True),
        Column("description", "text", "What is priced"),
        Column("contract_id", "text", "Contract in which the price stands"),
        Column(
            "stage",
            "text",
            "Whether the price is offered, agreed, or changed in the year",
            default="agreed",
            choices=("offer", "agreed", "in_year"),
        ),
        TARIFF,
        TFC,
        SERVICE,
        Column("includes_mff", "flag", "Whether the price has market forces inside"),
        Column("quantity_from", "decimal", "Units in the year from which the price applies"),
        Column("quantity_to", "decimal", "Units in the year up to which the price applies"),
        Column("variation_reference", "text", "Contract variation that set the price"),
        *DATED,
    ),
    key=(
        "provider_code",
        "commissioner_code",
        "local_code",
        "pod_code",
        "unit",
        "contract_id",
        "stage",
        "tariff_code",
        "activity_treatment_function_code",
        "service_code",
        "quantity_from",
        "from_date",
    ),
    file_names=("local_price",),
)

CONTRACTS = ReferenceTable(
    "contracts",
    "Contracts: one row per contract, commissioner and year",
    (
        Column("contract_id", "text", "Name of the contract", required=True),
        PROVIDER,
        COMMISSIONER,
        FINANCIAL_YEAR,
        Column("coordinating_commissioner_code", "code", "Commissioner that leads the contract"),
        Column(
            "role",
            "text",
            "What this commissioner is to the contract",
            default="host",
            choices=("host", "associate", "NCA", "LVA"),
        ),
        Column("service_category", "text", "Acute, mental health, community ..."),
        Column("value", "money", "Value of the year in pounds"),
        Column("payment_profile", "text", "How the value is paid over the year"),
        *DATED,
    ),
    key=("contract_id", "commissioner_code", "financial_year"),
    file_names=("contract",),
)

PAYMENT_TERMS = ReferenceTable(
    "payment_terms",
    "What a pound more or less of activity really moves, by contract",
    (
        Column("contract_id", "text", "Contract", required=True),
        Column("element", "text", "How it is paid", required=True, choices=ELEMENTS),
        ANY_COMMISSIONER,
        ANY_POD,
        TFC,
        TARIFF,
        SERVICE,
        LOCAL,
        Column(
            "marginal_rate",
            "decimal",
            "Share of a difference that is paid, 0 to 1; empty: 1 for variable, activity, "
            "pass_through and local, 0 for fixed, block and lva; blended needs one",
            minimum="0",
            maximum="1",
        ),
        Column("limit_value", "money", "Pounds of the year above which nothing moves"),
        *DATED,
    ),
    key=(
        "contract_id",
        "commissioner_code",
        "pod_code",
        "activity_treatment_function_code",
        "tariff_code",
        "service_code",
        "local_code",
        "from_date",
    ),
    file_names=("payment_term",),
)

CASH_SCOPE = ReferenceTable(
    "cash_scope",
    "Short form of payment terms: what is cash and what is information only",
    (
        Column("contract_id", "text", "Contract; empty: for all"),
        ANY_POD,
        Column(
            "scope",
            "text",
            "cash: every pound moves; information: none does",
            default="cash",
            choices=("cash", "information"),
        ),
    ),
    key=("contract_id", "pod_code"),
)

BUDGETS = ReferenceTable(
    "budgets",
    "Money set aside by a commissioner for a year, also called envelopes",
    (
        COMMISSIONER,
        FINANCIAL_YEAR,
        Column("value", "money", "Pounds", required=True),
        Column("provider_code", "code", "Provider for whom it is set aside"),
        Column("line", "text", "What it is for when not a provider: NCA, IFR, reserve ..."),
        Column("month", "month", "Month, when the budget is set by month"),
        Column("version", "text", "Issue of the budget", default="1"),
        Column("reason", "text", "Why this version was made"),
    ),
    key=("commissioner_code", "financial_year", "provider_code", "line", "month", "version"),
    file_names=("budget", "envelopes"),
)

PLAN = ReferenceTable(
    "plan",
    "Planned activity and cost by contract and month",
    (
        Column("contract_id", "text", "Contract", required=True),
        MONTH,
        Column("pod_code", "code", "Point of delivery", required=True),
        Column("planned_activity", "decimal", "Units planned in the month", required=True),
        Column("planned_cost", "money", "Pounds planned in the month", required=True),
        Column(
            "financial_year",
            "financial_year",
            "Financial year; empty: the one in the file name or of the contract",
        ),
        Column("commissioner_code", "code", "Commissioner; empty: the only one of the contract"),
        Column("version", "text", "Issue of the plan", default="1"),
        Column(
            "stage",
            "text",
            "Whether the plan is offered, agreed, or varied in the year",
            default="agreed",
            choices=("offer", "agreed", "varied"),
        ),
        TFC,
        TARIFF,
        SERVICE,
        LOCAL,
        Column(
            "planned_unit_price",
            "money",
            "Planned pounds for one unit",
            aliases=("planned_price",),
        ),
    ),
    key=(
        "contract_id",
        "financial_year",
        "commissioner_code",
        "month",
        "pod_code",
        "version",
        "stage",
        "activity_treatment_function_code",
        "tariff_code",
        "service_code",
        "local_code",
    ),
    file_names=("plans", "activity_plan", "contract_plan"),
)

PAYMENTS = ReferenceTable(
    "payments",
    "Invoices, payments on account, mandates and credit notes",
    (
        Column("document_number", "text", "Number of the invoice or note", required=True),
        Column(
            "kind",
            "text",
            "What the document is",
            required=True,
            choices=("on_account", "mandate", "reconciliation", "credit_note", "nca"),
        ),
        PROVIDER,
        COMMISSIONER,
        Column("period_from", "date", "First day paid for", required=True),
        Column("period_to", "date", "Last day paid for", required=True),
        Column("amount", "money", "Pounds without VAT; a credit is negative", required=True),
        Column("contract_id", "text", "Contract"),
        Column("element", "text", "Payment element that the document settles"),
        Column("vat", "money", "VAT in pounds"),
        Column("due_date", "date", "Day on which payment is due"),
        Column("paid_date", "date", "Day on which it was paid"),
        Column("credits_document", "text", "Document that a credit note credits"),
    ),
    key=(
        "document_number",
        "kind",
        "provider_code",
        "commissioner_code",
        "period_from",
        "period_to",
        "contract_id",
        "element",
    ),
    file_names=("payment", "invoices", "invoice"),
)

TABLES_OF_MONEY = (
    PRICES,
    TOP_UPS,
    MARKET_FORCES,
    LOCAL_PRICES,
    CONTRACTS,
    PAYMENT_TERMS,
    CASH_SCOPE,
    BUDGETS,
    PLAN,
    PAYMENTS,
)
