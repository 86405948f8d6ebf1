"""Layers of subclasses that compute what their base computes: they stay what they are, and their own forms go first."""

import copy
import io
import pickle
from abc import ABC, abstractmethod

import pytest
import torch
from torch import nn
from torch.nn import functional

from bitline import Design, conversion_of, convert
from bitline.errors import ConversionError
from bitline.nn import ANALOG_LAYERS, COMPOSITE_LAYERS, AnalogLinear, CompositeLayer, analog_layers
from bitline.nn.registry import losses
from bitline.numerics.text import with_article

DESIGN = Design.load("differential").with_settings({"cell.device": "none"})
INPUTS = torch.linspace(0, 1, 60 * 8).reshape(60, 8)


class Tagged(nn.Linear):
    """A class with a class attribute, a method, a property and an attribute of instances."""

    tag = 7

    def __init__(self, *sizes):
        super().__init__(*sizes)
        self.note = "kept"

    def norm(self):
        return float(self.weight.detach().norm())

    @property
    def twice(self):
        return 2 * self.in_features

    @classmethod
    def kind_name(cls):
        return cls.__name__


class Lister(nn.Module):
    """A network that looks for its own layers."""

    def __init__(self):
        super().__init__()
        self.first, self.second = Tagged(8, 8), nn.Linear(8, 3)

    def forward(self, x):
        tagged = [layer for layer in self.modules() if isinstance(layer, Tagged)]
        return self.second(tagged[0](x).relu())


class MyLSTM(nn.LSTM):
    tag = 8


class Convolved(nn.Conv2d):
    tag = 9


def test_a_subclass_stays_what_it_is():
    """isinstance was False and class attributes were gone: a method that lists its layers found none."""
    torch.manual_seed(0)
    analog = convert(Lister(), DESIGN, INPUTS)
    layer = analog.first
    assert isinstance(layer, Tagged) and isinstance(layer, AnalogLinear)
    assert (layer.tag, layer.twice, layer.note, layer.kind_name()) == (7, 16, "kept", "AnalogTagged")
    assert layer.norm() > 0
    assert type(analog.second) is AnalogLinear
    assert conversion_of(analog).notes == conversion_of(convert(Lister(), DESIGN, INPUTS)).notes


def test_convolutions_and_layers_of_several_matrices_stay_what_they_are():
    images, steps = torch.rand(4, 2, 6, 6), torch.rand(4, 5, 8)
    convolved = convert(nn.Sequential(Convolved(2, 3, 3)), DESIGN, images)[0]
    lstm = convert(nn.Sequential(MyLSTM(8, 4, batch_first=True)), DESIGN, steps)[0]
    assert isinstance(convolved, Convolved) and convolved.tag == 9
    assert isinstance(lstm, MyLSTM) and isinstance(lstm, CompositeLayer) and lstm.tag == 8
    assert torch.equal(pickled(lstm)(steps)[0], lstm(steps)[0])
    assert torch.equal(copy.deepcopy(lstm)(steps)[0], lstm(steps)[0])


def pickled(network):
    return pickle.loads(pickle.dumps(network))


def saved(network):
    file = io.BytesIO()
    torch.save(network, file)
    file.seek(0)
    return torch.load(file, weights_only=False)


@pytest.mark.parametrize("copied", [pickled, saved, copy.deepcopy, copy.copy], ids=lambda way: way.__name__)
def test_copies_and_files_of_it_compute_the_same(copied):
    analog = convert(Lister(), DESIGN, INPUTS)
    again = copied(analog)
    assert type(again.first) is type(analog.first)
    assert again.first.note == "kept"
    assert torch.equal(again(INPUTS), analog(INPUTS))


def test_a_deep_copy_shares_nothing():
    layer = convert(nn.Sequential(Tagged(8, 3)), DESIGN, INPUTS)
    again = copy.deepcopy(layer)
    with torch.no_grad():
        again[0].weight.mul_(2)
    assert not torch.equal(again(INPUTS), layer(INPUTS))
    tied = nn.Sequential(first := Tagged(8, 8), first)
    assert len(set(copy.deepcopy(convert(tied, DESIGN, INPUTS)))) == 1


