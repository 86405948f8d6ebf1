"""Words that shells complete. Those of files are read from their folders, which takes no time."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).parents[1]


def designs(incomplete: str) -> list[str]:
    """Names of the designs that come with bitline."""
    return _matching(_files("design/presets"), incomplete)


def libraries(incomplete: str) -> list[str]:
    """Names of the component libraries that come with bitline."""
    return _matching(_files("cost/libraries"), incomplete)


def networks(incomplete: str) -> list[str]:
    """Names of the networks that come with bitline."""
    from bitline.networks import NETWORKS

    return _matching(list(NETWORKS), incomplete)


def benchmarked(incomplete: str) -> list[str]:
    """Names of the networks whose speed can be measured."""
    from bitline.evaluation.benchmarks import SEQUENCES
    from bitline.networks import NETWORKS

    return _matching([*SEQUENCES, *NETWORKS], incomplete)


def measures(incomplete: str) -> list[str]:
    """Names of the measures that come with bitline."""
    from bitline.measures import MEASURES

    return _matching(list(MEASURES), incomplete)


def devices(incomplete: str) -> list[str]:
    """Names of the memory devices that come with bitline."""
    from bitline.cli.devices import registered

    return _matching(list(registered()), incomplete)


def settings(incomplete: str) -> list[str]:
    """Names of the settings of the default design, each with the '=' that follows."""
    from bitline.design import Design
    from bitline.design.settings import flat

    return _matching([f"{name}=" for name in flat(Design().model_dump())], incomplete)


def paper_studies(incomplete: str) -> list[str]:
    """Names of the studies of the paper."""
    from bitline.paper import catalogue

    return _matching(["all", *catalogue()], incomplete)


def _files(folder: str) -> list[str]:
    return sorted(file.stem for file in (PACKAGE / folder).glob("*.toml"))


def _matching(words: list[str], incomplete: str) -> list[str]:
    return [word for word in words if word.startswith(incomplete)]
