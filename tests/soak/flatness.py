# SPDX-License-Identifier: MIT
"""Whether what a process holds stays flat: a line through what was measured at rest, by the median of the slopes of all
pairs, so that single points do not decide. The first fifth is warm-up. It knows no process."""
import statistics

WARM_UP = 5  # one part of so many
LEAST = 4  # fewer points after it say nothing


def growth(points):
    """How much the line rises from the first to the last of [(time, value)], or None: too few to tell."""
    points = points[max(1, len(points) // WARM_UP):]
    if len(points) < LEAST:
        return None
    slopes = [(b - a) / (t - s) for i, (s, a) in enumerate(points) for t, b in points[i + 1:] if t > s]
    return statistics.median(slopes) * (points[-1][0] - points[0][0])


def complaint(name, points, tolerance):
    """Why it is not flat; None: it is, or it is too early to tell. `tolerance`: in the points' unit."""
    grown = growth(points)
    if grown is None or grown <= tolerance:
        return None
    return f"{name} grows: by {grown:.1f} from {points[0][1]:.1f}, and {tolerance:.1f} is allowed ({len(points)} points)"
