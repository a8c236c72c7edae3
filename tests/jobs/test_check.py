"""An algorithm, an encoding or a scaling that has no graph is refused before anything starts, unless none is wanted."""

from __future__ import annotations

import re

import pytest
from plugin_distribution import installed

from spark_jobs import features, models
from spark_jobs.cli.main import main
from spark_jobs.errors import SpecError
from spark_jobs.features import Encoder, Scaler
from spark_jobs.spec import parse
from spark_jobs.spec_validation import verify_spec

MODULE = """
from spark_jobs.features import Encoder, Scaler
from spark_jobs.models import Algorithm, Options
ALGORITHM = Algorithm("fancy", Options, {})
ENCODER = Encoder("fancy", list, dict)
SCALER = Scaler("fancy", list, list, float)
"""
ENTRIES = {
    "models": {"fancy": "fancy:ALGORITHM"},
    "features": {"fancy_code": "fancy:ENCODER", "fancy_scale": "fancy:SCALER"},
}
ASKED = {
    "models": ({"model": {"kind": "fancy"}}, "`model.kind`"),
    "encoders": ({"features": {"categorical": "fancy_code"}}, "`features.categorical`"),
    "scalers": ({"features": {"numeric": "fancy_scale"}}, "`features.numeric`"),
    "encoders of a column": ({"features": {"per_column": {"a.b": {"categorical": "fancy_code"}}}}, "categorical`"),
    "scalers of a column": ({"features": {"per_column": {"a.b": {"numeric": "fancy_scale"}}}}, "numeric`"),
}


@pytest.fixture(autouse=True)
def plugins(tmp_path):
    """An algorithm and two steps of somebody else's, without a graph."""
    with installed(tmp_path / "site", ENTRIES, fancy=MODULE):
        yield


def spec_of(keys):
    return parse({"source": "x.csv", "target": "y", **keys})


@pytest.mark.parametrize("room", list(ASKED))
def test_what_has_no_graph_is_refused_by_its_key_and_its_name_with_what_to_do(room):
    keys, place = ASKED[room]
    with pytest.raises(SpecError) as refused:
        verify_spec(spec_of(keys))
    assert place in str(refused.value)
    assert re.search(r"'fancy\w*' has no ONNX graph", str(refused.value))
    assert "`graph: skip`" in str(refused.value)


@pytest.mark.parametrize("room", list(ASKED))
def test_without_a_graph_everything_goes(room):
    verify_spec(spec_of({**ASKED[room][0], "graph": "skip"}))


def test_every_step_and_algorithm_of_ours_has_a_graph_and_says_which_stage_it_is_of():
    for kind in set(models.algorithm_kinds()) - {"fancy"}:
        assert models.find(kind).graph is not None
        assert models.find(kind).saved, kind
    for kind in set(features.step_kinds(Encoder.role)) - {"fancy_code"}:
        assert features.find_encoder(kind).graph is not None
    for kind in set(features.step_kinds(Scaler.role)) - {"fancy_scale"}:
        scaler = features.find_scaler(kind)
        assert scaler.graph is not None
        assert scaler.saved
        assert scaler.affine is not None


@pytest.mark.parametrize("verb", ["check", "plan", "train"])
def test_the_command_line_says_no_with_status_2_before_spark_is_started(tmp_path, capsys, monkeypatch, verb):
    (tmp_path / "x.csv").write_text("a,y\n1,2\n", encoding="utf-8")
    conf = tmp_path / "spec.yml"
    conf.write_text(f"source: {tmp_path / 'x.csv'}\ntarget: y\nmodel: {{kind: fancy}}\n", encoding="utf-8")
    monkeypatch.setattr("spark_jobs.runtime.session.open_in_background", None)
    assert main([verb, str(conf)]) == 2
    said = capsys.readouterr().err
    assert "'fancy' has no ONNX graph" in said
    assert "graph: skip" in said
    assert "spec.yml" in said
