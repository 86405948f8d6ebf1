"""What a study works on: its network and its images."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import torch
from torch import Tensor, nn

from bitline.config.counts import whole_number
from bitline.config.files import real_path
from bitline.config.trust import module_of, refusal, trusted_modules
from bitline.data import Dataset
from bitline.data.labels import class_count, labels_for
from bitline.data.samples import Samples, samples_of
from bitline.data.split_samples import SplitSamples
from bitline.data.stored_images import StoredImages, inputs_of
from bitline.errors import DataError, StudyError
from bitline.evaluation.reading import RUN, Reading
from bitline.evaluation.single_samples import irregularities
from bitline.evaluation.subject import Given, Subject, check_first
from bitline.measures import ACCURACY, Measure
from bitline.networks import Network, find_network, load_network
from bitline.numerics.cores import cores
from bitline.numerics.digest import data_digest, weights_digest
from bitline.study.code import Code, code_of_measure, code_of_network
from bitline.study.schema import MEASURE
from bitline.study.stored_records import StoredRecords
from bitline.study.study import Study
from bitline.study.worker import Context


@dataclass(frozen=True)
class Workload:
    """Network and data of a study.

    Attributes:
        context: what workers need.
        facts: what results depend on besides designs, by name, for the store, which refuses others.
        notes: what was left out of the data, and how it was read.

    Examples:
        >>> from bitline.study import Study
        >>> load(Study(data={"images": 2, "calibration_images": 2})).facts["seed"]
        '0'
    """

    context: Context
    facts: dict[str, str]
    notes: tuple[str, ...] = ()

    @cached_property
    def calibration(self) -> Tensor:
        """The calibration images as one tensor of inputs."""
        images = self.context.calibration
        return images.first(len(images)).call.tensors()[0] if isinstance(images, Samples) else inputs_of(images)

    def beside(self, store: Path) -> Context:
        """What workers need to share what the calibration images show, through the store of the study."""
        return replace(self.context, records=StoredRecords(real_path(store), tuple(sorted(self.facts.items()))))


def load(study: Study, workers: int = 1, threads: int | None = None) -> Workload:
    """Load the network and the images of a study.

    Args:
        study: what says which.
        workers: how many processes share the cores of this machine.
        threads: of each of them; an equal share of the cores where it is None and they are several.

    Raises:
        StudyError: a file names code that nobody allowed, or `threads` is no count.
        NetworkError: the network or its weights cannot be used.
        DataError: the images or their labels cannot be used.

    Examples:
        >>> workload = load(Study(data={"images": 20, "calibration_images": 10}))
        >>> tuple(workload.context.images.shape), len(workload.context.labels), len(workload.context.calibration)
        ((20, 1, 28, 28), 20, 10)
        >>> sorted(workload.facts)
        ['PyTorch', 'calibration images', 'data', 'model', 'seed']
    """
    threads = None if threads is None else whole_number("threads", threads, 1, StudyError)
    refused = study.refused_code()
    if refused:
        raise StudyError(f"study {study.name!r}: {refusal(refused[0], _setting_of(study, refused[0]))}")
    network = find_network(study.model.name)
    model = load_network(network, study.model.weights)
    measure = study.measure
    shown = _shown(study, network, model)
    code, of_measure = code_of_network(model, module_of(study.model.name)), code_of_measure(measure)
    context = Context(
        model=model,
        images=shown.images,
        labels=shown.labels,
        calibration=shown.calibration,
        seed=study.run.seed,
        batch=study.run.batch,
        trusted=trusted_modules(),
        threads=threads or (None if workers == 1 else max(1, cores() // workers)),
        code=str(code_of_network(model) or ""),
        measure=measure,
        measure_code=str(of_measure or ""),
    )
    facts = (
        {
            "model": f"{Path(study.model.name).name}, {_digests(network, model)}",  # files move, their digests tell
            "data": shown.digest,
            "calibration images": _digest(context.calibration),
            "seed": str(study.run.seed),
            "PyTorch": ".".join(torch.__version__.split("+")[0].split(".")[:2]) + _precision(),
        }
        | ({} if code is None else {"code of the network": str(code)})
    )
    facts |= {} if measure == ACCURACY else {MEASURE: measure.name}
    facts |= {} if of_measure is None else {"code of the measure": str(of_measure)}
    unseen = (*unnoticed("the network", code), *unnoticed("the measure", of_measure))
    return Workload(context, facts, (*shown.notes, *unseen))


@dataclass(frozen=True)
class _Shown:
    """What a network is shown; attributes are those of `Context`.

    Attributes:
        digest: of all that there is to be shown, however much of it is used.
        notes: how it was read.
    """

    images: StoredImages | Samples
    labels: Tensor | None
    calibration: StoredImages | Samples
    digest: str
    notes: tuple[str, ...]


def _digests(network: Network, model: nn.Module) -> str:
    """What says whether a network is the same."""
    weights = f"weights {weights_digest(model.state_dict())}"
    return f"{weights}, file {network.digest}" if network.digest else weights


def _shown(study: Study, network: Network, model: nn.Module) -> _Shown:
    """What a study shows its network.

    Raises:
        DataError, NetworkError: it cannot be used, or does not suit the measure.
    """
    wanted = study.data
    found = network.data_of(wanted.source, model, wanted.images, wanted.calibration_images, wanted.length)
    return _pictures(study, model, found.spread()) if isinstance(found, Dataset) else _samples(study, model, found)


def _pictures(study: Study, model: nn.Module, raw: Dataset) -> _Shown:
    """Labelled images."""
    measure, dataset = study.measure, raw.split(study.data.images, study.data.calibration_images)
    if dataset.stored_calibration is None or len(dataset.stored_calibration) == 0:
        raise DataError("there are no calibration images: use data with more images, or fewer calibration_images")
    labels, images = _targets(dataset, model, measure), dataset.stored.decoded()
    calibration = dataset.stored_calibration.decoded()
    irregular = _irregularities(dataset, model) if study.model.code else ()
    notes = (*dataset.notes, *images.notes, *measure.remarks(labels), *irregular)
    return _Shown(images, labels, calibration, raw.digest(), notes)


@torch.no_grad()
def _irregularities(dataset: Dataset, model: nn.Module) -> tuple[str, ...]:
    call = samples_of(dataset, None, model).first(2).call
    return irregularities(model, call, call.on(model))


def _samples(study: Study, model: nn.Module, data: SplitSamples) -> _Shown:
    """Samples that are no images, or that code of the user's makes."""
    given = Given(data.samples, None, data.calibration, study.measure, study.run.batch)
    subject = Subject.of(model, study.bases()[0], given)
    return _Shown(subject.data.samples, None, data.calibration, data.digest, (*data.notes, *subject.notes))


