"""Networks in folders, as Hugging Face's hub has them: from files to the numbers that commands print."""

from __future__ import annotations

import json
import math
import wave

import folders
import numpy as np
import pytest
import torch
from command_line import results
from torch.nn import functional

from bitline.errors import DataError, NetworkError
from bitline.networks import find_network, folder_network, load_network

pytestmark = pytest.mark.needs("transformers")
FEW = ["--chips", "1", "--compared-images", "0"]
TEXT = " ".join(np.random.default_rng(0).choice(folders.WORDS, 1000))


@torch.no_grad()
def perplexity(model, windows):
    """Of plain PyTorch, a window at a time."""
    losses = [functional.cross_entropy(model(window[None]).logits[0, :-1], window[1:]) for window in windows]
    return math.exp(torch.stack(losses).double().mean())


def run(bitline, folder, data, *more):
    status, output, error = bitline("run", "--model", folder, "--data", data, *FEW, "--out", folder / "out", *more)
    assert status == 0, error
    return results(folder / "out"), output, error


@pytest.mark.parametrize("make", [folders.language, folders.gpt2])
def test_perplexity_of_a_text_is_that_of_a_plain_loop_over_the_same_windows(bitline, tmp_path, make):
    model = make(tmp_path / "model")
    (tmp_path / "text.txt").write_text(TEXT)
    found, output, error = run(bitline, tmp_path / "model", tmp_path / "text.txt", "--images", 6)
    tokens = torch.tensor([folders.WORDS.index(word) for word in TEXT.split()])
    expected = perplexity(model, tokens[: 6 * 64].unflatten(0, (6, 64)))
    assert found["context"]["metric"] == "perplexity"
    assert found["perplexity"]["float"] == pytest.approx(expected, rel=1e-5)
    assert f"{expected:.2f}" in output
    assert "1,000 tokens, in 15 windows of 64; 40 at the end are left out" in error
    assert found["images"] == 6


def test_the_length_of_windows_can_be_chosen(bitline, tmp_path):
    model = folders.language(tmp_path / "model")
    (tmp_path / "text.txt").write_text(TEXT)
    chosen = ["--length", 16, "--images", 9]
    found, _, _ = run(bitline, tmp_path / "model", tmp_path / "text.txt", *chosen)
    tokens = torch.tensor([folders.WORDS.index(word) for word in TEXT.split()])
    assert found["perplexity"]["float"] == pytest.approx(
        perplexity(model, tokens[:144].unflatten(0, (9, 16))), rel=1e-5
    )


@pytest.mark.parametrize("options", [{"max_shard_size": "4KB"}, {}])
def test_weights_in_parts_or_of_pytorch_are_the_same(tmp_path, options):
    model = folders.language(tmp_path, **options)
    if options:
        assert (tmp_path / "model.safetensors.index.json").is_file()
    else:
        (tmp_path / "model.safetensors").unlink()
        torch.save(model.state_dict(), tmp_path / "pytorch_model.bin")
    loaded = load_network(find_network(str(tmp_path)))
    tokens = torch.arange(12)[None]
    assert torch.equal(loaded(tokens).logits, model(tokens).logits)
    assert not loaded.training


def table(path, labels=("calm", "angry", "glad")):
    """Texts of several lengths with labels in random order, and what they are."""
    draw = np.random.default_rng(3)
    texts = [" ".join(draw.choice(folders.WORDS, draw.integers(2, 30))) for _ in range(40)]
    moods = draw.integers(0, 3, 40)
    path.write_text(
        "text,label\n" + "".join(f'"{text}",{labels[mood]}\n' for text, mood in zip(texts, moods, strict=True))
    )
    return texts, moods


@torch.no_grad()
def accuracy(model, texts, moods):
    """Of plain PyTorch, a text at a time, without padding."""
    tokens = [torch.tensor([[folders.WORDS.index(word) for word in text.split()]]) for text in texts]
    return np.mean(
        [int(model(input_ids=each).logits.argmax()) == mood for each, mood in zip(tokens, moods, strict=True)]
    )


