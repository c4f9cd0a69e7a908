"""The k-NN of Sahlol, Abdeldaim and Hassanien (2019), with a filter in the place of its swarm."""

from sklearn.pipeline import Pipeline, make_pipeline

from leukofeat.base import ImageStage
from leukofeat.baselines.pieces import imputed_knn
from leukofeat.baselines.putzu2014 import measured_by_zack
from leukofeat.baselines.recipe import BINARY, Recipe
from leukofeat.selection import make_selector


def sahlol2019_ssoa_knn(
    *,
    channel: str = "yellow",
    equalize: bool = True,
    crop_bar: bool = False,
    clear_border: bool = True,
    segmenter: ImageStage | str | None = None,
) -> Pipeline:
    """Shape, colour and texture of leukocytes by Zack's threshold on an ink of CMYK, half of them selected, k-NN.

    Sahlol, Abdeldaim, Hassanien, Soft Computing 23(15):6345-6360, 2019, 10.1007/s00500-018-3288-5. Data: ALL-IDB2, 260 crops of single
    cells. Task: normal or blast. Published: 0.9523 in the abstract; 0.9567 with k-NN, as cited by Sahlol et al. (2020). Of the
    segmentation by itself the abstract has accuracy 0.9923.

    No swarm is built. The paper halves its columns by social spider optimisation (SSOA), which tries sets of columns by the classifier;
    the stand-in here is a filter that keeps the half that says most of the class, by information gain on columns cut into ten bins. A
    search by the classifier takes hours, and of the swarm no parameter is known.

    Known are CMYK, equalisation, Zack's threshold, features of colour, shape and texture, and that several classifiers were tried. Left
    open: which features and how many, k of the k-NN, the split. Segmentation (Y of CMYK, equalised, from a public re-implementation) and
    the 74 columns are those of `putzu2014_svm`, of which 37 are kept; k-NN of 5 neighbours, Euclidean, columns scaled. All of that
    was decided here.

    In the fields of Aria et al. (2021) slide and bluish grey red cells have as little yellow as leukocytes: the threshold parts hardly
    any of them, and the "nuclei", what Otsu's takes within, are often red cells or clumps. `channel="cyan", equalize=False` is a relative
    that finds more of the leukocytes, not what was published.
    """
    return make_pipeline(
        *measured_by_zack(channel, equalize, crop_bar=crop_bar, clear_border=clear_border, segmenter=segmenter),
        *imputed_knn(make_selector("information_gain", k=37)),
    )


RECIPES = (
    Recipe(
        make=sahlol2019_ssoa_knn,
        year=2019,
        citation="Sahlol, Abdeldaim, Hassanien, Soft Comput. 23(15):6345-6360, 2019, 10.1007/s00500-018-3288-5",
        data="ALL-IDB2, 260 crops",
        task=BINARY,
        published="acc 0.9523 (0.9567 with k-NN)",
        caveat="of the abstract, that with k-NN as cited by Sahlol et al. 2020; its swarm (SSOA) is not built, a filter by information "
        "gain stands in for it",
        firmness="b",
        variants=("sahlol2019_ssoa_knn:channel=cyan,equalize=false",),
    ),
)
