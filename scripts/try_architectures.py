"""Which networks of torchvision, timm and transformers convert as they are: docs/networks/architectures.json, a table.

    python scripts/try_architectures.py torchvision [NAME ...]
    python scripts/try_architectures.py timm [NAME ...]
    python scripts/try_architectures.py transformers [NAME ...]
    python scripts/try_architectures.py --table

Each network has random weights, statistics of batch norms included, and is converted for exact cells, codes of 8 bits
and no ADC (`ideal`), on two random images; the ratio of signal to error of its outputs on two others, against floating
point, is that of the quantisation. With codes of 15 bits, calibrated on the images that it is asked for, little is left
but what the analog form would compute otherwise than the network.

Of transformers, all architectures are tried that run on tokens, pictures or sounds alone and have at most 30 million
parameters when they are made small; of the others, without names, one network of each family. Each has a process of its
own; what is in the file already is not tried again. It needs `pip install torchvision timm transformers`, of which each
run needs one.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import signal
import statistics
import time
import warnings
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from bitline import Design, conversion_of, convert

FILE = Path(__file__).resolve().parents[1] / "docs" / "networks" / "architectures.json"
TIMEOUT_S = 400
LARGEST = 30_000_000
"""Parameters of a network of transformers, the others cannot be made small."""
FAMILIES = {
    "torchvision": """alexnet convnext_tiny deeplabv3_mobilenet_v3_large densenet121 efficientnet_b0 efficientnet_v2_s
        fasterrcnn_mobilenet_v3_large_320_fpn fcn_resnet50 lraspp_mobilenet_v3_large maxvit_t mnasnet0_5 mobilenet_v2
        mobilenet_v3_small mvit_v1_b r2plus1d_18 r3d_18 regnet_x_400mf regnet_y_400mf resnet18 resnet50 resnext50_32x4d
        shufflenet_v2_x0_5 squeezenet1_1 ssdlite320_mobilenet_v3_large swin3d_t swin_t swin_v2_t vgg11_bn vit_b_16
        wide_resnet50_2""",
    "timm": """bat_resnext26ts beit_base_patch16_224 botnet26t_256 cait_xxs24_224 coat_tiny coatnet_0_rw_224 convit_tiny
        convmixer_768_32 convnextv2_atto crossvit_tiny_240 cs3darknet_s csatv2 cspresnet50 darknet17 davit_tiny
        deit3_small_patch16_224 deit_tiny_patch16_224 dla34 dpn48b eca_resnet33ts ecaresnet26t edgenext_xx_small
        efficientformer_l1 efficientformerv2_s0 efficientvit_b0 efficientvit_m0 ese_vovnet19b_dw eva02_tiny_patch14_224
        fasternet_t0 fastvit_t8 focalnet_tiny_srf gcresnet33ts gcvit_xxtiny gernet_s ghostnet_050 ghostnetv3_050
        gmlp_ti16_224 halonet26t haloregnetz_b hardcorenas_a hgnet_tiny hgnetv2_b0 hiera_tiny_224 hrnet_w18_small
        inception_next_atto inception_resnet_v2 inception_v4 lambda_resnet26t lamhalobotnet50ts_256 lcnet_035
        levit_128s mambaout_femto mixer_s32_224 mixnet_s mobilenet_edgetpu_v2_xs mobilenetv4_conv_small mobileone_s0
        mobilevit_xxs mobilevitv2_050 mvitv2_tiny nest_tiny nextvit_small nf_regnet_b0 pit_ti_224 poolformer_s12
        poolformerv2_s12 pvt_v2_b0 rdnet_tiny regnety_002 repghostnet_050 repvgg_a0 repvit_m0_9 res2net50_14w_8s
        resmlp_12_224 resnest14d resnet18 resnetaa50 resnetblur18 resnetv2_50 rexnet_100 sehalonet33ts selecsls42
        senet154 sequencer2d_s seresnet18 shvit_s1 skresnet18 skresnext50_32x4d starnet_s1 swiftformer_xs
        swin_tiny_patch4_window7_224 swinv2_cr_tiny_224 swinv2_tiny_window8_256 test_nfnet tf_efficientnet_b0
        tf_efficientnet_cc_b0_4e tf_mixnet_s tiny_vit_5m_224 tinynet_e tresnet_m twins_svt_small vgg11 visformer_tiny
        vit_tiny_patch16_224 vitamin_small_224 volo_d1_224 vovnet39a xception41 xcit_nano_12_p16_224""",
}
"""One network of each family, the smallest or the best known one."""
SMALL: Mapping[str, int] = {
    **dict.fromkeys(("hidden_size", "d_model", "n_embd", "embedding_size", "word_embed_proj_dim"), 32),
    **dict.fromkeys(("num_hidden_layers", "num_layers", "n_layer", "encoder_layers", "decoder_layers"), 2),
    **dict.fromkeys(("num_attention_heads", "n_head", "encoder_attention_heads", "decoder_attention_heads"), 4),
    **dict.fromkeys(
        ("intermediate_size", "d_ff", "ffn_dim", "encoder_ffn_dim", "decoder_ffn_dim", "n_inner", "dff"), 64
    ),
    **dict.fromkeys(("head_dim", "d_kv", "state_size"), 8),
    **dict.fromkeys(("num_experts", "num_local_experts", "num_heads", "rotary_dim"), 4),
    **dict.fromkeys(("num_key_value_heads", "num_experts_per_tok", "num_decoder_layers"), 2),
    **dict.fromkeys(("moe_intermediate_size", "shared_expert_intermediate_size"), 32),
    **{"vocab_size": 100, "max_position_embeddings": 64, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2},
}
"""Sizes of networks of transformers, by what their configurations call them."""
FINE = {"weights.bits": 15, "inputs.bits": 15, "inputs.range.percentile": 100.0}
"""Codes that leave of an error of the quantisation little, so that one of the form would be seen."""
DETECTORS = ("rcnn", "ssd")
VIDEOS = ("r3d", "r2plus1d", "mvit_v1", "swin3d")


class UnsuitedError(Exception):
    """A network is no network of one input, or is none without all of its parameters."""


def network_of(package: str, name: str) -> nn.Module:
    """A network with random weights, also where its own initialisation leaves zeros.

    Raises:
        UnsuitedError: it cannot be made small.
    """
    torch.manual_seed(0)
    if package == "timm":
        import timm

        network: nn.Module = timm.create_model(name, pretrained=False)
    elif package == "transformers":
        network = small_network(name)
    else:
        from torchvision import models

        parts = {"weights_backbone": None} if any(word in name for word in (*DETECTORS, "fcn", "lab", "lraspp")) else {}
        network = models.get_model(name, weights=None, **parts)
    for parameter in network.parameters():
        if parameter.ndim > 1 and not parameter.detach().any():
            nn.init.normal_(parameter, std=0.05)
    for module in network.modules():
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)):
            nn.init.normal_(module.running_mean, std=0.1)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
            if module.affine:
                nn.init.uniform_(module.weight, 0.5, 1.5)
    return network.eval()


def small_network(name: str) -> nn.Module:
    """A small network of an architecture of transformers, with larger weights than it begins with.

    Raises:
        UnsuitedError: it is no network by itself, or has sizes of other names.
    """
    from transformers import CONFIG_MAPPING, AutoModel

    try:
        usual = CONFIG_MAPPING[name]()
        sizes = {size: value for size, value in SMALL.items() if type(getattr(usual, size, "")) in (int, type(None))}
        sizes |= {"num_heads": 8, "n_groups": 1} if name == "mamba2" else {}
        config = CONFIG_MAPPING[name](**sizes)
        with torch.device("meta"):
            parameters = sum(parameter.numel() for parameter in AutoModel.from_config(config).parameters())
        if parameters > LARGEST:
            raise UnsuitedError(f"{parameters / 1e6:.0f} million parameters")
        network: nn.Module = AutoModel.from_config(config)
    except (Exception, SystemExit) as error:  # whatever a configuration of its usual values refuses
        raise UnsuitedError(f"{type(error).__name__}: {error}") from error
    for parameter in network.parameters():
        if parameter.ndim > 1:
            nn.init.normal_(parameter, std=0.15)
    return network


def inputs_of(package: str, name: str, network: nn.Module, seed: int) -> Any:
    """Two random images, or videos, of the size that the network is made for; of transformers, what it takes."""
    numbers = torch.Generator().manual_seed(seed)
    if package == "transformers":
        return small_inputs(network, numbers)
    if package == "timm":
        return torch.randn(2, *network.default_cfg["input_size"], generator=numbers)  # type: ignore[index]
    if any(word in name for word in VIDEOS):
        side = 224 if "mvit" in name or "swin" in name else 112
        return torch.randn(2, 3, 16, side, side, generator=numbers)
    if any(word in name for word in DETECTORS):
        return torch.rand(2, 3, 320, 320, generator=numbers)
    return torch.randn(2, 3, 224, 224, generator=numbers)


def small_inputs(network: Any, numbers: torch.Generator) -> dict[str, Tensor]:
    """A few random tokens, two pictures, or two sounds, for a network of transformers."""
    config = network.config
    side, mels = getattr(config, "image_size", 64), getattr(config, "num_mel_bins", 80)
    sides = side if isinstance(side, (list, tuple)) else (side, side)
    frames = 2 * getattr(config, "max_source_positions", 50)
    shapes = {
        "pixel_values": (2, getattr(config, "num_channels", 3), *sides),
        "input_values": (2, 4000),
        "input_features": (2, mels, frames),
    }
    name = network.main_input_name
    if name == "input_ids":
        inputs = {name: torch.randint(3, 100, (16, 16), generator=numbers)}
    elif name in shapes:
        inputs = {name: torch.randn(*shapes[name], generator=numbers)}
    else:
        raise UnsuitedError(f"inputs called {name!r}")
    if config.is_encoder_decoder:
        inputs["decoder_input_ids"] = torch.randint(3, 100, (len(inputs[name]), 8), generator=numbers)
    return inputs


def tried(package: str, name: str) -> dict[str, Any]:
    """What becomes of a network.

    Raises:
        UnsuitedError: there is nothing to try.
    """
    torch.set_num_threads(1)
    network = network_of(package, name)
    images, calibration = (inputs_of(package, name, network, seed) for seed in (0, 1))
    try:
        expected = outputs_of(network, images)
    except Exception as error:  # it takes more than one input, or others
        raise UnsuitedError(f"{type(error).__name__}: {error}") from error
    if expected is not None and not expected.isfinite().all():
        raise UnsuitedError("random weights make its outputs infinite")
    if expected is not None and not expected.equal(outputs_of(network, images)):
        raise UnsuitedError("its outputs are random")
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        began = time.perf_counter()
        analog = convert(network, "ideal", calibration)
        seconds = time.perf_counter() - began
    conversion = conversion_of(analog)
    found: dict[str, Any] = {"layers": len(conversion.analog), "digital": len(conversion.digital)}
    found["seconds"] = round(seconds, 1)
    found["warnings"] = sorted({str(warning.message) for warning in told if "stay digital" in str(warning.message)})
    found["snr_dB"] = ratio_dB(expected, outputs_of(analog, images))
    del analog
    fine = Design.load("ideal").with_settings(FINE)
    found["fine_snr_dB"] = ratio_dB(expected, outputs_of(convert(network, fine, images), images))
    return {name: value for name, value in found.items() if value is not None}


def outputs_of(network: nn.Module, inputs: Any) -> Tensor | None:
    """Scores or states; those of segmentation have a name, and detectors give none that could be compared."""
    with torch.no_grad():
        outputs = network(**inputs) if isinstance(inputs, dict) else network(inputs)
    if isinstance(outputs, Mapping):
        known = (outputs[name] for name in ("out", "last_hidden_state", "logits", "pooler_output") if name in outputs)
        outputs = next((values for values in known if isinstance(values, Tensor)), None)
    return outputs.double() if isinstance(outputs, Tensor) else None


def ratio_dB(expected: Tensor | None, got: Tensor | None) -> float | None:
    """Signal to error, None where there is nothing to compare."""
    if expected is None or got is None or expected.shape != got.shape:
        return None
    error = (got - expected).square().sum().clamp_min(1e-30)
    return round(10 * float(((expected - expected.mean()).square().sum() / error).log10()), 1)


def answer(package: str, name: str) -> dict[str, Any] | None:
    """What becomes of a network, or why it cannot be converted; None for one that there is nothing to try of."""

    def end(*_: Any) -> None:
        raise TimeoutError

    signal.signal(signal.SIGALRM, end)
    signal.alarm(TIMEOUT_S)
    try:
        return tried(package, name)
    except UnsuitedError:
        return None
    except TimeoutError:
        return {"error": f"more than {TIMEOUT_S} s"}
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}


def answer_apart(package: str, name: str) -> dict[str, Any] | None:
    """`answer`, of a process of its own."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["__main__", "bitline.nn", package])
    with ProcessPoolExecutor(1, mp_context=context) as process:
        try:
            return process.submit(answer, package, name).result()
        except BrokenProcessPool:
            return {"error": "the process ended: out of memory?"}


