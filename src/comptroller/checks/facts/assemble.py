"""The table ``checked``: lines of the scope with their facts, joined once."""

from __future__ import annotations

import re
from collections.abc import Iterable

import duckdb

from comptroller.checks.facts.ages import GREATEST_AGE, LEAST_AGE
from comptroller.checks.facts.approvals import APPROVAL_FACTS
from comptroller.checks.facts.attribution import PRACTICE_FORMAT
from comptroller.checks.facts.base import STORE, compress_if_many, stored_columns
from comptroller.checks.facts.columns import fact_columns
from comptroller.checks.facts.components import COMPONENTS, with_market_forces
from comptroller.checks.facts.contacts import CONTACT_FACTS, CONTACT_JOINS
from comptroller.checks.facts.course import COURSE_FACTS, COURSE_JOINS
from comptroller.checks.facts.policies import CODED_CARE, POLICY_FACTS
from comptroller.checks.facts.supplies import SUPPLIED
from comptroller.checks.facts.validity import NEVER_COMMISSIONERS
from comptroller.errors import ComptrollerError
from comptroller.vocabulary import code_list
from comptroller.warehouse import quote_identifier, quote_literals

_DEFAULT_COMMISSIONERS = quote_literals(
    row.code
    for row in code_list("commissioner_default").rows.values()
    if row.attributes["kind"] != "retired" and row.code not in NEVER_COMMISSIONERS
)
_PRACTICE_DEFAULTS = quote_literals(code_list("practice_default").codes())
_SITE_DEFAULTS = quote_literals(code_list("site_default").codes())
_PROVIDER_DEFAULTS = quote_literals(code_list("provider_default").codes())
_CODE_FORMAT = "^[A-Z0-9]{3,9}$"
LINES_AT_ONCE = 2_000_000
"""How many lines are joined with their facts at once."""

# Treatment functions and HRG chapters under which a mother or a newborn is recorded.
MATERNITY_TFCS = ("501", "505", "560", "422", "424")

# What a line says about the standing exclusions; TRUE only where something says so.
_ADMINISTRATIVE = "coalesce(m.sus_administrative_category_code, b.administrative_category_code)"
_OVERSEAS = "coalesce(m.sus_overseas_visitor_status_code, b.overseas_visitor_status_code)"
_ADMISSION = "coalesce(m.sus_admission_method_code, b.admission_method_code)"
_SOURCE = "coalesce(m.sus_source_of_admission_code, b.source_of_admission_code)"
_DESTINATION = "coalesce(m.sus_discharge_destination_code, b.discharge_destination_code)"
_DISCHARGE = "coalesce(m.sus_discharge_method_code, b.discharge_method_code)"
_IS_OVERSEAS = (
    f"coalesce({_OVERSEAS} IN ('1', '2', '3', '4', 'C', 'D', 'E', 'F'), false) "
    "OR coalesce(b.commissioner_code IN ('TDH00', 'X98'), false)"
)
_PRACTICE = f"""CASE WHEN b.general_medical_practice_code IS NOT NULL
        THEN b.general_medical_practice_code
    WHEN regexp_matches(b.organisation_identifier_gp_practice_responsibility, '{PRACTICE_FORMAT}')
        THEN b.organisation_identifier_gp_practice_responsibility END"""


def _in_record(test: str) -> str:
    """Return SQL for what a SUS record says; NULL without a record."""
    return f"CASE WHEN m.sus_line_id IS NOT NULL THEN {test} END"


def _expressions() -> dict[str, str]:
    """Return SQL for every fact of a line, by name."""
    own = {name: f"b.{quote_identifier(name)}" for name in _FROM_BASE}
    known = _PLAIN | _ATTRIBUTION | _CODES | _CARE | _SUS | _TIME | _MONEY | _REPEATS | _LISTED
    more = COURSE_FACTS | CONTACT_FACTS | _AGREED | SUPPLIED | COMPONENTS
    return own | known | more


