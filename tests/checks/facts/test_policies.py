"""Which policy a procedure falls under, and which approval its patient holds."""

from __future__ import annotations

import datetime as dt
from typing import Any

HEAD = "policy_id,title,kind,check_id,commissioner_code,procedure_codes,diagnosis_codes"
EARS = f"""{HEAD},age_from,sex,limit_count,limit_months,to_date
EARS,Ears,restricted,PLC-010,,D03.3,,,,,,
TOES,Toes,prior_approval,,,W15;W59,M20,18,,,,
BACK,Back,restricted,PLC-026,,A52,,,,1,12,
CUT,Cut,restricted,PLC-013,,B311,,,1,,,
OLD,Old,restricted,PLC-014,,S621,,,,,,2026-04-14
"""
APPROVALS = "approval_id,policy_id,patient_key,provider_code,status,valid_from"


def spell(economy: Any, procedure: str | None, diagnosis: str = "Q175", **given: Any) -> str:
    """Add a planned admission with its SUS record and return the charged line."""
    number = f"C{len(economy.lines)}"
    person = {
        name: given.pop(name)
        for name in ("patient_key", "person_birth_month", "activity_start_date", "provider_code")
        if name in given
    }
    codes = {
        name: given.pop(name)
        for name in ("secondary_procedure_codes", "secondary_diagnosis_codes")
        if name in given
    }
    economy.line(
        data_set="SUS_APC", cds_unique_identifier=number, primary_procedure_code=procedure,
        primary_diagnosis_code=diagnosis, **person, **codes,
    )  # fmt: skip
    return str(economy.line(**{"pod_code": "DC", "cds_unique_identifier": number} | person | given))


def test_a_procedure_falls_under_the_policy_that_names_it(economy: Any) -> None:
    economy.reference({"policies.csv": EARS})
    ears = spell(economy, "D033")
    nose = spell(economy, "E025")
    toes = spell(economy, "W151", "M201", person_birth_month=dt.date(1980, 1, 1))
    other_toes = spell(economy, "W151", "S934", person_birth_month=dt.date(1980, 1, 1))
    emergency = spell(economy, "D033", pod_code="NEL")
    unlinked = economy.line(pod_code="DC", cds_unique_identifier="none")
    over = spell(economy, "S621")
    facts = economy.build()
    assert facts.of(ears, "policy_check", "policy_kind", "policy_id") == (
        "PLC-010", "restricted", "EARS",
    )  # fmt: skip
    assert facts.of(toes, "policy_check", "policy_kind") == ("PLC-001", "prior_approval")
    for line in (nose, other_toes, emergency, over):
        assert facts.of(line, "policy_check", "policy_kind", "policy_id") == ("none", "none", None)
    assert facts.of(unlinked, "policy_check") is None


def test_what_a_policy_asks_and_nobody_knows_leaves_it_unknown(economy: Any) -> None:
    economy.reference({"policies.csv": EARS})
    no_age = spell(economy, "W151", "M201")
    no_sex = spell(economy, "B311")
    child = spell(economy, "W151", "M201", person_birth_month=dt.date(2010, 1, 1))
    facts = economy.build()
    assert facts.of(no_age, "policy_check") is None
    assert facts.of(no_sex, "policy_check") is None
    assert facts.of(child, "policy_check") == "none"


OWN = f"""{HEAD}
ALL,For all,restricted,PLC-010,,D033,
HOST,The host's,restricted,PLC-010,QZA,D033,
OWN,Own,restricted,PLC-010,QZB,D032,
FREE,None,unrestricted,PLC-024,QZB,W15,
TOES,Toes,restricted,PLC-024,QZA,W15,
"""
CONTRACTS = """contract_id,provider_code,commissioner_code,coordinating_commissioner_code,\
financial_year,role
C1,RZ1,QZA,,2026/27,host
C1,RZ1,QZB,QZA,2026/27,associate
"""


def test_own_policy_goes_before_the_hosts_and_that_before_one_for_all(economy: Any) -> None:
    economy.reference({"policies.csv": OWN, "contracts.csv": CONTRACTS})
    at_host = spell(economy, "D033")
    own_only = spell(economy, "D032", commissioner_code="QZB")
    hosts_only = spell(economy, "D033", commissioner_code="QZB")
    free = spell(economy, "W151", commissioner_code="QZB")
    elsewhere = spell(economy, "D033", commissioner_code="QZB", provider_code="RZ2")
    toes = spell(economy, "W151")
    stranger = spell(economy, "D033", commissioner_code="ZH1", provider_code="RZ2")
    facts = economy.build()
    assert facts.of(at_host, "policy_id") == "HOST"
    assert facts.of(own_only, "policy_id", "policy_commissioner_code") == ("OWN", "QZB")
    assert facts.of(hosts_only, "policy_check") == "none"
    assert facts.of(free, "policy_check") == "none"
    assert facts.of(elsewhere, "policy_check") == "none"
    assert facts.of(toes, "policy_id") == "TOES"
    assert facts.of(stranger, "policy_id") == "ALL"


