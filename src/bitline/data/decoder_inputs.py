"""What a decoder takes, where users give the labels that it is to say, as to networks of Hugging Face."""

from __future__ import annotations

from typing import Any

from torch import nn

from bitline.config.messages import first_line
from bitline.data.call import Call, tensor_of_numbers
from bitline.errors import DataError


def with_decoder_inputs(call: Call, labels: Any, network: nn.Module) -> Call:
    """The same call, with what the decoder takes: labels one position later, as the network itself makes them.

    Labels are no argument of a call, and without inputs of its decoder such a network may take those of its encoder.

    Args:
        call: a batch.
        labels: of its samples; only those of tokens, (samples, tokens), are inputs of a decoder.
        network: a network whose `config.is_encoder_decoder` is true, and which has
            `prepare_decoder_input_ids_from_labels`, gets them; others get the call as it is.

    Raises:
        DataError: the network fails to make them.

    Examples:
        >>> import torch
        >>> call = Call((torch.ones(2, 3),), {})
        >>> with_decoder_inputs(call, torch.tensor([[1, 2], [3, 4]]), nn.Linear(3, 2)) is call
        True
    """
    shift = getattr(network, "prepare_decoder_input_ids_from_labels", None)
    is_for_decoder = getattr(getattr(network, "config", None), "is_encoder_decoder", False)
    if shift is None or not is_for_decoder or call.has_decoder or labels is None:
        return call
    numbers = tensor_of_numbers(labels)
    if numbers is None or numbers.ndim != 2 or numbers.is_floating_point():
        return call
    try:
        tokens = shift(labels=numbers.long())
    except Exception as error:  # whatever a user's network raises
        raise DataError(
            f"{type(network).__name__} cannot make decoder_input_ids of labels ({first_line(error)}): give them"
        ) from error
    return Call(call.arguments, {**call.keywords, "decoder_input_ids": tokens})
