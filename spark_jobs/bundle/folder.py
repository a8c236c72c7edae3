"""Bundles on disk: atomic writes, and reads verified by checksums."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import mkdtemp

from spark_jobs.bundle.manifest import NAME, Manifest, from_json, to_json
from spark_jobs.errors import BundleError, JobError

Content = str | bytes | Path


def write(folder: Path, manifest: Manifest, files: Mapping[str, Content]) -> Manifest:
    """Write a bundle atomically: the folder appears with all its files or not at all.

    Args:
        folder: The bundle's folder; an existing one is replaced.
        manifest: The manifest without checksums.
        files: Maps paths in the bundle to text, bytes, or a file or folder to copy.

    Returns:
        The manifest with checksums.

    Raises:
        JobError: A path leaves the bundle or is that of the manifest.
    """
    for name in files:
        _check_inside(name)
    with _appearing(folder) as draft:
        for name, content in files.items():
            _put(draft / name, content)
        whole = replace(manifest, sha256=checksums(draft))
        (draft / NAME).write_text(to_json(whole), encoding="utf-8")
        _to_disk(draft)
    return whole


def add_file(folder: Path, name: str, file: Path) -> None:
    """Copy a file into a bundle that is not published yet, and add its checksum to the manifest.

    Raises:
        JobError: There is no bundle, or the path leaves it or is that of the manifest.
    """
    manifest = load_manifest(folder)
    _check_inside(name)
    _put(folder / name, file)
    whole = replace(manifest, sha256={**manifest.sha256, name: _sha256(folder / name)})
    sealed = folder / f".{NAME}"
    sealed.write_text(to_json(whole), encoding="utf-8")
    sealed.replace(folder / NAME)  # MLflow's folder may hold a hard link to the old one
    for changed in (folder / name, folder / NAME, folder):
        _sync(changed)


def load_manifest(folder: Path) -> Manifest:
    """Load the manifest of a bundle without verifying the bundle's other files.

    Raises:
        JobError: There is no bundle, or its manifest is malformed or changed.
    """
    try:
        return from_json((folder / NAME).read_bytes().decode("utf-8"))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise JobError(f"There is no bundle at {folder}.", "Train first, or check the version number.") from error
    except UnicodeDecodeError as error:
        raise BundleError(f"{folder / NAME} is not a manifest: it is not UTF-8.") from error


def verify_bundle(folder: Path) -> Manifest:
    """Verify every file of a bundle by its SHA-256 and return the manifest.

    Raises:
        BundleError: A file is changed, missing or unexpected; the message names it.
    """
    manifest = load_manifest(folder)
    found = checksums(folder)
    for name in sorted(manifest.sha256.keys() | found.keys()):
        if name not in found:
            raise BundleError(f"The bundle {folder} lacks its file '{name}'.")
        if name not in manifest.sha256:
            raise BundleError(f"The bundle {folder} has a file that is not in its manifest: '{name}'.")
        if found[name] != manifest.sha256[name]:
            raise BundleError(f"The file '{name}' of the bundle {folder} was changed: its SHA-256 does not match.")
    return manifest


def read_verified(folder: Path, manifest: Manifest, name: str) -> bytes:
    """Read one file of a bundle and verify its SHA-256.

    Raises:
        BundleError: The file is changed or missing.
    """
    try:
        content = (folder / name).read_bytes()
    except FileNotFoundError as error:
        raise BundleError(f"The bundle {folder} lacks its file '{name}'.") from error
    if hashlib.sha256(content).hexdigest() != manifest.sha256.get(name):
        raise BundleError(f"The file '{name}' of the bundle {folder} was changed: its SHA-256 does not match.")
    return content


def checksums(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of each file under a folder except the manifest, by path with forward slashes."""
    paths = {path.relative_to(folder).as_posix(): path for path in _files(folder)}
    paths.pop(NAME, None)
    with ThreadPoolExecutor(4) as pool:
        return dict(zip(paths, pool.map(_sha256, paths.values()), strict=True))


def publish(draft: Path, folder: Path) -> None:
    """Move a written bundle to its final folder; keep an existing identical bundle.

    Raises:
        JobError: The folder contains a different bundle.
    """
    if folder.exists():
        if load_manifest(folder).sha256 != load_manifest(draft).sha256:
            raise JobError(
                f"Another bundle already exists at {folder}.", "Versions are never overwritten: move it away."
            )
        shutil.rmtree(draft)
        return
    with _appearing(folder) as target:
        target.rmdir()
        shutil.move(draft, target)


@contextmanager
def _appearing(folder: Path) -> Iterator[Path]:
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    draft.chmod(0o755)
    try:
        yield draft
        old = Path(mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        if folder.exists():
            folder.rename(old / "old")
        draft.rename(folder)
        _sync(folder.parent)
        shutil.rmtree(old)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise


def _check_inside(name: str) -> None:
    parts = name.split("/")
    if name == NAME or not all(parts) or ".." in parts or "." in parts or "\\" in name:
        raise JobError(f"'{name}' cannot be a file of a bundle.", "Use a relative path with forward slashes.")


def _put(target: Path, content: Content) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, str):
        target.write_text(content, encoding="utf-8")
    elif isinstance(content, bytes):
        target.write_bytes(content)
    elif content.is_dir():
        shutil.copytree(content, target)
    else:
        shutil.copyfile(content, target)


def _files(folder: Path) -> list[Path]:
    found = sorted(path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())
    for path in found:
        if path.is_symlink() or not path.is_file():
            raise BundleError(f"'{path.relative_to(folder).as_posix()}' of {folder} is not a plain file.")
    return found


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _to_disk(folder: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(_sync, [*folder.rglob("*"), folder]))


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