def test_a_hosts_policy_holds_for_an_associate_without_its_own(economy: Any) -> None:
    policies = f"{HEAD}\nHOST,The host's,restricted,PLC-010,QZA,D033,\n"
    economy.reference({"policies.csv": policies, "contracts.csv": CONTRACTS})
    associate = spell(economy, "D033", commissioner_code="QZB")
    elsewhere = spell(economy, "D033", commissioner_code="QZB", provider_code="RZ2")
    facts = economy.build()
    assert facts.of(associate, "policy_id") == "HOST"
    assert facts.of(elsewhere, "policy_check") == "none"


def test_a_limit_holds_for_what_goes_beyond_it(economy: Any) -> None:
    economy.reference({"policies.csv": EARS})
    first = spell(economy, "A521", activity_start_date="2026-04-02")
    second = spell(economy, "A522", activity_start_date="2026-04-20")
    another = spell(economy, "A521", activity_start_date="2026-04-21", patient_key="p2")
    facts = economy.build()
    assert facts.of(first, "policy_check") == "none"
    assert facts.of(second, "policy_check", "policy_uses", "policy_limit_count") == (
        "PLC-026", 2, 1,
    )  # fmt: skip
    assert facts.of(another, "policy_check") == "none"


# Codes of a record, and the intervention they make.
TOGETHER = (
    ("H511", "K641", {}, "EBI-009"),  # a pattern that matched nothing in its source
    ("H511", "C218", {"secondary_diagnosis_codes": "K641"}, "none"),
    ("O291", "M754", {"secondary_procedure_codes": "Y767|Z812"}, "EBI-012"),
    ("O291", "M754", {"secondary_procedure_codes": "Y082"}, "none"),
    ("E133", "J329", {"secondary_procedure_codes": "Y76.1"}, "EBI-019"),
    ("W822", "M233", {"secondary_diagnosis_codes": "I10X|M238"}, "EBI-026"),
    ("W822", "M233", {"secondary_diagnosis_codes": "I10X"}, "none"),
)


def test_several_codes_together(economy: Any) -> None:
    lines = [spell(economy, main, why, **more) for main, why, more, _ in TOGETHER]
    facts = economy.build()
    assert [facts.of(line, "policy_check") for line in lines] == [said for *_, said in TOGETHER]


def test_sites_of_the_spine_are_looked_for_among_the_procedures(economy: Any) -> None:
    adult = {"person_birth_month": dt.date(1970, 1, 1)}
    spell(economy, "V485", "M545", activity_start_date="2026-04-02",
          secondary_procedure_codes="Z676", **adult)  # fmt: skip
    second = spell(economy, "V485", "M545", activity_start_date="2026-04-28",
                   secondary_procedure_codes="Z676", **adult)  # fmt: skip
    neck = spell(economy, "V485", "M545", activity_start_date="2026-04-29",
                 secondary_procedure_codes="Z673", **adult)  # fmt: skip
    facts = economy.build()
    assert facts.of(second, "policy_check") == "EBI-029"
    assert facts.of(neck, "policy_check") == "none"


def test_a_commissioners_row_takes_the_place_of_the_national_list(economy: Any) -> None:
    economy.reference({"policies.csv": f"{HEAD}\nOWN,Ours,ebi,EBI-009,QZA,H512,\n"})
    national = spell(economy, "H511", "K641")
    own = spell(economy, "H512", "K641")
    facts = economy.build()
    assert facts.of(national, "policy_check") == "none"
    assert facts.of(own, "policy_check", "policy_id") == ("EBI-009", "OWN")


