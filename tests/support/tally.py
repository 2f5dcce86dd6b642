#!/usr/bin/env python3
"""Adds up what `meson test` ran, subtests included, and prints "N passed, N failed".

A meson test is one program; what it holds is read from its output: TAP (Criterion), the summary of
node:test, or the last line of cram. A program that says nothing of the kind counts as one test. A
program that meson calls failed counts at least one failure, whatever it printed before it died.
"""
import json
import re
import sys

TAP_LINE = re.compile(r"^(not )?ok\b(.*)$", re.M)
TAP_SKIP = re.compile(r"#\s*skip", re.I)
NODE_LINE = re.compile(r"^(?:#|ℹ) (pass|fail|cancelled) (\d+)\s*$", re.M)
CRAM_LINE = re.compile(r"^# Ran (\d+) tests?, (\d+) skipped, (\d+) failed\.?$", re.M)
GOOD = {"OK", "EXPECTEDFAIL"}


def count(output):
    """(passed, failed) inside one program, or None when its output says nothing."""
    node = NODE_LINE.findall(output)
    if node:
        sums = {"pass": 0, "fail": 0, "cancelled": 0}
        for name, number in node:
            sums[name] += int(number)
        return sums["pass"], sums["fail"] + sums["cancelled"]
    cram = CRAM_LINE.findall(output)
    if cram:
        ran, skipped, failed = (sum(int(row[i]) for row in cram) for i in range(3))
        return ran - skipped - failed, failed
    lines = [line for line in TAP_LINE.findall(output) if not TAP_SKIP.search(line[1])]
    if lines:
        failed = sum(1 for line in lines if line[0])
        return len(lines) - failed, failed
    return None


def tally(entries):
    passed = failed = 0
    broken = []
    for entry in entries:
        if entry["result"] == "SKIP":
            continue
        good = entry["result"] in GOOD
        inside = count(entry.get("stdout") or "") or ((1, 0) if good else (0, 1))
        passed += inside[0]
        failed += inside[1]
        if not good and inside[1] == 0:
            failed += 1
        if not good or inside[1] > 0:
            broken.append(f"{entry['name']} ({entry['result'].lower()})")
    return passed, failed, broken


def main():
    try:
        with open(sys.argv[1], encoding="utf-8") as log:
            entries = [json.loads(line) for line in log if line.strip()]
    except OSError as error:
        entries = []
        print(f"error: no test log: {error}", file=sys.stderr)
    passed, failed, broken = tally(entries)
    for name in broken:
        print(f"failed: {name}")
    sys.stdout.flush()
    print(f"{passed} passed, {failed} failed")
    return 0 if failed == 0 and passed > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
