"""How a pipeline falls apart: image stages, the feature stage, and the rest."""

from typing import Any, NamedTuple

from leukofeat.base import FeatureFamily, ImageStage


class PipelineParts(NamedTuple):
    """What a pipeline consists of: `stages` are its leading image stages, `features` is the family behind them, if any.

    Examples
    --------
    >>> from sklearn.svm import SVC
    >>> split_pipeline(SVC())
    PipelineParts(stages=[], features=None, rest=SVC())
    """

    stages: list[ImageStage]
    features: FeatureFamily | None
    rest: Any


def split_pipeline(pipeline: Any) -> PipelineParts:
    """Leading image stages of a pipeline, the feature stage behind them, and the pipeline of what is left.

    Parameters
    ----------
    pipeline : Pipeline, or any other estimator, which is all rest

    Returns
    -------
    PipelineParts
        They hold the pipeline's own stages, no copies; steps that are switched off ("passthrough") are left out in front.

    Examples
    --------
    >>> from leukofeat.baselines import make_baseline
    >>> parts = split_pipeline(make_baseline("no_leukocytes"))
    >>> [type(stage).__name__ for stage in parts.stages], type(parts.features).__name__
    (['ScaleBarCropper', 'LeukocyteSegmenter', 'RegionMasker'], 'FeatureSet')
    >>> list(parts.rest.named_steps)
    ['calibratedclassifier']
    """
    steps = [step for _, step in getattr(pipeline, "steps", ())]
    n = next((i for i, step in enumerate(steps) if not isinstance(step, (ImageStage, str, type(None)))), len(steps))
    stages = [step for step in steps[:n] if isinstance(step, ImageStage)]
    features = steps[n] if n < len(steps) and isinstance(steps[n], FeatureFamily) else None
    n += features is not None
    return PipelineParts(stages, features, pipeline[n:] if n else pipeline)


def set_memory(pipeline: Any, memory: Any) -> Any:
    """Let every stage of a pipeline that can remember what it measured or learned use one memory.

    Parameters
    ----------
    pipeline : Pipeline
        Changed in place; its leading image stages and the feature stage behind them are looked at.
    memory : path, Store, joblib.Memory or None

    Returns
    -------
    Pipeline
        The same object.

    Examples
    --------
    >>> from leukofeat.baselines import make_baseline
    >>> set_memory(make_baseline("leukofeat_svm"), "memory")["scalebarcropper"]
    ScaleBarCropper(memory='memory')
    """
    stages, features, _ = split_pipeline(pipeline)
    for stage in [*stages, *([] if features is None else [features])]:
        if "memory" in stage.get_params(deep=False):
            stage.set_params(memory=memory)
    return pipeline
