"""The SVM of Karthikeyan and Poornima (2017)."""

from sklearn.pipeline import Pipeline, make_pipeline

from leukofeat.base import ImageStage
from leukofeat.baselines.moradiamin2015 import nucleus_features
from leukofeat.baselines.pieces import cleanup_for, imputed_svm, opening
from leukofeat.baselines.recipe import BINARY, Recipe
from leukofeat.constraints import OneOf, check
from leukofeat.preprocessing import HistogramEqualizer, MedianDenoiser
from leukofeat.segmentation import FuzzyCMeansSegmenter, LabKMeansSegmenter

_SEGMENTERS = {"fcm": FuzzyCMeansSegmenter, "kmeans": LabKMeansSegmenter}


def karthikeyan2017_fcm_svm(
    *,
    segmentation: str = "fcm",
    C: float = 1.0,
    crop_bar: bool = False,
    clear_border: bool = True,
    segmenter: ImageStage | str | None = None,
) -> Pipeline:
    """Nuclei by fuzzy c-means (or k-means) on a* and b* of the equalised image, their shape and colour statistics, RBF-SVM.

    Karthikeyan, Poornima, cited by Shafique and Tehsin (2018) as "Leukemia 2017;4(1):3136-3142", where the name of the journal looks wrong; the paper
    itself was not found. Data: not known. Task: normal or blast. Published: no figure was found.

    Known, as cited there: histogram equalisation, median filter, fuzzy c-means, which was better than k-means, and an SVM. Left open: data, colours
    that are clustered, features, kernel, figures.

    So nearly all was decided here. V is equalised, then the median of 3 x 3 pixels; fuzzy c-means (fuzziness 2), or k-means with
    `segmentation="kmeans"`, into four clusters of a* and b*, in both the nucleus that of the highest a*; the columns of
    `moradiamin2015_kmeans_svm`, measured on the equalised and filtered image; C = 1 and gamma "scale", columns scaled.

    38 columns, means over the cells of an image: area, perimeter, circularity, eccentricity, solidity, extent, major and minor axis of the nucleus;
    mean, standard deviation, skewness, kurtosis and entropy of R, G, B, hue (on the circle), saturation and value in it.

    Equalisation takes the colour of dark nuclei along: in the fields of Aria et al. (2021) both find fewer of them than without it.
    `clear_border=False` keeps leukocytes that the frame cuts, as crops of single cells need it; `crop_bar=True` crops a scale bar first.
    """
    check("segmentation", segmentation, OneOf(*_SEGMENTERS))
    default = _SEGMENTERS[segmentation](rank="a", cleanup=cleanup_for(clear_border))
    before = [HistogramEqualizer(), MedianDenoiser(3)]
    return make_pipeline(*opening(crop_bar, segmenter, default, before=before), nucleus_features(), *imputed_svm(C=C))


RECIPES = (
    Recipe(
        make=karthikeyan2017_fcm_svm,
        year=2017,
        citation='Karthikeyan, Poornima, cited as "Leukemia 2017;4(1):3136-3142"',
        data="not known",
        task=BINARY,
        caveat="no figure was found",
        firmness="c",
        variants=("karthikeyan2017_fcm_svm:segmentation=kmeans",),
    ),
)
