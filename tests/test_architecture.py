"""What docs/architecture.md and CONTRIBUTING.md say of the code is so.

Every rule is a function from a file of the package to what breaks it; what breaks a rule today and is meant to is
listed beside the rule, with the reason. A list names nothing that keeps the rule: the last test says what to take out.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import tomllib
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

import bitline

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = Path(bitline.__file__).parent
TESTS = ROOT / "tests"
STAGES = ("quantize", "encode", "devices", "arrays", "readout")
PACKAGES = sorted(folder.parent.name for folder in PACKAGE.glob("*/__init__.py"))
KERNEL = ("_numba.py", "_triton.py")

LARGEST_BODY = 40
LARGEST_SIGNATURE = 8
LARGEST_MODULE = 300


@cache
def tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def modules(*packages: str) -> list[Path]:
    """Files of the package, or of some of its folders."""
    return sorted(file for folder in packages or (".",) for file in (PACKAGE / folder).rglob("*.py"))


def name_of(file: Path) -> str:
    return str(file.relative_to(PACKAGE if PACKAGE in file.parents else TESTS))


def functions(file: Path) -> Iterator[ast.FunctionDef]:
    return (node for node in ast.walk(tree(file)) if isinstance(node, ast.FunctionDef))


# -- the sizes of things


def too_long_functions(file: Path) -> Iterator[str]:
    for function in functions(file):
        body = function.body[1:] if ast.get_docstring(function) is not None else function.body
        if body and body[-1].end_lineno - body[0].lineno + 1 > LARGEST_BODY:
            yield f"{name_of(file)} {function.name}"


def too_many_parameters(file: Path) -> Iterator[str]:
    """Commands have a parameter for each of their options, and compiled kernels take their arrays one by one."""
    for function in functions(file):
        taken = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
        own = [parameter for parameter in taken if parameter.arg not in ("self", "cls")]
        is_command = name_of(file).startswith("cli/") and not function.name.startswith("_")
        if len(own) > LARGEST_SIGNATURE and not is_command and not file.name.endswith(KERNEL):
            yield f"{name_of(file)} {function.name}"


def too_long_modules(file: Path) -> Iterator[str]:
    if file.read_text(encoding="utf-8").count("\n") > LARGEST_MODULE:
        yield name_of(file)


# -- names


def things_called_one(file: Path) -> Iterator[str]:
    """A layer is `layer`, a design is `design`."""
    for node in ast.walk(tree(file)):
        stored = isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id == "one"
        if stored or (isinstance(node, ast.arg) and node.arg == "one"):
            yield name_of(file).split("/")[0]


def private_names_of_other_packages(file: Path) -> Iterator[str]:
    own = name_of(file).split("/")[0]
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("bitline."):
            _, package, *inside = node.module.split(".")
            names = [*inside, *(alias.name for alias in node.names)]
            if package != own and any(re.match("_[^_]", name) for name in names):
                yield f"{name_of(file)} {ast.unparse(node)}"


# -- what packages may know


def modules_of_networks(file: Path) -> Iterator[str]:
    """Stages are functions and small frozen values on tensors: of `torch.nn` they know `functional`."""
    if name_of(file).split("/")[0] not in STAGES:
        return
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.ImportFrom):
            found = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        else:
            found = [ast.unparse(node)] if isinstance(node, ast.Attribute) else []
        for name in found:
            if re.match(r"torch\.nn\.(?!functional\b)|torch\.nn$", name) and not _is_inner(file, node):
                yield f"{name_of(file)} {name}"


def _is_inner(file: Path, node: ast.AST) -> bool:
    """Whether it is the `torch.nn` of `torch.nn.functional`."""
    return any(isinstance(other, ast.Attribute) and other.value is node for other in ast.walk(tree(file)))


def errors_elsewhere(file: Path) -> Iterator[str]:
    """Every error and warning that a user can cause is in errors.py."""
    for node in ast.walk(tree(file)):
        bases = [ast.unparse(base) for base in node.bases] if isinstance(node, ast.ClassDef) else []
        if any(re.search("(Error|Exception|Warning)$", base) for base in bases) and name_of(file) != "errors.py":
            yield f"{name_of(file)} {node.name}"


GENERATORS = re.compile(
    r"torch\.(manual_seed|seed|rand|randn|randint|randperm|normal|bernoulli|multinomial|rand_like|randn_like)"
    r"|(np|numpy)\.random\.(?!default_rng|Generator|SFC64|Philox|SeedSequence)\w+|random\.\w+|\w+\.(normal_|uniform_)"
)


def global_random_numbers(file: Path) -> Iterator[str]:
    """Randomness is passed in."""
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.Call) and "generator" not in [keyword.arg for keyword in node.keywords]:
            called = ast.unparse(node.func)
            if GENERATORS.fullmatch(called):
                yield f"{name_of(file)} {called}"


RULES: dict[Callable[[Path], Iterator[str]], dict[str, str]] = {
    too_long_functions: {},
    too_many_parameters: {
        "evaluation/recommended_adc.py recommend": "for users, who name each option",
        "evaluation/evaluate.py evaluate": "as above; inside, a Classifier and a Procedure",
        "evaluation/evaluate.py evaluate_times": "as above",
        "evaluation/remedies/fine_tune.py fine_tune": "as above",
    },
    too_long_modules: {},
    things_called_one: {},
    private_names_of_other_packages: {},
    modules_of_networks: {},
    errors_elsewhere: {},
    global_random_numbers: {
        "evaluation/benchmarks.py torch.manual_seed": "the same benchmark every time",
        "evaluation/benchmarks.py torch.rand": "speech of a benchmark",
        "evaluation/benchmarks.py torch.randint": "tokens of a benchmark",
        "evaluation/benchmarks.py torch.randn": "images of a benchmark",
        "evaluation/speed.py torch.randn": "images of a benchmark",
        "nn/faithful.py torch.manual_seed": "users' networks may draw; their generator is restored",
    },
}
"""The rules, and what does not keep them."""


def broken(rule: Callable[[Path], Iterator[str]]) -> set[str]:
    return {found for file in modules() for found in rule(file)}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_package_keeps_its_rules(rule):
    assert sorted(broken(rule) - RULES[rule].keys()) == []


# -- the folders


def folders_in_the_picture() -> list[str]:
    """Folders and modules of the package in the order in which docs/architecture.md draws them."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    picture = re.search(r"^    bitline/\n((?:    .*\n)+)", text, re.MULTILINE)
    assert picture is not None
    return re.findall(r"^[\s│├└─]+(\w+(?:/|\.py)) ", picture[1], re.MULTILINE)


