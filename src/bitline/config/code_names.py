"""Names of code as users write them: package.module:name, or file.py:name."""

from __future__ import annotations

import os
import re

CODE = re.compile(r"(?P<module>[\w./]+):(?P<name>[^\W\d]\w*)")


def is_code(name: str | None) -> bool:
    """Whether data is named by an import path, and not by a file.

    Examples:
        >>> is_code("loader.py:make"), is_code("mydata.speech:make"), is_code("images.npz"), is_code(None)
        (True, True, False, False)
    """
    return name is not None and CODE.fullmatch(name) is not None and not os.path.exists(name)


def import_path(name: str) -> str:
    """An import path; of a Python file the one that it has from the current folder.

    Examples:
        >>> import_path("my/loader.py:make"), import_path("mydata:make")
        ('my.loader:make', 'mydata:make')
    """
    module, colon, word = name.partition(":")
    return module.removesuffix(".py").replace("/", ".").strip(".") + colon + word if module.endswith(".py") else name
