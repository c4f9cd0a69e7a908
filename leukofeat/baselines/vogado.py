"""The systems of Vogado et al. (2017, 2018) on frozen networks."""

from sklearn.ensemble import RandomForestClassifier, VotingClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from leukofeat.baselines.embedded import embedded
from leukofeat.baselines.pieces import Components
from leukofeat.baselines.recipe import BINARY, NETWORK, Recipe
from leukofeat.calibration import CalibratedClassifier
from leukofeat.selection import make_selector


def vogado2017_ensemble(*, network: str | None = None, crop_bar: bool = False) -> Pipeline:
    """Frozen network on the whole image, principal components, vote of SVM, MLP and random forest.

    Vogado et al., SIBGRAPI 2017:367-373. Data: not found. Task: malignant against benign.

    Published, in the abstract: accuracy 1.00, without segmentation; several selections were tried, and principal components chosen.

    The source leaves open, and was decided here: components that hold 95 % of the variance of the scaled columns; an RBF-SVM (C = 1, gamma
    "scale"), a perceptron of one layer of 100 units (which stops when ten rounds gain less than 0.001 in loss) and a forest of 100 trees; the vote is the mean of their probabilities.

    Columns: one an output unit of the network, before the components. `network` is the path of an ONNX file, for leukofeat brings none
    (:class:`~leukofeat.deep.CNNEmbedding` says which are known; maps are averaged over their area); which networks the paper took is not
    known here.

    Saved, it holds the trees of the forest: whoever loads it has to name them, ``load(path, trusted=["sklearn.tree._tree.Tree"])``.
    """
    svm = CalibratedClassifier(SVC(decision_function_shape="ovo"), decision_function_shape="ovo")
    vote = VotingClassifier(
        [
            ("svm", svm),
            ("mlp", MLPClassifier(tol=1e-3, max_iter=1000, random_state=0)),
            ("forest", RandomForestClassifier(random_state=0)),
        ],
        voting="soft",
    )
    return make_pipeline(*embedded(crop_bar, network), StandardScaler(), Components(0.95, svd_solver="full"), vote)


def vogado2018_cnn_svm(
    *,
    network: str | None = None,
    network_2: str | None = None,
    network_3: str | None = None,
    k: int = 100,
    crop_bar: bool = False,
) -> Pipeline:
    """Up to three frozen networks on the whole image, columns by gain ratio, linear SVM.

    Vogado et al., Eng. Appl. Artif. Intell. 72:415-422, 2018, 10.1016/j.engappai.2018.04.024. Data: not found. Task: malignant against benign.

    Published: accuracy 0.99, as cited by Shalini and Angel Viji (2022). AlexNet, CaffeNet and VGG-f, selection by gain ratio; the SVM is known from
    the title.

    The source leaves open, and was decided here: the layer (what the file gives), bins (10 of equally many images), the number of columns
    (`k` = 100), the kernel (linear, C = 1, scaled columns).

    Columns: one an output unit, of which 100 are kept. `network`, `network_2` and `network_3` are paths of ONNX files, whose columns stand side by
    side; where there is but one it is the only one. leukofeat brings none (:class:`~leukofeat.deep.CNNEmbedding` says which are known; maps are
    averaged over their area).
    """
    svm = SVC(kernel="linear", decision_function_shape="ovo")
    return make_pipeline(
        *embedded(crop_bar, network, network_2, network_3),
        CalibratedClassifier(
            make_pipeline(StandardScaler(), make_selector("gain_ratio", k=k), svm), decision_function_shape="ovo"
        ),
    )


RECIPES = (
    Recipe(
        make=vogado2017_ensemble,
        year=2017,
        citation="Vogado et al., SIBGRAPI 2017:367-373",
        data="not found",
        task=BINARY,
        published="acc 1.00",
        caveat="abstract only; with the networks of the paper, which are not known here",
        firmness="b",
        needs=NETWORK,
    ),
    Recipe(
        make=vogado2018_cnn_svm,
        year=2018,
        citation="Vogado et al., Eng. Appl. Artif. Intell. 72:415-422, 2018, 10.1016/j.engappai.2018.04.024",
        data="not found",
        task=BINARY,
        published="acc 0.99",
        caveat="as cited by others; with AlexNet, CaffeNet and VGG-f",
        firmness="b",
        needs=NETWORK,
    ),
)
