"""Target `coverage`: `muster coverage merge` and `report` against nyc, and against reading the bytes."""
import json
import os
import shutil
import subprocess


ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
FIXTURE = os.path.join(ROOT, "tests", "fixtures", "coverage", "node_modules")
NYC = os.path.join(FIXTURE, "nyc", "bin", "nyc.js")
SIZES = {"5 MB": (6e6, 64, (4, 64)), "50 MB": (49e6, 16, (4, 16))}
REPORTS = {"text": "text", "text-summary": "text-summary", "lcovonly": "lcov", "cobertura": "cobertura",
           "json": "json", "json-summary": "json-summary", "html": "html"}


def shards(folder, size, count):
    """Written once: the maps of real packages, with hits drawn anew for each shard. Their paths."""
    if not os.path.exists(os.path.join(folder, f"shard{count - 1:02}.json")):
        script = os.path.join(ROOT, "tests", "bench", "coverage_inputs.mjs")
        subprocess.run(["node", script, folder, str(int(size)), str(count), FIXTURE], check=True)
    return [os.path.join(folder, name) for name in sorted(os.listdir(folder)) if name.endswith(".json")]


def link(folder, paths):
    """A folder with these files and nothing else."""
    inputs = os.path.join(folder, "inputs")
    shutil.rmtree(inputs, ignore_errors=True)
    os.makedirs(inputs)
    for path in paths:
        os.link(path, os.path.join(inputs, os.path.basename(path)))
    return inputs


def program(name):
    return os.path.realpath(shutil.which(name))


def same_json(one, other):
    with open(one, encoding="utf-8") as a, open(other, encoding="utf-8") as b:
        return json.load(a) == json.load(b)


def merges(context, folder, name, paths):
    """Reading is `cat`, read(2) of all bytes, and `wc -l`, the same and one pass of memchr(3) over them."""
    inputs, ours, theirs = link(folder, paths), os.path.join(folder, "muster.json"), os.path.join(folder, "nyc.json")
    rows = context.turns("coverage", name, folder, {
        "nyc merge": (["node", NYC, "merge", inputs, theirs], program("node")),
        "cat": (["cat", *paths], program("cat")),
        "wc -l": (["wc", "-l", *paths], program("wc")),
        "muster": ([context.muster, "coverage", "merge", "-q", inputs, "-o", ours], context.muster),
    }, "muster")
    if not same_json(ours, theirs):
        context.failures.append(f"{name}: the merged maps are not equal")
    return rows


def reports(context, folder, path):
    inputs, rows = link(folder, [path]), []
    for names in [[name] for name in REPORTS] + [list(REPORTS)]:
        nyc = ["node", NYC, "report", "--temp-dir", inputs, "--report-dir", os.path.join(folder, "nyc"),
               "--exclude-after-remap=false", *(f"--reporter={name}" for name in names)]
        muster = [context.muster, "coverage", "report", "-q", inputs, "-o", os.path.join(folder, "muster"),
                  *(f"--reporter={REPORTS[name]}" for name in names)]
        rows += context.turns("coverage", names[0] if len(names) == 1 else "all reports", folder,
                      {"nyc report": (nyc, program("node")), "muster": (muster, context.muster)}, "muster")
    return rows


def coverage(context):
    """Coverage maps of real packages: 4 and 64 x 5 MB, 4 and 16 x 50 MB, and reports of one of 50 MB."""
    folder, rows = context.folder("coverage"), []
    os.makedirs(folder, exist_ok=True)
    for label, (size, count, takes) in SIZES.items():
        paths = shards(os.path.join(folder, label.split()[0]), size, count)
        for take in takes:
            rows += merges(context, folder, f"{take} x {label}", paths[:take])
    rows += reports(context, folder, paths[0])
    shutil.rmtree(os.path.join(folder, "inputs"))
    return rows