def _digest(images: Tensor | StoredImages | Samples) -> str:
    return images.digest() if isinstance(images, Samples) else data_digest(images)


def _targets(dataset: Dataset, model: nn.Module, measure: Measure) -> Tensor:
    """What a measure compares outputs with.

    Raises:
        DataError, NetworkError: outputs or labels do not suit the measure.
    """
    if measure == ACCURACY:
        return labels_for(dataset, class_count(model, dataset.stored))
    samples = samples_of(dataset, None, model)
    check_first(model, Reading.of(model, measure, lambda: samples.batches(RUN)), samples.first(2))
    return dataset.labels


def unnoticed(what: str, code: Code | None) -> tuple[str, ...]:
    """What is to be said of code of which there is no file.

    Args:
        what: runs it.
        code: as `code_of` gives it.

    Examples:
        >>> unnoticed("the network", Code((), "", ("__main__",)))
        ('changes of __main__ are not noticed: there is no file of the code of the network',)
    """
    if code is None or not code.unseen:
        return ()
    return (f"changes of {', '.join(code.unseen)} are not noticed: there is no file of the code of {what}",)


def _precision() -> str:
    """The default precision where it is not the usual one."""
    return "" if torch.get_default_dtype() == torch.float32 else f" in {torch.get_default_dtype()}"


def _setting_of(study: Study, path: str) -> str:
    """The name of the setting that has an import path, for messages."""
    own = {"model.name": study.model.code, "data.source": study.data.code, "run.metric": study.run.code}
    return next((setting for setting, paths in own.items() if path in paths), "a device or converter")
