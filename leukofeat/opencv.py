"""OpenCV, whichever of its packages brought it, or an error that says how to get it."""

__all__ = ["LEAST_VERSION", "cv2"]

LEAST_VERSION = 5

_WAYS_OUT = (
    "leukofeat needs OpenCV {least} or newer: pip install opencv-python; or, on a machine without a screen where that asks for libGL or "
    "libxcb, pip uninstall opencv-python and pip install opencv-python-headless (or: apt-get install libgl1 libglib2.0-0)"
)

try:
    import cv2
except ImportError as error:
    raise ImportError(f"{error}. {_WAYS_OUT.format(least=LEAST_VERSION)}.") from error

if int(cv2.__version__.split(".")[0]) < LEAST_VERSION:
    raise ImportError(f"OpenCV {cv2.__version__} is too old. {_WAYS_OUT.format(least=LEAST_VERSION)}.")
