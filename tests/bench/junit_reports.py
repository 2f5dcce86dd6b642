"""Target `junit`: `muster junit merge` against parsing alone, and against junit-report-merger."""
import os
import random
import shutil
import subprocess


STACK = "\n".join(f"    at Object.toEqual (/app/src/part/module.test.js:{line}:32)" for line in range(8))
FAILURE = (f"""      <failure message="expected 1 to be 2" type="AssertionError">Error: expect(received).toEqual(expected)

- Expected  - 1
+ Received  + 1

-   &quot;a&quot;: 2,
+   &quot;a&quot;: 1,
{STACK}</failure>
""")


def suite(rng, number, cases):
    rows = [f'  <testsuite name="module {number}" errors="0" failures="{cases // 25}" skipped="0" '
            f'timestamp="2026-11-23T14:51:56" time="0.664" tests="{cases}">\n']
    for case in range(cases):
        rows.append(f'    <testcase classname="module {number} works" name="module {number} does the thing number '
                    f'{case} when asked" time="{rng.random():.3f}" file="src/part{number % 8}/module{number}.test.js">\n'
                    f'{FAILURE if case % 25 == 24 else ""}    </testcase>\n')
    rows.append("  </testsuite>\n")
    return "".join(rows)


def reports(folder, files, size, seed=50):
    """`files` reports of `size` bytes each, 50 test cases a suite, one of 25 failed. Their paths."""
    rng = random.Random(seed)
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    number, paths = 0, []
    for file in range(files):
        paths.append(os.path.join(folder, f"shard{file}.xml"))
        with open(paths[-1], "w", encoding="utf-8") as out:
            out.write('<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="jest tests">\n')
            while out.tell() < size:
                out.write(suite(rng, number, 50))
                number += 1
            out.write("</testsuites>\n")
    return paths


def peer(context):
    """The program of junit-report-merger; None where npm cannot install it."""
    folder = context.folder("junit-peer")
    program = os.path.join(folder, "node_modules", "junit-report-merger", "cli.js")
    if not os.path.exists(program):
        os.makedirs(folder, exist_ok=True)
        subprocess.run(["npm", "install", "--prefix", folder, "--no-audit", "--no-fund", "junit-report-merger@9"],
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=False)
    return program if os.path.exists(program) else None


def junit(context):
    """JUnit reports into one: 4 x 50 MB against parsing alone, 4 and 8 x 3 MB against junit-report-merger."""
    folder = context.folder("junit")
    build = os.path.dirname(context.muster_path)
    subprocess.run(["ninja", "-C", build, "tests/bench-expat"], stdout=subprocess.DEVNULL, check=True)
    parser, node = os.path.join(build, "tests", "bench-expat"), os.path.realpath(shutil.which("node") or "node")

    def merge(paths):
        return [context.muster, "junit", "merge", "-q", *paths, "-o", os.path.join(folder, "merged.xml")]

    paths = reports(folder, 4, 50e6)
    rows = context.turns("junit", "200 MB", folder, {"expat alone": ([parser, *paths], parser),
                                             "muster": (merge(paths), context.muster)}, "expat alone")
    program = peer(context)
    for files in (4, 8) if program else ():
        paths = reports(folder, files, 3.2e6)
        other = ["node", program, os.path.join(folder, "other.xml"), *paths]
        rows += context.turns("junit", f"{files} x 3 MB", folder, {"jrm": (other, node), "muster": (merge(paths), context.muster)},
                      "jrm")
    shutil.rmtree(folder)
    return rows