def test_states_are_those_of_the_base():
    float_layer, other = nn.Sequential(Tagged(8, 3)), nn.Sequential(nn.Linear(8, 3))
    analog, plain = convert(float_layer, DESIGN, INPUTS), convert(other, DESIGN, INPUTS)
    analog.load_state_dict(plain.state_dict())
    assert torch.equal(analog(INPUTS), plain(INPUTS))


def test_a_class_that_lists_its_subclasses_or_refuses_them_is_left_alone():
    listed = []

    class Registered(nn.Linear):
        def __init_subclass__(cls, needed, **keywords):
            listed.append(cls)

    assert isinstance(convert(nn.Sequential(Registered(8, 3)), DESIGN, INPUTS)[0], Registered)
    assert listed == []


def test_a_class_with_a_copy_of_its_own_is_copied_as_an_analog_layer():
    class Copied(nn.Linear):
        def __deepcopy__(self, memo):
            twin = Copied(self.in_features, self.out_features)
            twin.load_state_dict(self.state_dict())
            return twin

    analog = convert(nn.Sequential(Copied(8, 3)), DESIGN, INPUTS)
    assert torch.equal(copy.deepcopy(analog)(INPUTS), analog(INPUTS))


def test_abstract_bases_do():
    class Base(ABC):
        @abstractmethod
        def tagged(self): ...

    class Mixed(nn.Linear, Base):
        def tagged(self):
            return 3

    layer = convert(nn.Sequential(Mixed(8, 3)), DESIGN, INPUTS)[0]
    assert isinstance(layer, Base) and layer.tagged() == 3


def test_slots_do():
    class Slotted(nn.Linear):
        __slots__ = ("extra",)

    layer = convert(nn.Sequential(Slotted(8, 3)), DESIGN, INPUTS)[0]
    layer.extra = 5
    assert isinstance(layer, Slotted) and layer.extra == 5


class Meta(type):
    pass


class Named(nn.Linear):
    @property
    def name(self):
        return "mine"


class Outputs(nn.Linear):
    def outputs(self):
        return 1


class Stateful(nn.Linear):
    def __getstate__(self):
        return self.__dict__


class Metal(nn.Linear, metaclass=Meta):
    pass


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        (Named, "it defines name, which analog layers define, too"),
        (Outputs, "it defines outputs"),
        (Stateful, "it defines __getstate__"),
        (Metal, "its metaclass is Meta"),
    ],
)
def test_a_class_that_cannot_be_kept_is_told(kind, why):
    analog = convert(nn.Sequential(kind(8, 3)), DESIGN, INPUTS)
    assert type(analog[0]) is AnalogLinear
    (note,) = [note for note in conversion_of(analog).notes if "not the class" in note]
    assert (
        note.startswith(f"layer '0' is {with_article(kind.__name__)}, of which its analog form keeps the weights")
        and why in note
    )
    digital = DESIGN.with_settings({"layers": [{"match": "0", "digital": True}]})
    kept = convert(nn.Sequential(kind(8, 8), nn.Linear(8, 2)), digital, INPUTS)
    assert not any("not the class" in note for note in conversion_of(kept).notes)


class Labelled(nn.Linear):
    """Sets what analog layers set, too."""

    def __init__(self, *sizes, **attributes):
        super().__init__(*sizes)
        for name, value in attributes.items():
            setattr(self, name, value)


def test_attributes_that_analog_layers_have_too_are_told():
    """A name of its own was overwritten without a word."""
    labelled = nn.Sequential(Labelled(8, 8, name="mine", scale=2.0), nn.ReLU(), Labelled(8, 3, outputs=7, name="last"))
    analog = convert(labelled, DESIGN, INPUTS)
    assert isinstance(analog[0], Labelled) and analog[0].scale == 2.0 and analog[0].name == "0"
    (note,) = [note for note in conversion_of(analog).notes if "replaces" in note]
    assert note == "layer '0' is a Labelled, whose name its analog form replaces by its own: use another name for yours"
    assert labelled[0].name == "mine"
    digital = DESIGN.with_settings({"layers": [{"match": "0", "digital": True}]})
    (note,) = [note for note in conversion_of(convert(labelled, digital, INPUTS)).notes if "replaces" in note]
    assert note.startswith("layer '2' is a Labelled, whose name and outputs its analog form replaces")