_FROM_BASE = (
    *("is_contract_monitoring", "pod_role", "pod_group", "is_non_activity", "is_base_spell"),
    *("is_ordinary_spell", "is_day_case", "is_outpatient", "is_emergency", "month_start"),
    *("month_end", "year_start", "year_end", "received_date", "tariff_hrg", "charged_quantity"),
    *("charged_unit_price", "counting_date", "row_fingerprint"),
)
_LIVE = "b.is_contract_monitoring AND b.activity_cost > 0 AND NOT coalesce(c.is_credited, false)"
_PLAIN = {
    "is_live_charge": f"coalesce({_LIVE}, false)",
    "is_credited": "coalesce(c.is_credited, false)",
    "has_matching_charge": "coalesce(c.is_credit, false)",
}
_ATTRIBUTION = {
    "attribution_date": "y.attribution_date",
    "submitted_practice_code": "y.submitted_practice_code",
    "registered_practice_code": "y.registered_practice_code",
    "registration_source": "y.registration_source",
    "charged_payer": "y.charged_payer",
    "responsible_payer": "y.responsible_payer",
    "submitted_practice_payer": "y.submitted_practice_payer",
    "residence_payer": "y.residence_payer",
    "sus_payer": "y.sus_payer",
    "sus_commissioner_code": "y.sus_commissioner_code",
    "pds_practice": "y.pds_practice",
    "pds_payer": "y.pds_payer",
    "is_pds_practice_live": "y.is_pds_practice_live",
    "practice_open_date": "y.practice_open_date",
    "practice_close_date": "y.practice_close_date",
    "practice_successor_payer": "y.practice_successor_payer",
    "closed_practice_payer": "coalesce(y.practice_successor_payer, y.charged_payer)",
    "national_payer": "'NHS England'",
    "local_authority_payer": "'Local authority'",
    "other_nation_payer": "'Payer of another nation'",
    "is_registered_with_charged_payer": "f.is_registered_with_charged_payer",
    "left_charged_payer_date": "f.left_charged_payer_date",
    "commissioner_kind": "k.commissioner_kind",
    "service_category_payer": "g.payer",
    "specialised_line_code": "coalesce(m.sus_service_line_code, b.service_code)",
    "service_payer": "v.service_payer",
    "event_payers": "coalesce(se.event_payers, 1)",
    "event_kept_payer": "coalesce(se.event_kept_payer, y.charged_payer)",
    "day_payers": "coalesce(sd.day_payers, 1)",
    "day_kept_payer": "coalesce(sd.day_kept_payer, y.charged_payer)",
}
_LIVE_ON = "BETWEEN {0}.open_date AND {0}.close_date"
_CODES = {
    "is_commissioner_known": f"""CASE WHEN b.commissioner_code IS NULL THEN NULL
        WHEN b.commissioner_code IN ({quote_literals(NEVER_COMMISSIONERS)}) THEN false
        WHEN b.commissioner_code IN ({_DEFAULT_COMMISSIONERS}) THEN true
        WHEN oc.is_commissioner AND (oc.has_successor
            OR y.payer_date {_LIVE_ON.format("oc")}) THEN true
        ELSE false END""",
    "is_provider_known": f"""CASE WHEN b.provider_code IS NULL THEN NULL
        WHEN b.provider_code IN ({_PROVIDER_DEFAULTS}) THEN true
        WHEN NOT regexp_matches(b.provider_code, '{_CODE_FORMAT}') THEN false
        ELSE coalesce(op.is_provider AND (op.has_successor
            OR b.month_start <= op.close_date AND b.month_end >= op.open_date), false) END""",
    "is_site_known": f"""CASE
        WHEN b.organisation_site_identifier_of_treatment IS NULL THEN NULL
        WHEN b.organisation_site_identifier_of_treatment IN ({_SITE_DEFAULTS}) THEN true
        WHEN NOT regexp_matches(b.organisation_site_identifier_of_treatment, '{_CODE_FORMAT}')
            THEN false
        WHEN os.is_provider THEN true
        WHEN ws.provider_code IS NOT NULL THEN false
        ELSE coalesce(starts_with(b.organisation_site_identifier_of_treatment, b.provider_code),
            false) END""",
    "is_practice_known": f"""CASE WHEN {_PRACTICE} IS NULL THEN NULL
        WHEN {_PRACTICE} IN ({_PRACTICE_DEFAULTS}) THEN true
        WHEN NOT regexp_matches({_PRACTICE}, '{PRACTICE_FORMAT}') THEN false
        ELSE coalesce(og.is_practice, false) OR pr.practice_code IS NOT NULL END""",
    "is_treatment_function_known": """CASE
        WHEN b.activity_treatment_function_code IS NULL THEN NULL
        ELSE coalesce(coalesce(y.attribution_date, b.month_start)
            BETWEEN t.from_date AND t.to_date, false) END""",
    "is_pod_known": "CASE WHEN b.pod_code IS NULL THEN NULL ELSE b.pod_listed END",
    "is_tariff_code_known": "CASE WHEN b.tariff_hrg IS NULL THEN NULL ELSE h.code IS NOT NULL END",
    "is_service_code_known": """CASE WHEN b.service_code IS NULL THEN NULL
        WHEN b.service_code IN ('99999', '99999999') THEN true
        ELSE sl.service_code IS NOT NULL END""",
    "local_pod_meanings": "coalesce(lp.local_pod_meanings, 1)",
    "local_pod_usual_code": "coalesce(lp.local_pod_usual_code, b.pod_code)",
    "blank_elements": "bl.blank_elements",
    "has_blank_elements": "bl.blank_elements IS NOT NULL",
    "is_linkage_missing": "bl.is_linkage_missing",
}
_CARE = {
    "is_private": (
        f"coalesce({_ADMINISTRATIVE} = '02', false) OR coalesce(b.commissioner_code = 'VPP00', "
        f"false) AND NOT ({_IS_OVERSEAS})"
    ),
    "is_overseas": _IS_OVERSEAS,
    "is_chargeable_visitor": f"{_OVERSEAS} IN ('4', 'F')",
    "is_prison": (
        "coalesce(b.commissioned_service_category_code IN ('71', '75'), false) "
        f"OR coalesce({_SOURCE} IN ('39', '40'), false) "
        f"OR coalesce({_DESTINATION} = '38', false)"
    ),
    "is_armed_forces": (
        "coalesce(b.commissioned_service_category_code IN ('61', '92'), false) "
        "OR coalesce(b.commissioner_code = 'XMD00', false) OR coalesce(dm.is_defence, false)"
    ),
    "is_defence_practice": "coalesce(dm.is_defence, false)",
    "is_placement": (
        "regexp_matches(concat_ws(' ', b.local_pod_description, "
        "b.local_contract_monitoring_description, b.additional_description_first), "
        "'(?i)placement|continuing (health)?care|section 117|s117')"
    ),
    "is_detained": (
        f"coalesce({_DISCHARGE} = '3', false) OR coalesce({_SOURCE} = '49', false) "
        f"OR coalesce({_DESTINATION} IN ('30', '48', '49', '50'), false)"
    ),
    "is_specialised": (
        "coalesce(b.commissioned_service_category_code IN ('21', '22', '25', '26'), false)"
    ),
    "is_maternity_or_newborn": (
        "coalesce(b.activity_treatment_function_code "
        f"IN ({quote_literals(MATERNITY_TFCS)}), false) "
        "OR coalesce(left(b.tariff_hrg, 2) IN ('NZ', 'PB'), false) "
        f"OR coalesce({_ADMISSION} IN ('31', '32', '82', '83'), false)"
    ),
    "administrative_category": _ADMINISTRATIVE,
    "least_age_days": """CASE
        WHEN b.person_birth_month IS NOT NULL AND b.activity_start_date IS NOT NULL
            THEN CAST(greatest(0, b.activity_start_date - last_day(b.person_birth_month))
                AS INTEGER)
        WHEN b.age_at_activity_date BETWEEN 0 AND 120 THEN b.age_at_activity_date * 365 END""",
    "least_age_years": LEAST_AGE,
    "greatest_age_years": GREATEST_AGE,
    "contact_mode": """CASE WHEN NOT b.is_outpatient THEN NULL
        WHEN b.pod_code IN ('NF2FFA', 'NF2FFUP') THEN 'remote'
        WHEN coalesce(b.first_attendance_code, m.sus_first_attendance_code) IN ('3', '4')
            THEN 'remote' ELSE 'face_to_face' END""",
    "is_chargeable_attendance": (
        f"b.is_outpatient AND coalesce({_LIVE}, false) AND coalesce(coalesce("
        "m.sus_attended_code, b.attended_or_did_not_attend_code) IN ('5', '6'), true)"
    ),
    "death_date": "coalesce(b.person_death_date, m.sus_death_date, de.person_death_date)",
    "days_after_death": (
        "CAST(b.activity_start_date - coalesce(b.person_death_date, m.sus_death_date, "
        "de.person_death_date) AS INTEGER)"
    ),
    "is_dated_contact": "coalesce(b.pod_role IN ('outpatient', 'drug', 'device'), false)",
    "procedure_3": "coalesce(left(b.primary_procedure_code, 3), m.sus_procedure_3)",
}
_SUS = {
    "sus_match_tier": "m.sus_match_tier",
    "sus_line_id": "m.sus_line_id",
    "sus_start_date": "m.sus_start_date",
    "sus_end_date": "m.sus_end_date",
    "sus_cost": "m.sus_cost",
    "sus_gender_code": "m.sus_gender_code",
    "sus_days_apart": """CASE WHEN b.pod_role IN ('spell', 'regular', 'outpatient', 'emergency')
            AND m.sus_match_tier IN ('cds', 'identifier')
        THEN CAST(greatest(abs(b.activity_start_date - m.sus_start_date),
            CASE WHEN b.pod_role IN ('spell', 'regular')
                THEN abs(b.activity_end_date - m.sus_end_date) END) AS INTEGER) END""",
    "is_in_contract_monitoring": "sm.is_in_contract_monitoring",
    **{
        name: f"m.{name}"
        for name in (
            *("sus_hrg", "sus_admission_method_code", "sus_discharge_method_code"),
            *("sus_patient_classification_code", "sus_intended_management_code"),
            *(
                "sus_primary_diagnosis_code",
                "sus_primary_procedure_code",
                "sus_first_attendance_code",
            ),
            *("sus_attended_code", "sus_source_of_referral_code", "sus_treatment_function_code"),
            *("sus_site_code", "sus_birth_month", "sus_department_type_code"),
            *("sus_length_of_stay_days", "sus_excess_bed_days", "sus_trim_point_days"),
            *("sus_critical_care_days", "sus_secondary_diagnosis_codes"),
            *("sus_secondary_procedure_codes", "sus_nhs_number_status", "sus_procedure_date"),
            *("sus_has_data_quality_error", "sus_code_cleaning_applied", "sus_home_leave_days"),
            *("sus_decided_to_admit_date", "sus_discharge_ready_date", "sus_episodes_in_spell"),
            *("sus_multi_professional_code", "sus_pathway_identifier", "sus_priority_type_code"),
            *("sus_referral_date", "sus_attendance_category_code", "sus_emergency_status_code"),
            *("sus_consultation_mechanism_code", "sus_source_of_admission_code"),
            "sus_discharge_destination_code",
        )
    },
    "sus_has_procedure": _in_record("m.sus_primary_procedure_code IS NOT NULL"),
    "sus_has_diagnosis": _in_record("m.sus_primary_diagnosis_code IS NOT NULL"),
    "sus_is_finished": _in_record("m.sus_end_date IS NOT NULL"),
    "sus_minutes_in_spell": (
        "CAST(date_diff('minute', m.sus_spell_start_time, m.sus_spell_end_time) AS INTEGER)"
    ),
    "sus_minutes_in_department": (
        "CAST(date_diff('minute', m.sus_arrival_time, m.sus_departure_time) AS INTEGER)"
    ),
}
_TIME = {
    "is_counted_in_month": "b.counting_date BETWEEN b.month_start AND b.month_end",
    "months_late": (
        "CAST((year(b.month_start) - year(b.counting_date)) * 12 + month(b.month_start) "
        "- month(b.counting_date) AS INTEGER)"
    ),
    "days_after_receipt": (
        "CAST(greatest(b.activity_start_date, b.activity_end_date) - b.received_date AS INTEGER)"
    ),
}
# Whether unit prices hold market forces (or delivery) is each provider's habit: the line's gap is
# that of the reading that fits best. One step a level, since the engine computes what stands
# inside a CASE as often as it is written.
_WITH_GAPS = """(
    SELECT *, least(abs(gap_bare), abs(gap_with_extra), abs(gap_with_factor)) AS gap_size
    FROM (
        SELECT *, activity_cost - product AS gap_bare,
            activity_cost - product - CASE WHEN data_set = 'DrPLCM' THEN home_delivery_charge
                ELSE market_forces_cost END AS gap_with_extra,
            activity_cost - TRY_CAST(TRY_CAST(product AS DECIMAL(18,4)) * mff AS DECIMAL(30,8))
                AS gap_with_factor
        FROM (
            SELECT b.*, TRY_CAST(mf.mff AS DECIMAL(12,8)) AS mff,
                CASE WHEN b.data_set IN ('PLCM', 'DrPLCM', 'DePLCM') THEN
                    TRY_CAST(TRY_CAST(b.charged_quantity AS DECIMAL(17,5))
                        * TRY_CAST(b.charged_unit_price AS DECIMAL(20,8)) AS DECIMAL(30,8))
                    END AS product
            FROM facts_base AS b
            LEFT JOIN facts_factors AS mf ON mf.provider_code = b.provider_code
                AND mf.financial_year = b.financial_year)))"""
