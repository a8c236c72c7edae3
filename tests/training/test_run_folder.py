"""The folder of a training: kept for the next one after an interruption, and removed without a trace after the end."""

from __future__ import annotations

from pathlib import Path

from spark_jobs.training.run_folder import create_run_folder, remove_run_folder


def test_a_second_training_of_the_same_key_finds_the_folder_as_it_was_left(tmp_path: Path) -> None:
    first = create_run_folder(str(tmp_path), "houses", "abc")
    (first / "fitted.json").write_text("[]")
    again = create_run_folder(str(tmp_path), "houses", "abc")
    assert again == first == tmp_path / "runs" / "houses" / "abc"
    assert (again / "fitted.json").read_text() == "[]"


def test_nothing_is_left_of_the_only_training(tmp_path: Path) -> None:
    folder = create_run_folder(str(tmp_path), "houses", "abc")
    (folder / "rows").mkdir()
    (folder / "rows" / "part-0").write_text("x")
    remove_run_folder(folder)
    assert list(tmp_path.iterdir()) == []


def test_the_folders_of_other_trainings_stay(tmp_path: Path) -> None:
    folder = create_run_folder(str(tmp_path), "houses", "abc")
    same_name, other_name = (create_run_folder(str(tmp_path), name, "def") for name in ("houses", "flights"))
    remove_run_folder(folder)
    assert not folder.exists()
    assert same_name.is_dir()
    assert other_name.is_dir()


def test_removing_a_folder_that_is_gone_is_no_error(tmp_path: Path) -> None:
    remove_run_folder(tmp_path / "runs" / "houses" / "abc")
    assert tmp_path.is_dir()