def test_attributes_in_the_place_of_a_method_are_refused():
    """The method was called, and an int is not callable."""
    with pytest.raises(ConversionError, match=r"layer '0' has the attribute 'cells', which is a method of .*AnalogLab"):
        convert(nn.Sequential(Labelled(8, 3, cells=6)), DESIGN, INPUTS)


@pytest.mark.parametrize("kinds", [ANALOG_LAYERS, COMPOSITE_LAYERS], ids=["one matrix", "several"])
def test_nothing_is_told_of_layers_of_pytorch(kinds):
    for kind in list(kinds):
        if kind.__module__.startswith("torch."):
            sizes = (4, 2) if "Conv" not in kind.__name__ else (4, 2, 3)
            assert losses(nn.Sequential(kind(*sizes)), DESIGN) == ()


class Scaled(nn.Linear):
    def forward(self, input):
        return functional.linear(input, 3 * self.weight, self.bias)


class AnalogScaled(AnalogLinear, Scaled):
    float_type = Scaled
    matrix = property(lambda self: 3 * self.weight)

    def float_forward(self, inputs):
        return Scaled.forward(self, inputs)


class Finer(Scaled):
    pass


class AnalogFiner(AnalogScaled, Finer):
    float_type = Finer


class Finest(Finer):
    pass


@pytest.mark.parametrize("registered", [(Scaled, Finer), (Finer, Scaled)])
def test_the_nearest_registered_class_gives_the_form(monkeypatch, registered):
    """The first of the registry that fitted was taken, whatever else was registered."""
    forms = {Scaled: AnalogScaled, Finer: AnalogFiner}
    for kind in registered:
        monkeypatch.setitem(ANALOG_LAYERS, kind, forms[kind])
    analog = convert(nn.Sequential(Scaled(8, 8), Finer(8, 8), Finest(8, 3)), DESIGN, INPUTS)
    assert [type(layer) for layer in list(analog)[:2]] == [AnalogScaled, AnalogFiner]
    assert isinstance(analog[2], AnalogFiner) and isinstance(analog[2], Finest)


def test_a_registered_subclass_of_bitlines_layers_goes_before_its_base(monkeypatch):
    class AnalogTagged(AnalogLinear, Tagged):
        float_type = Tagged

    monkeypatch.setitem(ANALOG_LAYERS, Tagged, AnalogTagged)
    assert type(convert(nn.Sequential(Tagged(8, 3)), DESIGN, INPUTS)[0]) is AnalogTagged


@pytest.mark.parametrize("found", [int, nn.Linear, "AnalogLinear"])
def test_what_is_no_analog_layer_cannot_be_registered(monkeypatch, found):
    monkeypatch.setitem(ANALOG_LAYERS, Scaled, found)
    with pytest.raises(
        ConversionError, match=r"ANALOG_LAYERS\[Scaled\] is .*: register a class derived from bitline.nn"
    ):
        convert(nn.Sequential(Scaled(8, 3)), DESIGN, INPUTS)
    monkeypatch.setitem(COMPOSITE_LAYERS, nn.LSTM, found)
    with pytest.raises(ConversionError, match=r"COMPOSITE_LAYERS\[LSTM\] is"):
        convert(nn.Sequential(nn.LSTM(8, 3)), DESIGN, torch.rand(4, 5, 8))


def test_gradients_and_training_reach_its_weights():
    analog = convert(nn.Sequential(Tagged(8, 3)), DESIGN, INPUTS)
    analog(INPUTS).square().sum().backward()
    assert float(analog[0].weight.grad.abs().sum()) > 0
    assert [layer.name for layer in analog_layers(analog)] == ["0"]
