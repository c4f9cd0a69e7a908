"""The catalogue as a page of the documentation."""

from leukofeat.features.catalogue import built_in
from leukofeat.features.measure import Measure

TOLERANCE, SLACK = 0.05, 0.02  # of what is called the same: relative, or absolute

_HEAD = f"""# Features

Every measure of the built-in families. This page is written by `python -m leukofeat.features > docs/features.md`; the
same as a table is `leukofeat.features.list_features()`.

**Names.** Blanks stand in braces: `{{body}}` is nucleus or cell, `{{part}}` nucleus or cytoplasm, `{{region}}` nucleus,
cytoplasm, cell, background or image, and `{{over}}` mean or range over four directions; numbers stand as they are, with `p` for
the point. `[_um]` and `[_um2]` are there when `pixel_size` is given, and the value then is in micrometres instead of px.
Levels are grey levels of 8 bits, or those that the family reduces them to.

**Of what.** *cell*: measured on every cell; the per-cell table (`measure_cells`) holds the values, the image's row their
summaries (`nucleus_area_mean`, `nucleus_area_std`, ...). *region*: measured in the row on all cells of the image together
(`ColorFeatures(summary=...)`: on each, and summarised), in the table on each cell. *image*: in the row only.

**What it withstands.** Every claim is a test, and *about the same* means within {TOLERANCE:.0%}, or {SLACK} where that is more
(one level for percentiles of levels). For Hu's moments only the former counts; all seven are invariant in theory, but all except the first are so small that pixels disturb
them more.

| column | word | promises |
|---|---|---|
| rotation | any | the same to 1e-9 after quarter turns and in a mirror, about the same after a turn by any angle |
| | any, nearly | about the same after all of these |
| | quarter | the same to 1e-9 after quarter turns and in a mirror |
| | quarter, nearly | about the same after these |
| | turns | the same to 1e-9 after quarter turns; a mirror changes the sign |
| scale | same, length, area | about the same, twice or four times as much at twice the magnification (for what label maps alone decide, the cell drawn twice as large; for the rest, every pixel made four) |
| stain | light | about the same with 0.8 times the light (a gain on the intensities), label maps as they are |
| | stain | about the same with 1.25 times the stain (a factor on the optical densities), label maps as they are |
| | both | both |
| any | no | nothing |

Numbering the cells otherwise changes no row. `FunctionFeatures` measures what its function returns.
"""

_SOURCES = """
## Sources

- Agaian et al. 2014: Automated screening system for acute myelogenous leukemia detection in blood microscopic images. IEEE Syst. J. 8, 995.
- Arsigny et al. 2006: Log-Euclidean metrics for fast and simple calculus on diffusion tensors. Magn. Reson. Med. 56, 411.
- Bain 2022: Blood cells: a practical guide, 6th edition. Wiley Blackwell.
- Benkrid and Crookes 2000: Design and FPGA implementation of a perimeter estimator. Queen's University of Belfast.
- Bennett et al. 1976: Proposals for the classification of the acute leukaemias (French-American-British co-operative group). Br. J. Haematol. 33, 451.
- Canny 1986: A computational approach to edge detection. IEEE Trans. Pattern Anal. Mach. Intell. 8, 679.
- Caspersson 1936: Über den chemischen Aufbau der Strukturen des Zellkernes. Skand. Arch. Physiol. 73, suppl. 8.
- Chu et al. 1990: Use of gray value distribution of run lengths for texture analysis. Pattern Recognit. Lett. 11, 415.
- Cox 1927: A method of assigning numerical and percentage values to the degree of roundness of sand grains. J. Paleontol. 1, 179.
- Dalal and Triggs 2005: Histograms of oriented gradients for human detection. CVPR, 886.
- Dasarathy and Holder 1991: Image characterizations based on joint gray level-run length distributions. Pattern Recognit. Lett. 12, 497.
- Feret 1930: La grosseur des grains des matières pulvérulentes. Assoc. Int. Essai Mater. 2 D, 428.
- Galloway 1975: Texture analysis using gray level run lengths. Comput. Graph. Image Process. 4, 172.
- Gonzalez and Woods 2018: Digital image processing, 4th edition. Pearson.
- Haralick et al. 1973: Textural features for image classification. IEEE Trans. Syst. Man Cybern. 3, 610.
- Hu 1962: Visual pattern recognition by moment invariants. IRE Trans. Inf. Theory 8, 179.
- Jain and Farrokhnia 1991: Unsupervised texture segmentation using Gabor filters. Pattern Recognit. 24, 1167.
- Jin et al. 2023: the published SVM recipe (`jin2023_svm`).
- Lindeberg 1998: Feature detection with automatic scale selection. Int. J. Comput. Vis. 30, 79.
- Mallat 1989: A theory for multiresolution signal decomposition. IEEE Trans. Pattern Anal. Mach. Intell. 11, 674.
- Mandelbrot 1982: The fractal geometry of nature. Freeman.
- Maragos 1989: Pattern spectrum and multiscale shape representation. IEEE Trans. Pattern Anal. Mach. Intell. 11, 701.
- Ojala et al. 2002: Multiresolution gray-scale and rotation invariant texture classification with local binary patterns. IEEE Trans. Pattern Anal. Mach. Intell. 24, 971.
- Otsu 1979: A threshold selection method from gray-level histograms. IEEE Trans. Syst. Man Cybern. 9, 62.
- Persoon and Fu 1977: Shape discrimination using Fourier descriptors. IEEE Trans. Syst. Man Cybern. 7, 170.
- Ruifrok and Johnston 2001: Quantification of histochemical staining by color deconvolution. Anal. Quant. Cytol. Histol. 23, 291.
- Soh and Tsatsoulis 1999: Texture analysis of SAR sea ice imagery using gray level co-occurrence matrices. IEEE Trans. Geosci. Remote Sens. 37, 780.
- Suzuki and Abe 1985: Topological structural analysis of digitized binary images by border following. Comput. Vis. Graph. Image Process. 30, 32.
- Teague 1980: Image analysis via the general theory of moments. J. Opt. Soc. Am. 70, 920.
- Tuzel et al. 2006: Region covariance: a fast descriptor for detection and classification. ECCV, 589.
- Young et al. 1974: An analysis technique for biological shape I. Inf. Control 25, 357.
- Young et al. 1986: Characterization of chromatin distribution in cell nuclei. Cytometry 7, 467.
- Yuen et al. 1990: Comparative study of Hough transform methods for circle finding. Image Vis. Comput. 8, 71.
- Zahn and Roskies 1972: Fourier descriptors for plane closed curves. IEEE Trans. Comput. 21, 269.
"""

_COLUMNS = ("name", "of", "meaning", "unit", "formula", "source", "rotation", "scale", "stain")


def features_page() -> str:
    """The page docs/features.md: a table for each family, the words it uses, and the sources.

    Examples
    --------
    >>> features_page().splitlines()[0]
    '# Features'
    """
    blocks = [_HEAD]
    for name, family in built_in().items():
        purpose = (family.__doc__ or "").split("\n")[0]
        rows = [_COLUMNS, ("---",) * len(_COLUMNS), *map(_cells, family.measures)]
        table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
        blocks.append(f"\n## {name}\n\n{purpose}\n\n{table}\n")
    return "".join([*blocks, _SOURCES])


def _cells(measure: Measure) -> tuple[str, ...]:
    words = (measure.meaning, measure.unit, measure.formula, measure.source)
    plain = [word.replace("|", "\\|") for word in words]
    return (f"`{measure.name}`", measure.level, *plain, measure.rotation, measure.scale, measure.stain)