def table() -> Iterator[str]:
    """Lines that sum the file up."""
    known = json.loads(FILE.read_text(encoding="utf-8"))
    yield "| networks of | tried | converted | layers on arrays | codes of 8 bits: median, least | of 15 bits: least |"
    yield "| --- | ---: | ---: | ---: | --- | ---: |"
    for package, networks in known.items():
        done = {name: found for name, found in networks.items() if "error" not in found}
        layers = sum(found["layers"] for found in done.values())
        coarse, fine = (
            {name: found[ratio] for name, found in done.items() if ratio in found}
            for ratio in ("snr_dB", "fine_snr_dB")
        )
        middle = statistics.median(coarse.values())
        counts = f"{len(networks)} | {len(done)} | {layers:,}"
        yield f"| {package} | {counts} | {middle:.0f} dB, {least(coarse)} | {least(fine)} |"


def least(ratios: dict[str, float]) -> str:
    """The smallest ratio, and whose it is."""
    if not ratios:
        return "not tried"
    name = min(ratios, key=ratios.__getitem__)
    return f"{ratios[name]:.0f} dB (`{name}`)"


def names_of(package: str) -> list[str]:
    """Networks to try."""
    if package != "transformers":
        return FAMILIES[package].split()
    from transformers import CONFIG_MAPPING

    return sorted(CONFIG_MAPPING.keys())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("package", choices=("torchvision", "timm", "transformers"), nargs="?")
    parser.add_argument("names", nargs="*")
    parser.add_argument("--table", action="store_true")
    arguments = parser.parse_args()
    if arguments.table:
        print("\n".join(table()))
        return
    known = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}
    networks = known.setdefault(arguments.package, {})
    for name in arguments.names or names_of(arguments.package):
        if name not in networks or arguments.names:
            found = answer_apart(arguments.package, name)
            print(name, found, flush=True)
            if found is not None:
                networks[name] = found
                FILE.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
