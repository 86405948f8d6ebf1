"""Labels of encoder-decoder networks of Hugging Face's are what their decoder takes, one position later."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader

from bitline import evaluate
from bitline.errors import DataError


class Translator(nn.Module):
    """Takes the inputs of its encoder where its decoder gets none, as BART does."""

    def __init__(self):
        super().__init__()
        self.config = SimpleNamespace(is_encoder_decoder=True)
        self.embedding, self.head = nn.Embedding(12, 16), nn.Linear(16, 12)

    def forward(self, input_ids, attention_mask=None, decoder_input_ids=None, labels=None):
        assert labels is None  # what it is to say is not for it
        taken = input_ids if decoder_input_ids is None else decoder_input_ids
        read = self.embedding(input_ids).mean(1, keepdim=True)
        return {"logits": self.head(self.embedding(taken) + read)}

    def prepare_decoder_input_ids_from_labels(self, labels):
        return torch.cat([torch.full_like(labels[:, :1], 2), labels[:, :-1]], 1).masked_fill(labels == -100, 0)


def items(data):
    return [{name: values[place] for name, values in data.items()} for place in range(len(data["labels"]))]


FORMS = {
    "a mapping": lambda data: data,
    "lists": lambda data: {name: values.tolist() for name, values in data.items()},
    "a loader": lambda data: DataLoader(items(data), batch_size=7),
    "items of lists": lambda data: [{name: values.tolist() for name, values in each.items()} for each in items(data)],
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("length", [8, 5])
def test_a_decoder_takes_its_labels_one_position_later(form, length):
    """They were left out, the decoder took the source, and perplexity was another one."""
    torch.manual_seed(0)
    network = Translator().eval()
    source, labels = torch.randint(3, 12, (20, 8)), torch.randint(3, 12, (20, length))
    labels[::2, -2:] = -100
    data = {"input_ids": source, "attention_mask": (torch.arange(8) < 4).expand(20, 8).long(), "labels": labels}
    with torch.no_grad():
        shifted = network.prepare_decoder_input_ids_from_labels(labels)
        scores = network(source, decoder_input_ids=shifted)["logits"]
    wanted = nn.functional.cross_entropy(scores.flatten(0, 1), labels.flatten()).exp()
    result = evaluate(network, "ideal", FORMS[form](data), metric="perplexity", calibration=data, chips=1)
    assert result.float_value == pytest.approx(float(wanted), rel=1e-5)
    assert not any("next token" in note for note in result.notes)


def test_a_decoder_that_takes_no_labels_is_named():
    class Broken(Translator):
        def prepare_decoder_input_ids_from_labels(self, labels):
            raise RuntimeError("no start token")

    data = {"input_ids": torch.ones(4, 3).long(), "labels": torch.ones(4, 3).long()}
    with pytest.raises(DataError, match=r"Broken cannot make .* \(no start token\): give them"):
        evaluate(Broken().eval(), "ideal", data, metric="perplexity", chips=1)
