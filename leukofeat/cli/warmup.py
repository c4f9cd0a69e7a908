"""`leukofeat warmup`: compile the kernels ahead of their first use: for container images, and for machines that are not to wait later."""

import argparse
import inspect
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from types import ModuleType
from typing import Any

import numpy as np
from joblib import cpu_count

from leukofeat.base import FeatureFamily, ImageStage
from leukofeat.cli.document import current, record
from leukofeat.smear import Smear

# parameters of families that lead to kernels of their own
_RARE = {"vector": True, "lbp_method": "nri_uniform"}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument(
        "--all", action="store_true", help="every stage and family, not only what the pipeline leukofeat_svm needs"
    )


def run(arguments: argparse.Namespace) -> int:
    """Compile, and say where the kernels are kept."""
    started = time.perf_counter()
    kernels = warm_up(everything=arguments.all, report=_report)
    record(counts={"compiled": kernels.compiled, "loaded": kernels.loaded}, folder=kernels.folder)
    seconds = f"{time.perf_counter() - started:.1f} s"
    if kernels.folder is None:
        raise OSError(
            f"{kernels.compiled} kernels compiled in {seconds}, but nowhere can they be kept; "
            "name a folder that can be written in the environment variable NUMBA_CACHE_DIR."
        )
    if kernels.compiled:
        print(
            f"{kernels.compiled} kernels compiled, {kernels.loaded} loaded in {seconds}; they are kept in {kernels.folder}."
        )
    else:
        print(f"Nothing was compiled: {kernels.loaded} kernels loaded in {seconds} from {kernels.folder}.")
    return 0


def _report(text: str) -> None:
    if not current().quiet and sys.stderr is not None:
        print(text, file=sys.stderr, flush=True)


@dataclass(frozen=True)
class Kernels:
    """What became of the kernels so far: `compiled` and `loaded` signatures, and the `folder` they are kept in.

    Attributes
    ----------
    compiled, loaded : int
        Signatures compiled by this process, and those that it found in numba's cache, where a second process may just
        have put them.
    folder : str or None
        Folder of the cache; None where no place can be written.
    """

    compiled: int
    loaded: int
    folder: str | None


def count_kernels() -> Kernels:
    """Count what this process has compiled and loaded of leukofeat's kernels.

    Examples
    --------
    >>> count_kernels().compiled >= 0
    True
    """
    from numba.core.dispatcher import Dispatcher

    modules = [module for name, module in sys.modules.items() if name.startswith("leukofeat.")]
    found = {id(kernel): kernel for m in modules for kernel in vars(m).values() if isinstance(kernel, Dispatcher)}
    stats = [kernel.stats for kernel in found.values()]
    folders = {one.cache_path for one in stats if one.cache_path is not None and (one.cache_hits or one.cache_misses)}
    return Kernels(
        compiled=sum(sum(one.cache_misses.values()) for one in stats),
        loaded=sum(sum(one.cache_hits.values()) for one in stats),
        folder=os.path.commonpath(folders) if folders else None,
    )


def warm_up(
    *,
    everything: bool = False,
    pipelines: Sequence[str] = ("leukofeat_svm",),
    report: Callable[[str], None] = print,
) -> Kernels:
    """Compile what pipelines need, or every stage and family, into numba's cache.

    Where there is a second core, a second process compiles from the other end.

    Parameters
    ----------
    everything : bool
        Whether to compile every public stage and family as well.
    pipelines : sequence of str, default=("leukofeat_svm",)
        Names of baselines.
    report : callable
        Is told each step as it is done.

    Returns
    -------
    Kernels
        What was compiled and loaded on the way.
    """
    before = count_kernels()
    partner = None
    try:
        for name, run in _steps(everything, pipelines):
            already, started = count_kernels().compiled, time.perf_counter()
            run()
            compiled = count_kernels().compiled - already
            report(f"{name}: {compiled} compiled, {time.perf_counter() - started:.1f} s")
            if compiled and partner is None and cpu_count() > 1:
                partner = _start_partner(everything, pipelines)
    finally:
        # also after an error or an interrupt: nobody waits for it any more
        if partner is not None:
            partner.kill()
            partner.wait()
    after = count_kernels()
    return Kernels(after.compiled - before.compiled, after.loaded - before.loaded, after.folder)


def _start_partner(everything: bool, pipelines: Sequence[str]) -> subprocess.Popen[bytes]:
    """A process that goes through the same steps from the end; what it has compiled is loaded here instead."""
    code = f"from leukofeat.cli.warmup import _steps\nfor _, run in reversed(list(_steps({everything}, {tuple(pipelines)}))): run()"
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _steps(everything: bool, pipelines: Sequence[str] = ("leukofeat_svm",)) -> Iterator[tuple[str, Callable[[], Any]]]:
    from leukofeat.baselines import make_baseline
    from leukofeat.datasets import make_smears
    from leukofeat.features import FeatureSet
    from leukofeat.kernels.regions.labels import renumbered
    from leukofeat.scale.warmup import compile_scale

    # a trifle, which tells soon whether there is anything to compile
    yield "label maps", partial(renumbered, np.ones((1, 1), np.int32), np.zeros(2, np.int32))
    bunch = make_smears(n_samples=2, random_state=0)
    # a large field takes segmenters through what they do to large fields only
    images = [*bunch.images, np.tile(bunch.images[0], (3, 3, 1))]
    smears = [Smear(*parts) for parts in zip(bunch.images, bunch.nuclei, bunch.cells, strict=True)]
    stages = [stage for name in pipelines for _, stage in make_baseline(name).steps]
    stages = [one for stage in stages for one in (stage.families if isinstance(stage, FeatureSet) else [stage])]
    stages = list({repr(stage): stage for stage in [*stages, *(_public_stages() if everything else ())]}.values())
    # segmenters take half of the time, one kernel calling for the next: at the end, for the partner, stands what needs none
    stages.sort(key=lambda stage: 0 if isinstance(stage, ImageStage) else 1 if hasattr(stage, "segmenter") else 2)
    for stage in stages:
        if isinstance(stage, FeatureFamily):
            yield repr(stage), partial(_measure, stage, smears)
        elif isinstance(stage, ImageStage):
            yield repr(stage), partial(_apply, stage, images, smears)
    yield "the scale of an image", compile_scale


def _measure(family: FeatureFamily, smears: list[Smear]) -> None:
    for smear in smears:
        family.row(smear)
        family.cells(smear)


def _apply(stage: ImageStage, images: list[np.ndarray], smears: list[Smear]) -> None:
    try:
        list(stage.fit(images).transform(images))
    except ValueError:  # works on what a segmenter has found
        list(stage.fit(smears).transform(smears))


def _public_stages() -> Iterator[Any]:
    """Every stage that needs no argument, and families also with what is rarely asked for."""
    from leukofeat import features, preprocessing, segmentation

    for module in (preprocessing, segmentation, features):
        for stage in _classes(module):
            parameters = inspect.signature(stage).parameters
            if any(p.default is p.empty for p in parameters.values()) or "families" in parameters:
                continue
            yield stage()
            if issubclass(stage, FeatureFamily):
                yield from (stage(**{name: value}) for name, value in _RARE.items() if name in parameters)


def _classes(module: ModuleType) -> Iterator[type]:
    announced = (getattr(module, name) for name in module.__all__)
    yield from (one for one in announced if inspect.isclass(one) and issubclass(one, (ImageStage, FeatureFamily)))