_GAPS = ("gap_bare", "gap_with_extra", "gap_with_factor")
_MONEY = {
    "charged_units": "greatest(1, abs(b.charged_quantity))",
    "arithmetic_gap": "least("
    + ", ".join(f"CASE WHEN abs(b.{gap}) = b.gap_size THEN b.{gap} END" for gap in _GAPS)
    + ")",
    "has_base_spell": "bs.has_base_spell",
}
_REPEATS = {
    "earlier_charge_month": "ag.earlier_charge_month",
    "earlier_charge_line_id": "ag.earlier_charge_line_id",
    "is_charged_earlier": "ag.earlier_charge_month IS NOT NULL",
    "overlap_days": "coalesce(ov.overlap_days, -1)",
    "overlap_line_id": "ov.overlap_line_id",
    "other_provider_overlap_days": "coalesce(ov.other_provider_overlap_days, -1)",
    "other_provider_line_id": "ov.other_provider_line_id",
    "other_provider_code": "ov.other_provider_code",
    "around_line_id": "ins.around_line_id",
    "around_start_date": "ins.around_start_date",
    "around_end_date": "ins.around_end_date",
    "stay_line_id": "cl.stay_line_id",
    "stay_start_date": "cl.stay_start_date",
    "stay_end_date": "cl.stay_end_date",
    "minutes_between_arrivals": "ar.minutes_between_arrivals",
    "other_arrival_line_id": "ar.other_arrival_line_id",
    "attendance_charge_ordinal": "coalesce(ai.attendance_charge_ordinal, 1)",
    "first_attendance_charge_line_id": "ai.first_attendance_charge_line_id",
    "supply_data_set": "tw.supply_data_set",
    "supply_line_id": "tw.supply_line_id",
    "supply_days_apart": "tw.supply_days_apart",
    "supply_cost": "tw.supply_cost",
    "adjustment_month_ordinal": "coalesce(ad.adjustment_month_ordinal, 1)",
    "first_adjustment_line_id": "ad.first_adjustment_line_id",
    "has_core_activity": "co.has_core_activity",
    "previous_discharge_date": "pv.previous_discharge_date",
    "previous_stay_line_id": "pv.previous_stay_line_id",
    "previous_stay_cost": "pv.previous_stay_cost",
    "previous_stay_site_code": "pv.previous_stay_site_code",
}

