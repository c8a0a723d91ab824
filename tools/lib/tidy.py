#!/usr/bin/env python3
"""tidy.py ROOT BUILD CACHE [PATTERN]: clang-tidy over the .cpp files of libs, services and tools (tests excepted) whose path
holds PATTERN. BUILD must be up to date, because its record of included files decides what is new: a file is checked again only
when it, a header of ours that it includes, or .clang-tidy has changed. CACHE keeps a mark for each clean state.

Nearly all of the time goes into headers, so files of one folder are checked as one translation unit; where their names collide
the group is halved, down to single files.

Prints what clang-tidy found; exits with 1 if it found anything.
"""
import hashlib
import json
import os
import shlex
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

GROUP = 12
NOISE = ("warnings generated", "Suppressed ", "Use -header-filter", "warnings treated as errors", "Use -system-headers")


def flags(command):
    """Of a compiler's command line, what decides how a file is understood."""
    kept, words = [], iter(shlex.split(command))
    for word in words:
        if word == "-isystem":
            kept += [word, next(words)]
        elif word.startswith(("-I", "-D", "-std=")):
            kept.append(word)
    return tuple(kept)


def sources(root, build, pattern):
    """Path -> (object file, flags) of each file to check."""
    found = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        path = Path(entry["file"])
        if not path.is_relative_to(root) or path.name.endswith("_test.cpp") or pattern not in str(path):
            continue
        if path.relative_to(root).parts[0] in ("libs", "services", "tools"):
            output = entry.get("output") or entry["command"].split(" -o ")[1].split()[0]
            found[path] = (output, flags(entry["command"]))
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


def run_tidy(root, options, paths):
    with tempfile.NamedTemporaryFile("w", suffix=".cpp") as unit:
        unit.writelines(f'#include "{path}"\n' for path in paths)
        unit.flush()
        command = ["clang-tidy", "--quiet", f"--config-file={root / '.clang-tidy'}"]
        command += ["--checks=-bugprone-suspicious-include", unit.name, "--", *options, "-w"]
        return subprocess.run(command, capture_output=True, text=True)


def check(root, options, marks):
    """What clang-tidy says of a group of files. marks: path -> mark of its state."""
    run = run_tidy(root, options, marks)
    words = run.stdout + run.stderr
    if run.returncode == 0:
        for mark in marks.values():
            mark.touch()
        return ""
    if "clang-diagnostic-error" in words and len(marks) > 1:
        items = list(marks.items())
        half = len(items) // 2
        parts = (check(root, options, dict(part)) for part in (items[:half], items[half:]))
        return "\n".join(part for part in parts if part)
    found = "\n".join(line for line in words.splitlines() if line and not any(noise in line for noise in NOISE))
    if "clang-diagnostic-error" in words:
        # The compiler took it, so it is C++20 that this clang does not know: no finding.
        print(f"clang-tidy: {next(iter(marks))} is beyond this clang\n{found}", flush=True)
        return ""
    return found


def groups(root, build, cache, pattern):
    """(flags, path -> mark) of files of one folder that are not known to be clean, at most GROUP of them."""
    made_from, hashes, found = dependencies(build), {}, {}
    for path, (output, options) in sorted(sources(root, build, pattern).items()):
        mark = cache / state(root, build, [str(path), *made_from.get(output, [])], hashes)
        if not mark.exists():
            found.setdefault((path.parent, options), []).append((path, mark))
    for (_, options), items in found.items():
        for start in range(0, len(items), GROUP):
            yield options, dict(items[start:start + GROUP])


def main(root, build, cache, pattern=""):
    root, build, cache = Path(root), Path(build), Path(cache)
    cache.mkdir(parents=True, exist_ok=True)
    jobs = list(groups(root, build, cache, pattern))
    print(f"clang-tidy: {sum(len(marks) for _, marks in jobs)} files are new or changed", flush=True)
    failed = False
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for words in pool.map(lambda job: check(root, *job), jobs):
            if words:
                failed = True
                print(words, flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
