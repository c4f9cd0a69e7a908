"""What is wrong with a file, before its name is known."""


class ImageError(ValueError):
    """An image that cannot be used; the message names the file and the way out.

    Examples
    --------
    >>> from leukofeat import read_image
    >>> read_image("nowhere.png")
    Traceback (most recent call last):
    ...
    leukofeat.decode.damage.ImageError: nowhere.png: cannot be read (No such file or directory); check the path.
    """


class DamagedError(Exception):
    """The bytes are not what their format promises."""


class UnsuitedError(Exception):
    """A good file that holds something else than one picture of 8 or 16 bits; the message ends in what to do."""
