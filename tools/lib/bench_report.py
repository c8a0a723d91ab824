#!/usr/bin/env python3
"""bench_report.py JOURNAL > docs/performance.md: figures of the last run of each case in the journal of crm-bench.

A figure is the median of the ratios of pairs, ours to the counterpart beside it, with the smallest and the largest. The first pair
warms up. A pair is dropped where the machine was not the same before and after it (flush or ping probe differ more than twice) or
its host took more than 5 % of its time; a pair with a lost, doubled or failed piece of work is a failure of the measurement.
"""
import json
import sys
from statistics import median

MOST_STEAL = 0.05
MOST_DRIFT = 2.0


def rate(slice_):
    return slice_["operations"] / slice_["seconds"]


def figure(name):
    return lambda slice_: slice_["figures"][name]


def cpu_us(slice_):
    return sum(slice_["cpu"].values()) / max(1, slice_["operations"]) * 1e6


# Measurement, beginning of the case, what of a slice, against which side, "more" or "less" is better, pass, moonshot, what it says.
GATES = [
    ("M1", "lead c=64", rate, "tx", "more", 2.0, 3.0, "leads created a second, 64 callers"),
    ("M1", "lead c=", rate, "tx", "more", None, None, "leads created a second"),
    ("M1", "lead c=", rate, "cte", "more", None, None, "the same, against one statement"),
    ("M1", "lead asynchronous c=", rate, "tx", "more", None, None, "the same where neither side's commits wait for the disk (synchronous_commit=off)"),
    ("M1", "enquiry c=", rate, "tx", "more", None, None, "leads with phone and e-mail, so with a search for duplicates"),
    ("M1", "source c=", rate, "tx", "more", None, None, "records without reads created a second"),
    ("M1", "source c=", rate, "cte", "more", None, None, "the same, against one statement"),
    ("M1b", "lead c=1", figure("p50_us"), "tx", "less", 1.5, 1.1, "p50 of one caller"),
    ("M1b", "lead 60%", figure("p50_us"), "tx", "less", 1.5, None, "p50 at 60 % of the maximum"),
    ("M2", "lead c=64", rate, "echo", "more", 0.25, 0.8, "leads read by name a second, 64 callers"),
    ("M2", "lead c=64", rate, "select", "more", 0.6, None, "the same"),
    ("M2", "lead c=1", figure("p50_us"), "echo", "less", None, None, "p50 of one caller"),
    ("M3", "", figure("p50_us"), "sql", "less", 2.0, 1.2, "p50 of one page of 50"),
    ("M5", "", rate, "copy", "more", 0.15, 0.7, "rows imported a second"),
    ("M6", "source", figure("p50_us"), "bare", "less", 2.0, 1.2, "p50 from the commit's answer to a consumer"),
    ("M6", "source", figure("p99_us"), "bare", "less", 5.0, 1.5, "p99 of the same"),
    ("M7", "", rate, "bare", "more", 0.3, 0.6, "events a second of a backlog"),
    ("M13", "leads", figure("pss_idle_kib"), "bare", "less", 4.0, 1.5, "KiB of memory (PSS) of an idle service"),
    ("M13", "leads", figure("pss_loaded_kib"), "bare", "less", None, 3.0, "KiB of memory (PSS) under load"),
    ("M14", "leads", figure("start_ms"), "bare", "less", 5.0, 2.0, "ms from the start to the first good answer"),
    ("M1b", "lead 60%", figure("p99_us"), "tx", "less", 3.0, 1.3, "p99 at 60 % of the maximum"),
]

# A start is measured for its time and its memory.
MEASURED_WITH = {"M14": "M13"}


def read(path):
    """The last run of each case: (measurement, case) -> {"run": header, "pairs": {number: {side: slice}}}."""
    cases, run, runs = {}, {}, 0
    for line in open(path, encoding="utf-8"):
        entry = json.loads(line)
        if "run" in entry:
            run, runs = entry["run"], runs + 1
            continue
        key = entry["measurement"], entry["case"]
        if key not in cases or cases[key]["number"] != runs:
            cases[key] = {"number": runs, "run": run, "pairs": {}}
        cases[key]["pairs"].setdefault(entry["pair"], {})[entry["side"]] = entry
    return cases


def drift(pair):
    slice_ = next(iter(pair.values()))
    return max(max(slice_[probe]) / min(slice_[probe]) for probe in ("flush_us", "ping_us"))


def noisy(pair):
    return drift(pair) > MOST_DRIFT or any(slice_["steal"] > MOST_STEAL for slice_ in pair.values())


def kept(case):
    return [pair for number, pair in sorted(case["pairs"].items()) if number > 0 and not noisy(pair)]


def number(value):
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.0f}" if value >= 100 else f"{value:.2f}"


