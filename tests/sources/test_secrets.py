"""Where secrets come from, and that no message holds one."""

from __future__ import annotations

import pytest

from spark_jobs.errors import SpecError
from spark_jobs.sources.secrets import resolve_secret, resolved


def test_a_secret_is_what_its_variable_or_file_holds(monkeypatch, tmp_path):
    monkeypatch.setenv("SHOP_PASSWORD", "a b\n")
    (tmp_path / "secret").write_text("  top: secret \r\n", encoding="utf-8")
    assert resolve_secret("env:SHOP_PASSWORD") == "a b\n"
    assert resolve_secret(f"file:{tmp_path / 'secret'}") == "  top: secret "


def test_a_user_may_be_written_out_or_be_a_reference(monkeypatch):
    monkeypatch.setenv("SHOP_USER", "ann")
    assert (resolved("env:SHOP_USER"), resolved("bob"), resolved("envy")) == ("ann", "bob", "envy")


@pytest.mark.parametrize("value", [None, ""])
def test_a_variable_that_is_not_there_is_named_with_the_key_of_the_spec(monkeypatch, value):
    monkeypatch.delenv("NO_SUCH", raising=False)
    if value is not None:
        monkeypatch.setenv("NO_SUCH", value)
    with pytest.raises(SpecError) as refused:
        resolve_secret("env:NO_SUCH", "stream.source.password")
    assert "stream.source.password" in refused.value.message
    assert "NO_SUCH" in refused.value.message
    assert refused.value.exit_status == 2


@pytest.mark.parametrize("content", [None, b"", b"\n", b"\xff\xfe"])
def test_a_file_without_a_secret_is_named_and_not_shown(tmp_path, content):
    place = tmp_path / "secret"
    if content is not None:
        place.write_bytes(content)
    with pytest.raises(SpecError) as refused:
        resolve_secret(f"file:{place}")
    assert str(place) in refused.value.message
