"""The key is guarded, pseudonyms agree in both forms, and the landing area notices damage."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comptroller.access.landing import LandingStore, file_sha256
from comptroller.access.pseudonym import patient_key, patient_key_sql
from comptroller.errors import ComptrollerError
from comptroller.warehouse import connect
from comptroller.workspace import Workspace

KEY = bytes(range(32))


def test_a_missing_key_refuses_with_its_place(workspace: Workspace) -> None:
    path = workspace.key_path
    path.unlink()
    with pytest.raises(ComptrollerError, match=r"key .* is missing") as problem:
        _ = workspace.key
    assert str(path) in str(problem.value)


def test_a_key_open_to_others_is_refused(workspace: Workspace) -> None:
    workspace.key_path.chmod(0o644)
    with pytest.raises(ComptrollerError, match="open to other users"):
        _ = workspace.key


def test_a_key_of_the_wrong_length_is_refused(workspace: Workspace) -> None:
    workspace.key_path.write_text("abcd\n")
    with pytest.raises(ComptrollerError, match="32 bytes"):
        _ = workspace.key


@given(st.from_regex(r"[0-9]{10}", fullmatch=True), st.binary(min_size=32, max_size=32))
def test_pseudonyms_are_equal_in_python_and_sql(number: str, key: bytes) -> None:
    row = connect().execute("SELECT " + patient_key_sql(f"'{number}'", key)).fetchone()
    assert row == (patient_key(number, key),)


def test_another_key_gives_another_pseudonym() -> None:
    assert patient_key("9990000018", KEY) != patient_key("9990000018", KEY[::-1])


@pytest.mark.parametrize("size", [0, 1, 4 * 1024 * 1024, 4 * 1024 * 1024 + 1, 9_000_000])
def test_landed_bytes_come_back(tmp_path: Path, size: int) -> None:
    source = tmp_path / "in.csv"
    source.write_bytes(bytes(i % 251 for i in range(1000)) * (size // 1000) + b"x" * (size % 1000))
    store = LandingStore(tmp_path / "landing", KEY)
    digest = store.put(source)
    assert digest == file_sha256(source)
    assert store.put(source) == digest
    with store.clear_copy(digest, "../in.csv") as clear:
        assert clear.name == "in.csv"
        assert clear.read_bytes() == source.read_bytes()
    assert not clear.exists()
    assert b"xxxxxxxx" not in store.path(digest).read_bytes()


@pytest.mark.parametrize("harm", ["flip", "truncate", "other key"])
def test_damage_is_noticed(tmp_path: Path, harm: str) -> None:
    source = tmp_path / "in.csv"
    source.write_bytes(b"cost,1\n" * 1_000_000)
    store = LandingStore(tmp_path / "landing", KEY)
    digest = store.put(source)
    path = store.path(digest)
    if harm == "flip":
        content = bytearray(path.read_bytes())
        content[100] ^= 1
        path.write_bytes(content)
    elif harm == "truncate":
        path.write_bytes(path.read_bytes()[: 16 + 4 * 1024 * 1024 + 16])
    else:
        store = LandingStore(tmp_path / "landing", KEY[::-1])
    with pytest.raises(ComptrollerError, match="damaged or was encrypted with another key"):
        b"".join(store.pieces(digest))
