"""torchvision beside a torch that its compiled operators were not built for: their names alone let its architectures be imported."""

from __future__ import annotations

import sys
from typing import Any

_kept: list[Any] = []  # a library that is forgotten takes its operators with it


def define_torchvision_operators() -> None:
    """Define the names of torchvision's operators where torchvision does not import without them; architectures need no more."""
    try:
        import torch
    except ImportError:
        return
    try:
        import torchvision  # noqa: F401
    except (RuntimeError, OSError):
        for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
            del sys.modules[name]
        library = torch.library.Library("torchvision", "DEF")
        for name in ("nms", "qnms"):
            library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        _kept.append(library)
    except ImportError:
        return
