"""The system of Sahlol, Kollmannsberger and Ewees (2020) on a frozen network, without its swarm."""

from sklearn.feature_selection import RFE, SelectPercentile
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from leukofeat.baselines.embedded import embedded
from leukofeat.baselines.recipe import BINARY, NETWORK, Recipe
from leukofeat.calibration import CalibratedClassifier
from leukofeat.selection import chi_square


def sahlol2020_vgg_sessa_svm(*, network: str | None = None, crop_bar: bool = False) -> Pipeline:
    """Frozen network, 4 % of its columns by chi-square and elimination, no swarm, linear SVM.

    Sahlol, Kollmannsberger, Ewees, Sci. Rep. 10:2536, 2020, 10.1038/s41598-020-59215-9. Data: ALL-IDB2, 208 images to learn from and 52 to test; also
    the training part of C-NMC. Task: malignant against benign, in crops of single cells.

    Published: VGG19 without its top at 224 x 224, 25,088 columns; SESSA, a salp swarm with chi-square, recursive elimination by logistic regression
    and importance in trees added, keeps 1,087 of them (4.3 %). ALL-IDB2: accuracy 0.9611, sensitivity 0.93, specificity 0.95; with all columns
    0.9423. C-NMC, 1,115 columns: 0.833. Its F1 is the harmonic mean of *specificity* and sensitivity. C-NMC was split by image, not by patient. Of six
    classifiers its table of comparison names the SVM.

    Left out: the swarm (10 salps, 100 rounds), of which the coding is not said, and with it the importance in trees. Decided here: the order, which is only
    drawn in the paper; chi-square keeps a fifth of the columns, elimination a fifth of those, a tenth a round; C = 1, scaled columns.

    Columns: one an output unit, of which 4 % are kept, so that the network has to have 25 at least. `network` is the path of an ONNX file, for
    leukofeat brings none (:class:`~leukofeat.deep.CNNEmbedding` says which are known). The 25,088 are had from a VGG19 that ends in the flattened maps; maps
    are averaged over their area, which makes 512 columns of them.
    """
    svm = SVC(kernel="linear", decision_function_shape="ovo")
    selection = [
        SelectPercentile(chi_square, percentile=20),
        RFE(LogisticRegression(max_iter=1000), n_features_to_select=0.2, step=0.1),
    ]
    return make_pipeline(
        *embedded(crop_bar, network),
        CalibratedClassifier(make_pipeline(StandardScaler(), *selection, svm), decision_function_shape="ovo"),
    )


RECIPES = (
    Recipe(
        make=sahlol2020_vgg_sessa_svm,
        year=2020,
        citation="Sahlol, Kollmannsberger, Ewees, Sci. Rep. 10:2536, 2020, 10.1038/s41598-020-59215-9",
        data="ALL-IDB2, 260 crops",
        task=BINARY,
        published="acc 0.9611",
        caveat="of 52 crops; with VGG19 and the swarm, which is left out here",
        firmness="a",
        needs=NETWORK,
    ),
)
