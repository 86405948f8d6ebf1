#!/usr/bin/env bash
# What bitline does on a GPU, in less than nine minutes, for a machine that is lent rarely and has no network.
#
#     scripts/gpu_check.sh [--compute cuda] [--tiny] [--wheels FOLDER] [--data FOLDER]
#
# The stages come in the order of their worth. Each is complete by itself and has a time limit, and none stops the next.
# Results are in $OUT, or in gpu_results/: summary.txt, and one file for each stage. Nothing is downloaded. bitline runs
# from its source tree; PyTorch with CUDA must be there, and Python packages that are missing can be given as wheels.
#
#   --compute NAME   cuda, or cpu for a rehearsal without a GPU
#   --tiny           as little as possible of each stage: a rehearsal of about a minute
#   --wheels FOLDER  wheels of what the machine lacks (wheels/ if not given)
#   --data FOLDER    weights and images of ResNet-50 for stage 5 (../shared/data if not given)
set -u

root=$(cd "$(dirname "$0")/.." && pwd) || exit 1
compute=cuda tiny="" wheels="$root/wheels" data="$root/../shared/data"
while [ $# -gt 0 ]; do
    case "$1" in
        --tiny) tiny=1; shift; continue ;;
        --compute | --wheels | --data) ;;
        *) echo "$0: unknown option $1: use --compute NAME, --tiny, --wheels FOLDER or --data FOLDER" >&2; exit 2 ;;
    esac
    [ $# -ge 2 ] || { echo "$0: $1 needs a value" >&2; exit 2; }
    case "$1" in
        --compute) compute=$2 ;;
        --wheels) wheels=$(realpath -m "$2") ;;
        --data) data=$(realpath -m "$2") ;;
    esac
    shift 2
done

seconds=520
[ -n "$tiny" ] && seconds=240
end=$(($(date +%s) + seconds))
results=$(realpath -m "${OUT:-$root/gpu_results}")
python=${PYTHON:-python3}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
mkdir -p "$results" && cd "$root" || exit 1
summary="$results/summary.txt"
: >"$summary"
export PYTHONUNBUFFERED=1 PYTHONPATH="$root/src:$work/site${PYTHONPATH:+:$PYTHONPATH}" XDG_STATE_HOME="$work/state"
export NUMBA_CACHE_DIR="$work/numba"

note() { # one line of the summary
    printf '%-12s %-28s %4s s\n' "$1" "$2" "$3" | tee -a "$summary"
}

stage() { # stage NAME SECONDS COMMAND...: run it in the time that is left, and note its outcome
    local name=$1 limit=$2 left begin status outcome
    shift 2
    begin=$(date +%s)
    left=$((end - begin))
    [ "$limit" -gt "$left" ] && limit=$left
    if [ "$limit" -lt 5 ]; then
        note "$name" "skipped, no time left" 0
        return
    fi
    timeout --kill-after=5 "$limit" "$@"
    status=$?
    case $status in
        0) outcome="passed" ;;
        3) outcome="skipped" ;;
        124 | 137) outcome="stopped after $limit s" ;;
        *) outcome="failed, status $status" ;;
    esac
    note "$name" "$outcome" "$(($(date +%s) - begin))"
}

