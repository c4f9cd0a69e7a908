"""The loop that trains a network: epochs over shuffled batches, each altered anew, with curves and a way back."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from leukofeat.deep.architectures import top_of
from leukofeat.deep.checkpoint import Checkpoint, Progress
from leukofeat.deep.extra import import_torch
from leukofeat.deep.on_device import alter_batch, swap_backgrounds
from leukofeat.deep.pixels import Pixels
from leukofeat.deep.schedule import learning_rate
from leukofeat.deep.settings import Input, Settings
from leukofeat.deep.weights import has_folded_norms, unfold_norms
from leukofeat.parallel import progress_bar


def train(
    network: Any, data: Pixels, target: np.ndarray, held_out: tuple[Pixels, np.ndarray] | None, given: Input, settings: Settings,
    checkpoint: Checkpoint | None = None,
) -> list[dict[str, float]]:  # fmt: skip
    """Train a network in place.

    Parameters
    ----------
    network : torch.nn.Module
        On the device of `given`.
    data : Pixels
        Of the training images; donors of a swap are among them.
    target : ndarray of int
        Class of each of `data.images`.
    held_out : (Pixels, ndarray of int) or None
        Images whose loss is told by epoch, and that decide about an early end.
    given : Input
    settings : Settings
    checkpoint : Checkpoint, optional

    Returns
    -------
    list of dict
        A row for each epoch: `epoch`, `learning_rate`, `loss`, `accuracy` (of the altered training images, as they were trained on),
        and `held_out_loss`, `held_out_accuracy`.
    """
    torch = import_torch()
    optimizer = _make_optimizer(network, settings)
    progress = Progress(0, [], None) if checkpoint is None else checkpoint.load(network, optimizer)
    history, best = list(progress.history), progress.best
    patience = None if held_out is None else settings.patience
    parts = -(-len(target) // settings.batch_size)
    weights = (
        None
        if settings.class_weights is None
        else torch.tensor(settings.class_weights, dtype=torch.float32, device=given.device)
    )
    loss_of = torch.nn.CrossEntropyLoss(weight=weights, label_smoothing=settings.label_smoothing)
    epochs = range(progress.n_epochs, settings.n_epochs)
    with (
        torch.random.fork_rng(enabled=True),
        progress_bar(
            epochs,
            desc="training",
            unit="epoch",
            initial=progress.n_epochs,
            total=settings.n_epochs,
            verbose=settings.verbose,
        ) as bar,
    ):
        for epoch in bar:
            if _has_ended(history, patience):
                break
            torch.manual_seed(settings.random_state * 100_003 + epoch)  # dropout
            _set_mode(network, settings.frozen)
            total, right = 0.0, 0
            batches = _batches(data, target, given, settings, epoch)
            for part, (inputs, wanted) in enumerate(batches):
                rate = learning_rate(
                    epoch * parts + part, settings.n_epochs * parts, settings.learning_rate, settings.schedule
                )
                for group in optimizer.param_groups:
                    group["lr"] = rate * group["factor"]
                optimizer.zero_grad(set_to_none=True)
                with torch.autocast(given.device.partition(":")[0], torch.bfloat16, enabled=settings.autocast):
                    try:
                        logits = network(inputs)
                    except ValueError as error:
                        if len(wanted) == 1:
                            error.add_note(f"A batch holds one image; batch_size={settings.batch_size} is too small.")
                        raise
                loss = loss_of(logits.float(), wanted)
                loss.backward()
                optimizer.step()
                total += loss.item() * len(wanted)
                right += int((logits.argmax(1) == wanted).sum())
            row = {
                "epoch": epoch + 1,
                "learning_rate": rate,
                "loss": total / len(target),
                "accuracy": right / len(target),
            }
            if not np.isfinite(total):
                raise ValueError(
                    f"the loss is {total} after {epoch + 1} epochs: the training fell apart. Lower learning_rate ({settings.learning_rate:g})."
                )
            if held_out is not None:
                row |= _judge(network, held_out, given, settings.batch_size)
                if patience is not None and row["held_out_loss"] <= min(
                    (before["held_out_loss"] for before in history), default=np.inf
                ):
                    best = {name: value.detach().cpu().clone() for name, value in network.state_dict().items()}
            history.append(row)
            bar.set_postfix(
                {name: f"{row[name]:.3f}" for name in ("loss", "accuracy", "held_out_accuracy") if name in row}
            )
            if checkpoint is not None:
                checkpoint.save(network, optimizer, Progress(epoch + 1, history, best))
    if best is not None:
        network.load_state_dict(best)
    network.eval()
    return history


def settle_norms(network: Any, data: Pixels, given: Input, random_state: int) -> None:
    """Give batch normalisations that are folded, where there are such, the statistics of some of the training images."""
    if not has_folded_norms(network):
        return
    torch = import_torch()
    some = data.images[np.random.default_rng(random_state).permutation(len(data.images))[:128]]
    batches = (torch.from_numpy(some[start : start + 32]).to(given.device) for start in range(0, len(some), 32))
    unfold_norms(network.eval(), (given.prepare(batch.float()) for batch in batches))


def log_probabilities(
    network: Any, images: np.ndarray, given: Input, batch_size: int, flips: bool = False
) -> np.ndarray:
    """Logarithms of the classes' probabilities, (m, k) float64; with `flips`, of the mean over the four mirror images.

    Parameters
    ----------
    network : torch.nn.Module
        In evaluation mode.
    images : ndarray of shape (m, 3, height, width), dtype uint8
    given : Input
    batch_size : int
    flips : bool
    """
    torch = import_torch()
    turns: list[tuple[int, ...]] = [(), (2,), (3,), (2, 3)] if flips else [()]
    found = []
    with torch.inference_mode():
        for start in range(0, len(images), batch_size):
            batch = torch.from_numpy(images[start : start + batch_size]).to(given.device).float()
            inputs = given.prepare(batch)
            shares = [network(inputs.flip(axes) if axes else inputs).double().log_softmax(1) for axes in turns]
            found.append((torch.stack(shares).logsumexp(0) - np.log(len(turns))).cpu().numpy())
    return np.concatenate(found) if found else np.empty((0, 0))


def _batches(
    data: Pixels, target: np.ndarray, given: Input, settings: Settings, epoch: int
) -> Iterator[tuple[Any, Any]]:
    """What the network takes and the classes, batch by batch; all draws are those of the epoch."""
    torch = import_torch()
    generator = torch.Generator().manual_seed(settings.random_state * 1_000_003 + epoch)
    has_cells = (
        np.array([bool(cells[0].any()) for cells in data.cells]) if data.cells is not None else np.empty(0, bool)
    )
    order = torch.randperm(len(target), generator=generator).numpy()
    # of nearly one size: a last batch of one image would leave nothing to normalise by
    for rows in np.array_split(order, -(-len(order) // settings.batch_size)):
        images = _tensor(data.images[rows], given.device)
        if settings.swap:
            images = _swapped(images, rows, data, has_cells, given.device, settings.swap, generator)
        yield (
            given.prepare(alter_batch(images, settings.transforms, generator)),
            torch.from_numpy(target[rows]).to(given.device),
        )


def _swapped(
    images: Any, rows: np.ndarray, data: Pixels, has_cells: np.ndarray, device: str, share: float, generator: Any
) -> Any:
    """A share of the images with their leukocytes on the field of another training image, drawn at random."""
    torch = import_torch()
    assert data.cells is not None
    assert data.slides is not None
    wanted = torch.rand(len(rows), generator=generator).numpy() < share
    # of an image without leukocytes there is nothing to paste; and as a field it would show those that were not found
    fields, chosen = np.flatnonzero(has_cells), np.flatnonzero(wanted & has_cells[rows])
    if not len(chosen):
        return images
    donors = fields[torch.randint(len(fields), (len(rows),), generator=generator).numpy()]
    own, other = rows[chosen], donors[chosen]
    images[torch.from_numpy(chosen).to(device)] = swap_backgrounds(
        _tensor(data.images[own], device),
        torch.from_numpy(data.slides[own]).to(device),
        _tensor(data.cells[own, :1], device) / 255,
        _tensor(data.images[other], device),
        torch.from_numpy(data.slides[other]).to(device),
        _tensor(data.cells[other, 1:], device) / 255,
    )
    return images


def _tensor(values: np.ndarray, device: str) -> Any:
    return import_torch().from_numpy(values).to(device).float()


def _judge(network: Any, held_out: tuple[Pixels, np.ndarray], given: Input, batch_size: int) -> dict[str, float]:
    network.eval()
    data, target = held_out
    found = log_probabilities(network, data.images, given, batch_size)
    return {
        "held_out_loss": float(-found[np.arange(len(target)), target].mean()),
        "held_out_accuracy": float((found.argmax(1) == target).mean()),
    }


def _has_ended(history: list[dict[str, float]], patience: int | None) -> bool:
    """Whether the held-out loss has not fallen for `patience` epochs."""
    if patience is None or not history:
        return False
    losses = [row["held_out_loss"] for row in history]
    return len(losses) - 1 - int(np.argmin(losses)) >= patience


def _set_mode(network: Any, frozen: bool) -> None:
    """Training mode, but for what is frozen: its batch normalisations keep their statistics."""
    network.train(not frozen)
    if frozen:
        network.get_submodule(top_of(network)).train()


def _make_optimizer(network: Any, settings: Settings) -> Any:
    torch = import_torch()
    top = {id(value) for value in network.get_submodule(top_of(network)).parameters()}
    last = {id(value) for value in network.get_submodule(network.new_layers).parameters()}
    for value in network.parameters():
        value.requires_grad_(not settings.frozen or id(value) in top)
    new = last if settings.head_factor != 1 else set()
    old = [value for value in network.parameters() if value.requires_grad and id(value) not in new]
    groups = [{"params": old, "factor": 1.0}]
    if new:
        groups.append(
            {"params": [value for value in network.parameters() if id(value) in new], "factor": settings.head_factor}
        )
    shared: dict[str, Any] = {"lr": settings.learning_rate, "weight_decay": settings.weight_decay}
    if settings.optimizer == "sgd":
        return torch.optim.SGD(groups, momentum=0.9, **shared)
    kinds = {"adamw": torch.optim.AdamW, "adam": torch.optim.Adam, "adamax": torch.optim.Adamax}
    return kinds[settings.optimizer](groups, **shared)
