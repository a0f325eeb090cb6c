from statistics import median

import pytest

from segadapt.analysis.cost.timing import Timing, alternate, cpu_clock, ratio, seconds, spread


def test_every_round_times_each_once_and_begins_with_another():
    called: list[str] = []
    actions = {name: lambda name=name: called.append(name) for name in "abc"}
    readings = alternate(actions, repeats=3, warm_up=1)
    assert called == list("abc") + list("abc") + list("bca") + list("cab")
    assert {name: len(found) for name, found in readings.items()} == {"a": 3, "b": 3, "c": 3}


def test_readings_go_to_the_action_they_are_of():
    cost = {"slow": 5.0, "fast": 1.0}
    now: list[str] = []
    actions = {name: lambda name=name: now.append(name) for name in cost}

    def clock(action):
        action()
        return Timing(cost[now[-1]], 0.0)

    readings = alternate(actions, repeats=4, clock=clock, warm_up=0)
    assert seconds(readings["slow"], "wall") == [5.0] * 4
    assert seconds(readings["fast"], "wall") == [1.0] * 4


def test_cpu_time_does_not_count_sleep():
    from time import sleep

    reading = cpu_clock(lambda: sleep(0.05))
    assert reading.wall >= 0.05
    assert reading.cpu < 0.04


def test_ratio_is_taken_within_each_round():
    # The machine is four times as busy in the second round; the ratio is 2 in both.
    found = ratio([2.0, 8.0, 2.0], [1.0, 4.0, 1.0])
    assert found == (2.0, 2.0, 2.0)


def test_spread_is_median_and_quartiles():
    values = [9.0, 1.0, 5.0, 3.0, 7.0]
    assert spread(values) == (median(values), 3.0, 7.0)
    assert spread([4.0]) == (4.0, 4.0, 4.0)


def test_unknown_kind_of_time_fails():
    with pytest.raises(KeyError):
        seconds([Timing(1.0, 1.0)], "sun")
