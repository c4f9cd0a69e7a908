"""What a comparison of pipelines that share their segmentation costs, against the slowest of them alone.

    python benchmarks/compare_speed.py [--images N] [--data NAME|FOLDER] [--json FILE]

Four pipelines with one preprocessing and segmentation and different features, 5 folds; processor time, median of three runs
after a warm-up that compiles. Bar: at most 1.5 times the slowest alone.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from typing import Any

import cv2
from places import NAME_OR_FOLDER, data_folder
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from leukofeat.datasets import load_images, make_smears
from leukofeat.evaluation import compare
from leukofeat.features import ColorFeatures, FeatureSet, GeometryFeatures, HOGFeatures, TextureFeatures
from leukofeat.preprocessing import ColorNormalizer, MedianDenoiser, ScaleBarCropper
from leukofeat.segmentation import LabKMeansSegmenter


def pipelines() -> dict[str, Pipeline]:
    """Four classical pipelines, by name."""
    regions = ("nucleus", "cytoplasm")
    families = {
        "geometry": [GeometryFeatures()],
        "colour": [ColorFeatures(regions=regions)],
        "texture": [TextureFeatures(regions=regions)],
        "all": [GeometryFeatures(), HOGFeatures(), ColorFeatures(regions=regions), TextureFeatures(regions=regions)],
    }
    return {
        name: make_pipeline(
            ScaleBarCropper(),
            ColorNormalizer("white_balance"),
            MedianDenoiser(3),
            LabKMeansSegmenter(rank="a"),
            FeatureSet(members),
            SimpleImputer(strategy="median", keep_empty_features=True),
            StandardScaler(),
            SVC(C=10),
        )
        for name, members in families.items()
    }


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", metavar="NAME|FOLDER", help=f"{NAME_OR_FOLDER}; synthetic smears otherwise")
    parser.add_argument("--images", type=int, default=120, metavar="N", help="number of images (default: %(default)s)")
    parser.add_argument("--json", help="file for the figures")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    bunch = (
        load_images(data_folder(arguments.data)) if arguments.data else make_smears(arguments.images, random_state=0)
    )
    rows = range(0, len(bunch.target), max(1, len(bunch.target) // arguments.images))
    images, target = [bunch.images[i] for i in rows], bunch.target[list(rows)]

    def seconds(members: dict[str, Any]) -> float:
        runs = []
        for _ in range(3):
            started = time.process_time()
            compare(members, images, target, cv=5)
            runs.append(time.process_time() - started)
        return statistics.median(runs)

    compare(pipelines(), images[:40], target[:40], cv=2, n_bootstrap=10)
    found = {name: seconds({name: pipeline}) for name, pipeline in pipelines().items()}
    slowest, together = max(found.values()), seconds(pipelines())
    for name, value in found.items():
        print(f"{name:10s} alone {value:7.2f} s")
    print(
        f"all four together {together:.2f} s, {together / slowest:.2f} times the slowest alone ({len(images)} images)"
    )
    if arguments.json:
        with open(arguments.json, "w") as file:
            json.dump({"alone": found, "together": together, "ratio": together / slowest}, file, indent=1)
    return 0 if together <= 1.5 * slowest else 1


if __name__ == "__main__":
    sys.exit(main())
