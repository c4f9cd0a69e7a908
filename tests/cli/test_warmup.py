"""What `leukofeat warmup` compiles, says and keeps."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import numpy as np
import pytest

from leukofeat.base import FeatureFamily, ImageStage
from leukofeat.baselines import make_baseline
from leukofeat.cli import main, warmup
from leukofeat.cli.warmup import Kernels, count_kernels, warm_up
from leukofeat.smear import Smear


@pytest.fixture(scope="module")
def warm():
    """The kernels of leukofeat_svm are compiled, by this run or an earlier one; and what was reported."""
    said: list[str] = []
    warm_up(report=said.append)
    return said


def test_each_step_is_reported(warm):
    for _, stage in make_baseline("leukofeat_svm").steps:
        for one in getattr(stage, "families", [stage]):
            if isinstance(one, ImageStage | FeatureFamily):
                assert any(re.fullmatch(rf"{re.escape(repr(one))}: \d+ compiled, \d+\.\d s", text) for text in warm)


def test_after_it_the_pipeline_compiles_nothing(warm, smears):
    before = count_kernels()
    pipeline = make_baseline("leukofeat_svm").fit(smears.images, smears.target)
    pipeline.predict(smears.images)
    position = list(pipeline.named_steps).index("featureset")
    pipeline[position].measure_cells(pipeline[:position].transform(smears.images))
    assert count_kernels() == before


def test_the_second_time_says_that_nothing_was_compiled(warm, capsys):
    assert main(["warmup"]) == 0
    said = capsys.readouterr()
    assert re.search(r"Nothing was compiled: \d+ kernels loaded in \d+\.\d s from \S+", said.out)
    assert "GeometryFeatures(): 0 compiled" in said.err


def test_the_folder_named_in_the_environment_is_filled_and_used(tmp_path):
    """One kernel in place of all: compiled in the first process, loaded in the second."""
    code = (
        "import numpy as np\n"
        "from leukofeat.cli import warmup\n"
        "from leukofeat.kernels.regions.spans import part_runs\n"
        "from functools import partial\n"
        "warmup._steps = lambda everything, pipelines: [('runs', partial(part_runs, np.zeros((3, 3), np.int32), 1))]\n"
        "from leukofeat.cli import main\n"
        "raise SystemExit(main(['warmup']))\n"
    )
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)}
    first, second = (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, timeout=120)
        for _ in range(2)
    )
    assert first.returncode == second.returncode == 0, first.stderr + second.stderr
    assert re.match(rf"[1-9]\d* kernels compiled, 0 loaded in .* kept in {re.escape(str(tmp_path))}", first.stdout)
    assert re.match(rf"Nothing was compiled: 1 kernels loaded .* {re.escape(str(tmp_path))}", second.stdout)
    assert any(tmp_path.rglob("*.nbi"))


def test_without_a_place_to_keep_them_it_fails_with_the_way_out(monkeypatch, capsys):
    monkeypatch.setattr(warmup, "warm_up", lambda **_: Kernels(3, 0, None))
    assert main(["warmup"]) == 1
    assert "NUMBA_CACHE_DIR" in capsys.readouterr().err


def test_all_goes_through_every_stage(monkeypatch):
    """Their kernels are compiled elsewhere in the tests; here it is only seen that each one is called."""
    called = []
    monkeypatch.setattr(warmup, "_measure", lambda stage, smears: called.append(type(stage)))
    monkeypatch.setattr(warmup, "_apply", lambda stage, images, smears: called.append(type(stage)))
    warm_up(everything=True, report=lambda text: None)
    from tests.cases import public_stages

    names = {stage.__name__ for stage in public_stages()} - {stage.__name__ for stage in called}
    assert names == {"FeatureSet", "FunctionFeatures"}


def test_stages_of_segmented_smears_are_given_these():
    from leukofeat.segmentation import RegionMasker

    image = np.full((9, 9, 3), 90, np.uint8)
    warmup._apply(RegionMasker(), [image], [Smear(image, np.eye(9, dtype=np.int32))])


def test_the_stages_without_an_argument_can_be_gone_through(smears):
    records = [Smear(*parts) for parts in zip(smears.images[:1], smears.nuclei, smears.cells, strict=False)]
    stages = [one for one in warmup._public_stages() if type(one).__module__.startswith("leukofeat.preprocessing")]
    assert {"ChromaDenoiser", "ColorNormalizer", "Resizer", "ShadingCorrector"} <= {
        type(one).__name__ for one in stages
    }
    for stage in stages:
        warmup._apply(stage, list(smears.images[:1]), records)


def test_of_several_pipelines_each_stage_is_gone_through_once_and_what_needs_no_segmenter_last():
    names = [name for name, _ in warmup._steps(False, ("leukofeat_svm", "jin2023_svm", "no_leukocytes"))]
    assert len(names) == len(set(names))
    place = {name.split("(")[0]: i for i, name in enumerate(names)}
    assert place["LeukocyteSegmenter"] < place["ScaledFeatures"] < place["GeometryFeatures"] < place["HOGFeatures"]
    assert names[-1] == "the scale of an image"
