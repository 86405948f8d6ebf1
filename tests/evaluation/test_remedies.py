"""Remedies recover accuracy, and do what they say."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from bitline import Design, analog_layers, convert, evaluate, program
from bitline.design import reference
from bitline.errors import CalibrationError, DataError
from bitline.evaluation.remedies import Knob, Recalibrate, fine_tune, smooth, tune

HARSH = Design.load("differential").with_settings({"cell.device": {"kind": "state-independent", "alpha": 0.03}})


@pytest.fixture(scope="module")
def parts(fashion):
    model, data = fashion
    return model, data.split(300, 100)


def accuracy(model, design, data, **options):
    return evaluate(model, design, data.images, data.labels, data.calibration, chips=3, **options).mean


def test_recalibration_recovers_accuracy(parts):
    model, data = parts
    before = accuracy(model, HARSH, data)
    after = accuracy(model, HARSH, data, after_programming=Recalibrate(data.calibration[:64]))
    assert after > max(before + 0.05, 0.9)


def test_recalibrated_channels_have_the_statistics_of_the_digital_network(parts):
    model, data = parts
    images = data.calibration[:32]
    analog, digital = convert(model, HARSH, images), convert(model, reference(HARSH), images)
    Recalibrate(images)(analog, digital)
    statistics = []
    for network in (analog, digital):
        seen = {}
        handles = [
            layer.register_forward_hook(lambda one, _, y, seen=seen: seen.__setitem__(one.name, y.transpose(0, 1)))
            for layer in analog_layers(network)
        ]
        with torch.no_grad():
            network(images)
        for handle in handles:
            handle.remove()
        statistics.append({name: (y.flatten(1).mean(1), y.flatten(1).std(1)) for name, y in seen.items()})
    for name, (mean, deviation) in statistics[1].items():
        torch.testing.assert_close(statistics[0][name][0], mean, rtol=1e-3, atol=1e-3 * float(deviation.max()))
        torch.testing.assert_close(statistics[0][name][1], deviation, rtol=1e-3, atol=1e-3 * float(deviation.max()))


def test_a_correction_belongs_to_its_chip(parts):
    model, data = parts
    images = data.calibration[:16]
    analog, digital = convert(model, HARSH, images), convert(model, reference(HARSH), images)
    Recalibrate(images)(analog, digital)
    with torch.no_grad():
        corrected = analog(images)
        again = convert(model, HARSH, images)
        again.load_state_dict(analog.state_dict())
        torch.testing.assert_close(again(images), corrected)
        program(analog, chip=1)
    assert all(layer.correction is None for layer in analog_layers(analog))


def test_recalibration_needs_images(parts):
    model, data = parts
    with pytest.raises(CalibrationError, match="two or more images"):
        accuracy(model, HARSH, data, after_programming=Recalibrate(data.calibration[:1]))


def test_clipping_is_chosen_where_a_few_weights_are_large():
    torch.manual_seed(0)
    layer = nn.Linear(100, 50, bias=False)
    layer.weight.data[0, 0] = 8.0
    model = nn.Sequential(layer)
    images = torch.rand(60, 100)
    images[:, 0] = 0.0  # the large weight does not matter here
    clipping = {"knobs": (Knob("weights.percentile", (100.0, 99.9, 99.0)),), "chips": 3}
    tight = tune(model, HARSH, images, **clipping).design
    assert tight.for_layer("0").weights.percentile < 100
    own, chosen = (
        float((convert(model, design, images)(images) - model(images)).square().mean()) for design in (HARSH, tight)
    )
    assert chosen < 0.1 * own
    exact = HARSH.with_settings({"cell.device": "none", "adc": "none", "weights.bits": 16})
    images[:, 0] = 1.0
    assert tune(model, exact, images, **clipping).design.layers == ()


def test_input_ranges_are_chosen_by_what_the_weights_make_of_them():
    """The large input meets no weight in one layer, and decides the outputs of the other."""
    torch.manual_seed(0)
    images = torch.rand(60, 50)
    images[::10, 0] = 30.0
    design = Design.load("ideal").with_settings({"inputs.bits": 6})
    for weight, chosen in ((0.0, 99.0), (9.0, design.inputs.range.percentile)):
        layer = nn.Linear(50, 20, bias=False)
        layer.weight.data[:, 0] = weight
        model = nn.Sequential(layer)
        ranges = tuple({"kind": "percentile", "percentile": each} for each in (99.0, 100.0))
        tuned = tune(model, design, images, knobs=(Knob("inputs.range", ranges),)).design
        assert tuned.for_layer("0").inputs.range.percentile == chosen
    own = Knob("inputs.range", (design.inputs.range,))
    assert tune(model, design, images, knobs=(own,)).design.layers == ()


@pytest.mark.parametrize("kind", ["percentile", "per-vector"])
def test_smoothing_lets_both_kinds_of_input_ranges_lose_less(kind):
    """One channel is a hundred times larger than the others, in every token."""
    torch.manual_seed(0)
    network = nn.Sequential(nn.LayerNorm(16), nn.Linear(16, 8), nn.GELU(), nn.Linear(8, 4)).eval()
    network[0].weight.data[3] = 100.0
    network[1].weight.data[:, 3] /= 100.0
    tokens = torch.randn(32, 5, 16)
    design = Design.load("ideal").with_settings({"inputs.range.kind": kind})
    expected = network(tokens)
    errors = [
        float((convert(model, design, tokens)(tokens) - expected).square().mean())
        for model in (network, smooth(network, tokens))
    ]
    assert errors[1] < 0.1 * errors[0]


def test_fine_tuning_makes_a_network_bear_its_errors(fashion):
    model, data = fashion
    harsh = HARSH.with_settings({"cell.device.alpha": 0.04})
    train, labels = data.images[:500], data.labels[:500]
    test = type(data)(data.images[500:800], data.labels[500:800], data.calibration)
    original = {name: value.clone() for name, value in model.state_dict().items()}
    found = fine_tune(model, harsh, train, labels, data.calibration[:50], epochs=4, learning_rate=3e-4)
    tuned = found.network
    assert len(found.history) == 4 and found.best == 3
    assert found.history[-1].loss < found.history[0].loss
    assert accuracy(tuned, harsh, test) > accuracy(model, harsh, test) + 0.05
    assert all(torch.equal(value, original[name]) for name, value in model.state_dict().items())
    assert isinstance(tuned, type(model))
    again = fine_tune(model, harsh, train[:64], labels[:64], data.calibration[:50], epochs=1)
    twice = fine_tune(model, harsh, train[:64], labels[:64], data.calibration[:50], epochs=1)
    for one, other in zip(again.network.parameters(), twice.network.parameters(), strict=True):
        assert torch.equal(one, other)


def test_fine_tuning_needs_labels(parts):
    model, data = parts
    with pytest.raises(DataError, match="300 samples and 3 labels"):
        fine_tune(model, HARSH, data.images, data.labels[:3], data.calibration)


def test_layers_that_run_twice_get_one_correction_for_all_their_outputs():
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(20, 5)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.cat([self.fc(x), self.fc(3 * x + 1)])

    torch.manual_seed(0)
    model, images = Twice(), torch.rand(40, 20)
    analog, digital = convert(model, HARSH, images), convert(model, reference(HARSH), images)
    Recalibrate(images)(analog, digital)
    with torch.no_grad():
        got, wanted = analog(images), digital(images)
    torch.testing.assert_close(got.mean(0), wanted.mean(0), rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(got.std(0), wanted.std(0), rtol=1e-3, atol=1e-3)


def test_any_inputs_recalibrate():
    class Sum(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = nn.Linear(20, 5), nn.Linear(10, 5)

        def forward(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
            return self.first(x) + self.second(y)

    torch.manual_seed(0)
    model, inputs = Sum(), {"x": torch.rand(40, 20), "y": torch.rand(40, 10)}
    analog, digital = convert(model, HARSH, inputs), convert(model, reference(HARSH), inputs)
    Recalibrate({**inputs, "labels": torch.zeros(40)})(analog, digital)
    with torch.no_grad():
        torch.testing.assert_close(analog(**inputs).mean(0), digital(**inputs).mean(0), rtol=1e-3, atol=1e-3)
    with pytest.raises(CalibrationError, match="two or more images, not 1"):
        Recalibrate({name: value[:1] for name, value in inputs.items()})(analog, digital)


def test_networks_of_layers_with_several_matrices_are_fine_tuned():
    class Recurrent(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rnn, self.attention, self.head = nn.GRU(3, 8), nn.MultiheadAttention(8, 2), nn.Linear(8, 2)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            y = self.rnn(x.transpose(0, 1))[0]
            return self.head(self.attention(y, y, y)[0].mean(0))

    torch.manual_seed(0)
    model, images = Recurrent().eval(), torch.randn(32, 4, 3)
    tuned = fine_tune(model, HARSH, images, (images[:, 0, 0] > 0).long(), images, epochs=1).network
    assert tuned.state_dict().keys() == model.state_dict().keys()
    for name in ("rnn.weight_hh_l0", "attention.in_proj_weight", "head.weight"):
        assert not torch.equal(tuned.state_dict()[name], model.state_dict()[name])


class Numbered(torch.utils.data.Dataset):
    """A data set of PyTorch's: points, and which side of a line they are on."""

    def __init__(self, count: int, seed: int) -> None:
        self.x = torch.randn(count, 6, generator=torch.Generator().manual_seed(seed))

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, number: int):
        return self.x[number], int(self.x[number].sum() > 0)


