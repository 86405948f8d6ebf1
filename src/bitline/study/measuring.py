"""What a study measures where nobody said it."""

from __future__ import annotations

from bitline.errors import NetworkError, StudyError
from bitline.networks import find_network
from bitline.study.sections import ModelSource, Run


def measuring(model: ModelSource, run: Run) -> Run:
    """The same with the measure of a network in a folder, where nobody said which.

    Args:
        model: the network of the study.
        run: how much is measured.

    Raises:
        StudyError: the folder holds no network.
    """
    if "metric" in run.model_fields_set or not model.is_folder:
        return run
    try:
        return run.model_copy(update={"metric": find_network(model.name).measure})
    except NetworkError as error:
        raise StudyError(f"model.name: {error}") from None
