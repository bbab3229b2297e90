#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What tests/soak/flatness.py says of series: what grows is refused, what does not is not."""
import random
import unittest

import tap
from flatness import complaint, growth


def series(value, n=60):
    return [(float(i * 30), value(i)) for i in range(n)]


class Flatness(unittest.TestCase):
    def refuses(self, points, tolerance):
        self.assertIn("grows", complaint("it", points, tolerance) or "")

    def test_what_stays_as_it_is(self):
        self.assertIsNone(complaint("it", series(lambda i: 20.0), 0))
        self.assertIsNone(complaint("it", series(lambda i: 20 - i / 10), 0))

    def test_noise_is_no_growth(self):
        rng = random.Random(1)
        for _ in range(50):
            self.assertIsNone(complaint("it", series(lambda i: 20 + rng.uniform(-1, 1)), 1))

    def test_single_points_do_not_decide(self):
        self.assertIsNone(complaint("it", series(lambda i: 90 if i % 10 == 9 else 20), 1))

    def test_warm_up_is_none_and_a_plateau_behind_it_is_fine(self):
        self.assertIsNone(complaint("it", series(lambda i: min(i, 10)), 1))

    def test_what_grows_is_refused(self):
        rng = random.Random(2)
        self.refuses(series(lambda i: 20 + i / 10), 1)
        self.refuses(series(lambda i: 20 + i / 10 + rng.uniform(-1, 1)), 1)
        self.refuses(series(lambda i: i // 10), 3)
        self.refuses(series(lambda i: 20 + i % 7 + i / 4), 4)

    def test_one_descriptor_a_round_is_refused_after_a_few(self):
        self.refuses(series(lambda i: 30 + i, 8), 3)
        self.assertIsNone(complaint("it", series(lambda i: 30, 8), 3))

    def test_few_points_say_nothing(self):
        self.assertIsNone(growth(series(lambda i: i, 4)))
        self.assertIsNotNone(growth(series(lambda i: i, 5)))


if __name__ == "__main__":
    tap.main()