ROUGH = Design.load("differential").with_settings({"cell.device": {"kind": "state-proportional", "alpha": 0.1}})


@pytest.mark.parametrize("form", ["numbered", "loader", "mapping", "tuple"])
def test_any_data_trains_and_the_best_epoch_is_kept(form):
    torch.manual_seed(0)
    train, test = Numbered(160, 0), Numbered(80, 1)
    labels = torch.tensor([train[number][1] for number in range(len(train))])
    data = {
        "numbered": train,
        "loader": torch.utils.data.DataLoader(train, batch_size=32, shuffle=True),
        "mapping": {"input": train.x, "labels": labels},
        "tuple": (train.x, labels),
    }[form]
    told = []
    tuned = fine_tune(
        nn.Sequential(nn.Linear(6, 2)) if form != "mapping" else nn.Linear(6, 2),
        ROUGH,
        data,
        validation=test,
        epochs=6,
        patience=2,
        learning_rate=0.05,
        batch=32,
        progress=lambda what, done, total: told.append((what, done, total)),
    )
    values = [epoch.value for epoch in tuned.history]
    assert max(values) == values[tuned.best] > 0.9
    assert len(values) == 6 or len(values) == tuned.best + 3
    assert told[-1][0].startswith("fine-tune, loss ") and told[-1][0].endswith(" %") and told[-1][2] == 30
    again = evaluate(tuned.network, ROUGH, test, calibration=train.x[:32], chips=2)
    assert again.mean > 0.85


