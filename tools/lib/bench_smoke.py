#!/usr/bin/env python3
"""bench_smoke.py PROGRAM GATES BUILD_TYPE [--plant PATH] [--record]: counts the instructions of the hot paths under callgrind.

Each path is compared with the least that its bytes cost anybody, counted in the same run; a ratio more than a fifth above the one in
GATES fails. Instructions do not depend on who else uses the machine. --plant makes a path half as slow again: then the run must fail.
--record writes the ratios that it finds as the new ones.
"""
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ALLOWANCE = 1.2
# Below this the recorded ratio would hide a loss.
STALE = 0.8


def count(program, plant):
    """Instructions by path."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["valgrind", "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={folder}/out", program]
        run = subprocess.run(command + (["--plant", plant] if plant else []), capture_output=True, text=True, check=False)
        if run.returncode != 0:
            sys.exit(f"{' '.join(command)} failed:\n{run.stderr}")
        counts = {}
        for path in Path(folder).iterdir():
            text = path.read_text(encoding="utf-8")
            name = re.search(r"^desc: Trigger: Client Request: (\S+)", text, re.M)
            if name:
                counts[name.group(1)] = int(re.search(r"^(?:summary|totals): (\d+)", text, re.M).group(1))
        return counts


def main(arguments):
    plant = arguments[arguments.index("--plant") + 1] if "--plant" in arguments else None
    program, file, build_type = arguments[:3]
    counts = count(program, plant)
    paths = sorted(name for name in counts if not name.endswith(".bare"))
    if not paths:
        sys.exit("callgrind has counted nothing")
    gates = json.loads(Path(file).read_text(encoding="utf-8"))
    ratios = {path: round(counts[path] / counts[path + ".bare"], 2) for path in paths}
    if "--record" in arguments:
        gates[build_type] = ratios
        Path(file).write_text(json.dumps(gates, indent=2, sort_keys=True) + "\n", encoding="utf-8")
        print(f"recorded in {file}: {ratios}")
        return 0
    failed = 0
    for path in sorted(set(paths) | set(gates[build_type])):
        wanted, found = gates[build_type].get(path), ratios.get(path)
        known = wanted is not None and found is not None
        good = known and found <= wanted * ALLOWANCE
        failed += not good
        word = "ok" if good else "FAILED: dearer" if known else "FAILED: measured or recorded, not both"
        if good and found < wanted * STALE:
            word = "ok, and cheaper: --record it"
        print(f"{path}: {counts.get(path)} instructions, {found}x the bare bytes, recorded {wanted}x: {word}")
    print(f"{len(paths) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
