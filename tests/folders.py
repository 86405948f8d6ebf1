"""Tiny networks with random weights in folders, as Hugging Face's hub has them; needs transformers."""

from __future__ import annotations

import json

import torch

WORDS = [f"w{number}" for number in range(28)]
MOODS = {0: "calm", 1: "angry", 2: "glad"}
RATE = 16_000


def tokenizer(folder, pad="[PAD]"):
    """Words of `WORDS`, one token each."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    known = {word: number for number, word in enumerate([*WORDS, "[UNK]", "[PAD]", "[END]"])}
    words = Tokenizer(models.WordLevel(known, unk_token="[UNK]"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    made = PreTrainedTokenizerFast(tokenizer_object=words, unk_token="[UNK]", pad_token=pad, eos_token="[END]")
    made.save_pretrained(folder)
    return made


def saved(model, folder, **options):
    torch.manual_seed(1)
    with torch.no_grad():
        for parameter in model.parameters():  # larger than at the beginning of training, so that outputs differ
            if parameter.ndim > 1:
                parameter.copy_(torch.randn(parameter.shape) * 0.3)
    model.eval().save_pretrained(folder, **options)
    return model


LLAMA = dict(
    vocab_size=32, hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=2,
    num_key_value_heads=1, max_position_embeddings=64, pad_token_id=29, bos_token_id=30, eos_token_id=30,
)  # fmt: skip


def language(folder, **options):
    """A Llama of two layers that takes 64 tokens."""
    from transformers import LlamaConfig, LlamaForCausalLM

    tokenizer(folder)
    return saved(LlamaForCausalLM(LlamaConfig(**LLAMA)), folder, **options)


def gpt2(folder):
    from transformers import GPT2Config, GPT2LMHeadModel

    tokenizer(folder)
    shape = dict(vocab_size=32, n_embd=16, n_layer=2, n_head=2, n_positions=64, bos_token_id=30, eos_token_id=30)
    return saved(GPT2LMHeadModel(GPT2Config(**shape)), folder)


def moods(folder):
    """A BERT that tells three moods apart and takes 40 tokens."""
    from transformers import BertConfig, BertForSequenceClassification

    tokenizer(folder)
    shape = dict(
        vocab_size=32, hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=2,
        max_position_embeddings=40, pad_token_id=29, id2label=MOODS,
    )  # fmt: skip
    return saved(BertForSequenceClassification(BertConfig(**shape)), folder)


def decoder_of_moods(folder):
    """The same by a Llama, whose tokenizer has no token for padding."""
    from transformers import LlamaConfig, LlamaForSequenceClassification

    tokenizer(folder, pad=None)
    config = LlamaConfig(**{**LLAMA, "pad_token_id": None}, id2label=MOODS)
    return saved(LlamaForSequenceClassification(config), folder)


def speech(folder):
    """A Wav2Vec2 that tells three moods apart at 16 kHz."""
    from transformers import Wav2Vec2Config, Wav2Vec2FeatureExtractor, Wav2Vec2ForSequenceClassification

    shape = dict(
        hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=24, conv_dim=(8, 8),
        conv_stride=(10, 8), conv_kernel=(20, 8), num_feat_extract_layers=2, num_conv_pos_embeddings=4,
        num_conv_pos_embedding_groups=2, classifier_proj_size=8, id2label=MOODS,
    )  # fmt: skip
    Wav2Vec2FeatureExtractor(sampling_rate=RATE).save_pretrained(folder)
    return saved(Wav2Vec2ForSequenceClassification(Wav2Vec2Config(**shape)), folder)


def pictures(folder):
    """A vision transformer of pictures of 8 x 8 in three colours, normalised with mean 0.5 and deviation 0.25."""
    from transformers import ViTConfig, ViTForImageClassification

    shape = dict(
        hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=24, image_size=8, patch_size=4,
        id2label=MOODS,
    )  # fmt: skip
    model = saved(ViTForImageClassification(ViTConfig(**shape)), folder)
    says = {"size": {"height": 8, "width": 8}, "image_mean": [0.5] * 3, "image_std": [0.25] * 3}
    (folder / "preprocessor_config.json").write_text(json.dumps({"image_processor_type": "ViTImageProcessor", **says}))
    return model