_LISTED = {
    "national_price": with_market_forces(
        """CASE WHEN b.pod_code = 'DC' THEN hp.day_case WHEN b.pod_code = 'EL' THEN hp.elective
        WHEN b.pod_code IN ('NEL', 'NELNE') THEN hp.emergency
        WHEN b.pod_code IN ('OPPROC', 'OPPROCFA', 'OPPROCFUP') THEN hp.outpatient_procedure END"""
    ),
    "sus_setting_price": with_market_forces(
        """CASE WHEN m.sus_patient_classification_code = '2' THEN hp.day_case
        WHEN starts_with(m.sus_admission_method_code, '1') THEN hp.elective
        WHEN starts_with(m.sus_admission_method_code, '2') THEN hp.emergency END"""
    ),
    "first_attendance_price": with_market_forces("cp.first_attendance"),
    "follow_up_price": with_market_forces("cp.follow_up"),
    "simplest_emergency_price": with_market_forces("sp.simplest"),
    "is_item_listed": "it.is_item_listed",
    "item_payer": "it.item_payer",
    "item_highest_price": "it.item_highest_price",
    "is_indication_listed": "it.is_indication_listed",
    "is_approval_needed": "it.is_approval_needed",
    **{name: f"ap.{name}" for name in APPROVAL_FACTS},
    **{
        name: f"""CASE WHEN po.n IS NOT NULL THEN po.{name}
            WHEN {CODED_CARE} AND (b.activity_start_date IS NULL
                OR coalesce(m.sus_line_id, b.primary_procedure_code) IS NULL)
                THEN NULL ELSE 'none' END"""
        for name in ("policy_check", "policy_kind")
    },
    **{name: f"po.{name}" for name in POLICY_FACTS},
}

