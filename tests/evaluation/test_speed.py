"""`bitline bench` measures, and refuses what it does not know."""

from __future__ import annotations

import math

import pytest
import torch

from bitline.cli.app import main
from bitline.evaluation import speed
from bitline.evaluation.benchmarks import CASES, timed_network, usual_cases
from bitline.evaluation.speed import Machine, devices, measure, measure_machine


@pytest.fixture(scope="module")
def machine() -> Machine:
    return measure_machine()


def test_the_machine_has_rates(machine):
    assert machine.flops > 1e8
    assert machine.bandwidth > 1e7
    assert devices()[0] == "cpu"
    assert ("cuda" in devices()) == torch.cuda.is_available()


def test_work_and_limit_follow_from_the_chain(machine):
    linear, sliced = (measure(case, machine, 1, "fashion-resnet", 4) for case in ("linear", "sliced"))
    for one in (linear, sliced):
        assert all(value > 0 for value in (one.ratio, one.seconds, one.plain_seconds, one.flops, one.bytes))
        work = {"flops": one.flops / machine.flops, "bytes": one.bytes / machine.bandwidth}
        assert one.limit_seconds == pytest.approx(max(work.values())) == pytest.approx(work[one.bound])
        assert one.memory_ratio > 0 or math.isnan(one.memory_ratio)
    # four slices, and eight bits of unsigned inputs or seven of signed ones
    assert 28 <= sliced.flops / linear.flops <= 32


def test_one_table_for_all(bitline, monkeypatch):
    monkeypatch.setattr(speed, "measure_machine", lambda device: Machine(device, 1e11, 1e10))  # measured above
    given = ["bench", "linear", "--network", "fashion-resnet", "--batch", "2", "--repeats", "1", "--compute", "cpu"]
    status, output, errors = bitline(*given)
    assert status == 0, errors
    assert output.count("Time and memory in units") == output.count("fashion-resnet linear ") == 1
    assert "Gflop/s" in output
    assert CASES["linear"][0] in errors


def test_the_plans_of_all_layers_are_explained(bitline):
    status, output, _ = bitline("bench", "linear", "wires", "--network", "fashion-resnet", "--explain")
    assert status == 0
    assert "2 pieces" in output
    assert "float32: its currents are no weighted sums of the inputs" in output


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["nothing"], "no benchmark 'nothing' here: use one of linear"),
        (["linear", "--compute", "tpu"], "no device 'tpu' here: use one of cpu"),
        (["linear", "--network", "resnet5"], "did you mean 'resnet50'"),
    ],
)
def test_what_is_not_there_is_refused_in_one_message(given, words, capsys, monkeypatch):
    monkeypatch.setattr("sys.argv", ["bitline", "bench", *given])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 2
    captured = capsys.readouterr()
    assert words in " ".join((captured.out + captured.err).split())
    assert "Traceback" not in captured.out + captured.err


@pytest.mark.parametrize(
    ("name", "layers", "inputs"), [("minilm", 37, (3, 32)), ("smollm2", 210, (3, 128)), ("lstm", 8, (3, 160, 40))]
)
def test_networks_of_sequences_have_the_published_shapes(name, layers, inputs):
    subject = timed_network(name)
    assert subject.inputs(3).shape == inputs
    assert "wires" not in usual_cases(name)
    with torch.device("meta"):
        network = subject.build()
    counted = [module for module in network.modules() if isinstance(module, torch.nn.Linear)]
    recurrent = [module for module in network.modules() if isinstance(module, torch.nn.LSTM)]
    assert len(counted) + sum(2 * module.num_layers for module in recurrent) == layers


def test_a_recurrent_network_is_measured(machine, monkeypatch):
    network, inputs = speed.network_and_inputs("lstm", 4)
    monkeypatch.setattr(speed, "network_and_inputs", lambda *given: (network, inputs[:, :6]))  # 6 of 160 steps
    monkeypatch.setattr(speed, "memory_ratio", lambda *given: math.nan)
    timing = measure("linear", machine, 1, "lstm", 4)
    assert timing.samples == 4
    reads = 4 * 6 * 1024 * (40 + 5 * 256) + 4 * (256 * 256 + 6 * 256)
    assert timing.flops == pytest.approx(2 * reads)
