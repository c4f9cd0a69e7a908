"""Each check of a feature by itself."""

from typing import Any

from sklearn.utils.validation import check_is_fitted

from leukofeat.evaluation.feature_checks.check import check_feature
from leukofeat.evaluation.feature_checks.defined import judge_odd_cases
from leukofeat.evaluation.feature_checks.family import as_family
from leukofeat.evaluation.feature_checks.report import FeatureReport, make_report


def check_defined(f: Any, X: Any = None, *, per: str = "image", **options: Any) -> FeatureReport:
    """Whether columns have a value where they should: on drawn odd fields, and on X where it is given.

    The fields: no cell, one, many, one at the border, of one pixel, with a nucleus of one pixel, without a nucleus, all nucleus, one
    that fills the image, an even, a black and a white image, and one of a single pixel.

    Parameters
    ----------
    f, X, per, **options
        As in :func:`check_feature`.

    Returns
    -------
    FeatureReport

    Examples
    --------
    >>> from leukofeat.evaluation import check_defined
    >>> def contrast(smear):
    ...     return smear.gray[smear.nuclei > 0].std(ddof=1)
    >>> check_defined(contrast).findings["finding"][0]
    'has no value (NaN) on one-pixel cell, one-pixel nucleus, although what it is measured on is there'
    """
    if X is not None:
        return check_feature(f, X, per=per, checks=["defined"], **options)
    family = as_family(f)
    if family.requires_fit:
        check_is_fitted(family)
    members = [member for member in family.members() if per == "image" or member.cell_names()]
    verdict = judge_odd_cases(members, per)
    names = [name for m in members for name in (m.row_names() if per == "image" else m.cell_names())]
    return make_report(names, verdict.findings, verdict.figures)


def check_invariance(f: Any, X: Any, **options: Any) -> FeatureReport:
    """Whether columns withstand what must never matter (numbering, order, file name, memory layout), and what they claim.

    Parameters
    ----------
    f, X, **options
        As in :func:`check_feature`, above all `claims`.

    Returns
    -------
    FeatureReport

    Examples
    --------
    >>> import numpy as np
    >>> from leukofeat import Smear
    >>> from leukofeat.evaluation import check_invariance
    >>> def first_area(smear):
    ...     return (smear.cells == 1).sum()
    >>> two = Smear(np.zeros((6, 6, 3), np.uint8), np.diag([1, 1, 0, 2, 2, 2]))
    >>> check_invariance(first_area, [two]).findings["finding"][0]
    'depends on the numbering of the cells (in 1 of 1 images)'
    """
    return check_feature(f, X, checks=["same", "claims"], **options)


def check_moves(f: Any, X: Any, **options: Any) -> FeatureReport:
    """How far optics, camera, file, turns and outlines move columns, in their own standard deviations over the images.

    Parameters
    ----------
    f, X, **options
        As in :func:`check_feature`.

    Returns
    -------
    FeatureReport
        `moves` has a column a change.

    Examples
    --------
    >>> from leukofeat import Smear
    >>> from leukofeat.datasets import make_smears
    >>> from leukofeat.evaluation import check_moves
    >>> fields = make_smears(n_samples=10, size=96, random_state=0)
    >>> smears = [Smear(*parts) for parts in zip(fields.images, fields.nuclei, fields.cells)]
    >>> def brightness(smear):
    ...     return smear.image.mean()
    >>> check_moves(brightness, smears).table["change"].tolist()
    ['light']
    """
    return check_feature(f, X, checks=["moves"], **options)


def check_background(f: Any, X: Any, y: Any = None, groups: Any = None, **options: Any) -> FeatureReport:
    """How far the background alone predicts columns: R² of a ridge regression on ranks, cross-validated (by groups).

    Parameters
    ----------
    f, X, y, groups, **options
        As in :func:`check_feature`. With classes, everything is taken within its class.

    Returns
    -------
    FeatureReport
        A finding is a warning where the column moves when the background is painted over, and a note where it reads none of its
        pixels and only goes along with them, as the colour of a nucleus does with stain and light of its slide. A column that
        painting over the background moves by more than half of `limits["moves"]` is found whatever the R² is: the corners of an image,
        say, are predicted badly by its whole background.

    Notes
    -----
    The background, leukocytes and three pixels around them left out, is described by 15 numbers: mean, standard deviation, tenth
    and ninetieth percentile of R, G and B, edges, and texture at two scales.

    Examples
    --------
    >>> from leukofeat import Smear
    >>> from leukofeat.datasets import make_smears
    >>> from leukofeat.evaluation import check_background
    >>> fields = make_smears(n_samples=40, size=96, random_state=0)
    >>> smears = [Smear(*parts) for parts in zip(fields.images, fields.nuclei, fields.cells)]
    >>> def glass(smear):
    ...     return smear.image[smear.cells == 0].mean()
    >>> check_background(glass, smears).findings["finding"][0][-20:]
    'and reads its pixels'
    """
    return check_feature(f, X, y, groups, checks=["background"], **options)


def check_repeats(f: Any, X: Any, **options: Any) -> FeatureReport:
    """Which column each column resembles most: of the reference, or of those before it; by Spearman's rank correlation.

    Parameters
    ----------
    f, X, **options
        As in :func:`check_feature`, above all `reference`.

    Returns
    -------
    FeatureReport

    Examples
    --------
    >>> import numpy as np
    >>> from leukofeat import Smear
    >>> from leukofeat.datasets import make_smears
    >>> from leukofeat.evaluation import check_repeats
    >>> fields = make_smears(n_samples=12, size=96, random_state=0)
    >>> smears = [Smear(*parts) for parts in zip(fields.images, fields.nuclei, fields.cells)]
    >>> def size(smear):
    ...     return np.log1p((smear.nuclei > 0).sum() / smear.n_cells)
    >>> check_repeats(size, smears).table["repeats"].tolist()
    ['nucleus_area_mean']
    """
    return check_feature(f, X, checks=["repeats"], **options)


def check_gain(f: Any, X: Any, y: Any, groups: Any = None, **options: Any) -> FeatureReport:
    """What columns tell of the class, alone and beside the reference, with an interval over groups.

    Parameters
    ----------
    f, X, y, groups, **options
        As in :func:`check_feature`, above all `reference`.

    Returns
    -------
    FeatureReport
        `table` holds `auc` (alone, for the class that it tells best) and `gain`: by how many points of the variance of the class
        (100 times the Brier score, cross-validated by groups, as a share of that of the class frequencies) a linear
        discriminant on the reference gets better with the column, with `gain_low` and `gain_high` (95 %, by bootstrap of groups).

    Notes
    -----
    The model is least squares on the indicators of the classes, which gives the directions of linear discriminant
    analysis (Hastie, Tibshirani and Buja, Flexible discriminant analysis by optimal scoring, JASA 89, 1994), with a ridge on
    the reference. A column that only repeats adds nothing; one that adds nothing beside a thousand others may still do well alone.

    Examples
    --------
    >>> from leukofeat import Smear
    >>> from leukofeat.datasets import make_smears
    >>> from leukofeat.evaluation import check_gain
    >>> from leukofeat.features import GeometryFeatures
    >>> fields = make_smears(n_samples=24, size=96, random_state=0)
    >>> smears = [Smear(*parts) for parts in zip(fields.images, fields.nuclei, fields.cells)]
    >>> def noise(smear):
    ...     return float(smear.image[0, 0, 0])
    >>> check_gain(noise, smears, fields.target, reference=GeometryFeatures()).table["gain_low"].iloc[0] > 0
    np.False_
    """
    return check_feature(f, X, y, groups, checks=["gain"], **options)
