"""Images on a map: near one another what has like columns."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from sklearn.base import is_classifier

from leukofeat.plotting.drawing import thumbnail
from leukofeat.plotting.maps import half_of, middle_of, principal_components, spread
from leukofeat.plotting.style import columns_for, line_style, marker_style, one_panel, short, tidy
from leukofeat.sequence import as_sequence

__doctest_requires__ = {"*Display*": ["matplotlib"]}

_SIDE = 96  # pixels of a thumbnail
_ROOM = 1.12  # of a thumbnail's side, between the middles of two


class EmbeddingDisplay:
    """A map of images in two dimensions: a point an image, its marker by class, and thumbnails of some where there is room.

    Thumbnails are spread over the map, stand where their image is, and never over one another; the frame has the colour and the
    dashes of the class.

    Parameters
    ----------
    coordinates : ndarray of shape (n, 2)
        NaN for an image that has no place.
    classes : ndarray of shape (n,), optional
        Name of each image's class.
    thumbnails : dict of int to ndarray, optional
        RGB pictures by row.
    side : float, default=0.09
        Side of a thumbnail, as a share of the map's width.
    axis_names : (str, str), default=("", "")

    Attributes
    ----------
    ax_, figure_ : matplotlib axes and figure
    points_ : dict of str to PathCollection
        By class ("" without classes).
    thumbnails_ : dict of int to AxesImage
        By row.
    """

    def __init__(
        self,
        coordinates: np.ndarray,
        *,
        classes: np.ndarray | None = None,
        thumbnails: Mapping[int, np.ndarray] | None = None,
        side: float = 0.09,
        axis_names: tuple[str, str] = ("", ""),
    ) -> None:
        self.coordinates = coordinates
        self.classes = classes
        self.thumbnails = thumbnails
        self.side = side
        self.axis_names = axis_names

    @classmethod
    def from_coordinates(
        cls,
        coordinates: Any,
        *,
        y: Any = None,
        class_names: Sequence[str] | None = None,
        images: Any = None,
        max_thumbnails: int = 60,
        side: float = 0.09,
        axis_names: tuple[str, str] = ("", ""),
        ax: Any = None,
    ) -> Self:
        """Draw a map of one's own, as of t-SNE or UMAP.

        Parameters
        ----------
        coordinates : array-like of shape (n, 2)
            A row with NaN is not drawn.
        y : array-like of length n, optional
            Classes; codes into `class_names` where that is given.
        class_names : sequence of str, optional
        images : set of n images, optional
            Only those that are shown are read.
        max_thumbnails : int, default=60
        side : float, default=0.09
            Side of a thumbnail, as a share of the map's width.
        axis_names : (str, str), optional
        ax : matplotlib axes, optional

        Returns
        -------
        EmbeddingDisplay

        Raises
        ------
        ValueError
            When the lengths differ, or the coordinates are not two an image.

        Examples
        --------
        >>> from leukofeat.datasets import make_smears
        >>> smears = make_smears(n_samples=4, size=64, random_state=0)
        >>> display = EmbeddingDisplay.from_coordinates(
        ...     [[0, 0], [0, 1], [1, 0], [0.001, 0]], y=smears.target, images=smears.images
        ... )
        >>> sorted(display.thumbnails_)
        [0, 1, 2]
        """
        places = np.asarray(coordinates, np.float64)
        if places.ndim != 2 or places.shape[1] != 2:
            raise ValueError(f"coordinates must have shape (n, 2), not {places.shape}.")
        if not 0 < side <= 1:
            raise ValueError(f"side={side!r} must be a share of the map's side, above 0 and up to 1.")
        for what, given in (("y", y), ("images", images)):
            if given is not None and len(given) != len(places):
                raise ValueError(f"There are {len(places)} coordinates, and {what}= has {len(given)} entries.")
        places = np.where(np.isfinite(places).all(axis=1, keepdims=True), places, np.nan)
        classes = None
        if y is not None:
            codes = np.asarray(y)
            if class_names is not None and codes.max(initial=-1) >= len(class_names):
                raise ValueError(f"class_names has {len(class_names)} names, and y the code {codes.max()}; name each.")
            classes = (codes if class_names is None else np.asarray(class_names)[codes]).astype(str)
        pictures = None
        if images is not None:
            sequence, least = as_sequence(images), _ROOM * side * 2 * half_of(places, side)[0]
            rows = spread(places, least, max_thumbnails)
            pictures = {row: thumbnail(sequence.smear(row).image, _SIDE) for row in rows}
        return cls(places, classes=classes, thumbnails=pictures, side=side, axis_names=axis_names).plot(ax)

    @classmethod
    def from_table(
        cls,
        table: Any,
        *,
        y: Any = None,
        class_names: Sequence[str] | None = None,
        images: Any = None,
        max_thumbnails: int = 60,
        side: float = 0.09,
        ax: Any = None,
    ) -> Self:
        """Draw the first two principal components of a table of columns, each scaled to unit variance.

        A missing value counts as the median of its column. A row without any value, as of an image that could not be read, is not drawn.

        Parameters
        ----------
        table : DataFrame or array-like of shape (n, n_columns)
        y, class_names, images, max_thumbnails, side, ax
            As in `from_coordinates`.

        Returns
        -------
        EmbeddingDisplay

        Raises
        ------
        ValueError
            When the lengths differ.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> iris = load_iris()
        >>> display = EmbeddingDisplay.from_table(iris.data, y=iris.target, class_names=iris.target_names)
        >>> display.axis_names
        ('first principal component (73 %)', 'second (23 %)')
        """
        places, shares = principal_components(table)
        first, second = (f"{100 * share:.0f} %" for share in shares)
        names = (f"first principal component ({first})", f"second ({second})")
        return cls.from_coordinates(
            places, y=y, class_names=class_names, images=images, max_thumbnails=max_thumbnails, side=side,
            axis_names=names, ax=ax,
        )  # fmt: skip

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        *,
        y: Any = None,
        class_names: Sequence[str] | None = None,
        max_thumbnails: int = 60,
        side: float = 0.09,
        ax: Any = None,
    ) -> Self:
        """Draw images by the columns that reach a pipeline's classifier.

        Parameters
        ----------
        estimator : fitted pipeline, or feature set or family
            A classifier at its end is left out.
        X : set of n images
        y, class_names, max_thumbnails, side, ax
            As in `from_coordinates`.

        Returns
        -------
        EmbeddingDisplay

        Raises
        ------
        ValueError
            When it gives no columns.

        Examples
        --------
        >>> from leukofeat.datasets import make_smears
        >>> from leukofeat.features import ColorFeatures
        >>> smears = make_smears(n_samples=8, size=64, random_state=0)
        >>> display = EmbeddingDisplay.from_estimator(ColorFeatures(regions=("image",)), smears.images, y=smears.target)
        >>> display.coordinates.shape
        (8, 2)
        """
        front = estimator[:-1] if is_classifier(estimator) and hasattr(estimator, "steps") else estimator
        if not hasattr(front, "transform"):
            raise ValueError(f"{type(estimator).__name__} gives no columns; a pipeline with a feature set is wanted.")
        images = as_sequence(X)
        table = front.transform(images)
        if getattr(table, "ndim", 1) != 2:
            raise ValueError(f"{type(estimator).__name__} gives no columns; a pipeline with a feature set is wanted.")
        return cls.from_table(
            table, y=y, class_names=class_names, images=images, max_thumbnails=max_thumbnails, side=side, ax=ax
        )

    def plot(self, ax: Any = None) -> Self:
        """Draw on `ax`, or on a new figure.

        Returns
        -------
        self, with `ax_`, `figure_`, `points_` and `thumbnails_`
        """
        places = np.asarray(self.coordinates, np.float64)
        half, middle = half_of(places, self.side), middle_of(places)
        ax = one_panel(ax, (6.6, 0.9 + 5.6 * half[1] / half[0]))
        from matplotlib.patches import Rectangle

        known = np.isfinite(places).all(axis=1)
        named = np.full(len(places), "") if self.classes is None else np.asarray(self.classes)
        kinds = np.unique(named[known]).tolist()
        self.points_, self.thumbnails_ = {}, {}
        for i, kind in enumerate(kinds):
            own = places[known & (named == kind)]
            style = marker_style(i)
            self.points_[kind] = ax.scatter(
                *own.T, s=22, c=style["color"], marker=style["marker"], linewidths=0.4, edgecolors="white", zorder=2,
                label=f"{short(kind, 24)} ({len(own):,})",
            )  # fmt: skip
        wide = self.side * half[0]
        for row, picture in (self.thumbnails or {}).items():
            x, y = places[row]
            height, width = np.array(picture.shape[:2]) / max(picture.shape[:2]) * wide
            extent = (x - width, x + width, y - height, y + height)
            self.thumbnails_[row] = ax.imshow(
                picture, extent=extent, zorder=3, aspect="equal", interpolation="bilinear"
            )
            i = kinds.index(named[row])
            frame = line_style(i) if self.classes is not None else {"color": "black"}
            ax.add_patch(
                Rectangle(extent[::2], 2 * width, 2 * height, fill=False, edgecolor="white", linewidth=2.6, zorder=4)
            )
            ax.add_patch(
                Rectangle(
                    extent[::2], 2 * width, 2 * height, fill=False, edgecolor=frame["color"],
                    linestyle=frame.get("linestyle", "-"), linewidth=1.8, zorder=5,
                )
            )  # fmt: skip
            if self.classes is not None:  # the marker tells the class where the frame does not
                style = marker_style(i)
                corner = (extent[0] + 0.16 * width, extent[3] - 0.16 * height)
                ax.plot(*corner, markersize=5, markeredgecolor="white", markeredgewidth=0.8, zorder=6, **style)
        ends = zip(middle - half, middle + half, strict=True)
        ax.set(**dict(zip(("xlim", "ylim"), ends, strict=True)), aspect="equal")
        ax.set_xlabel(self.axis_names[0], fontsize=8)
        ax.set_ylabel(self.axis_names[1], fontsize=8)
        tidy(ax)
        if self.classes is not None and kinds:
            texts = [points.get_label() for points in self.points_.values()]
            ax.legend(
                fontsize=8,
                ncols=columns_for(ax, texts, 8),
                frameon=False,
                loc="lower center",
                bbox_to_anchor=(0.5, 1.0),
            )
        if not known.all():
            left = f"{int((~known).sum()):,} of {len(places):,} images have no place on the map"
            ax.text(0.01, 0.01, left, fontsize=7, transform=ax.transAxes, zorder=7)
        self.ax_, self.figure_ = ax, ax.figure
        return self
