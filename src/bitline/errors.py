"""Errors that a user can cause: each message names the thing, the value and the remedy."""


class BitlineError(Exception):
    """Base of every error that bitline raises on purpose.

    Examples:
        >>> from bitline import Design
        >>> try:
        ...     Design.load("differentail")
        ... except BitlineError as error:
        ...     print(error)
        there is no preset 'differentail': did you mean 'differential'?, or give a .toml file
    """


class DesignError(BitlineError):
    """A design that is not valid or not possible."""


class SettingError(DesignError):
    """A setting that no design has, or a value that it never can have.

    Args:
        message: what is wrong, with the remedy.
        settings: dotted names of what is wrong.
    """

    def __init__(self, message: str, settings: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.settings = settings


class NetworkError(BitlineError):
    """A network or its weights that cannot be used."""


class DataError(BitlineError):
    """Samples or labels that cannot be used."""


class ConversionError(BitlineError):
    """A layer that cannot be mapped to analog arrays."""


class CalibrationError(BitlineError):
    """A calibration that is missing, impossible or stale."""


class ApproximationWarning(UserWarning):
    """Something of a design is computed approximately, and by how much."""


class GuaranteeWarning(UserWarning):
    """A matrix gets less than the guaranteed or aligned ADC range of its design promises."""


class NegativeInputsWarning(UserWarning):
    """Negative inputs count as 0 in a layer whose calibration inputs were not negative."""


class LeftOutWarning(UserWarning):
    """Entries of the data that a network has no use for, or weights that are not on arrays."""


class UncachedWarning(UserWarning):
    """Compiled kernels cannot be kept, so that every process compiles them anew."""


class DeviceError(BitlineError):
    """A compute device or a memory device that cannot be used."""


class StudyError(BitlineError):
    """A study file, a store of results or a cluster that cannot be used."""


class Terminated(SystemExit):
    """A signal told this process to end; no error, and no code of a user's ended it."""


class TimeIsUp(Exception):
    """The time that was given is over; what is finished is kept. Nobody but bitline sees it."""
