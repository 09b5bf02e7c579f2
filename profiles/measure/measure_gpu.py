#!/usr/bin/env python3
"""Measures the single operations of a training step on one GPU, or on several under torchrun, and writes a TOML file
that `flopbill calibrate --from FILE` reads. Needs PyTorch and nothing else; takes about two minutes.

    python measure_gpu.py --gpu h100-sxm --out h100.toml
    torchrun --nproc-per-node 8 measure_gpu.py --gpu h100-sxm --out h100.toml
"""

import argparse
import datetime
import os
import statistics
import subprocess
import time

import torch
import torch.distributed as dist
import torch.nn.functional as F

# Shapes of training: tokens of a micro-batch by widths of layers from 2,048 to 18,432, and a thin and a shallow one.
GEMMS = [
    (4096, 4096, 4096),
    (8192, 8192, 8192),
    (16384, 8192, 8192),
    (8192, 28672, 8192),
    (8192, 8192, 28672),
    (4096, 14336, 4096),
    (4096, 4096, 14336),
    (8192, 2048, 8192),
    (8192, 8192, 1024),
    (2048, 18432, 7168),
    (2048, 7168, 18432),
]

# Batch, heads, tokens, width of a head.
ATTENTIONS = [(4, 32, 2048, 128), (2, 32, 4096, 128), (1, 32, 8192, 128), (1, 16, 16384, 128), (2, 32, 4096, 64)]

COPIES = [1 << 28, 1 << 29, 1 << 30]
COLLECTIVES = [1 << 24, 1 << 26, 1 << 28, 1 << 30]
LAUNCHES = [1000, 4000]

WARM_UP = 5
REPEATS = 15
LEAST_SECONDS = 0.02  # one timing spans at least this, so that the clock's grain does not show


def on_stream(work, calls):
    """Seconds of one call out of `calls` in a row, by the GPU's own clock."""
    start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
    start.record()
    for _ in range(calls):
        work()
    end.record()
    end.synchronize()
    return start.elapsed_time(end) / 1e3 / calls


def seconds(work, calls=None):
    """Median seconds of one call. Chips slow down as they warm up: the warm-up is not counted."""
    for _ in range(WARM_UP):
        work()
    torch.cuda.synchronize()
    if calls is None:
        calls = max(1, int(LEAST_SECONDS / max(on_stream(work, 3), 1e-7)))
    return statistics.median(on_stream(work, calls) for _ in range(REPEATS))


def attempt(found, what, measure):
    """Adds a measurement; a size or format that this chip or library lacks is said and left out."""
    try:
        found.append(measure())
    except (RuntimeError, AttributeError, NotImplementedError, TypeError) as trouble:
        first_line = str(trouble).splitlines()[0] if str(trouble) else type(trouble).__name__
        print(f"left out: {what}: {first_line}")
    torch.cuda.empty_cache()


def gemm_bf16(m, n, k):
    a = torch.randn(m, k, device="cuda", dtype=torch.bfloat16)
    b = torch.randn(k, n, device="cuda", dtype=torch.bfloat16)
    out = torch.empty(m, n, device="cuda", dtype=torch.bfloat16)
    return {"m": m, "n": n, "k": k, "precision": "bf16", "seconds": seconds(lambda: torch.matmul(a, b, out=out))}


def gemm_fp8(m, n, k):
    a = torch.randn(m, k, device="cuda").to(torch.float8_e4m3fn)
    b = torch.randn(n, k, device="cuda").to(torch.float8_e4m3fn).t()  # the second operand is column-major
    one = torch.ones((), device="cuda")

    def work():
        return torch._scaled_mm(a, b, scale_a=one, scale_b=one, out_dtype=torch.bfloat16)

    return {"m": m, "n": n, "k": k, "precision": "fp8", "seconds": seconds(work)}


def copy(size):
    source = torch.empty(size, device="cuda", dtype=torch.uint8)
    target = torch.empty_like(source)
    return {"bytes": 2 * size, "seconds": seconds(lambda: target.copy_(source))}  # read and written


def attention(batch, heads, tokens, width, backward):
    def tensor():
        return torch.randn(batch, heads, tokens, width, device="cuda", dtype=torch.bfloat16, requires_grad=backward)

    q, k, v = tensor(), tensor(), tensor()

    def forward():
        return F.scaled_dot_product_attention(q, k, v, is_causal=True)

    shape = {"batch": batch, "heads": heads, "seq_len": tokens, "head_dim": width}
    if not backward:
        with torch.no_grad():
            return {**shape, "pass": "forward", "seconds": seconds(forward)}
    out = forward()
    upstream = torch.randn_like(out)
    work = lambda: torch.autograd.grad(out, (q, k, v), upstream, retain_graph=True)  # noqa: E731
    return {**shape, "pass": "backward", "seconds": seconds(work)}


