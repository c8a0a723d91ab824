#!/usr/bin/env python3
"""count_tests.py RESULTS: sums up a test run and prints the failed and skipped tests and, last, "N passed, N failed, N skipped".

RESULTS holds ctest.xml (JUnit, one entry a program), the JSON report of each GoogleTest program that came to its end, and
static.txt ("passed|failed NAME" a line) of the checks that run nothing. What counts is a GoogleTest case or a check; a program
without a report counts as one: failed where it crashed, ran out of time or was never built. Exits with 1 if anything failed or
nothing ran.
"""
import json
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path


def case_result(case):
    if case.get("failures"):
        return "failed"
    return "skipped" if case.get("result") in ("SKIPPED", "SUPPRESSED") or case.get("status") == "NOTRUN" else "passed"


def program_cases(report):
    """The (name, result) of each case of one program's report."""
    for suite in json.loads(report.read_text(encoding="utf-8"))["testsuites"]:
        for case in suite["testsuite"]:
            yield f"{suite['name']}.{case['name']}", case_result(case)


def static_results(folder):
    if (file := folder / "static.txt").exists():
        for line in file.read_text(encoding="utf-8").splitlines():
            result, name = line.split(" ", 1)
            yield name, result


def program_results(folder):
    if not (folder / "ctest.xml").exists():
        return
    for entry in ElementTree.parse(folder / "ctest.xml").getroot().iter("testcase"):
        name, ran_well = entry.get("name"), entry.get("status") == "run"
        report = folder / f"crm_{name}.json"
        cases = list(program_cases(report)) if report.exists() else []
        yield from cases
        explained = any(result == "failed" for _, result in cases)
        if not cases and ran_well:
            yield name, "passed"
        elif not ran_well and not explained:
            yield f"{name} (the whole program)", "failed"


def main(folder):
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    for name, result in sorted([*static_results(Path(folder)), *program_results(Path(folder))]):
        counts[result] += 1
        if result != "passed":
            print(f"{result}: {name}")
    print(", ".join(f"{count} {result}" for result, count in counts.items()))
    return 1 if counts["failed"] or not counts["passed"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