@pytest.mark.parametrize("make", [folders.moods, folders.decoder_of_moods])
@pytest.mark.parametrize("labels", [("calm", "angry", "glad"), ("0", "1", "2"), ("Calm", "ANGRY", "glad")])
def test_accuracy_of_texts_is_that_of_texts_one_by_one(bitline, tmp_path, make, labels):
    model = make(tmp_path / "model")
    texts, moods = table(tmp_path / "table.csv", labels)
    found, _, _ = run(bitline, tmp_path / "model", tmp_path / "table.csv", "--images", 30, "--calibration-images", 10)
    assert found["accuracy"]["float"] == accuracy(model, texts[:30], moods[:30])


def test_the_batch_does_not_change_the_accuracy_of_texts(bitline, tmp_path):
    folders.moods(tmp_path / "model")
    table(tmp_path / "table.csv")
    design = ["--set", "cell.device=pcm-joshi-2020", "--set", "adc.bits=6"]
    found = [
        run(bitline, tmp_path / "model", tmp_path / "table.csv", *design, "--batch", batch)[0]["accuracy"]
        for batch in (1, 7, 64)
    ]
    assert found[0] == found[1] == found[2]


def test_long_texts_are_cut_and_the_user_is_told(bitline, tmp_path):
    model = folders.moods(tmp_path / "model")
    texts, moods = table(tmp_path / "table.csv")
    found, _, error = run(bitline, tmp_path / "model", tmp_path / "table.csv", "--length", 5, "--images", 20)
    cut = [" ".join(text.split()[:5]) for text in texts]
    assert found["accuracy"]["float"] == accuracy(model, cut[:20], moods[:20])
    assert f"texts of 5 tokens or more, which are cut there: {sum(len(text.split()) > 4 for text in texts)}" in error


def record(path, rate=folders.RATE, seconds=0.25, seed=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    samples = np.random.default_rng(seed).normal(0, 3000, int(rate * seconds)).clip(-32768, 32767).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.tobytes())
    return samples / 32768


def speak(folder, rate=folders.RATE):
    """Recordings of three moods, of two lengths."""
    made = {}
    for mood in folders.MOODS.values():
        for number in range(6):
            name = f"{mood}/{number}.wav"
            made[name] = record(folder / name, rate, 0.25 + 0.125 * (number % 2), seed=len(made))
    return made


@torch.no_grad()
def test_accuracy_of_recordings_is_that_of_the_extractor_and_the_network_one_by_one(bitline, tmp_path):
    from transformers import AutoFeatureExtractor

    model, heard = folders.speech(tmp_path / "model"), speak(tmp_path / "sounds")
    wanted = ["--images", 12, "--calibration-images", 6]
    found, _, error = run(bitline, tmp_path / "model", tmp_path / "sounds", *wanted)
    extractor = AutoFeatureExtractor.from_pretrained(tmp_path / "model")
    names = {name: number for number, name in folders.MOODS.items()}
    right = {}
    for name, samples in heard.items():
        inputs = extractor(samples, sampling_rate=folders.RATE, return_tensors="pt")
        right[name] = int(model(**inputs).logits.argmax()) == names[name.split("/")[0]]
    from bitline.data.load_samples import sample_file

    split = sample_file(str(tmp_path / "sounds"), find_network(str(tmp_path / "model")).preprocess).read(model, 12, 6)
    shown = [name for batch in split.samples.batches(64) for name in _names(batch, heard)]
    assert len(shown) == len(set(shown)) == 12
    assert found["accuracy"]["float"] == np.mean([right[name] for name in shown])
    assert "resampled" not in error


def _names(batch, heard):
    """The recording of each row, by what the extractor makes of it: mean 0 and variance 1."""
    for row in batch.call.keywords["input_values"]:
        for name, samples in heard.items():
            own = (samples - samples.mean()) / samples.std()
            if len(own) == len(row) and np.allclose(own, row, atol=1e-3):
                yield name


def test_recordings_at_another_rate_are_resampled_and_the_user_is_told(bitline, tmp_path):
    folders.speech(tmp_path / "model")
    speak(tmp_path / "sounds", rate=8000)
    _, _, error = run(bitline, tmp_path / "model", tmp_path / "sounds")
    assert "recordings of 8,000 Hz were resampled to the 16,000 Hz of the network" in error


