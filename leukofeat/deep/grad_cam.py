"""Where a network looks: Grad-CAM of a module, and of a fitted classifier on images."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from leukofeat.deep.extra import import_torch
from leukofeat.deep.feature_map import evaluating, find_layer, last_map
from leukofeat.deep.image import from_input, onto_input
from leukofeat.preprocessing.marks import Box
from leukofeat.sequence import ImageSequence, as_sequence
from leukofeat.smear import Smear

__doctest_requires__ = {"grad_cam": ["torch"], "GradCAM": ["torch"]}


def grad_cam(module: Any, inputs: Any, target: Any, layer: Any = None) -> np.ndarray:
    r"""Gradient-weighted class activation maps: what in a layer's maps speaks for a class.

    The maps :math:`A^k` of a layer are added up, each with the mean over its pixels of the gradient of the class's logit,
    and what is negative becomes 0: :math:`ReLU(\sum_k A^k \cdot mean_{ij} \partial y / \partial A^k_{ij})`.

    Parameters
    ----------
    module : torch.nn.Module
        Gives logits of shape (n, n_classes). Works in evaluation mode, and is left as it was: its modes, its gradients, its hooks.
    inputs : Tensor of shape (n, channels, height, width)
        On the module's device.
    target : int, or sequence of n int
        The logit explained, of all inputs or of each.
    layer : torch.nn.Module or str, optional
        One of the module's own, or its dotted name. By default the last one that gives maps of more than one pixel, in front of the
        pooling.

    Returns
    -------
    ndarray of shape (n, rows, columns), dtype float64
        At the layer's own size, not scaled; all 0 where nothing in the layer speaks for the class.

    Raises
    ------
    ImportError
        Without torch.
    ValueError
        For a target or layer that the network has not; for a layer that gives no maps, or does not lead to the logits; where there is
        no layer that gives maps.

    References
    ----------
    Selvaraju et al., Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization, ICCV 2017.

    Examples
    --------
    >>> import torch
    >>> network = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 1, bias=False), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten())
    >>> with torch.no_grad():
    ...     _ = network[0].weight.copy_(torch.tensor([1.0, -1.0]).reshape(2, 1, 1, 1))
    >>> grad_cam(network, torch.eye(2)[None, None], 0)[0].tolist()
    [[0.25, 0.0], [0.0, 0.25]]
    """
    torch = import_torch()
    if getattr(inputs, "ndim", None) != 4 or not len(inputs):
        raise ValueError(
            f"inputs must be a tensor of shape (n, channels, height, width), n at least 1, not {tuple(np.shape(inputs))}."
        )
    with evaluating(module), torch.inference_mode(False), torch.enable_grad():
        inputs = inputs.detach().clone()  # one made in inference mode takes no part in gradients
        name, chosen = find_layer(module, layer) if layer is not None else last_map(module, inputs[:1])
        found: list[Any] = []

        def keep(_module: Any, _inputs: Any, output: Any) -> Any:
            if not isinstance(output, torch.Tensor) or output.ndim != 4:
                raise ValueError(f"layer {name!r} gives no maps of shape (n, channels, rows, columns); choose another.")
            # cut off from what lies before it, which may be frozen; and a copy goes on, which may be changed in place
            found[:] = [output.detach().requires_grad_(True)]
            return found[0].clone()

        hook = chosen.register_forward_hook(keep)
        try:
            logits = module(inputs)
        finally:
            hook.remove()
        if not found:
            raise ValueError(f"layer {name!r} takes no part when {type(module).__name__} computes; choose another.")
        places = _places(target, logits)
        total = logits.gather(1, torch.as_tensor(places, device=logits.device)[:, None]).sum()
        (gradient,) = torch.autograd.grad(total, found, allow_unused=True) if total.requires_grad else (None,)
        if gradient is None:
            raise ValueError(f"layer {name!r} does not lead to the logits; choose another.")
        maps, gradient = (part.detach().cpu().double() for part in (found[0], gradient))  # not all devices have doubles
        return (gradient.mean((2, 3), keepdim=True) * maps).sum(1).clamp_min(0).numpy()


def _places(target: Any, logits: Any) -> np.ndarray:
    """The logit of each input, checked."""
    if getattr(logits, "ndim", None) != 2:
        raise ValueError(
            f"The network must give logits of shape (n, n_classes), not {type(logits).__name__} {np.shape(logits)}."
        )
    n, n_classes = logits.shape
    places = np.asarray(target)
    if places.dtype.kind not in "iu" or places.shape not in ((), (n,)):
        raise ValueError(f"target must be an int, or one for each of {n} inputs, not {target!r}.")
    if places.min() < 0 or places.max() >= n_classes:
        raise ValueError(f"target={target!r}: the network has logits 0 to {n_classes - 1}.")
    return np.broadcast_to(places.astype(np.int64), (n,)).copy()


@dataclass(frozen=True, eq=False)
class ClassActivation:
    """Where a network sees a class in an image; :meth:`GradCAM.explain` makes it.

    Parameters
    ----------
    name : str
        File of the image, or its number.
    row : int
        Place among the images that were given.
    target : class label
        The class explained.
    probability : float
        That the model gives it.
    maps : ndarray of shape (rows, columns), dtype float64
        Grad-CAM at the layer's own size.
    shape : (height, width)
        Of the image that the network was given.
    images : ImageSequence, optional
        The images that `row` counts.
    box : (top, left, bottom, right), optional
        What of the image the network's input shows, in pixels, ends exclusive; it may reach beyond the image. By default all of it.

    Examples
    --------
    >>> seen = ClassActivation("3.png", 0, "Early", 0.9, np.array([[0.0, 4.0]]), (1, 4))
    >>> seen.heat.tolist()
    [[0.0, 1.0, 3.0, 4.0]]
    """

    name: str
    row: int
    target: Any
    probability: float
    maps: np.ndarray = field(repr=False)
    shape: tuple[int, int]
    images: ImageSequence | None = field(default=None, repr=False)
    box: Box | None = field(default=None, repr=False)

    @property
    def heat(self) -> np.ndarray:
        """The maps at the image's own size, by bilinear interpolation; float64 of shape (height, width), 0 where nothing of it was shown."""
        return from_input(self.maps, self._box, self.shape)

    def mapped(self, values: np.ndarray) -> np.ndarray:
        """What is known of the image's pixels, (height, width) float64, averaged at the places of the maps; 0 beside the image."""
        return onto_input(values, self._box, (self.maps.shape[0], self.maps.shape[1]))

    @property
    def _box(self) -> Box:
        return self.box or (0, 0, *self.shape)

    @property
    def smear(self) -> Smear:
        """The image as the network was given it, the pipeline's steps applied; made again each time."""
        if self.images is None:
            raise ValueError(f"{self.name}: the image was not kept.")
        return self.images.smear(self.row)


