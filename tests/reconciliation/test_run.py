"""The run, its views and its command."""

import json

from comptroller.calendar import FinancialMonth
from comptroller.reconciliation import TIES, create_tie_out_views, reconcile
from tests.command import run as comptroller
from tests.small_economy import SmallEconomy, line


def test_the_same_loads_give_the_same_run_which_is_written_once(economy: SmallEconomy) -> None:
    economy.slice("ACM", [line("NEL", 1)])
    first, second = reconcile(economy.ws), reconcile(economy.ws)
    assert (first.was_done, second.was_done) == (False, True)
    assert first.rows == second.rows
    economy.slice("ACM", [line("NEL", 2)], month=2)
    third = reconcile(economy.ws)
    assert third.run_id != first.run_id
    assert not third.was_done


def test_readers_see_the_latest_run_only(economy: SmallEconomy) -> None:
    economy.slice("ACM", [line("NEL", 1)])
    reconcile(economy.ws)
    economy.slice("ACM", [line("NEL", 1)], month=2)
    last = reconcile(economy.ws)
    con = economy.ws.connect()
    create_tie_out_views(con, economy.ws.warehouse)
    seen = con.execute(
        "SELECT DISTINCT run_id, count(*) FROM latest_tie_outs GROUP BY 1"
    ).fetchall()
    assert seen == [(last.run_id, len(last.rows))]


def test_a_run_shows_a_provider_or_a_month_alone(economy: SmallEconomy) -> None:
    economy.slice("ACM", [line("NEL", 1)], provider="RX1", month=1)
    economy.slice("ACM", [line("NEL", 1)], provider="RX2", month=2)
    assert {row["provider_code"] for row in reconcile(economy.ws, "RX2").rows} == {"RX2"}
    shown = reconcile(economy.ws, month=FinancialMonth.parse("2025/26-M01")).rows
    assert {row["month"] for row in shown} == {1}


def test_an_empty_workspace_has_nothing_to_tie(economy: SmallEconomy) -> None:
    run = reconcile(economy.ws)
    assert run.rows == ()
    assert not run.needs_a_person()
    assert set(run.counts()) == set(TIES)


def test_the_command_prints_json_alone_and_says_that_a_person_is_needed(
    economy: SmallEconomy,
) -> None:
    economy.slice("ACM", [line("NEL", 100)])
    economy.slice("PLCM", [line("NEL", 60)])
    done = comptroller("reconcile", "--workspace", economy.ws.path, "--format", "json")
    rows = json.loads(done.out)
    assert done.code == 3
    second = next(row for row in rows if row["tie"] == "T2")
    assert second["difference"] == "40.00"
    shown = comptroller("reconcile", "--workspace", economy.ws.path)
    assert shown.code == 3
    assert "What differs" in shown.out
    assert "no payments are loaded" in shown.out
    assert "Nothing was loaded since" in shown.err


def test_the_command_refuses_what_is_no_month(economy: SmallEconomy) -> None:
    done = comptroller("reconcile", "--workspace", economy.ws.path, "--month", "May")
    assert done.code == 2
    assert "Write it as 2025/26-M05" in done.err
    assert "Traceback" not in done.err
