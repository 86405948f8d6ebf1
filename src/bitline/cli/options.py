"""Options that several commands have, each written once: one name, one meaning, one unit."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from bitline.cli import completion
from bitline.config import weight_files

MOST = 1_000_000_000
"""Of what is counted; more is a slip of the keyboard, and beyond the numbers that tensors count with."""

Model = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help="Network: a name such as fashion-resnet, cifar-resnet20 or resnet50; a folder as Hugging Face's hub has "
        "them, of a language model or a classifier; an .onnx file; or package.module:function.",
        autocompletion=completion.networks,
    ),
]
Weights = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help=f"Weights: {weight_files.listed()}; those that come with the network if not given."
    ),
]
Data = Annotated[
    str | None,
    typer.Option(
        "--data",
        metavar="FILE",
        help="Images: 'fashion-mnist', an .npz, a .png sheet of tiles, or a folder or .zip of pictures. Text: a .txt, "
        "or a .csv, .tsv or .jsonl with texts and labels. Audio: a folder or .zip of recordings. Signals: an .npz or "
        ".npy. Any data: your own package.module:function or file.py:function. What comes with the network if not "
        "given.",
    ),
]
Length = Annotated[
    int | None,
    typer.Option(
        min=1,
        max=MOST,
        metavar="N",
        help="Length of a sample: tokens of a window of text, tokens where labelled texts are cut, or values of a "
        "recording. If not given, what the network takes: windows of 2048 tokens at most, labelled texts of 512 at "
        "most, and whole recordings.",
    ),
]
Metric = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Measure: accuracy, top-5, mse, r2, auc, f1, iou, perplexity, word-error-rate, ..., or your own "
        "package.module:function; if not given, what suits the network: perplexity of language models, accuracy of "
        "others.",
        autocompletion=completion.measures,
    ),
]
DesignName = Annotated[
    str,
    typer.Option(
        "--design",
        metavar="NAME",
        help="Design: a name of 'bitline designs' or a .toml file.",
        autocompletion=completion.designs,
    ),
]
DesignNames = Annotated[
    list[str] | None,
    typer.Option(
        "--design",
        metavar="NAME",
        help="Design: a name of 'bitline designs' or a .toml file; repeatable, to compare designs.",
        autocompletion=completion.designs,
    ),
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help="Change a setting of the design: adc.bits=6, cell.device.alpha=0.05, ...; repeatable.",
        autocompletion=completion.settings,
    ),
]
AllowCode = Annotated[
    bool,
    typer.Option("--allow-code", help="Run code that a file names by import path, without asking."),
]
_LARGEST_SEED = 2**63 - 1
"""Seeds are whole numbers of 63 bits."""

Images = Annotated[
    int | None,
    typer.Option(min=1, max=MOST, metavar="N", help="Images, or other samples, to measure on; all if not given."),
]
SomeImages = Annotated[int, typer.Option(min=1, max=MOST, metavar="N", help="Images, or other samples, to measure on.")]
CalibrationImages = Annotated[
    int,
    typer.Option(
        min=0,
        max=MOST,
        metavar="N",
        help="Images, or other samples, not among those measured on, that set the ranges of inputs and ADCs.",
    ),
]
Chips = Annotated[int, typer.Option(min=1, max=100_000, metavar="N", help="Independently programmed chips.")]
Batch = Annotated[
    int,
    typer.Option(
        min=1,
        max=MOST,
        metavar="N",
        help="Images at once at most, fewer where outputs of a layer are large; analog layers give the same numbers to "
        "the bit for any.",
    ),
]
Seed = Annotated[int, typer.Option(min=0, max=_LARGEST_SEED, metavar="N", help="Seed of everything that is random.")]


def _limit(threads: int | None) -> int | None:
    """Compute with so many threads from now on."""
    if threads is not None:
        from bitline.numerics.threads import limit_threads

        limit_threads(threads)
    return threads


Threads = Annotated[
    int | None,
    typer.Option(
        min=1,
        max=10_000,
        metavar="N",
        callback=_limit,
        help="Threads of each process; all cores if not given, or an equal share for each of several processes. "
        "Fewer are faster beside other programs.",
    ),
]
Compute = Annotated[str, typer.Option("--compute", metavar="NAME", help="Where to compute: cpu or cuda.")]
StudyFile = Annotated[Path, typer.Argument(metavar="STUDY", help="Study, a .toml file.")]
StoreFile = Annotated[Path, typer.Argument(metavar="STORE", help="Results of a study, an .sqlite file.")]
Store = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Results, an .sqlite file; beside the study, with its name, if not given."),
]
Report = Annotated[Path | None, typer.Option(metavar="FILE", help="HTML report to write at the end.")]
RetryFailed = Annotated[bool, typer.Option("--retry-failed", help="Try designs again that failed in an earlier run.")]
Workers = Annotated[
    int | None,
    typer.Option(min=1, max=10_000, metavar="N", help="Processes; one for each core, at most 8, if not given."),
]
Executor = Annotated[
    str, typer.Option(metavar="NAME", help="Who does the work: 'local' processes, or a 'ray' cluster.")
]
Address = Annotated[
    str | None, typer.Option(metavar="HOST", help="Ray cluster: 'auto' or host:port; a new one here if not given.")
]
Gpus = Annotated[
    float,
    typer.Option(min=0, max=1000, metavar="N", help="GPUs of each worker on a Ray cluster: 0.25 puts four on one."),
]
Picture = Annotated[Path, typer.Option("--out", metavar="FILE", help="Picture to write: .png, .svg or .pdf.")]


def out_folder(content: str) -> Any:
    """The option `--out` for a folder.

    Args:
        content: what is written there.
    """
    return typer.Option("--out", metavar="FOLDER", help=f"Folder for {content}.")