class GradCAM:
    """Where a fitted network sees a class in images.

    Parameters
    ----------
    model : fitted CNNClassifier, or a pipeline that ends in one
        The pipeline's image steps are applied first. Either may be wrapped, in a search, an :class:`~leukofeat.augmentation.Augmented` or a
        :class:`~leukofeat.calibration.CalibratedClassifier`; a calibration counts where it holds the network alone.
    layer : torch.nn.Module or str, optional
        As in :func:`grad_cam`.

    Raises
    ------
    TypeError
        When the model is none that ends in a CNNClassifier.
    NotFittedError
        When it is not fitted.

    Notes
    -----
    The map has the layer's resolution, mostly 7 by 7 pixels: what it says is coarse. It tells what speaks for the class where it is, not
    what the verdict would be without it.

    Examples
    --------
    >>> import torch
    >>> from sklearn.base import BaseEstimator
    >>> from leukofeat.datasets import make_smears
    >>> class Darkness(BaseEstimator):  # what is asked of a fitted CNNClassifier
    ...     classes_ = np.array(["dark", "light"])
    ...     def fit(self, X, y): return self
    ...     def module(self):
    ...         conv, pool = torch.nn.Conv2d(3, 2, 1), torch.nn.AdaptiveAvgPool2d(1)
    ...         torch.nn.init.constant_(conv.weight[:1], -1.0), torch.nn.init.constant_(conv.bias[:1], 1.0)
    ...         return torch.nn.Sequential(conv, torch.nn.AvgPool2d(4), torch.nn.ReLU(), pool, torch.nn.Flatten()).eval()
    ...     def to_input(self, smear): return torch.tensor(smear.image / 255.0).permute(2, 0, 1)[None].float()
    ...     def predict_proba(self, X): return np.tile([0.8, 0.2], (len(X), 1))
    >>> (seen,) = GradCAM(Darkness()).explain(make_smears(n_samples=1, size=64, random_state=0).images)
    >>> seen.target, seen.probability, seen.maps.shape, seen.heat.shape
    ('dark', 0.8, (16, 16), (64, 64))
    """

    def __init__(self, model: Any, *, layer: Any = None) -> None:
        self.model = model
        self.layer = layer
        self._steps, self._judge, self._network = _find_network(model)
        check_is_fitted(self._network, "classes_")

    @property
    def classes_(self) -> np.ndarray:
        """The classes that can be explained."""
        return self._network.classes_

    def explain(self, X: Any, target: Any = None) -> list[ClassActivation]:
        """Where the network sees a class in each image.

        Parameters
        ----------
        X : list, ndarray, Series or one-column DataFrame of n images, paths or smears
        target : class label, optional
            The class to explain; by default the one that the model gives the image.

        Returns
        -------
        list of n ClassActivation

        Raises
        ------
        ValueError
            When `target` is no class of the model.
        """
        return [seen for seen, _ in self.iterate(self.prepare(X), target)]

    def prepare(self, X: Any) -> ImageSequence:
        """Lazy sequence of the images as the network is given them, the pipeline's steps applied."""
        images = as_sequence(X)
        for step in self._steps:
            images = step.transform(images)
        return as_sequence(images)

    def iterate(self, images: ImageSequence, target: Any = None) -> Iterator[tuple[ClassActivation, Smear]]:
        """One image after the other of those that `prepare` gives: what :meth:`explain` tells, and the image itself."""
        names = self.classes_.tolist()
        if target is not None and target not in names:
            raise ValueError(f"target={target!r} is no class of the model; there are {', '.join(map(str, names))}.")
        module, layer = self._network.module(), self.layer
        box_of = getattr(self._network, "input_box", lambda smear: None)
        segmented = getattr(self._network, "segmented", lambda smear: smear)
        for i in range(len(images)):
            smear = images.smear(i)
            shown = segmented(smear)
            chances = np.asarray(self._judge.predict_proba([shown]))[0]
            place = int(np.argmax(chances)) if target is None else names.index(target)
            inputs = self._network.to_input(shown)
            if layer is None:
                layer = last_map(module, inputs)[1]
            maps = grad_cam(module, inputs, place, layer)[0]
            about = images.name(i), i, names[place], float(chances[place])
            yield ClassActivation(*about, maps, smear.image.shape[:2], images, box_of(shown)), smear


def _find_network(model: Any) -> tuple[list[Any], Any, Any]:
    """Steps in front of the network, what tells the probabilities behind them, and the network's classifier."""
    steps, judge, network = [], model, model
    while not all(hasattr(network, name) for name in ("module", "to_input")):
        if isinstance(network, Pipeline):
            *before, (_, judge) = network.steps
            steps += [step for _, step in before if step is not None and not isinstance(step, str)]
            network = judge
            continue
        inner = getattr(network, "best_estimator_", getattr(network, "estimator_", None))
        if inner is None:
            raise TypeError(
                f"GradCAM looks into a fitted CNNClassifier, or a pipeline that ends in one, not {type(network).__name__}."
            )
        network = inner
    return steps, judge, network