_AGREED = {
    **{
        name: f"gr.{name}"
        for name in (
            *("contract_id", "contract_category", "is_contract_held", "payment_element"),
            *("is_in_plan", "is_function_in_plan", "plan_last_month"),
        )
    },
    **{name: f"lo.{name}" for name in ("has_local_price", "local_price")},
    "earlier_unit_price": "st.earlier_unit_price",
    "lines_at_price": "st.lines_at_price",
    "is_price_varied": "st.is_price_varied",
    **{
        name: f"nt.{name}"
        for name in (
            *("notice_id", "notice_status", "notice_effective_date", "notice_previous_price"),
        )
    },
    "is_adjustment_registered": "rg.is_adjustment_registered",
    "subcontract_id": "sb.subcontract_id",
    "subcontractor_code": "sb.subcontractor_code",
    "host_line_id": "ht.host_line_id",
    "host_provider_code": "ht.host_provider_code",
    "host_days_apart": "ht.host_days_apart",
    **{
        name: f"li.{name}"
        for name in (
            *("limit_id", "limit_kind", "limit_activity", "limit_activity_charged"),
            *("limit_cost_charged",),
        )
    },
    **{
        name: f"ca.{name}"
        for name in (
            *("follow_up_cap_id", "follow_up_cap", "first_attendances"),
            *("follow_up_attendances", "follow_up_cost"),
        )
    },
    "days_of_run": "rn.days_of_run",
    "days_since_short_stay": "rt.days_since_short_stay",
    "short_stay_line_id": "rt.short_stay_line_id",
    "same_day_emergency_line_id": "sy.same_day_emergency_line_id",
    **{
        name: f"xp.{name}"
        for name in ("regular_day_price", "ward_attender_price", "same_day_price")
    },
    "is_item_fixed": """CASE WHEN b.data_set IN ('DrPLCM', 'DePLCM')
        AND coalesce(b.drug_code, b.device_code) IS NOT NULL AND gr.is_contract_held
        THEN coalesce(fx.is_item_fixed, false) END""",
}

