#!/usr/bin/env python3
"""tidy.py ROOT BUILD CACHE [PATTERN]: clang-tidy over the .cpp files of libs, services and tools (tests excepted) whose path
holds PATTERN. BUILD must be up to date, because its record of included files decides what is new: a file is checked again only
when it, a header of ours that it includes, or .clang-tidy has changed. CACHE keeps a mark for each clean state.

Prints what clang-tidy found; exits with 1 if it found anything.
"""
import hashlib
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

NOISE = ("warnings generated", "Suppressed ", "Use -header-filter", "warnings treated as errors", "Use -system-headers")


def sources(root, build, pattern):
    """Absolute path -> object file of each file to check."""
    found = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        path = Path(entry["file"])
        if not path.is_relative_to(root) or path.name.endswith("_test.cpp") or pattern not in str(path):
            continue
        if path.relative_to(root).parts[0] in ("libs", "services", "tools"):
            found[path] = entry.get("output") or entry["command"].split(" -o ")[1].split()[0]
    return found


def dependencies(build):
    """Object file -> files it was made from."""
    text = subprocess.run(["ninja", "-C", str(build), "-t", "deps"], check=True, capture_output=True, text=True).stdout
    found, current = {}, None
    for line in text.splitlines():
        if line.startswith("    "):
            current.append(line.strip())
        elif ": #deps" in line:
            current = found.setdefault(line.split(":")[0], [])
    return found


def state(root, build, files, hashes):
    """A hash of all that the verdict on one file depends on."""
    total = hashlib.sha256((root / ".clang-tidy").read_bytes())
    for name in sorted(files):
        path = Path(os.path.normpath(build / name))
        if path.is_relative_to(root) and path.exists():
            if path not in hashes:
                hashes[path] = hashlib.sha256(path.read_bytes()).digest()
            total.update(str(path.relative_to(root)).encode() + hashes[path])
    return total.hexdigest()


def check(path, build, mark):
    run = subprocess.run(["clang-tidy", "-p", str(build), "--quiet", str(path)], capture_output=True, text=True)
    if run.returncode == 0:
        mark.touch()
        return ""
    lines = (run.stdout + run.stderr).splitlines()
    return "\n".join(line for line in lines if line and not any(noise in line for noise in NOISE))


def main(root, build, cache, pattern=""):
    root, build, cache = Path(root), Path(build), Path(cache)
    cache.mkdir(parents=True, exist_ok=True)
    made_from, hashes, jobs = dependencies(build), {}, []
    for path, output in sorted(sources(root, build, pattern).items()):
        mark = cache / state(root, build, [str(path), *made_from.get(output, [])], hashes)
        if not mark.exists():
            jobs.append((path, build, mark))
    print(f"clang-tidy: {len(jobs)} files are new or changed", flush=True)
    failed = False
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for number, words in enumerate(pool.map(lambda job: check(*job), jobs), 1):
            if words:
                failed = True
                print(words, flush=True)
            if number % 20 == 0:
                print(f"    {number}/{len(jobs)}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
