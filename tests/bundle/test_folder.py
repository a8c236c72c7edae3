from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from spark_jobs.bundle import Input, Manifest, load_manifest, publish, verify_bundle, write
from spark_jobs.errors import JobError

MANIFEST = Manifest(
    inputs=(Input("a.b", "double", "date", formats=("dd/MM/yyyy",)), Input("ö`1", "string", "text")),
    labels=("<=50K", ">50K"),
    versions={"python": "3.11"},
    data={"rows": 3},
    metrics={"roc_auc": 0.9},
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    source = tmp_path / "saved"
    (source / "stages").mkdir(parents=True)
    (source / "stages" / "part-0").write_bytes(b"\x00\x01")
    (source / ".part-0.crc").write_bytes(b"crc")
    write(tmp_path / "bundles/m/1", MANIFEST, {"plan.json": "{}", "pipeline": source, "report.html": b"<html>"})
    return tmp_path / "bundles/m/1"


def test_what_is_written_is_what_is_read(folder):
    manifest = verify_bundle(folder)
    assert manifest.inputs == MANIFEST.inputs
    assert (manifest.labels, manifest.metrics, manifest.parity) == (("<=50K", ">50K"), {"roc_auc": 0.9}, None)
    assert manifest.sha256 == {
        "pipeline/.part-0.crc": hashlib.sha256(b"crc").hexdigest(),
        "pipeline/stages/part-0": hashlib.sha256(b"\x00\x01").hexdigest(),
        "plan.json": hashlib.sha256(b"{}").hexdigest(),
        "report.html": hashlib.sha256(b"<html>").hexdigest(),
    }
    assert [path.name for path in folder.parent.iterdir()] == ["1"]


def test_a_flipped_byte_is_found_and_named(folder):
    (folder / "pipeline/stages/part-0").write_bytes(b"\x00\x03")
    with pytest.raises(JobError, match=r"'pipeline/stages/part-0' of the bundle .* was changed"):
        verify_bundle(folder)


def test_a_missing_and_an_extra_file_are_named(folder):
    (folder / "extra.py").write_text("x")
    with pytest.raises(JobError, match=r"not in its manifest: 'extra\.py'"):
        verify_bundle(folder)
    (folder / "extra.py").unlink()
    (folder / "plan.json").unlink()
    with pytest.raises(JobError, match=r"lacks its file 'plan\.json'"):
        verify_bundle(folder)


def test_a_link_is_no_file_of_a_bundle(folder):
    (folder / "plan.json").unlink()
    (folder / "plan.json").symlink_to("/etc/hostname")
    with pytest.raises(JobError, match="not a plain file"):
        verify_bundle(folder)


def test_a_failed_write_leaves_what_was_there(folder, tmp_path):
    with pytest.raises(FileNotFoundError):
        write(folder, MANIFEST, {"plan.json": "new", "pipeline": tmp_path / "nowhere"})
    assert verify_bundle(folder).sha256["plan.json"] == hashlib.sha256(b"{}").hexdigest()
    assert [path.name for path in folder.parent.iterdir()] == ["1"]


@pytest.mark.parametrize("name", ["../x", "/x", "a/../b", "manifest.json", "a\\b", ""])
def test_no_file_leaves_the_bundle(tmp_path, name):
    with pytest.raises(JobError, match="cannot be a file of a bundle"):
        write(tmp_path / "b", MANIFEST, {name: "x"})
    assert not (tmp_path / "b").exists()


@pytest.mark.parametrize("text", [b"", b"{}", b"[]", b'{"inputs": 3}', b"\xff"])
def test_a_malformed_manifest_is_refused(folder, text):
    (folder / "manifest.json").write_bytes(text)
    with pytest.raises(JobError, match="not a manifest"):
        load_manifest(folder)


def test_publishing_twice_is_publishing_once_and_a_version_is_never_overwritten(folder, tmp_path):
    draft, place = tmp_path / "draft", tmp_path / "bundles/m/2"
    for _ in range(2):
        write(draft, MANIFEST, {"plan.json": "2"})
        publish(draft, place)
        assert not draft.exists()
    write(draft, MANIFEST, {"plan.json": "3"})
    with pytest.raises(JobError, match="Another bundle"):
        publish(draft, place)
    assert (place / "plan.json").read_text() == "2"


def test_the_room_imports_neither_spark_nor_mlflow():
    code = "import sys, spark_jobs.bundle; print([m for m in ('pyspark', 'mlflow', 'pandas') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_every_byte_of_the_manifest_is_sealed(folder):
    path = folder / "manifest.json"
    whole = path.read_bytes()
    for place in range(0, len(whole), 3):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(JobError, match=r"manifest\.json"):
            load_manifest(folder)
    path.write_bytes(whole.replace(b"\n", b"\r\n"))
    with pytest.raises(JobError, match=r"manifest\.json was changed"):
        load_manifest(folder)
    path.write_bytes(whole)
    assert load_manifest(folder).labels == MANIFEST.labels
