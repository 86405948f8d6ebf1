"""Networks on analog arrays are exported whole or not at all: without the arrays' kernels they compute nonsense."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from bitline import Design, convert
from bitline.errors import BitlineError

Run = Callable[[Tensor], Tensor]


def trace(network: nn.Module, example: Tensor, folder: Path) -> Run:
    return torch.jit.trace(network, example, check_trace=False)


def export(network: nn.Module, example: Tensor, folder: Path) -> Run:
    return torch.export.export(network, (example,)).module()


def onnx(network: nn.Module, example: Tensor, folder: Path) -> Run:
    from onnx.reference import ReferenceEvaluator

    torch.onnx.export(network, (example,), folder / "network.onnx", dynamo=True, verbose=False)
    written = ReferenceEvaluator(str(folder / "network.onnx"))
    return lambda inputs: torch.tensor(written.run(None, {written.input_names[0]: inputs.numpy()})[0])


def causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("way", [trace, export, pytest.param(onnx, marks=pytest.mark.needs("ONNX"))])
@pytest.mark.parametrize("settings", [{}, {"adc": "none"}])
def test_exports_compute_what_the_network_computes_or_are_refused(way, settings, tmp_path):
    torch.manual_seed(0)
    float_network = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 16, 5)).eval()
    network = convert(float_network, Design().with_settings(settings), torch.rand(16, 3, 6, 6)).eval()
    first, second = torch.rand(2, 4, 3, 6, 6)
    with torch.no_grad():
        try:
            exported = way(network, first, tmp_path)
        except Exception as error:
            assert any(isinstance(cause, BitlineError) for cause in causes(error))
        else:
            torch.testing.assert_close(exported(second), network(second))