def test_the_picture_of_the_package_is_its_folders():
    drawn = folders_in_the_picture()
    assert sorted(name.rstrip("/") for name in drawn if name.endswith("/")) == PACKAGES
    assert all((PACKAGE / name).exists() for name in drawn)


def test_dependencies_run_down_the_picture():
    """The contract that `make lint` holds has the order of the picture."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    layers = settings["tool"]["importlinter"]["contracts"][0]["layers"]
    order = [name.strip().removeprefix("bitline.") for layer in layers for name in layer.split("|")]
    drawn = [name.removesuffix(".py").rstrip("/") for name in folders_in_the_picture()]
    assert [name for name in order if name in drawn] == drawn
    assert set(PACKAGES) <= set(order)


# -- compiled kernels

KERNELS = {
    "arrays/_ladder_numba.py": "arrays/test_ladder.py::test_kernel_equals_the_readable_ladder",
    "arrays/_ladder_triton.py": "arrays/test_ladder_triton.py::test_gpu_kernel_equals_the_readable_ladder",
    "arrays/_two_wires_numba.py": "arrays/test_two_wires.py::test_the_kernel_equals_the_readable_walk",
    "arrays/integer/_bytes_triton.py": "test_gpu_kernels.py::test_kernels_equal_their_readable_versions",
    "arrays/integer/_pieces_numba.py": "arrays/test_integer_products.py::"
    "test_pieces_are_laid_out_alike_in_one_pass_and_step_by_step",
    "arrays/integer/_shares_numba.py": "arrays/test_shares.py::test_kernel_equals_the_readable_sum",
    "encode/_input_slices_numba.py": "encode/test_encode.py::test_input_slices_recombine",
    "layer/_counted_cells_numba.py": "layer/test_counted_cells.py::test_readings_are_those_of_programmed_cells",
    "nn/_activity_numba.py": "nn/test_activity.py::test_kernel_equals_the_readable_count",
    "nn/_fingerprint_numba.py": "faults/test_conversion.py::test_fingerprints_tell_tensors_apart_on_every_device",
    "numerics/_energies_numba.py": "numerics/test_energies.py::test_energies_are_sums_of_squares",
    "numerics/_histogram_numba.py": "numerics/test_histogram.py::test_kernel_equals_the_readable_count",
    "numerics/_look_up_numba.py": "numerics/test_read_noise.py::test_bytes_are_looked_up_as_by_an_index",
    "numerics/_read_noise_numba.py": "numerics/test_read_noise.py::test_kernel_equals_the_readable_generator",
    "numerics/_read_noise_triton.py": "test_gpu_kernels.py::test_kernels_equal_their_readable_versions",
    "numerics/_whole_steps_numba.py": "numerics/test_whole_steps.py::test_kernel_equals_the_readable_rounding",
    "numerics/normals_numba.py": "numerics/test_normal_stream.py::test_pieces_of_any_size_are_numpys_numbers",
    "quantize/_inputs_numba.py": "quantize/test_quantize.py::test_kernel_equals_the_readable_codes",
    "quantize/_inputs_triton.py": "test_gpu_kernels.py::test_kernels_equal_their_readable_versions",
    "readout/_convert_numba.py": "readout/test_convert.py::test_the_kernel_equals_plain_pytorch",
    "readout/_convert_triton.py": "test_gpu_kernels.py::test_kernels_equal_their_readable_versions",
    "readout/_lookup_numba.py": "readout/test_adc.py::test_kernel_equals_the_readable_lookup",
}
"""Kernels, and the test that compares each with its readable version."""


PARTS_OF_KERNELS = {"numerics/rounded_triton.py", "numerics/transposed_numba.py"}
"""What several kernels call; it is compared with them."""


def test_every_kernel_is_compared_with_its_readable_version():
    kernels = {name_of(file) for file in modules() if file.name.endswith(KERNEL)} - PARTS_OF_KERNELS
    assert kernels == set(KERNELS)
    for kernel, test in KERNELS.items():
        path = (PACKAGE / kernel).relative_to(PACKAGE.parent)
        imported = ".".join(path.with_suffix("").parts)
        beside = [file for file in (PACKAGE / kernel).parent.glob("*.py") if f"from {imported} import" in text_of(file)]
        assert beside, f"no module beside {kernel} has the readable version"
        file, name = test.split("::")
        assert name in {function.name for function in functions(TESTS / file)}, f"{test} does not exist"


def text_of(file: Path) -> str:
    return file.read_text(encoding="utf-8")


# -- what users see

WITHOUT_EXAMPLES: set[str] = set()
"""Packages with public names that have no example yet."""


def names_without_example(package: str) -> list[str]:
    """Classes and functions that a package lists, and whose docstring has no example."""
    module = importlib.import_module("bitline" if package == "." else f"bitline.{package}")
    listed = {name: getattr(module, name) for name in getattr(module, "__all__", ())}
    shown = [name for name, value in listed.items() if inspect.isclass(value) or inspect.isfunction(value)]
    return [name for name in shown if ">>>" not in (listed[name].__doc__ or "")]


@pytest.mark.parametrize("package", [".", *PACKAGES])
def test_public_names_have_an_example(package):
    assert package in WITHOUT_EXAMPLES or not names_without_example(package)


# -- the tests

PRIVATE = {
    "arrays/test_packed_weights.py _format": "formats are asked for once in a process, and this test counts them",
    "arrays/test_packed_weights.py _pack": "how often weights are packed, which no product shows",
    "arrays/test_packed_weights.py _packed": "how many forms of the weights are kept, which no product shows",
    "arrays/test_packed_weights.py _weights": "as above",
    "cli/test_start.py _HOMES": "where lazy names of the package are defined, compared with what type checkers see",
    "conftest.py _get_local_constants": "Hypothesis would take examples from the sources of what was imported before",
    "conftest.py _local_constants": "as above",
    "conftest.py _hypothesis_internal_use_settings": "Hypothesis has no other way to change the settings of a test",
    "faults/test_conversion.py _old_forward": "where another library keeps the method that it replaces",
    "faults/test_conversion.py _mixed_by_torch": "the readable version of a kernel",
    "nn/test_activity.py _counts": "the bytes that counts are kept in, which they do not show",
    "nn/test_offloaded.py _hf_hook": "where accelerate keeps its hooks",
    "nn/test_offloaded.py _old_forward": "as above",
    "nn/test_offloaded.py _parameters": "where accelerate puts what it loads",
    "readout/test_adc.py _weights": "the capacitors that a converter has drawn, for a search bit by bit",
}
"""Private names that tests use, and why."""


def private_names(file: Path) -> Iterator[str]:
    """Names with an underscore in front, of anything but the test's own objects and the protocol of notebooks."""
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.Attribute):
            own = isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")
            names = [] if own or node.attr.startswith("_repr_") else [node.attr]
        else:
            names = [alias.name for alias in node.names] if isinstance(node, ast.ImportFrom) else []
        yield from (f"{name_of(file)} {name}" for name in names if re.match("_[^_]", name))


