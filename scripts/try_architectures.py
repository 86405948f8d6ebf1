"""Which networks of torchvision, timm and transformers convert as they are: docs/networks/architectures.json, a table.

    python scripts/try_architectures.py torchvision [NAME ...]
    python scripts/try_architectures.py timm [NAME ...]
    python scripts/try_architectures.py transformers [NAME ...]
    python scripts/try_architectures.py --table

Each network has random weights, statistics of batch norms included, and is converted for exact cells, codes of 8 bits
and no ADC (`ideal`), on two random images; the ratio of signal to error of its outputs on two others, against floating
point, is that of the quantisation. Networks of transformers are small ones of each architecture, on random tokens.
Without names, one network of each family is tried, one after the other in processes of their own; what is in the file
already is not tried again. It needs `pip install torchvision timm transformers`, of which each run needs one.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from bitline import conversion_of, convert
from bitline.errors import BitlineError

FILE = Path(__file__).resolve().parents[1] / "docs" / "networks" / "architectures.json"
TIMEOUT_S = 400
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
    "transformers": """albert bart bert big_bird biogpt blenderbot bloom camembert codegen cohere convbert ctrl deberta
        deberta-v2 distilbert electra ernie4_5 exaone4 falcon_mamba fnet gemma gemma2 gemma3_text glm glm4 gpt2 gpt_neox
        gpt_oss gptj granite helium layoutlm lfm2 llama mamba mamba2 marian mbart megatron-bert minimax mistral mixtral
        mobilebert modernbert mpnet mpt mra nemotron nystromformer olmo olmo2 opt pegasus persimmon phi phi3 qwen2
        qwen2_moe qwen3 qwen3_moe rembert roberta roformer rwkv smollm3 splinter squeezebert stablelm starcoder2
        switch_transformers t5 umt5 xglm xlm-roberta yoso""",
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
DETECTORS = ("rcnn", "ssd")
VIDEOS = ("r3d", "r2plus1d", "mvit_v1", "swin3d")


def network_of(package: str, name: str) -> nn.Module:
    """A network with random weights, also where its own initialisation leaves zeros."""
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
    """A small network of an architecture of transformers, with larger weights than it begins with."""
    from transformers import CONFIG_MAPPING, AutoModel

    usual = CONFIG_MAPPING[name]()
    sizes = {size: value for size, value in SMALL.items() if type(getattr(usual, size, "")) in (int, type(None))}
    sizes |= {"num_heads": 8, "n_groups": 1} if name == "mamba2" else {}
    network: nn.Module = AutoModel.from_config(CONFIG_MAPPING[name](**sizes))
    for parameter in network.parameters():
        if parameter.ndim > 1:
            nn.init.normal_(parameter, std=0.15)
    return network


def inputs_of(package: str, name: str, network: nn.Module, seed: int) -> Any:
    """Two random images, or videos, of the size that the network is made for; of transformers, a few random tokens."""
    numbers = torch.Generator().manual_seed(seed)
    if package == "transformers":
        tokens = {"input_ids": torch.randint(3, 100, (4, 16), generator=numbers)}
        if network.config.is_encoder_decoder:  # type: ignore[union-attr]
            tokens["decoder_input_ids"] = torch.randint(3, 100, (4, 8), generator=numbers)
        return tokens
    if package == "timm":
        return torch.randn(2, *network.default_cfg["input_size"], generator=numbers)  # type: ignore[index]
    if any(word in name for word in VIDEOS):
        side = 224 if "mvit" in name or "swin" in name else 112
        return torch.randn(2, 3, 16, side, side, generator=numbers)
    if any(word in name for word in DETECTORS):
        return torch.rand(2, 3, 320, 320, generator=numbers)
    return torch.randn(2, 3, 224, 224, generator=numbers)


def tried(package: str, name: str) -> dict[str, Any]:
    """What becomes of a network."""
    torch.set_num_threads(1)
    network = network_of(package, name)
    images, calibration = (inputs_of(package, name, network, seed) for seed in (0, 1))
    began = time.perf_counter()
    with torch.no_grad(), warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        analog = convert(network, "ideal", calibration)
        seconds = time.perf_counter() - began
        expected, got = (
            tensor_of(each(**images) if isinstance(images, dict) else each(images)) for each in (network, analog)
        )
    conversion = conversion_of(analog)
    found = {"layers": len(conversion.analog), "digital": len(conversion.digital), "seconds": round(seconds, 1)}
    found["warnings"] = sorted({str(warning.message) for warning in told if "stay digital" in str(warning.message)})
    if expected is not None and got is not None and expected.shape == got.shape:
        ratio = (expected - expected.mean()).square().sum() / (got - expected).square().sum()
        found["snr_dB"] = round(10 * float(ratio.log10()), 1)
    return found


def tensor_of(outputs: Any) -> Tensor | None:
    """Scores or states; those of segmentation have a name, and detectors give none that could be compared."""
    if isinstance(outputs, Mapping):
        outputs = outputs.get("out", outputs.get("last_hidden_state"))
    scores = outputs
    return scores.double() if isinstance(scores, Tensor) else None


def try_apart(package: str, name: str) -> dict[str, Any]:
    """What becomes of a network, in a process of its own."""
    command = [sys.executable, __file__, package, name, "--here"]
    try:
        said = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S)
    except subprocess.TimeoutExpired:
        return {"error": f"more than {TIMEOUT_S} s"}
    lines = said.stdout.strip().splitlines() or [json.dumps({"error": said.stderr.strip()[-300:]})]
    return dict(json.loads(lines[-1]))


def table() -> Iterator[str]:
    """Lines that sum the file up."""
    known = json.loads(FILE.read_text(encoding="utf-8"))
    yield "| networks of | tried | converted | layers on arrays | signal to error of 8-bit codes: median, least |"
    yield "| --- | ---: | ---: | ---: | --- |"
    for package, networks in known.items():
        done = {name: found for name, found in networks.items() if "error" not in found}
        layers = sum(found["layers"] for found in done.values())
        ratios = {name: found["snr_dB"] for name, found in done.items() if "snr_dB" in found}
        worst = min(ratios, key=ratios.__getitem__)
        median = statistics.median(ratios.values())
        yield (
            f"| {package} | {len(networks)} | {len(done)} | {layers:,} | {median:.0f} dB, {ratios[worst]:.0f} dB "
            f"(`{worst}`) |"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("package", choices=FAMILIES, nargs="?")
    parser.add_argument("names", nargs="*")
    parser.add_argument("--here", action="store_true", help="in this process, and print what was found")
    parser.add_argument("--table", action="store_true")
    arguments = parser.parse_args()
    if arguments.table:
        print("\n".join(table()))
        return
    if arguments.here:
        try:
            found = tried(arguments.package, arguments.names[0])
        except BitlineError as error:
            found = {"error": str(error)}
        print(json.dumps(found))
        return
    known = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}
    networks = known.setdefault(arguments.package, {})
    for name in arguments.names or FAMILIES[arguments.package].split():
        if name not in networks or arguments.names:
            networks[name] = try_apart(arguments.package, name)
            print(name, networks[name], flush=True)
            FILE.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
