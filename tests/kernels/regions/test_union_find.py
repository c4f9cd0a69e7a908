import numpy as np

from leukofeat.kernels.regions.union_find import find_root


def test_root_is_found_and_the_path_halved():
    parent = np.array([0, 0, 1, 2, 3, 5], np.int32)
    assert [find_root(parent, i) for i in (4, 5, 0)] == [0, 5, 0]
    assert parent[4] == 2
    assert [find_root(parent, i) for i in range(5)] == [0] * 5