# One row per line at most in each; sparse ones make the small side of a hash join.
_JOINS = """
    LEFT JOIN facts_payers AS y USING (n)
    LEFT JOIN facts_matched AS m USING (n)
    LEFT JOIN facts_slam_matched AS sm USING (n)
    LEFT JOIN facts_left AS f USING (n)
    LEFT JOIN facts_credits AS c USING (n)
    LEFT JOIN facts_again AS ag USING (n)
    LEFT JOIN facts_arrivals AS ar USING (n)
    LEFT JOIN facts_attendance_ids AS ai USING (n)
    LEFT JOIN facts_adjustments AS ad USING (n)
    LEFT JOIN facts_base_spells AS bs USING (n)
    LEFT JOIN facts_overlaps AS ov USING (n)
    LEFT JOIN facts_inside AS ins USING (n)
    LEFT JOIN facts_clinics AS cl USING (n)
    LEFT JOIN facts_twice AS tw USING (n)
    LEFT JOIN facts_shared_event AS se USING (n)
    LEFT JOIN facts_shared_day AS sd USING (n)
    LEFT JOIN facts_blank AS bl USING (n)
    LEFT JOIN facts_core AS co USING (n)
    LEFT JOIN facts_previous AS pv USING (n)
    LEFT JOIN facts_items AS it USING (n)
    LEFT JOIN facts_policies AS po USING (n)
    LEFT JOIN facts_approvals AS ap USING (n)
    LEFT JOIN facts_agreed AS gr USING (n)
    LEFT JOIN facts_local AS lo USING (n)
    LEFT JOIN facts_steps AS st USING (n)
    LEFT JOIN facts_noticed AS nt USING (n)
    LEFT JOIN facts_registered AS rg USING (n)
    LEFT JOIN facts_subcontracted AS sb USING (n)
    LEFT JOIN facts_host_twins AS ht USING (n)
    LEFT JOIN facts_limited AS li USING (n)
    LEFT JOIN facts_capped AS ca USING (n)
    LEFT JOIN facts_fixed_items AS fx USING (n)
    LEFT JOIN facts_runs AS rn USING (n)
    LEFT JOIN facts_returns AS rt USING (n)
    LEFT JOIN facts_same_day AS sy USING (n)
    LEFT JOIN facts_line_prices AS xp USING (n)
    LEFT JOIN facts_supplies AS su USING (n)
    LEFT JOIN facts_usual_prices AS up USING (n)
    LEFT JOIN facts_deaths AS de ON de.k_person = b.k_person
    LEFT JOIN facts_commissioner_kinds AS k ON k.commissioner_code = b.commissioner_code
    LEFT JOIN facts_service_categories AS g ON g.code = b.commissioned_service_category_code
    LEFT JOIN facts_service_lines AS v
        ON v.service_code = coalesce(m.sus_service_line_code, b.service_code)
        AND v.financial_year = CASE WHEN b.financial_year < '2024/25' THEN 'earlier'
            ELSE least(b.financial_year, '2026/27') END
    LEFT JOIN (SELECT DISTINCT service_code FROM facts_service_lines) AS sl
        ON sl.service_code = b.service_code
    LEFT JOIN facts_organisations AS oc ON oc.org_code = b.commissioner_code
    LEFT JOIN facts_organisations AS op ON op.org_code = b.provider_code
    LEFT JOIN facts_organisations AS os
        ON os.org_code = b.organisation_site_identifier_of_treatment
    LEFT JOIN facts_organisations AS og ON og.org_code = {practice}
    LEFT JOIN facts_practices AS pr ON pr.practice_code = {practice}
    LEFT JOIN facts_defence_practices AS dm ON dm.practice_code = y.submitted_practice_code
    LEFT JOIN facts_providers_with_sites AS ws ON ws.provider_code = b.provider_code
    LEFT JOIN facts_treatment_functions AS t ON t.code = b.activity_treatment_function_code
    LEFT JOIN facts_tariff_codes AS h ON h.code = b.tariff_hrg
    LEFT JOIN facts_local_pods AS lp ON lp.provider_code = b.provider_code
        AND lp.financial_year = b.financial_year AND lp.local_pod_code = b.local_pod_code
    LEFT JOIN facts_hrg_prices AS hp ON hp.code = b.tariff_hrg
        AND hp.financial_year = b.financial_year
    LEFT JOIN facts_guides AS gp ON gp.code = b.tariff_hrg
        AND gp.financial_year = b.financial_year
    LEFT JOIN facts_clinic_prices AS cp ON cp.code = b.activity_treatment_function_code
        AND cp.financial_year = b.financial_year
    LEFT JOIN facts_simplest_prices AS sp ON sp.financial_year = b.financial_year
"""


