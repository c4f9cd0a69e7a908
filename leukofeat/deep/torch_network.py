"""Networks of PyTorch as what an embedding is taken from: built or copied, loaded, digested, and tapped at a layer."""

import copy
import difflib
import hashlib
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from leukofeat.deep.architectures import build_network
from leukofeat.deep.extra import import_torch
from leukofeat.deep.known import TORCHVISION, Card
from leukofeat.deep.network import Network, keep_loaded
from leukofeat.deep.weights import file_digest, load_weights, read_weights

# Heads of built networks are never asked; this is the usual number of classes, so that weights for it fit whole.
_N_CLASSES = 1000
_seeding, _counting = threading.Lock(), threading.Lock()
_threads = {"inside": 0, "before": 1}


@dataclass
class TorchNetwork:
    """A network of PyTorch, this thread's own copy in evaluation mode: what it is called, its digest and how it wants images."""

    path: str  # what messages call it
    module: Any
    sha256: str
    card: Card
    from_library: bool = False  # of torchvision's or timm's own
    unloaded: frozenset[str] = frozenset()  # layers with tensors that a weights file did not have
    input_size: tuple[int, int] | None = None
    network: Network = field(init=False)
    taps: dict[tuple[str, int, int], tuple[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.network = Network(self._forward)

    def check(self) -> None:
        """Do nothing: what a module takes only shows when it runs."""

    def tap(self, output: str | None, layer: str | None) -> str:
        """Name of the layer to take, "" for the default."""
        if output is not None:
            raise ValueError(
                f"output={output!r} names an output of an ONNX file; of {self.path} it is layer= that is taken."
            )
        if layer is not None and layer not in dict(self.module.named_modules()):
            names = [name for name, _ in self.module.named_modules() if name]
            near = difflib.get_close_matches(layer, names, 3, 0.4) or names[-3:]
            raise ValueError(f"layer={layer!r}: {self.path} has no such module; it has {', '.join(near)}, ....")
        return layer or ""

    def open(self, backend: str) -> Network:
        """The network, ready to run."""
        if backend == "onnxruntime":
            raise ValueError(f"backend={backend!r} runs ONNX files; {self.path} is run by torch: leave backend out.")
        return self.network

    def _forward(self, blob: Any, layer: str) -> np.ndarray:
        torch = import_torch()
        images = torch.as_tensor(blob).cpu().float()
        if self.from_library:  # up to twice as fast; modules of one's own may reshape in a way that forbids it
            images = images.contiguous(memory_format=torch.channels_last)
        with _one_thread(), torch.inference_mode():
            try:
                tap = self._find(layer, images)
                taken = self._take(images, *tap)
            except (RuntimeError, TypeError, AssertionError, IndexError) as error:
                raise ValueError(
                    f"{self.path} cannot run on an input of {tuple(images.shape)} "
                    f"({' '.join(str(error).split())[:300]}); try another input_size."
                ) from error
            if not isinstance(taken, torch.Tensor):
                raise ValueError(
                    f"{self.path}: {f'layer {tap[1]!r}' if tap[1] else 'the network'} gives a {type(taken).__name__}, not a tensor; name another "
                    "layer=."
                )
            return np.asarray(taken.float().numpy())

    def _find(self, layer: str, images: Any) -> tuple[str, str]:
        """Which side of which module to take; looked for once, by running the network and seeing what runs in which order."""
        key = (layer, *images.shape[2:])
        if key not in self.taps:
            nn = import_torch().nn
            modules = dict(self.module.named_modules())
            weighted = [name for name, module in modules.items() if any(True for _ in module.parameters(recurse=False))]
            ran = self._order(images, [*weighted, layer])
            at_end = _innermost([name for name in ran if name in weighted])[-1:]
            last = modules[at_end[0]] if at_end else None
            is_head = isinstance(last, nn.Linear) or (
                self.from_library and isinstance(last, nn.Conv2d) and last.kernel_size == (1, 1)
            )
            tap = ("output", layer)
            if not layer and is_head:
                tap = ("input", at_end[0])
            elif layer not in ran:
                raise ValueError(f"layer={layer!r}: {self.path} does not run this module on an image.")
            before = ran[: ran.index(tap[1]) + (tap[0] == "output")]
            new = [name for name in before if name in self.unloaded]
            if new:
                raise ValueError(
                    f"{self.path}: the weights lack those of {new[0]!r}, which would stay random and comes before what is taken; name "
                    "an earlier layer=, or give weights= that have it."
                )
            self.taps[key] = tap
        return self.taps[key]

    def _order(self, images: Any, names: list[str]) -> list[str]:
        """Those of the modules that run, in the order in which they end."""
        ended: dict[str, None] = {}

        def note(name: str) -> Callable[..., None]:
            def hook(*_: Any) -> None:
                ended.pop(name, None)
                ended[name] = None

            return hook

        self._run(images, {name: note(name) for name in names})
        return list(ended)

    def _take(self, images: Any, side: str, name: str) -> Any:
        """What goes into or comes out of a module; of one that runs more than once, the last."""
        taken: list[Any] = [None]

        def hook(module: Any, inputs: tuple[Any, ...], output: Any) -> None:
            value = output if side == "output" else inputs[0]
            # what comes next may write into it, as ReLUs in place do
            taken[0] = value.clone() if hasattr(value, "clone") else value

        self._run(images, {name: hook})
        return taken[0]

    def _run(self, images: Any, hooks: dict[str, Callable[..., None]]) -> None:
        handles = [self.module.get_submodule(name).register_forward_hook(hook) for name, hook in hooks.items()]
        try:
            self.module(images)
        finally:
            for handle in handles:
                handle.remove()


def _innermost(names: list[str]) -> list[str]:
    """Modules that hold no other of them: one with tensors beside parts of its own, such as a class token, ends after all of these.

    Examples
    --------
    >>> _innermost(["conv", "heads.head", ""])
    ['conv', 'heads.head']
    """
    return [
        name
        for name in names
        if not any(other != name and (not name or other.startswith(f"{name}.")) for other in names)
    ]


def read_torch_network(model: Any, weights: Any, random_state: int, *, anew: bool = False) -> TorchNetwork:
    """Network of an architecture, of this thread: made or copied on first use, and again when the weights change.

    Parameters
    ----------
    model : str, torch.nn.Module or callable
        A name as :func:`~leukofeat.deep.architectures.build_network` knows it; a module, of which a copy is taken; or a function of
        the number of classes.
    weights : str, path or None
        As in :func:`~leukofeat.deep.weights.load_weights`.
    random_state : int
        Seed of what is random in a network that is made here.
    anew : bool, default=False
        Copy a module again whether or not it seems to have changed: torch does not count what is written through `.data`.

    Returns
    -------
    TorchNetwork
    """
    torch = import_torch()
    file = None if weights is None else os.fspath(weights)
    from_file = file is not None and bool(Path(file).suffix)
    if from_file and not os.path.isfile(file or ""):
        read_weights(file or "")  # raises what it says of a missing file
    content = file_digest(file) if file is not None and from_file else ""
    of_module = _fingerprint(model) if isinstance(model, torch.nn.Module) else ()
    key = ("torch", model if isinstance(model, str) else id(model), of_module, file, content, random_state)
    # the model is kept beside what was made of it, so that no other one gets its id
    return keep_loaded(key, lambda: (_make(model, file, content, random_state), model), anew=anew)[0]


def _make(model: Any, weights: str | None, content: str, random_state: int) -> TorchNetwork:
    torch = import_torch()
    name = model if isinstance(model, str) else getattr(model, "__name__", type(model).__name__)
    if isinstance(model, torch.nn.Module):
        network = copy.deepcopy(model)
    else:
        with _seeding, torch.random.fork_rng(devices=[]):
            torch.manual_seed(random_state)
            network = build_network(model, _N_CLASSES) if isinstance(model, str) else model(_N_CLASSES)
    if not isinstance(network, torch.nn.Module):
        raise ValueError(f"model={name} returned a {type(network).__name__}; a torch.nn.Module is wanted.")
    network = network.cpu().float()
    card, unloaded = TORCHVISION, frozenset[str]()
    if weights is not None:
        # a tensor that is written to counts it
        before = {key: value._version for key, value in network.state_dict(keep_vars=True).items()}
        card = load_weights(network, weights, architecture=model)
        after = network.state_dict(keep_vars=True)
        unloaded = frozenset(
            key.rpartition(".")[0]
            for key, value in after.items()
            if value._version == before[key] and value.is_floating_point()
        )
        name = f"{name} with {weights}"
    network.eval().requires_grad_(False)
    sha256 = _state_digest(network, content)
    from_library = type(network).__module__.partition(".")[0] in ("torchvision", "timm")
    if from_library:
        network.to(memory_format=torch.channels_last)
    return TorchNetwork(name, network, sha256, card, from_library, unloaded)


def _state_digest(network: Any, content: str) -> str:
    found = hashlib.sha256(content.encode())
    for name, tensor in network.state_dict().items():
        found.update(f"{name}{tuple(tensor.shape)}{tensor.dtype}".encode())
        found.update(tensor.detach().contiguous().numpy().tobytes())
    return found.hexdigest()


def _fingerprint(module: Any) -> tuple[Any, ...]:
    """What changes when a module is trained further or its parts are replaced; much faster than its content."""
    tensors = [*module.parameters(), *module.buffers()]
    versions = tuple((t.data_ptr(), 0 if t.is_inference() else t._version) for t in tensors)
    return (*versions, *map(id, module.modules()))


def describe_module(module: Any) -> list[Any]:
    """What a module computes apart from its tensors: the classes of its parts, their other attributes, and their hooks.

    Parameters
    ----------
    module : torch.nn.Module

    Returns
    -------
    list
        That :func:`~leukofeat.digest.digest` tells from another's.
    """
    hidden = {"_parameters", "_buffers", "_modules", "training"}
    described: list[Any] = []
    for name, part in module.named_modules():
        state = {key: value for key, value in vars(part).items() if key not in hidden}
        # hooks are numbered through the whole process
        numbered = {
            key: list(value.values()) for key, value in state.items() if key.startswith("_") and isinstance(value, dict)
        }
        described.append([name, type(part), told_apart(state | numbered)])
    return described


def told_apart(value: Any) -> Any:
    """A value with torch's tensors and modules in it as something that has the same digest in every process."""
    torch = import_torch()
    if isinstance(value, torch.Tensor):
        return value.detach().cpu().float().numpy() if value.is_floating_point() else value.detach().cpu().numpy()
    if isinstance(value, torch.nn.Module):
        return [describe_module(value), told_apart(dict(value.state_dict()))]
    if type(value) in (dict, list, tuple):
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        return {key: told_apart(item) for key, item in pairs}
    return value


@contextmanager
def _one_thread() -> Iterator[None]:
    """One thread of torch's, and the number that was before when the last of those who asked for it is done."""
    torch = import_torch()
    with _counting:
        if not _threads["inside"]:
            _threads["before"] = torch.get_num_threads()
        _threads["inside"] += 1
        before = _threads["before"]
    if torch.get_num_threads() != 1:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        with _counting:
            _threads["inside"] -= 1
        if before != 1:
            torch.set_num_threads(before)