@torch.no_grad()
def test_images_are_normalised_and_classes_named_as_the_folder_says(bitline, tmp_path):
    from PIL import Image

    model, draw = folders.pictures(tmp_path / "model"), np.random.default_rng(0)
    right = []
    for number, name in folders.MOODS.items():  # whose order is not that of the alphabet
        for index in range(8):
            pixels = draw.integers(0, 256, (8, 8, 3), np.uint8)
            (tmp_path / "images" / name).mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(tmp_path / "images" / name / f"{index}.png")
            inputs = (torch.from_numpy(pixels).permute(2, 0, 1)[None] / 255 - 0.5) / 0.25
            right.append(int(model(inputs).logits.argmax()) == number)
    found, _, _ = run(bitline, tmp_path / "model", tmp_path / "images", "--calibration-images", 8, "--images", 16)
    everything = evaluate_all(model, tmp_path)
    assert sum(everything) == sum(right)
    assert found["images"] == 16


@torch.no_grad()
def evaluate_all(model, path):
    from bitline.data import load_dataset

    data = load_dataset(path / "images", find_network(str(path / "model")).preprocess)
    return (model(data.images).logits.argmax(1) == data.labels).tolist()


def test_every_command_takes_folders_and_texts(bitline, tmp_path):
    folders.language(tmp_path / "model")
    (tmp_path / "text.txt").write_text(TEXT)
    source = ["--model", tmp_path / "model", "--data", tmp_path / "text.txt", "--length", 32]
    calibrated, out = ["--calibration-images", 4], ["--out", tmp_path / "array.png"]
    for command in (
        ["cost", *source, "--images", 2],
        ["ranges", *source, *calibrated, "--out", tmp_path / "ranges"],
        ["compare", "differential", "offset", *source, *calibrated, "--images", 3, "--chips", 1],
        ["tune", *source, *calibrated, "--out", tmp_path / "tuned.toml"],
        ["array", "--model", tmp_path / "model", "--layer", "lm_head", "--set", "array.kind=row-driven", *out],
    ):
        status, _, error = bitline(*command)
        assert status == 0, (command[0], error)
    status, output, error = bitline("ranges", *source, *calibrated, "--images", 3, "--loss", 5, "--out", tmp_path / "r")
    assert status == 0, error
    assert "perplexity" in output


def test_a_study_measures_what_suits_the_folder(bitline, tmp_path):
    model = folders.language(tmp_path / "model")
    (tmp_path / "text.txt").write_text(TEXT)
    (tmp_path / "study.toml").write_text(
        '[model]\nname = "model"\n[data]\nsource = "text.txt"\nimages = 4\ncalibration_images = 3\nlength = 32\n'
        '[run]\nchips = 1\n[[axes]]\nsetting = "adc.bits"\nvalues = [6, 8]\n'
        '[search]\nobjectives = ["perplexity", "energy_uJ"]\n'
    )
    assert "16 images left" in bitline("sweep", tmp_path / "study.toml", "--dry-run")[1]
    status, output, error = bitline("sweep", tmp_path / "study.toml")
    assert status == 0, error
    tokens = torch.tensor([folders.WORDS.index(word) for word in TEXT.split()])[:128].unflatten(0, (4, 32))
    assert f"floating point {perplexity(model, tokens):.2f}"[:-1] in output
    (tmp_path / "model" / "config.json").unlink()  # results are read without the network
    from bitline.study import read_results

    assert read_results(tmp_path / "study.sqlite").measure.name == "perplexity"
    status, _, error = bitline("explore", tmp_path / "study.toml", "--out", tmp_path / "explored.sqlite")
    assert status == 2 and "config.json" in error