def create_checked(
    con: duckdb.DuckDBPyConnection, where: str, columns: Iterable[str] | None = None
) -> None:
    """Create the native table ``checked`` from ``facts_base`` and the tables of facts.

    Args:
        con: Connection on which the facts were made.
        where: SQL over ``b`` (the base) that says which lines are in scope.
        columns: Names that the checks read; None for every line column and every fact.
    """
    wanted = None if columns is None else set(columns)
    expressions = _expressions()
    declared = fact_columns()
    facts = [name for name in declared if wanted is None or name in wanted]
    lines = [f"b.{quote_identifier(name)}" for name in stored_columns(wanted)]
    selected = [
        *lines,
        *(
            f"CAST({expressions[name]} AS {declared[name].type}) AS {quote_identifier(name)}"
            for name in facts
        ),
    ]
    target = f"{STORE}.main.checked"
    head = f"CREATE OR REPLACE TABLE {target} AS"
    for within in _portions(con):
        # Each portion of the lines meets the same portion of the facts: the engine keeps all that
        # is joined in memory at once.
        joins = re.sub(
            r"LEFT JOIN (\w+) AS (\w+) USING \(n\)",
            rf"LEFT JOIN (SELECT * FROM \1 WHERE {within}) AS \2 USING (n)",
            _JOINS.format(practice=_PRACTICE) + COURSE_JOINS + CONTACT_JOINS,
        )
        con.execute(
            f"{head} SELECT {', '.join(selected)} FROM {_WITH_GAPS} AS b {joins} "
            f"WHERE {where} AND b.{within}"
        )
        compress_if_many(con, "checked")
        head = f"INSERT INTO {target}"
    _refuse_doubled(con, target, where)


def _refuse_doubled(con: duckdb.DuckDBPyConnection, target: str, where: str) -> None:
    """See that every line is there once: a fact with two rows for a line would double its pounds.

    Raises:
        ComptrollerError: There are more lines than were read, or fewer.
    """
    made, read = con.execute(
        f"SELECT (SELECT count(*) FROM {target}), "
        f"(SELECT count(*) FROM {_WITH_GAPS} AS b WHERE {where})"
    ).fetchall()[0]
    if made != read:
        raise ComptrollerError(
            f"the facts of {read:,} lines were put together as {made:,}",
            remedy="Report this: nothing was recorded",
        )


def _portions(con: duckdb.DuckDBPyConnection) -> list[str]:
    """Return conditions on ``n`` that divide the lines into portions of bounded size."""
    lines = int(con.execute("SELECT count(*) FROM facts_base").fetchall()[0][0])
    starts = range(0, max(lines, 1), LINES_AT_ONCE)
    return [f"n BETWEEN {start} AND {start + LINES_AT_ONCE - 1}" for start in starts]
