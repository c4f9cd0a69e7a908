"""The network of a fitted classifier: made from its weights, and given images as it was in training."""

from typing import Any

from sklearn.utils.validation import check_is_fitted

from leukofeat.deep.extra import choose_device, import_torch
from leukofeat.deep.params import NetworkParams
from leukofeat.deep.settings import Input
from leukofeat.deep.view import View, check_single
from leukofeat.deep.weights import adapt
from leukofeat.sequence import as_sequence
from leukofeat.smear import Smear


class TrainedNetwork(NetworkParams):
    """What an embedding and Grad-CAM ask of a fitted :class:`~leukofeat.deep.CNNClassifier`: its module, and what that gets of an image."""

    def __getstate__(self) -> dict[str, Any]:
        # the module is made again from the weights where it is needed: it does not travel, and files hold arrays only
        return {name: value for name, value in super().__getstate__().items() if name != "_made"}

    def module(self) -> Any:
        """The trained network, a torch.nn.Module in evaluation mode on its device; made once."""
        check_is_fitted(self)
        if "_made" not in self.__dict__:
            torch = import_torch()
            with torch.random.fork_rng(enabled=True):
                network = self._build(len(self.classes_))
            adapt(network, self.adapted_)
            network.load_state_dict({name: torch.as_tensor(value.copy()) for name, value in self.weights_.items()})
            self._made = network.to(memory_format=torch.channels_last).eval()
        return self._made.to(choose_device(self.device))

    def to_input(self, smear: Smear) -> Any:
        """What the network gets of an image: a tensor of shape (1, 3, height, width), float32, on its device.

        Parameters
        ----------
        smear : Smear
            With `view="cell"`, of one cell, as :meth:`Smear.crop <leukofeat.Smear.crop>` gives it.
        """
        check_is_fitted(self)
        torch, given = import_torch(), self._input()
        pixels = self._seen().read(as_sequence([smear]))
        check_single(len(pixels.owner))
        return given.prepare(torch.from_numpy(pixels.images).to(given.device).float())

    def segmented(self, smear: Smear) -> Smear:
        """The image with its cells found, with `view="cell"`; nothing that is asked of it looks for them again.

        Parameters
        ----------
        smear : Smear

        Returns
        -------
        Smear
            As it is where whole fields are shown, or where it has cells.

        Raises
        ------
        NotFittedError
            Before `fit`.
        """
        check_is_fitted(self)
        return self._seen().segmented(smear)

    def input_box(self, smear: Smear) -> tuple[int, int, int, int]:
        """What of an image the network gets by :meth:`to_input`: top, left, bottom and right in pixels, ends exclusive.

        It reaches beyond the image with `resize="pad"`, and around a cell at the image's edge.

        Parameters
        ----------
        smear : Smear
            As for :meth:`to_input`.
        """
        check_is_fitted(self)
        return self._seen().box(smear)

    def _seen(self) -> View:
        """What a fitted network is shown of an image."""
        return self._view(getattr(self, "window_", None))

    def _input(self) -> Input:
        return Input(self.color_space, self.channels_, self.mean_, self.scale_, choose_device(self.device))