def judge(ratio, better, limit):
    if limit is None:
        return ""
    return "met" if (ratio >= limit if better == "more" else ratio <= limit) else "**missed**"


def limit_text(better, limit):
    return "" if limit is None else f"{'>=' if better == 'more' else '<='} {limit:g}x"


def row(gate, key, case):
    name, _, value, other, better, wanted, moonshot, says = gate
    pairs = [pair for pair in kept(case) if "ours" in pair and other in pair]
    if not pairs:
        return f"| {name} | {key[1]} | {says} | | | every pair was noisy | | | | |"
    ratios = [value(pair["ours"]) / value(pair[other]) for pair in pairs]
    ours, theirs = (median(value(pair[side]) for pair in pairs) for side in ("ours", other))
    cpu = [median(cpu_us(pair[side]) for pair in pairs) for side in ("ours", other)]
    faults = sum(1 for pair in case["pairs"].values() for slice_ in pair.values() if slice_["fault"])
    verdict = "**work was lost or failed**" if faults else judge(median(ratios), better, wanted)
    dropped = sum(1 for number_ in case["pairs"] if number_ > 0) - len(pairs)
    return (f"| {name} | {key[1]} | {says}; against `{other}` | {limit_text(better, wanted)} | {limit_text(better, moonshot)} "
            f"| **{median(ratios):.2f}x** ({min(ratios):.2f}..{max(ratios):.2f}) {verdict} | {number(ours)} : {number(theirs)} "
            f"| {'' if key[0] == 'M13' else f'{cpu[0]:.0f} : {cpu[1]:.0f}'} | {len(pairs)} | {dropped} |")


def table(cases):
    lines = ["| | case | what | pass | moonshot | measured: median (min..max) | ours : theirs | CPU us/op | pairs | dropped |",
             "|---|---|---|---|---|---|---|---|---:|---:|"]
    shown = set()
    for gate in GATES:
        for key, case in sorted(cases.items(), key=lambda item: (item[0][0], case_order(item[0][1]))):
            mark = key, gate[2:4]
            if key[0] != MEASURED_WITH.get(gate[0], gate[0]) or not key[1].startswith(gate[1]) or mark in shown:
                continue
            shown.add(mark)
            lines.append(row(gate, key, case))
    return lines


def case_order(name):
    head, _, tail = name.rpartition("=")
    return (head, int(tail)) if tail.isdigit() else (name, 0)


def plot(cases, kind, sides):
    """How many a second by the number of callers; one line a side."""
    found = sorted((case_order(key[1])[1], case) for key, case in cases.items() if key[0] == "M1" and key[1].startswith(kind + " c="))
    points = [(callers, kept(case)) for callers, case in found if kept(case)]
    if len(points) < 2:
        return []
    tops = {side: [median(rate(pair[side]) for pair in pairs) for _, pairs in points] for side in sides}
    top = max(max(values) for values in tops.values())
    lines = ["```mermaid", "xychart-beta", f'  title "{kind}: created a second, by callers ({", ".join(sides)})"',
             f"  x-axis [{', '.join(str(callers) for callers, _ in points)}]", f'  y-axis "a second" 0 --> {top * 1.1:.0f}']
    lines += [f"  line [{', '.join(f'{value:.0f}' for value in tops[side])}]" for side in sides]
    return lines + ["```", ""]


def main(path):
    cases = read(path)
    runs = {case["run"].get("time", ""): case["run"] for case in cases.values()}
    last = runs[max(runs)]
    print("# What was measured\n")
    print("Written by `tools/dev bench` from `docs/performance.jsonl`; what is compared with what is in `tests/bench/README.md`.")
    print(__doc__.split("\n\n", 1)[1].strip().replace("\n", " "))
    print()
    print("\n".join(table(cases)))
    print("\nours : theirs are the medians of operations a second, or of microseconds where time is judged. CPU is that of all")
    print("processes: who asks, services, PostgreSQL, Kafka.\n")
    for kind in ("lead", "source"):
        print("\n".join(plot(cases, kind, ["ours", "tx", "cte"])))
    print("Where the time goes, what was mended and what is missing: `docs/performance-notes.md`.\n")
    print("## How\n")
    print(f"- Machine: {last['machine']}.")
    print(f"- PostgreSQL: `{last['postgres']}`; on both sides, in one cluster. Kafka: one node, acks=all; it does not flush by itself.")
    print(f"- Commands: {', '.join('`tools/dev bench ' + run['cases'] + '`' for _, run in sorted(runs.items()))}.")
    flushes = [value for case in cases.values() for pair in case["pairs"].values() for s in pair.values() for value in s["flush_us"]]
    print(f"- A flush of 8 KiB took {min(flushes):.0f} to {max(flushes):.0f} us (median of 400 each time; median of all {median(flushes):.0f}).")


if __name__ == "__main__":
    main(sys.argv[1])
