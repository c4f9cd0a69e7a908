"""The learning rate of a step: a function of its number, so that a training that was stopped goes on as if it had not been."""

import math

SCHEDULES = ("one_cycle", "cosine", "constant")


def learning_rate(step: int, n_steps: int, peak: float, schedule: str) -> float:
    """Learning rate of one step.

    Parameters
    ----------
    step : int
        From 0.
    n_steps : int
        Of the whole training.
    peak : float
        The highest that there will be.
    schedule : {"one_cycle", "cosine", "constant"}
        "one_cycle" rises over the first 30 % of the steps from a 25th of the peak, and falls to nearly nothing, along half waves of a
        cosine (Smith and Topin, Super-convergence, 2018; the shares are PyTorch's); "cosine" only falls.

    Examples
    --------
    >>> [round(learning_rate(step, 11, 1.0, "one_cycle"), 2) for step in (0, 3, 10)]
    [0.04, 1.0, 0.0]
    """
    if schedule == "constant" or n_steps < 2:
        return peak
    share = step / (n_steps - 1)
    rise = 0.3 if schedule == "one_cycle" else 0.0
    if share < rise:
        return peak * (1 / 25 + (1 - 1 / 25) * (1 - math.cos(math.pi * share / rise)) / 2)
    return peak * (1 + math.cos(math.pi * (share - rise) / (1 - rise))) / 2