def test_numbers_train_by_their_squared_error_or_by_a_loss_of_the_users():
    torch.manual_seed(0)
    x = torch.randn(128, 6)
    y = x @ torch.randn(6, 1)
    for options in ({}, {"loss": lambda outputs, targets: (outputs - targets).abs().mean()}):
        tuned = fine_tune(
            nn.Linear(6, 1),
            ROUGH,
            x,
            y,
            metric="mse",
            validation=(x, y),
            epochs=8,
            learning_rate=0.1,
            batch=8,
            **options,
        )
        values = [epoch.value for epoch in tuned.history]
        assert values[tuned.best] == min(values) < 0.2 * values[0]


@pytest.mark.parametrize(
    ("data", "options", "words"),
    [
        (iter([(torch.rand(4, 6), torch.tensor([0, 1, 0, 1]))]), {}, "does not say how many batches"),
        ([], {}, "no sample"),
        ((torch.rand(4, 6), torch.tensor([0, 1, 0, 7])), {}, "label 3 is 7"),
        ((torch.rand(4, 6), torch.rand(4, 3)), {"metric": "mse"}, r"outputs have the shape \(4, 2\).*give loss"),
        ((torch.rand(4, 6), torch.tensor([0, 1, 0, 1])), {"loss": lambda outputs, targets: 7}, "one finite number"),
        ((torch.rand(4, 6), torch.tensor([0, 1, 0, 1])), {"patience": 0}, "patience"),
    ],
)
def test_what_cannot_train_is_refused_in_one_line(data, options, words):
    with pytest.raises(DataError, match=words):
        fine_tune(nn.Linear(6, 2), ROUGH, data, calibration=torch.rand(8, 6), **options)
