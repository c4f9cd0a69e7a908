"""The row of the kernel that keeps the nearest of many points."""

from __future__ import annotations

from typing import Any

import numpy as np

from leukofeat.kernels.neighbors import keep_best
from peers.samples import Sample
from peers.turns import Call, beside

POINTS, NEAREST = 2048, 5


@beside(keep_best)
def _keep_best(kernel: Any, s: Sample) -> dict[str, Call]:
    rng = np.random.default_rng(int(s.gray.sum()))
    scores = rng.random((POINTS // 4, POINTS), np.float32)
    rows, columns = np.arange(len(scores)), np.arange(POINTS)

    def leukofeat() -> np.ndarray:
        best, who = np.zeros((len(rows), NEAREST), np.float32), np.full((len(rows), NEAREST), -1)
        kernel(scores, rows, columns, best, who)
        return who

    def numpy() -> np.ndarray:
        some = np.argpartition(-scores, NEAREST, axis=1)[:, :NEAREST]
        order = np.argsort(-np.take_along_axis(scores, some, axis=1), axis=1)
        return columns[np.take_along_axis(some, order, axis=1)]

    return {"leukofeat": Call(leukofeat), "numpy": Call(numpy)}
