"""Draw the pictures of README and docs that need nothing but synthetic smears: `python docs/pictures.py`."""

import argparse
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt

from leukofeat.baselines import make_baseline
from leukofeat.datasets import make_smears
from leukofeat.explanation import explain
from leukofeat.plotting import CellsDisplay, ExplanationDisplay

HERE = Path(__file__).parent
SHOWN = 7


def draw_overview(file: Path) -> None:
    """One field, its cells, the verdict on it, and why."""
    smears = make_smears(n_samples=128, random_state=0)
    model = make_baseline("leukofeat_svm").fit(smears.images[16:], smears.target_names[smears.target[16:]])
    (why,) = explain(model, smears.images[SHOWN : SHOWN + 1])

    with plt.rc_context({"font.size": 11}):
        figure, axes = plt.subplots(1, 3, figsize=(13.2, 4.9), layout="constrained", width_ratios=(1, 1, 1.05))
        CellsDisplay.from_smear(why.smear, ax=axes[0])
        ExplanationDisplay.from_explanation(why, k=7, axes=axes[1:])
    titles = (
        f"A synthetic field, not trained on:\n{why.smear.n_cells} leukocytes, and how sure each outline is",
        f"Called {why.verdict} (probability {why.probability:.2f}): blue speaks\nfor it, dashed orange against it",
        "What drove the verdict",
    )
    for ax, title in zip(axes, titles, strict=True):
        ax.set_title("")
        ax.set_title(title, fontsize=12, loc="left")
    figure.savefig(file, dpi=110, pil_kwargs={"quality": 88})
    plt.close(figure)


if __name__ == "__main__":
    argparse.ArgumentParser(description="Draw overview.jpg anew, beside this file.").parse_args()
    draw_overview(HERE / "overview.jpg")
