"""Published systems that were looked at and not built, each with its reason."""

from leukofeat.baselines.recipe import BINARY, Recipe

_MARROW = "needs images of bone marrow, and parts that leukofeat does not have"
_UNKNOWN = "what it measures and decides with could not be found out"
_UNREAD = "its network and how it is trained could not be found out"

_DEEP = (
    Recipe(
        name="cnn2019_subtypes",
        idea="convolutional network for all subtypes of leukaemia, seven augmentations",
        year=2019,
        citation="a convolutional network of 2019, known by its abstract",
        data="ALL-IDB and the image bank of ASH",
        task="leukaemia or not; subtypes",
        published="acc 0.8825 (subtypes: 0.8174)",
        caveat="abstract; 5-fold cross-validation",
        firmness="c",
        reason=f"known by its abstract only; {_UNREAD}",
    ),
    Recipe(
        name="abdelghany2023_efficientnetb3",
        idea="EfficientNet-B3, learning rate set by loss and training accuracy",
        year=2023,
        citation="Abd El-Ghany, Elmogy, Abd El-Aziz, Diagnostics 13(3):404, 2023, 10.3390/diagnostics13030404",
        data="C-NMC, normalised and balanced",
        task=BINARY,
        published="acc 0.9831",
        caveat="cited as 0.9757 elsewhere",
        firmness="c",
        reason="known by its abstract only; the rule by which loss and accuracy set its learning rate could not be found out",
    ),
    *(
        Recipe(name=name, idea=idea, year=year, citation=citation, data=data, task=BINARY, firmness=firm,
               reason=f"{'described in one clause' if firm == 'c' else 'cited by name only'}; {_UNREAD}")
        for name, idea, year, citation, data, firm in (
            ("duggal2017_sd_layer", "stain deconvolution learned in front of a network", 2017,
             "Duggal, Gupta, Gupta, Mallick, 2017, 10.1007/978-3-319-66179-7_50", "not found", "c"),
            ("kant2018_leukonet", "network on optical density and DCT columns", 2018, "Kant, LeukoNet, arXiv:1810.07961", "B-ALL", "c"),
            ("rehman2018_cnn", "classification of ALL by deep learning", 2018, "Rehman et al., Microsc. Res. Tech. 81(11):1310-1317, 2018", "not found", "d"),
            ("liu2019_bagging", "bagging of deep networks", 2019, "Liu, Long, 2019, 10.1007/978-981-15-0798-4_12", "C-NMC", "d"),
            ("deoliveira2021_cnn", "augmentation and convolutional networks", 2021, "de Oliveira, Dantas, 2021, 10.5220/0010257406850692", "C-NMC", "d"),
        )
    ),
)  # fmt: skip

_CLASSICAL = (
    Recipe(
        name="mohapatra2010_svm",
        idea="nucleus segmented and measured; detection of acute leukaemia",
        year=2010,
        citation="Mohapatra, Patra, ICSMB 2010",
        firmness="d",
        reason=f"cited by name only; {_UNKNOWN}",
    ),
    Recipe(
        name="patel2015",
        idea="statistical features: skewness, variance, gradient matrix",
        year=2015,
        citation="Patel, Mishra, 2015, 10.1016/j.procs.2015.08.082",
        firmness="d",
        reason=f"described in one clause; {_UNKNOWN}",
    ),
    Recipe(
        name="hegde2020",
        idea="colour, shape and texture",
        year=2020,
        citation="Hegde et al., 2020, 10.1007/s10278-019-00288-y",
        firmness="d",
        reason=f"described in one clause; {_UNKNOWN}",
    ),
    Recipe(
        name="das2020_pca",
        idea="reduction by principal components",
        year=2020,
        citation="Das, Jadoun, Meher, HYDCON 2020",
        firmness="d",
        reason=f"described in one clause; {_UNKNOWN}",
    ),
    Recipe(
        name="reta2015",
        idea="k-means with CIELAB, overlapping cells parted, binary classifiers with majority vote",
        year=2015,
        citation="Reta et al., PLOS ONE 10(6), 2015, 10.1371/journal.pone.0130805",
        data="633 images of bone marrow",
        task="ALL / AML, and their subtypes",
        published="acc 0.92 (subtypes 0.84 and 0.92)",
        caveat="of families and subtypes, not of malignant against benign",
        firmness="c",
        reason=_MARROW,
    ),
    Recipe(
        name="fatichah2015",
        idea="fuzzy morphology, fuzzy decision tree",
        year=2015,
        citation="Fatichah et al., Int. J. Control Autom. Syst. 13(3):742-752, 2015",
        data="120 images of bone marrow",
        task="subtypes",
        published="acc about 0.84",
        caveat="as cited; of subtypes",
        firmness="c",
        reason=_MARROW,
    ),
    Recipe(
        name="zhao2017_cnn_rf",
        idea="PRICoLBP with an SVM, then a network's features with a random forest",
        year=2017,
        citation="Zhao et al., Med. Biol. Eng. Comput. 55(8):1287-1301, 2017, 10.1007/s11517-016-1590-x",
        data="CellaVision, ALL-IDB and others",
        task="5 types of white cells",
        published="acc 0.75 to 0.96",
        caveat="types of normal cells, not leukaemia",
        firmness="c",
        reason="tells types of normal white cells, not leukaemia, and needs PRICoLBP, which leukofeat does not have",
    ),
    *(
        Recipe(name=name, idea="known by its title", year=year, citation=citation, firmness="d",
               reason=f"known by its title only; {_UNKNOWN}")
        for name, year, citation in (
            ("raje2014", 2014, "Raje, Rangole, ICCSP 2014, 10.1109/ICCSP.2014.6949840"),
            ("begum2017", 2017, "Jasmine Begum, Abdul Razak, WCCCT 2017, 10.1109/WCCCT.2016.63"),
            ("dese2021", 2021, "Dese et al., 2021"),
            ("abhishek2022", 2022, "Abhishek et al., 2022"),
        )
    ),
)  # fmt: skip

_SEGMENT = "segments only; it decides nothing"
_SEGMENTERS = tuple(
    Recipe(name=name, idea=idea, year=year, citation=citation, task="segmentation", published=published, caveat=caveat,
           firmness=firm, reason=reason)
    for name, idea, year, citation, published, caveat, firm, reason in (
        ("rezatofighi2008", "Gram-Schmidt for the nucleus, deformable model for the cytoplasm", 2008,
         "Rezatofighi et al., ICSP 2008:801-805", "", "", "c", _SEGMENT),
        ("li2016_dual_threshold", "two thresholds on stretched grey and hue", 2016, "Li et al., 2016, 10.1155/2016/9514707", "", "", "b",
         f"{_SEGMENT}; DualThresholdSegmenter is its relative"),
        ("tosta2018", "wavelet, genetic algorithm, morphology", 2018, "Tosta et al., 2018", "Dice 0.89", "12 images of CLL", "c", _SEGMENT),
        ("tran2018", "semantic segmentation network", 2018, "Tran et al., 2018, 10.1109/ICECOME.2018.8644754", "global acc 0.8945",
         "of pixels", "c", _SEGMENT),
        ("alhafiz2018", "threshold and Canny", 2018, "Al-Hafiz et al., 2018", "", "", "d", f"{_SEGMENT}, and red cells at that"),
        ("mandal2019", "finds and marks nuclei", 2019, "Mandal et al., 2019, 10.1109/ICECCT.2019.8869414", "", "", "d", _SEGMENT),
    )
)  # fmt: skip

RECIPES = (*_DEEP, *_CLASSICAL, *_SEGMENTERS)