# Approvals of one patient each (policy, provider, status, first day, last day, procedure, day of
# the decision, drug), and what they come to for a procedure under EARS on 15 April.
STATES: tuple[tuple[tuple[str, ...], str, int | None], ...] = (
    ((), "none", None),
    (("EARS,RZ1,approved,2026-04-15",), "approved", 0),
    (("EARS,RZ1,approved,2026-04-16",), "late", 0),
    (("EARS,RZ1,Approved,2026-01-01,2026-04-15",), "approved", 0),
    (("EARS,RZ1,approved,2026-01-01,2026-04-14",), "lapsed", 0),
    (("EARS,RZ2,approved,2026-01-01",), "elsewhere", 0),
    (("TOES,RZ1,approved,2026-01-01",), "other", 0),
    (("Letter,RZ1,approved,2026-01-01,,D033",), "approved", 0),
    (("Letter,RZ1,approved,2026-01-01,,D031",), "other", 0),
    (("EARS,RZ1,declined,2026-01-01",), "declined", 0),
    (("EARS,RZ1,pending,2026-01-01",), "none", None),
    (("EARS,RZ1,approved,2026-01-01", "EARS,RZ1,withdrawn,2026-02-01"), "declined", 1),
    (("EARS,RZ1,declined,2026-01-01", "EARS,RZ1,approved,2026-02-01"), "approved", 1),
    (("EARS,RZ1,approved,2026-01-01", "EARS,RZ1,declined,2026-05-01"), "approved", 0),
    (("EARS,RZ1,approved,2026-01-01,,,2026-04-20",), "late", 0),
    (("EARS,RZ1,approved,2026-01-01,,,,D1",), "none", None),
)


def test_states_of_approval(economy: Any) -> None:
    head = "approval_id,patient_key,policy_id,provider_code,status,valid_from,valid_to,"
    rows = [head + "procedure_code,decided_on,drug_code"]
    for patient, (approvals, _, _) in enumerate(STATES):
        for place, text in enumerate(approvals):
            row = f"A{patient}-{place},p{patient},{text}"
            rows.append(row + "," * (rows[0].count(",") - row.count(",")))
    economy.reference({"policies.csv": EARS, "approvals.csv": "\n".join(rows) + "\n"})
    lines = [spell(economy, "D033", patient_key=f"p{patient}") for patient in range(len(STATES))]
    nobody = spell(economy, "D033", patient_key=None)
    tokens = {"patient_key_domain": "regional", "activity_start_date": "2026-04-15"}
    token = spell(economy, "D033", patient_key="t1", **tokens)
    plain = spell(economy, "E025", patient_key="p1")
    facts = economy.build()
    assert [facts.of(line, "approval_state", "approval_id") for line in lines] == [
        (state, None if which is None else f"A{patient}-{which}")
        for patient, (_, state, which) in enumerate(STATES)
    ]
    assert facts.of(nobody, "approval_state") is None
    assert facts.of(token, "policy_check", "approval_state") == ("PLC-010", None)
    assert facts.of(plain, "approval_state") is None


def test_uses_of_one_approval_are_counted_by_date(economy: Any) -> None:
    economy.reference({
        "policies.csv": EARS,
        "approvals.csv": f"{APPROVALS},quantity\nA,EARS,p1,RZ1,approved,2026-01-01,1\n",
    })  # fmt: skip
    second = spell(economy, "D033", activity_start_date="2026-04-20")
    first = spell(economy, "D033", activity_start_date="2026-04-02")
    facts = economy.build()
    names = ("approval_use_ordinal", "approval_quantity", "policy_earlier_line_id")
    assert facts.of(first, *names) == (1, 1, None)
    assert facts.of(second, *names) == (2, 1, first)


def test_drugs_and_devices_that_need_an_approval(economy: Any) -> None:
    economy.reference({
        "drugs.csv": "drug_code,name,funded_by,approval_required\nD1,One,ICB,Y\nD2,Two,ICB,N\n",
        "devices.csv": "device_code,category,funded_by,approval_required\nV1,HL1,ICB,Y\n",
        "approvals.csv": f"{APPROVALS},valid_to,drug_code,device_code,indication\n"
        "A,Form,p1,RZ1,approved,2026-01-01,2026-04-05,D1,,I1\n"
        "B,Form,p2,RZ1,approved,2026-01-01,,,V1,\n",
    })  # fmt: skip
    lapsed = economy.line(data_set="DrPLCM", drug_code="D1", therapeutic_indication_code="I1")
    other = economy.line(data_set="DrPLCM", drug_code="D1", therapeutic_indication_code="I2",
                         activity_start_date="2026-04-03")  # fmt: skip
    free = economy.line(data_set="DrPLCM", drug_code="D2")
    device = economy.line(data_set="DePLCM", device_code="V1", patient_key="p2")
    without = economy.line(data_set="DePLCM", device_code="V1", patient_key="p1")
    facts = economy.build()
    names = ("is_approval_needed", "approval_state", "approval_lapsed_days")
    assert facts.of(lapsed, *names) == (True, "lapsed", 10)
    assert facts.of(other, *names) == (True, "other", None)
    assert facts.of(free, *names) == (False, None, None)
    assert facts.of(device, *names) == (True, "approved", None)
    assert facts.of(without, *names) == (True, "none", None)