def test_own_data_and_measure_go_with_a_folder_without_its_tokenizer(bitline, tmp_path, monkeypatch):
    folders.language(tmp_path / "model")
    for file in tmp_path.glob("model/tokenizer*"):
        file.unlink()
    (tmp_path / "tokens_of_mine.py").write_text(
        "import torch\ndef make():\n    return {'input_ids': torch.arange(200).remainder(28).unflatten(0, (20, 10))}\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    found, _, _ = run(bitline, tmp_path / "model", "tokens_of_mine.py:make", "--metric", "position-accuracy")
    assert found["context"]["metric"] == "position-accuracy"


def test_what_cannot_be_a_network_is_refused_with_the_remedy(tmp_path):
    config = tmp_path / "config.json"

    def refused(content):
        config.write_text(content if isinstance(content, str) else json.dumps(content))
        with pytest.raises(NetworkError) as caught:
            load_network(folder_network(tmp_path))
        return str(caught.value)

    with pytest.raises(
        NetworkError, match=r"has no config.json: a network in a folder has config.json, model.safetensors"
    ):
        find_network(str(tmp_path))
    assert "cannot read" in refused("{")
    assert "no JSON object" in refused("[]")
    assert "has no 'architectures'" in refused({"model_type": "llama"})
    message = refused({"model_type": "bert", "architectures": ["BertForMaskedLM"]})
    assert "holds a BertForMaskedLM" in message and "package.module:function" in message
    llama = {"model_type": "llama", "architectures": ["LlamaForCausalLM"], **folders.LLAMA}
    assert "quantised weights (gptq)" in refused({**llama, "quantization_config": {"quant_method": "gptq"}})
    assert "cannot build the LlamaForCausalLM" in refused(llama)  # there are no weights
    (tmp_path / "model.safetensors").write_bytes(b"damaged")
    assert "cannot build the LlamaForCausalLM" in refused(llama)


def test_weights_that_are_missing_or_no_numbers_are_refused(tmp_path):
    from safetensors.torch import load_file, save_file

    folders.moods(tmp_path)
    file = tmp_path / "model.safetensors"
    weights = load_file(file)
    save_file({name: value for name, value in weights.items() if "classifier" not in name}, file, {"format": "pt"})
    with pytest.raises(
        NetworkError, match=r"lacks 2 weights of BertForSequenceClassification, such as 'classifier.bias'"
    ):
        load_network(find_network(str(tmp_path)))
    weights["classifier.bias"][0] = math.nan
    save_file(weights, file, {"format": "pt"})
    with pytest.raises(NetworkError, match=r"classifier.bias holds NaN"):
        load_network(find_network(str(tmp_path)))


def test_other_weights_belong_into_another_folder(bitline, tmp_path):
    folders.language(tmp_path / "model")
    (tmp_path / "text.txt").write_text(TEXT)
    status, _, error = bitline(
        "run", "--model", tmp_path / "model", "--weights", "w.pt", "--data", tmp_path / "text.txt"
    )
    assert status == 2 and "leave --weights w.pt out" in error


def test_names_of_the_hub_are_not_downloaded():
    with pytest.raises(NetworkError, match="there is no folder HuggingFaceTB/SmolLM2-135M, and nothing is downloaded"):
        find_network("HuggingFaceTB/SmolLM2-135M")


def test_a_missing_tokenizer_is_told_before_the_work(bitline, tmp_path):
    folders.language(tmp_path / "model")
    (tmp_path / "text.txt").write_text(TEXT)
    for file in tmp_path.glob("model/tokenizer*"):
        file.unlink()
    status, _, error = bitline("run", "--model", tmp_path / "model", "--data", tmp_path / "text.txt")
    assert status == 2 and "has no tokenizer: put its files there, such as tokenizer.json" in error


@pytest.mark.parametrize(("make", "data"), [(folders.language, "text.txt"), (folders.moods, "table.csv")])
def test_a_tokenizer_of_another_network_is_refused(bitline, tmp_path, make, data):
    make(tmp_path / "model")
    (tmp_path / "text.txt").write_text(TEXT)
    table(tmp_path / "table.csv")
    file = tmp_path / "model" / "tokenizer.json"
    content = json.loads(file.read_text())
    content["model"]["vocab"]["w7"] = 77
    file.write_text(json.dumps(content))
    status, _, error = bitline("run", "--model", tmp_path / "model", "--data", tmp_path / data)
    assert status == 2 and "gives token 77, but the network knows 0 .. 31" in error


def test_a_network_of_one_output_is_measured_by_its_error(bitline, tmp_path):
    from transformers import BertConfig, BertForSequenceClassification

    shape = BertConfig(
        vocab_size=32, hidden_size=16, intermediate_size=24, num_hidden_layers=1, num_attention_heads=2, num_labels=1
    )
    folders.tokenizer(tmp_path / "model")
    model = folders.saved(BertForSequenceClassification(shape), tmp_path / "model")
    texts, scores = table(tmp_path / "table.csv", ("0.5", "1.5", "2"))
    found, _, _ = run(bitline, tmp_path / "model", tmp_path / "table.csv", "--images", 20)
    tokens = [torch.tensor([[folders.WORDS.index(word) for word in text.split()]]) for text in texts[:20]]
    with torch.no_grad():
        errors = [float(model(each).logits) - (0.5, 1.5, 2)[score] for each, score in zip(tokens, scores, strict=False)]
    assert found["mean_squared_error"]["float"] == pytest.approx(np.mean(np.square(errors)), rel=1e-4)


def test_data_that_does_not_suit_the_network_is_refused(tmp_path):
    from bitline.data.load_samples import sample_file

    folders.language(tmp_path / "model")
    takes = find_network(str(tmp_path / "model")).preprocess
    for name, message in (("images.npz", r"cannot read .*images.npz: the network takes text"), ("no.txt", "no data")):
        if name != "no.txt":
            (tmp_path / name).touch()
        with pytest.raises(DataError, match=message):
            sample_file(str(tmp_path / name), takes)
    (tmp_path / "text.txt").write_text(TEXT)
    with pytest.raises(DataError, match="length is 65 tokens, but the network takes 64 at most"):
        sample_file(str(tmp_path / "text.txt"), takes, 65)


def test_no_code_in_a_folder_runs(tmp_path):
    (tmp_path / "folder").mkdir()
    trap = tmp_path / "sprung"

    class Trap:
        def __reduce__(self):
            return (type(trap).touch, (trap,))

    llama = {"model_type": "llama", "architectures": ["LlamaForCausalLM"], **folders.LLAMA}
    auto = {"auto_map": {"AutoConfig": "mine.Config", "AutoModelForCausalLM": "mine.Model"}}
    (tmp_path / "folder" / "config.json").write_text(json.dumps({**llama, **auto}))
    (tmp_path / "folder" / "mine.py").write_text(f"open({str(trap)!r}, 'w')\nraise SystemExit\n")
    torch.save({"lm_head.weight": Trap()}, tmp_path / "folder" / "pytorch_model.bin")
    with pytest.raises(NetworkError, match="cannot build the LlamaForCausalLM"):
        load_network(find_network(str(tmp_path / "folder")))
    own = {**llama, **auto, "model_type": "mine", "architectures": ["Mine"]}
    (tmp_path / "folder" / "config.json").write_text(json.dumps(own))
    with pytest.raises(NetworkError, match="holds a Mine"):
        find_network(str(tmp_path / "folder"))
    assert not trap.exists()


@torch.no_grad()
def test_spectrograms_share_a_batch(tmp_path):
    from transformers import ASTConfig, ASTFeatureExtractor, ASTForAudioClassification

    from bitline.data.load_samples import sample_file

    shape = dict(
        hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=24, id2label=folders.MOODS
    )
    config = ASTConfig(**shape, max_length=64, num_mel_bins=16, patch_size=8, frequency_stride=8, time_stride=8)
    model = folders.saved(ASTForAudioClassification(config), tmp_path / "model")
    extractor = ASTFeatureExtractor(max_length=64, num_mel_bins=16)
    extractor.save_pretrained(tmp_path / "model")
    heard = speak(tmp_path / "sounds")
    takes = find_network(str(tmp_path / "model")).preprocess
    data = sample_file(str(tmp_path / "sounds"), takes).read(model, 12, 6)
    (batch,) = data.samples.batches(64)
    assert batch.call.keywords["input_values"].shape == (12, 64, 16)  # two lengths, cut and padded by the extractor
    rows = [
        extractor(wave, sampling_rate=folders.RATE, return_tensors="np")["input_values"][0] for wave in heard.values()
    ]
    own = [row for values in batch.call.keywords["input_values"] for row in rows if np.allclose(row, values, atol=1e-4)]
    assert len(own) == 12


def test_an_image_processor_that_crops_gives_the_shape_and_the_shorter_side(tmp_path):
    folders.pictures(tmp_path)
    says = {
        "do_center_crop": True, "crop_size": {"height": 8, "width": 8}, "size": {"shortest_edge": 10},
        "do_rescale": False, "image_mean": [100.0] * 3, "image_std": [50.0] * 3,
    }  # fmt: skip
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(says))
    takes = find_network(str(tmp_path)).preprocess
    assert (takes.shape, takes.resize) == ((3, 8, 8), 10)
    bytes_ = torch.arange(192, dtype=torch.uint8).reshape(1, 3, 8, 8)
    assert torch.allclose(takes(bytes_), (bytes_.float() - 100) / 50, atol=1e-5)
    (tmp_path / "preprocessor_config.json").unlink()
    with pytest.raises(NetworkError, match=r"has no image processor: put preprocessor_config\.json there"):
        find_network(str(tmp_path))
