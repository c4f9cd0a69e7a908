"""Entries of the catalogue: size, shape and outline, which the label maps alone decide."""

from __future__ import annotations

from functools import partial

from leukofeat.features.measure import Measure

_shape = partial(Measure, stain="both", level="cell")
_SKIMAGE = "scikit-image regionprops"

GEOMETRY = (
    Measure("cell_count", "cells found", "1", "number of cells with a pixel", "", "any", "same", "both", "image"),
    _shape("{body}_area[_um2]", "area", "px²", "A = number of pixels", _SKIMAGE, "any", "area"),
    _shape(
        "{body}_perimeter[_um]",
        "length of the outline",
        "px",
        "P = n₁ + √2 n₂ + (1 + √2)/2 n₃ over straight, diagonal and corner border pixels",
        "Benkrid and Crookes 2000",
        "any",
        "length",
    ),
    _shape(
        "{body}_equivalent_diameter[_um]",
        "diameter of the disc of equal area",
        "px",
        "√(4A/π)",
        _SKIMAGE,
        "any",
        "length",
    ),
    _shape(
        "{body}_major_axis[_um]",
        "long axis of the ellipse of equal second moments",
        "px",
        "4√λ₁, λ₁ ≥ λ₂ of the covariance of the pixels",
        _SKIMAGE,
        "any",
        "length",
    ),
    _shape("{body}_minor_axis[_um]", "short axis of that ellipse", "px", "4√λ₂", _SKIMAGE, "any", "length"),
    _shape("{body}_eccentricity", "0 circle, towards 1 a line", "1", "√(1 − λ₂/λ₁)", _SKIMAGE, "any", "same"),
    _shape("{body}_aspect_ratio", "short by long axis", "1", "√(λ₂/λ₁)", _SKIMAGE, "any", "same"),
    _shape(
        "{body}_extent",
        "share of the bounding box",
        "1",
        "A / (height × width of the box)",
        _SKIMAGE,
        "quarter",
        "same",
    ),
    _shape(
        "{body}_convex_area[_um2]",
        "area of the convex hull",
        "px²",
        "Ac = pixels whose centre the hull holds",
        _SKIMAGE,
        "any",
        "area",
    ),
    _shape("{body}_solidity", "share of the convex hull", "1", "A / Ac", _SKIMAGE, "any", "same"),
    _shape(
        "{body}_feret_max[_um]",
        "largest diameter",
        "px",
        "Fmax = largest distance of two hull vertices",
        _SKIMAGE,
        "any",
        "length",
    ),
    _shape(
        "{body}_feret_min[_um]",
        "smallest width",
        "px",
        "smallest distance of two parallel supports of the hull",
        "Feret 1930",
        "any",
        "length",
    ),
    _shape("{body}_convexity", "how little the outline folds", "1", "perimeter of the hull / P", "", "any", "same"),
    _shape(
        "{body}_circularity", "near 1 for a disc, less for anything else", "1", "4πA / P²", "Cox 1927", "any", "same"
    ),
    _shape("{body}_compactness", "near 4π for a disc, more for anything else", "1", "P² / A", "", "any", "same"),
    _shape("{body}_roundness", "1 for a disc, less for anything long", "1", "4A / (π Fmax²)", "", "any", "same"),
    _shape(
        "{body}_hu_1", "moment of inertia", "1", "η₂₀ + η₀₂, η the normalised central moments", "Hu 1962", "any", "same"
    ),
    _shape("{body}_hu_2", "elongation", "1", "(η₂₀ − η₀₂)² + 4η₁₁²", "Hu 1962", "quarter", "same"),
    _shape("{body}_hu_3", "triangularity", "1", "(η₃₀ − 3η₁₂)² + (3η₂₁ − η₀₃)²", "Hu 1962", "quarter", "no"),
    _shape("{body}_hu_4", "lopsidedness", "1", "p² + q², p = η₃₀ + η₁₂, q = η₂₁ + η₀₃", "Hu 1962", "quarter", "no"),
    _shape(
        "{body}_hu_5",
        "fifth invariant",
        "1",
        "u p (p² − 3q²) + v q (3p² − q²), u = η₃₀ − 3η₁₂, v = 3η₂₁ − η₀₃",
        "Hu 1962",
        "quarter",
        "no",
    ),
    _shape("{body}_hu_6", "sixth invariant", "1", "(η₂₀ − η₀₂)(p² − q²) + 4η₁₁ p q", "Hu 1962", "quarter", "no"),
    _shape(
        "{body}_hu_7",
        "seventh invariant; a mirror changes its sign",
        "1",
        "v p (p² − 3q²) − u q (3p² − q²)",
        "Hu 1962",
        "turns",
        "no",
    ),
    _shape("cytoplasm_area[_um2]", "area of the cytoplasm", "px²", "A(cell) − A(nucleus)", "", "any", "area"),
    _shape("nc_area_ratio", "nucleus by cell, of areas", "1", "A(nucleus) / A(cell)", "", "any", "same"),
    _shape("nc_diameter_ratio", "nucleus by cell, of diameters", "1", "√(A(nucleus) / A(cell))", "", "any", "same"),
    _shape(
        "nucleus_cytoplasm_ratio", "nucleus by cytoplasm, of areas", "1", "A(nucleus) / A(cytoplasm)", "", "any", "same"
    ),
    _shape(
        "nucleus_offset",
        "how far off the centre the nucleus lies",
        "1",
        "distance of the centroids / equivalent diameter of the cell",
        "",
        "any",
        "same",
    ),
    _shape(
        "cell_neighbor_distance[_um]",
        "distance to the nearest other cell",
        "px",
        "smallest distance between centroids",
        "",
        "any",
        "length",
    ),
)

OUTLINE = (
    _shape(
        "{body}_fourier_{k}",
        "outline's Fourier descriptor, in the sense of the contour",
        "1",
        "|F(k)| / |F(1)|, F the transform of 128 equal steps x + iy along the outer contour, k = 2 to 6",
        "Zahn and Roskies 1972",
        "any, nearly",
        "same",
    ),
    _shape(
        "{body}_fourier_m{k}",
        "the same against that sense",
        "1",
        "|F(−k)| / |F(1)|, k = 1 to 5",
        "Persoon and Fu 1977",
        "any, nearly",
        "same",
    ),
    _shape(
        "{body}_bending_energy",
        "how much the outline bends; 1 for a circle",
        "1",
        "L ∮κ² ds / 4π², contour of 8 harmonics on either side",
        "Young et al. 1974",
        "quarter, nearly",
        "same",
    ),
    _shape(
        "{body}_zernike_{n}_{m}",
        "Zernike moment of the mask",
        "1",
        "|Σ V*ₙₘ| (n + 1)/π / A on the disc about the centroid that holds it",
        "Teague 1980",
        "any",
        "same",
    ),
    _shape(
        "{body}_box_dimension",
        "fractal dimension of the outline",
        "1",
        "slope of log N(s) on log 1/s, N boxes of s = 1, 2, 4, … pixels",
        "Mandelbrot 1982",
        "no",
        "no",
    ),
    _shape(
        "nucleus_lobes",
        "lobes",
        "1",
        "peaks of the distance to the outside that rise 0.15 of the largest above the neck",
        "",
        "any",
        "same",
    ),
    _shape("nucleus_parts", "pieces", "1", "8-connected parts of at least 5 % of the pixels", "", "any", "same"),
)
