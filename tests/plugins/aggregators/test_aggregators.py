"""What the recorded cases of aggregators leave open."""

from __future__ import annotations

import random
import statistics

import pytest

from plugins.aggregators.basicstats import BasicStats
from plugins.aggregators.derivative import Derivative
from plugins.aggregators.histogram import Histogram
from plugins.aggregators.quantile import Quantile
from plugins.aggregators.valuecounter import ValueCounter
from pyagent import ConfigError, Metric
from pyagent.testing import make_plugin

SECOND = 10**9


def run(made, *metrics):
    for metric in metrics:
        made.add(metric)
    found = [metric.copy() for metric in made.push()]
    made.reset()
    return found


def values(*numbers):
    return [Metric("m", {"v": float(n)}, time=i * SECOND) for i, n in enumerate(numbers)]


def test_basicstats_of_a_sample():
    data = [2.0, 4.0, 4.0, 5.0, 9.0]
    stats = [
        "count",
        "min",
        "max",
        "mean",
        "s2",
        "stdev",
        "sum",
        "first",
        "last",
        "diff",
        "rate",
        "percent_change",
        "interval",
    ]
    (found,) = run(make_plugin(BasicStats, stats=stats), *values(*data))
    assert found.fields["v_s2"] == pytest.approx(statistics.variance(data))
    assert found.fields["v_stdev"] == pytest.approx(statistics.stdev(data))
    assert (found.fields["v_diff"], found.fields["v_rate"], found.fields["v_interval"]) == (7.0, 1.75, 4 * SECOND)
    assert found.fields["v_percent_change"] == 350.0


def test_a_single_value_has_no_spread_and_no_change():
    (found,) = run(make_plugin(BasicStats, stats=["count", "s2", "diff", "rate"]), *values(3))
    assert found.fields == {"v_count": 1.0}


def test_a_t_digest_is_close_and_small():
    rng = random.Random(3)
    data = [rng.lognormvariate(0, 1) for _ in range(50_000)]
    made = make_plugin(Quantile, quantiles=[0.01, 0.5, 0.9, 0.99, 1.0])
    for metric in values(*data):
        made.add(metric)
    (found,) = made.push()
    data.sort()
    for suffix, q in (("001", 0.01), ("050", 0.5), ("090", 0.9), ("099", 0.99)):
        assert found.fields[f"v_{suffix}"] == pytest.approx(data[int(q * len(data))], rel=0.02)
    assert found.fields["v_100"] == data[-1]
    ((_, _, digests),) = made._series.items()
    assert len(digests["v"]._centroids) < 250


@pytest.mark.parametrize("algorithm", ["t-digest", "exact R7", "exact R8"])
def test_one_value_is_every_quantile(algorithm):
    (found,) = run(make_plugin(Quantile, algorithm=algorithm, quantiles=[0.0, 1.0]), *values(7))
    assert found.fields == {"v_000": 7.0, "v_100": 7.0}


@pytest.mark.parametrize("quantiles", [[1.5], [0.251, 0.252]])
def test_quantiles_that_cannot_be_told_apart_are_refused(quantiles):
    with pytest.raises(ConfigError):
        make_plugin(Quantile, quantiles=quantiles)


def test_a_histogram_counts_on_over_windows_unless_reset():
    table = [{"measurement_name": "m", "buckets": [1.0]}]
    for reset, second in ((False, 2), (True, 1)):
        made = make_plugin(Histogram, config=table, reset=reset)
        run(made, *values(0.5))
        assert {m.tags["le"]: m.fields["v_bucket"] for m in run(made, *values(0.5))} == {"1": second, "+Inf": second}


def test_a_silent_histogram_is_not_repeated_on_request():
    made = make_plugin(Histogram, config=[{"measurement_name": "m", "buckets": [1.0]}], push_only_on_update=True)
    assert run(made, *values(0.5))
    assert run(made) == []


def test_a_derivative_goes_on_from_the_last_event_of_the_window_before():
    made = make_plugin(Derivative, max_roll_over=1)
    assert run(made, Metric("m", {"v": 1}, time=0)) == []
    assert run(made, Metric("m", {"v": 5}, time=2 * SECOND)) == [Metric("m", {"v_rate": 2.0})]
    assert run(made) == []
    assert run(made) == []
    assert run(made, Metric("m", {"v": 9}, time=9 * SECOND)) == []  # rolled over too often: begun anew


def test_values_are_counted_as_text():
    made = make_plugin(ValueCounter, fields=["s", "b"])
    metrics = [Metric("m", {"s": 200, "b": True, "x": 1}), Metric("m", {"s": 200, "b": False}), Metric("m", {"s": 404})]
    assert run(made, *metrics) == [Metric("m", {"s_200": 2, "b_true": 1, "b_false": 1, "s_404": 1})]