install_wheels() { # into a folder of this run's, with nothing but the files that are there
    compgen -G "$wheels/*.whl" >/dev/null || return 0
    timeout 60 "$python" -m pip install -q --no-index --no-deps --no-compile --no-cache-dir --upgrade \
        --target "$work/site" "$wheels"/*.whl
}

machine() {
    nvidia-smi 2>&1 || echo "nvidia-smi does not run here"
    nproc
    "$python" - "$compute" <<'PYTHON'
import importlib
import sys

NEEDED = ("torch", "jaxtyping", "numpy", "scipy", "numba", "pydantic", "typer", "rich", "pandas", "tomlkit")
NEEDED += ("safetensors", "PIL", "plotly", "matplotlib", "filelock")
FOR_TESTS = ("pytest", "hypothesis", "xdist", "triton")
missing = []
print("python", sys.version)
for name in NEEDED + FOR_TESTS:
    try:
        module = importlib.import_module(name)
        print(name, getattr(module, "__version__", "is there"))
    except Exception as problem:
        print(f"{name} CANNOT BE IMPORTED: {type(problem).__name__}: {problem}")
        missing += [name] if name in NEEDED else []
if "numba" in missing:
    print("numba is missing: every comparison needs it, because the CPU path consists of its kernels")
if missing:
    print(f"bitline needs {', '.join(missing)}: bring wheels in a folder and name it with --wheels")
if "torch" not in missing:
    import torch

    print("CUDA of PyTorch", torch.version.cuda, "cuDNN", torch.backends.cudnn.version())
    for index in range(torch.cuda.device_count()):
        free, total = torch.cuda.mem_get_info(index)
        capability = ".".join(map(str, torch.cuda.get_device_capability(index)))
        print(f"{torch.cuda.get_device_name(index)}: capability {capability}, {free / 2**30:.1f} of {total / 2**30:.1f} GiB free")
    if sys.argv[1] != "cpu" and not torch.cuda.is_available():
        sys.exit("PyTorch sees no GPU here: nothing of this check can run")
try:
    sys.path.append("scripts")
    import gpu_agreement  # stages that need more fail by themselves
except Exception as problem:
    sys.exit(f"bitline needs more than there is, and nothing of this check can run: {problem}")
PYTHON
}

agreement() {
    "$python" scripts/gpu_agreement.py --compute "$compute" --out "$results/2_agreement.json" ${tiny:+--tiny} \
        >"$results/2_agreement.txt" 2>&1
}

tests() {
    local gpu=(tests/layer/test_gpu.py tests/arrays/test_ladder_gpu.py) files=(tests/layer tests/arrays) options=(-p no:cacheprovider -rs) status=0
    [ -n "$tiny" ] && files=(tests/arrays/test_partition.py)
    "$python" -m pytest "${gpu[@]}" "${options[@]}" >"$results/3_tests.txt" 2>&1 || status=1
    "$python" -c 'import xdist' 2>/dev/null && [ -z "$tiny" ] && options+=(-n 8)
    "$python" -m pytest "${files[@]}" "${options[@]}" "${gpu[@]/#/--ignore=}" \
        >>"$results/3_tests.txt" 2>&1 || status=1
    return $status
}

bench() {
    local what=(--network cifar-resnet20 --network resnet50)
    [ -n "$tiny" ] && what=(linear --network cifar-resnet20 --batch 2 --repeats 1)
    "$python" -m bitline bench "${what[@]}" --compute "$compute" --json >"$results/4_bench.json" 2>"$work/bench.txt"
    local status=$?
    [ $status -eq 0 ] || cat "$work/bench.txt" >>"$results/4_bench.json"
    return $status
}

paper() { # one study after the other, so that those that are done are complete when the time is up
    local weights="$data/weights/imagenet_resnet50_pqf_large.pth" images="$data/imagenet/val1300_227.zip" study status=0
    if [ -n "$tiny" ] || [ ! -f "$weights" ] || [ ! -f "$images" ]; then
        echo "skipped: a rehearsal, or no $weights or $images" >"$results/5_paper.txt"
        return 3
    fi
    for study in baselines state-proportional state-independent adc-bits read-noise measured-devices rows percentile; do
        "$python" -m bitline paper run "$study" --model resnet50 --weights "$weights" --data "$images" --images 256 \
            --chips 3 --workers 6 --compute "$compute" --quiet --out "$work/paper" >>"$results/5_paper.txt" 2>&1 || status=1
        tar -C "$work" -czf "$results/5_paper.tar.gz" paper 2>/dev/null
    done
    return $status
}

export -f machine agreement tests bench paper
export compute tiny data results work python
install_wheels || note wheels "cannot be installed" 0

stage 1_machine 60 bash -c 'machine >"$results/1_machine.txt" 2>&1'
if ! grep -q "^1_machine *passed" "$summary"; then
    grep -E "CANNOT BE IMPORTED|numba is missing|bitline needs|no GPU" "$results/1_machine.txt" | tee -a "$summary"
    exit 1
fi
stage 2_agreement 210 bash -c agreement
stage 3_tests 90 bash -c tests
stage 4_bench 120 bash -c bench
stage 5_paper 520 bash -c paper

grep -qE "failed|stopped" "$summary"
bad=$?
count() { # comparisons that begin with a word
    grep -c "^$1" "$results/2_agreement.txt"
}
echo "comparisons: $(count equal) as promised, $(count DIFFERS) differ, $(count FAILED) failed" | tee -a "$summary"
exit $((1 - bad))