def launch(kernels):
    """Host time to launch kernels that are shorter than their launch: the host is what is waited for."""
    small = torch.zeros(32, device="cuda")
    taken = []
    for _ in range(WARM_UP):
        small.add_(1.0)
    for _ in range(REPEATS):
        torch.cuda.synchronize()
        start = time.perf_counter()
        for _ in range(kernels):
            small.add_(1.0)
        torch.cuda.synchronize()
        taken.append(time.perf_counter() - start)
    return {"kernels": kernels, "seconds": statistics.median(taken)}


def collective(kind, size):
    """`size` is the whole tensor: what an all-gather ends with and a reduce-scatter starts from."""
    ranks = dist.get_world_size()
    elements = size // 2 // ranks * ranks
    whole = torch.zeros(elements, device="cuda", dtype=torch.bfloat16)
    part = torch.zeros(elements // ranks, device="cuda", dtype=torch.bfloat16)
    work = {
        "all-gather": lambda: dist.all_gather_into_tensor(whole, part),
        "reduce-scatter": lambda: dist.reduce_scatter_tensor(part, whole),
        "all-reduce": lambda: dist.all_reduce(whole),
    }[kind]
    # Every rank has to make the same number of calls.
    own = torch.tensor([seconds(work, calls=10)], device="cuda")
    dist.all_reduce(own, op=dist.ReduceOp.MAX)
    return {"kind": kind, "bytes": 2 * elements, "ranks": ranks, "seconds": own.item()}


def measure_alone():
    """Everything that one GPU does by itself."""
    tables = {"gemm": [], "copy": [], "attention": [], "launch": []}
    for m, n, k in GEMMS:
        attempt(tables["gemm"], f"bf16 product {m} x {n} x {k}", lambda: gemm_bf16(m, n, k))
    for m, n, k in GEMMS:
        attempt(tables["gemm"], f"fp8 product {m} x {n} x {k}", lambda: gemm_fp8(m, n, k))
    for size in COPIES:
        attempt(tables["copy"], f"copy of {size} bytes", lambda: copy(size))
    for shape in ATTENTIONS:
        for backward in (False, True):
            attempt(tables["attention"], f"attention {shape}", lambda: attention(*shape, backward))
    for kernels in LAUNCHES:
        attempt(tables["launch"], f"{kernels} launches", lambda: launch(kernels))
    return tables


def measure_together():
    """Collectives over all GPUs of the job; every rank takes part."""
    found = []
    for kind in ("all-gather", "reduce-scatter", "all-reduce"):
        for size in COLLECTIVES:
            found.append(collective(kind, size))
    return {"collective": found}


def driver():
    asked = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
    try:
        return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.splitlines()[0].strip()
    except (OSError, subprocess.CalledProcessError, IndexError):
        return "unknown"


def value(item):
    if isinstance(item, str):
        return '"' + item.replace("\\", "/").replace('"', "'") + '"'
    # TOML wants digits on both sides of the point, also before an exponent.
    return str(item) if isinstance(item, int) else f"{item:.6e}"


def as_toml(header, tables):
    lines = [f"{key} = {value(item)}" for key, item in header.items()]
    lines.insert(2, f"date = {datetime.date.today().isoformat()}")
    for name, rows in tables.items():
        for row in rows:
            lines += ["", f"[[{name}]]"] + [f"{key} = {value(item)}" for key, item in row.items()]
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gpu", required=True, help="the chip as `flopbill profiles list accelerators` calls it")
    parser.add_argument("--out", default="measurement.toml", help="the file to write")
    options = parser.parse_args()
    if not torch.cuda.is_available():
        raise SystemExit("no GPU is visible to PyTorch")
    rank, ranks = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
    torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
    tables = measure_alone() if rank == 0 else {}
    if ranks > 1:
        dist.init_process_group("nccl", timeout=datetime.timedelta(minutes=30))
        tables.update(measure_together())
        dist.destroy_process_group()
    if rank != 0:
        return
    header = {
        "name": f"{torch.cuda.get_device_name()}, one operation at a time",
        "gpu": options.gpu,
        "driver": driver(),
        "torch": torch.__version__,
        "cuda": torch.version.cuda or "none",
    }
    beside = options.out + ".part"
    with open(beside, "w", encoding="utf-8") as file:
        file.write(as_toml(header, tables))
    os.replace(beside, options.out)
    print(f"{sum(map(len, tables.values()))} operations written to {options.out}")


if __name__ == "__main__":
    main()