def test_tests_use_what_users_can_use():
    found = {name for file in TESTS.rglob("*.py") for name in private_names(file)}
    assert found == PRIVATE.keys()


def test_private_modules_are_tested_in_the_folder_of_their_package():
    for file in TESTS.glob("*/test_*.py"):
        for node in ast.walk(tree(file)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("bitline."):
                _, package, *inside = node.module.split(".")
                if any(part.startswith("_") for part in inside):
                    assert package == file.parent.name, f"{name_of(file)} imports {node.module}"


def test_strategies_construct_what_is_possible():
    """No `assume` and no filters."""
    for file in TESTS.rglob("*.py"):
        for node in ast.walk(tree(file)):
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                assert not re.search(r"\bassume$|\bst\..*\.filter$", called), f"{name_of(file)}:{node.lineno}"


def test_tests_mirror_the_package():
    folders = {file.parent.name for file in TESTS.glob("*/test_*.py")}
    assert folders - {"faults", "robust"} <= set(PACKAGES)


BORROWED = {
    "bitline.Design": "settings",
    "bitline.LayerCalibration": "numbers: the step of inputs, the levels of converters",
    "bitline.arrays.GateDrivenArray": "settings",
    "bitline.arrays.RowDrivenArray": "settings",
    "bitline.devices.Cell": "settings, and the device that draws programmed cells",
    "bitline.numerics.draws.Draws": "what the chip has drawn",
    "bitline.readout.Levels": "numbers",
}
"""What the oracle takes from the package."""


def test_the_oracle_shares_nothing_but_settings_and_draws():
    borrowed = {
        f"{node.module}.{alias.name}"
        for file in (TESTS / "oracle").glob("*.py")
        for node in ast.walk(tree(file))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("bitline")
        for alias in node.names
    }
    assert borrowed == BORROWED.keys()


# -- last


def test_no_exception_is_out_of_date():
    """What keeps a rule by now is not listed any more."""
    kept = [f"{rule.__name__}: {name}" for rule in RULES for name in sorted(RULES[rule].keys() - broken(rule))]
    kept += [f"WITHOUT_EXAMPLES: {name}" for name in sorted(WITHOUT_EXAMPLES) if not names_without_example(name)]
    assert not kept, "take out of the lists:\n" + "\n".join(kept)
