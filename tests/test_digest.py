"""What tells one thing from another by content."""

import collections
import functools
import subprocess
import sys
import textwrap
from pathlib import Path

import numba
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leukofeat.base import ImageStage
from leukofeat.digest import describe, digest, environment
from leukofeat.features import FeatureSet, FunctionFeatures, HOGFeatures
from leukofeat.preprocessing import ColorNormalizer, MedianDenoiser, ScaleBarCropper
from leukofeat.sequence import as_sequence

_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=4)
    | st.binary(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


def _own(code: str, name: str = "f"):
    """A function as a notebook defines it: in a module that no package brings."""
    space = {"__name__": "__main__"}
    exec(textwrap.dedent(code), space)
    return space[name]


@given(_values, _values)
def test_equal_values_have_equal_digests_and_others_have_others(first, second):
    if repr(first) == repr(second):
        assert digest(first) == digest(second)
    elif type(first) is not type(second) or first != second:
        assert digest(first) != digest(second)


def test_order_counts_in_lists_and_not_in_dicts_and_sets():
    assert digest([1, 2]) != digest([2, 1])
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    assert digest({"x", "y", "z"}) == digest({"z", "y", "x"})
    assert digest(["ab", "c"]) != digest(["a", "bc"])
    assert digest([[1], 2]) != digest([[1, 2]])


@pytest.mark.parametrize(
    "other",
    [
        np.zeros((2, 3), np.uint8),
        np.zeros((3, 2), np.int8),
        np.zeros(6, np.uint8),
        np.eye(3, 2, dtype=np.uint8),
    ],
)
def test_arrays_differ_by_shape_dtype_and_content(other):
    assert digest(np.zeros((3, 2), np.uint8)) != digest(other)


def test_memory_layout_does_not_count():
    array = np.arange(24).reshape(4, 6)
    assert digest(array) == digest(np.asfortranarray(array)) == digest(array[::-1][::-1])
    frozen = array.copy()
    frozen.setflags(write=False)
    assert digest(array) == digest(frozen)


def test_own_functions_count_by_what_they_do():
    first = _own("def f(s): return s.n_cells + 1")
    assert digest(first) == digest(_own("def f(s):\n    # a comment\n    return s.n_cells + 1"))
    assert digest(first) != digest(_own("def f(s): return s.n_cells + 2"))
    assert digest(first) != digest(_own("def f(s): return s.n_nuclei + 1"))
    assert digest(_own("def f(s, k=1): return k")) != digest(_own("def f(s, k=2): return k"))


def test_what_an_own_function_uses_counts():
    code = "K = {k}\ndef g(x): return x * {m}\ndef f(s): return g(s) + K"
    digests = {digest(_own(code.format(k=k, m=m))) for k in (1, 2) for m in (1, 2)}
    assert len(digests) == 4
    unused = "OTHER = {k}\ndef f(s): return s"
    assert digest(_own(unused.format(k=1))) == digest(_own(unused.format(k=2)))
    inner = "K = {k}\ndef f(s):\n    return [K for _ in s]"
    assert digest(_own(inner.format(k=1))) != digest(_own(inner.format(k=2)))


def test_the_names_of_arguments_count():
    code = "def g({0}, {1}): return {0} - {1}\ndef f(s): return g(a=s, b=1)"
    assert digest(_own(code.format("a", "b"))) != digest(_own(code.format("b", "a")))
    assert digest(_own("def f(s):\n    k = 1\n    return s + k")) == digest(
        _own("def f(s):\n    one = 1\n    return s + one")
    )


def test_what_is_used_of_an_own_module_counts(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    digests = []
    for k in (1, 2):
        (tmp_path / f"own_helpers_{k}.py").write_text(
            f"def helper(x):\n    return x * {k}\ndef other(x):\n    return {k}\n"
        )
        for name in ("helper", "n_cells"):
            digests.append(digest(_own(f"import own_helpers_{k} as own\ndef f(s): return own.{name}(s)")))
    assert digests[0] != digests[2]
    assert digests[1] == digests[3]


def test_closures_partials_kernels_and_recursion():
    def make(k):
        return lambda s: s + k

    assert digest(make(1)) == digest(make(1)) != digest(make(2))
    assert digest(functools.partial(max, 1)) != digest(functools.partial(max, 2))
    kernels = [numba.njit(_own(f"def f(x): return x + {k}")) for k in (1, 1, 2)]
    assert digest(kernels[0]) == digest(kernels[1]) != digest(kernels[2])
    assert digest(_own("def f(n): return f(n - 1) if n else 0"))


def test_own_classes_count_by_their_code():
    code = "class A:\n    Z = {z}\n    @property\n    def p(self): return {p}\n    def m(self): return A.Z"
    digests = {digest(_own(code.format(z=z, p=p), "A")) for z in (1, 2) for p in (1, 2)}
    assert len(digests) == 4
    assert digest(_own(code.format(z=1, p=1), "A")()) != digest(_own(code.format(z=2, p=1), "A")())


def test_stages_count_by_parameters_and_what_they_learned(smears):
    images = smears.images[:2]
    unfitted, first, second = (ColorNormalizer("reinhard") for _ in range(3))
    first.fit(images)
    second.fit(images[:1])
    assert len({digest(unfitted), digest(first), digest(second)}) == 3
    assert digest(MedianDenoiser(3)) == digest(MedianDenoiser(size=3)) != digest(MedianDenoiser(5))
    steps = [stage.fit_transform(as_sequence(images)).steps for stage in (MedianDenoiser(3), MedianDenoiser(3))]
    assert digest(steps[0]) == digest(steps[1])


def test_how_a_stage_is_run_does_not_count(tmp_path):
    plain = FeatureSet([HOGFeatures()])
    assert digest(plain) == digest(FeatureSet([HOGFeatures()], n_jobs=2, verbose=1, memory=tmp_path))
    assert digest(plain) == digest(FeatureSet([HOGFeatures()]).set_output(transform="pandas"))
    assert digest(ScaleBarCropper()) == digest(ScaleBarCropper(memory=tmp_path))


def test_a_template_counts_by_its_content(tmp_path):
    from leukofeat.opencv import cv2

    path, digests = tmp_path / "template.png", []
    for level in (100, 101):
        cv2.imwrite(str(path), np.full((4, 4, 3), level, np.uint8))
        digests.append(digest(ColorNormalizer(template=path)))
    assert digests[0] != digests[1]


def test_a_stage_in_a_fit_that_is_watched_is_itself():
    stage = MedianDenoiser(3)
    before = digest(stage)
    stage._parent_callback_ctx = object()
    assert digest(stage) == before


def test_what_has_no_content_is_refused():
    class Held(ImageStage):
        def __init__(self, file=None):
            self.file = file

    with open(__file__) as file, pytest.raises(TypeError, match="by content"):
        digest(Held(file))


def test_digests_are_the_same_in_another_process(tmp_path):
    own = tmp_path / "own.py"
    own.write_text("S = {'b', 'a', 'c'}\ndef f(smear):\n    return smear.n_cells in {1, 2, 'x'} or S\n")
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); import own; from leukofeat.digest import digest, environment; "
        "from leukofeat.features import FunctionFeatures; print(digest(FunctionFeatures(own.f)), environment())"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", code, str(tmp_path)],
            env={"PYTHONHASHSEED": seed, "PATH": "", "PYTHONPATH": str(Path(__file__).parents[1])},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(found) == 1
    assert environment() in found.pop()


def test_descriptions_name_no_address():
    def redness(smear):
        return 0.0

    assert "0x" not in describe(FunctionFeatures(redness))
    assert describe([MedianDenoiser(5).apply, functools.partial(max, 2)]) == "MedianDenoiser(size=5) -> max(2)"


def _own_module(folder, monkeypatch, **files):
    """A package of one's own, as it stands on disk after an edit."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "own_package"]:
        monkeypatch.delitem(sys.modules, name)
    (folder / "own_package").mkdir(parents=True)
    (folder / "own_package" / "__init__.py").write_text("")
    for name, code in files.items():
        (folder / "own_package" / f"{name}.py").write_text(code)
    monkeypatch.syspath_prepend(folder)


@pytest.mark.parametrize(
    "use",
    [
        "def f(s):\n    import own_package.helpers as h\n    return h.g(s)",
        "def f(s):\n    from own_package.helpers import g\n    return g(s)",
        "def f(s):\n    from own_package import helpers\n    return helpers.g(s)",
        "import own_package.helpers\ndef f(s): return own_package.helpers.g(s)",
        "import own_package.helpers as h\ndef f(s, m=h): return m.g(s)",
        "from own_package import helpers as h\ndef f(s): return getattr(h, 'g')(s)",
        "from own_package.helpers import Base\nclass f(Base): pass",
    ],
)
def test_a_helper_counts_however_it_is_reached(tmp_path, monkeypatch, use):
    digests = []
    for run, k in enumerate((1, 2, 1)):
        code = f"def g(x): return {k}\nclass Base:\n    def m(self): return {k}\n"
        _own_module(tmp_path / str(run), monkeypatch, helpers=code)
        digests.append(digest(_own(use)))
    assert digests[0] == digests[2] != digests[1]


_OWN = {
    "kept by functools.cache": "import functools\n@functools.lru_cache\ndef f(x): return x + {k}",
    "a name borrowed from a library": "import functools, numpy as np\n@functools.wraps(np.mean)\ndef f(x): return {k}",
    "a method of a builtin": "f = {{'a': {k}}}.get",
    "within an object of a library": "import numpy as np\ndef g(x): return x + {k}\nf = np.vectorize(g)",
    "an attribute of a function": "def f(x): return f.k\nf.k = {k}",
    "a cached property": "import functools\nclass f:\n    @functools.cached_property\n    def p(self): return {k}",
    "a slot of a base": "class A: __slots__ = ('k',)\nclass B(A): pass\nf = B()\nf.k = {k}",
    "what a base written in C holds": "import collections\nclass A(collections.deque): pass\nf = A([{k}])",
    "code of a dict's child": "class A(dict):\n    def m(self): return {k}\nf = A()",
    "code of a number's child": "class A(float):\n    def m(self): return {k}\nf = A(1)",
    "a factory": "import collections\nf = collections.defaultdict(lambda: {k})",
    "a mask": "import numpy as np\nf = np.ma.array([1, 2], mask=[{k} == 1, False])",
    "a field's name": "import numpy as np\nf = np.zeros(2, [('a{k}', 'f8')])",
    "a dataclass": "import dataclasses\n@dataclasses.dataclass\nclass A:\n    k: int = 0\nf = A({k})",
    "a field of a dataclass": "import dataclasses\n@dataclasses.dataclass\nclass f:\n    k: int = {k}",
    "a compiler's option": "import numba\n@numba.njit(fastmath={k} == 1)\ndef f(x): return x",
    "a global array of a kernel": "import numba, numpy as np\nA = np.full(3, {k})\n@numba.njit\ndef f(x): return A[0] + x",
    "an enumeration": "import enum\nclass A(enum.Enum):\n    X = {k}\nf = A.X",
    "a generic class": "import typing\nT = typing.TypeVar('T')\nclass f(typing.Generic[T]):\n    def m(self): return {k}",
    "an answer to everything": "class A:\n    def __getattr__(self, name): return {k}\nf = A()",
}


@pytest.mark.parametrize("code", _OWN.values(), ids=_OWN)
def test_state_in_odd_places_counts(code):
    first, other, again = (digest(_own(code.format(k=k))) for k in (1, 2, 1))
    assert first == again != other


def test_own_code_within_an_object_of_a_library_counts_by_content(monkeypatch):
    digests = []
    for k in (1, 2):  # pickle knows such a function by its name
        monkeypatch.setattr(sys.modules["__main__"], "mine", _own(f"def mine(x): return {k}", "mine"), raising=False)
        digests.append(digest(collections.deque([sys.modules["__main__"].mine])))
    assert digests[0] != digests[1]


def test_a_name_of_an_attribute_is_no_name_of_the_module():
    code = "image = {k}\ndef f(smear): return smear.image"
    assert digest(_own(code.format(k=1))) == digest(_own(code.format(k=2)))


def test_functions_that_use_each_other_are_read_once():
    names = [f"g{i}" for i in range(40)]
    code = "\n".join(f"def {name}(x): return {' + '.join(f'{other}(x)' for other in names)}" for name in names)
    assert digest(_own(code, "g0")) == digest(_own(code, "g0"))  # along every path it would take for ever


def test_a_module_of_ones_own_may_have_a_name_of_pythons(tmp_path, monkeypatch):
    digests = []
    for k in (1, 2):
        folder = tmp_path / str(k)
        folder.mkdir()
        (folder / "sndhdr.py").write_text(f"def helper(x): return {k}\n")
        monkeypatch.syspath_prepend(folder)
        monkeypatch.delitem(sys.modules, "sndhdr", raising=False)
        digests.append(digest(_own("from sndhdr import helper\ndef f(s): return helper(s)")))
    monkeypatch.delitem(sys.modules, "sndhdr")
    assert digests[0] != digests[1]


def test_what_answers_with_an_error_is_refused():
    code = "class A:\n    def __reduce_ex__(self, protocol): return 1 / 0\nf = A()"
    with pytest.raises(TypeError):
        digest(_own(code))


def test_reading_a_class_does_not_change_it():
    kind = _own("class f:\n    __slots__ = ('k',)\n    def __init__(self): self.k = 1")
    assert digest(kind()) == digest(kind())
