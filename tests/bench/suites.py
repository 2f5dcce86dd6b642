"""Writes the suites that are measured. The same seed gives the same files, byte for byte."""
import json
import os
import random
import shutil

CHROMIUM_ARGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                 "--disable-background-networking", "--disable-component-update", "--disable-sync"]

# Work as tests do it: parse, sort, hash. The unit takes about a millisecond.
WORK_JS = """'use strict';

const { createHash } = require('node:crypto');

function unit(seed) {
  const rows = Array.from({ length: 1500 }, (_, n) => ({ id: (n * 7919 + seed) % 4001, name: `row ${n}` }));
  const copy = JSON.parse(JSON.stringify(rows)).sort((a, b) => a.id - b.id || (a.name < b.name ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(copy)).digest('hex');
}

function work(units, seed = 1) {
  let last = '';
  for (let n = 0; n < units; n += 1) last = unit(seed + n);
  return last;
}

module.exports = { work };
"""


def write(folder, name, text):
    path = os.path.join(folder, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as out:
        out.write(text)


def start(folder, modules, package):
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    os.symlink(modules, os.path.join(folder, "node_modules"))
    write(folder, "package.json", json.dumps({"private": True, **package}, indent=2) + "\n")
    write(folder, "src/work.js", WORK_JS)


def tests_js(rng, name, tests, units, assertion):
    """`tests` test cases that share `units` of work unevenly."""
    rows = [f"describe('{name}', () => {{"]
    left = units
    for number in range(tests):
        share = left if number == tests - 1 else rng.randint(0, left // 2)
        left -= share
        rows.append(f"  it('case {number}', () => {{ {assertion % (share, number)} }});")
    rows.append("});")
    return "\n".join(rows) + "\n"


def skewed(rng, low, high):
    """Most files are small, a few are an order of magnitude larger."""
    return int(low * (high / low) ** (rng.random() ** 3))


def jest_files(folder, modules, files=200, low=2, high=120, tests=(3, 9), seed=200):
    rng = random.Random(seed)
    start(folder, modules, {"devDependencies": {"jest": "*"},
                            "jest": {"testEnvironment": "node", "testMatch": ["<rootDir>/src/**/*.test.js"]}})
    for number in range(files):
        body = tests_js(rng, f"module {number}", rng.randint(*tests), skewed(rng, low, high),
                        "expect(work(%d, %d)).toEqual(expect.any(String));")
        write(folder, f"src/part{number % 8}/module{number}.test.js",
              f"'use strict';\n\nconst {{ work }} = require('../work');\n\n{body}")


def mocha_files(folder, modules, files=200, low=1, high=30, tests=(3, 12), seed=150):
    rng = random.Random(seed)
    start(folder, modules, {"devDependencies": {"mocha": "*"}})
    write(folder, ".mocharc.json", json.dumps({"spec": ["test/**/*.test.js"], "timeout": 20000}) + "\n")
    for number in range(files):
        body = tests_js(rng, f"part {number}", rng.randint(*tests), skewed(rng, low, high),
                        "assert.equal(typeof work(%d, %d), 'string');")
        write(folder, f"test/part{number:03}.test.js",
              "'use strict';\n\nconst assert = require('node:assert/strict');\n"
              f"const {{ work }} = require('../src/work');\n\n{body}")


def covered_files(folder, modules, kind, script, files=60, sources=40, functions=25):
    """Test files that need three sources each; every function has a branch that no test takes."""
    rng = random.Random(sources)
    start(folder, modules, {"scripts": {"test": script}})
    for number in range(sources):
        write(folder, f"src/source{number}.js", "'use strict';\n\n" + "".join(f"""exports.f{index} = n => {{
  let sum = {index};
  for (let i = 0; i < n; i++) {{
    if (i % {index + 2} === 0) {{
      sum += i;
    }} else if (i > 1e6) {{
      return -1;
    }}
  }}
  return sum;
}};
""" for index in range(functions)))
    if kind == "jest":
        write(folder, "jest.config.js",
              "module.exports = { testEnvironment: 'node', coverageProvider: process.env.PROVIDER };\n")
    for number in range(files):
        needed = rng.sample(range(sources), 3)
        cases = "".join(f"""it('source {source}', () => {{
  const all = require('../src/source{source}');
  for (const name of Object.keys(all))
    if (all[name](200) < 0) throw new Error(name);
}});
""" for source in needed)
        name = f"test/file{number:02}.test.js"
        write(folder, name, f"'use strict';\n\n{cases}")
    if kind == "mocha":
        write(folder, ".mocharc.json", json.dumps({"spec": ["test/*.test.js"]}) + "\n")


def playwright_files(folder, modules, files=8, tests=(1, 3), seed=10):
    rng = random.Random(seed)
    start(folder, modules, {"devDependencies": {"@playwright/test": "*"}})
    launch = {"executablePath": os.environ.get("CHROMIUM", "/usr/bin/chromium"), "args": CHROMIUM_ARGS}
    write(folder, "playwright.config.js",
          f"module.exports = {json.dumps({'testDir': 'e2e', 'reporter': 'line', 'use': {'launchOptions': launch}}, indent=2)};\n")
    for number in range(files):
        cases = []
        for case in range(rng.randint(*tests)):
            rows = rng.randint(20, 600)
            cases.append(f"""test('list of {rows}, {case}', async ({{ page }}) => {{
  await page.setContent(`<ul>${{'<li>row</li>'.repeat({rows})}}</ul><input aria-label="name"><p></p>`);
  await page.evaluate(() => document.querySelector('input').addEventListener('input', (event) => {{
    document.querySelector('p').textContent = event.target.value;
  }}));
  await expect(page.locator('li')).toHaveCount({rows});
  await page.getByLabel('name').fill('Ada {case}');
  await expect(page.locator('p')).toHaveText('Ada {case}');
}});
""")
        write(folder, f"e2e/list{number}.spec.js",
              "const { test, expect } = require('@playwright/test');\n\n" + "\n".join(cases))


def failing_files(folder, modules, files=24, seed=1):
    """One file fails at once while the other workers are in the middle of long tests."""
    jest_files(folder, modules, files=files, low=1500, high=3000, tests=(1, 2), seed=seed)
    write(folder, "src/part0/aaa.test.js", """'use strict';

const { writeFileSync } = require('node:fs');

it('fails at once', () => {
  writeFileSync(process.env.BENCH_STAMP, String(Date.now()));
  expect(1).toBe(2);
});
""")


def many_tests(folder, modules, runner, units, files=100, tests=100):
    """10,000 tests of `units` of work each, written as people write small tests."""
    if runner == "jest":
        jest_files(folder, modules, files=0)
        where, assertion, head = "src/module%03d.test.js", "expect(work(%d, %d)).toEqual(expect.any(String));", ""
    else:
        mocha_files(folder, modules, files=0)
        where, assertion = "test/part%03d.test.js", "assert.equal(typeof work(%d, %d), 'string');"
        head = "const assert = require('node:assert/strict');\n"
    for file in range(files):
        rows = [f"  it('does what it should in case {test}', () => {{ {assertion % (units, file * tests + test)} }});"
                for test in range(tests)]
        write(folder, where % file, f"'use strict';\n\n{head}const {{ work }} = require('../src/work');\n\n"
              f"describe('module {file}', () => {{\n" + "\n".join(rows) + "\n});\n")


# So that the three suites take about the same time: browsers take most of the whole example's.
SHOP_PARTS = {"src": 2, "test/api": 2, "test/e2e": 4}


def shop(folder, modules, example, whole=False):
    """A copy of the example, or of every second test file, every fourth of those with a browser."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(example, folder, ignore=shutil.ignore_patterns("node_modules", "test-results", ".muster"))
    for part, keep in ({} if whole else SHOP_PARTS).items():
        found = (os.path.join(at, name) for at, _, names in os.walk(os.path.join(folder, part)) for name in names)
        for index, path in enumerate(sorted(path for path in found if path.endswith((".test.js", ".spec.js")))):
            if index % keep:
                os.unlink(path)
    os.symlink(modules, os.path.join(folder, "node_modules"))


def one_long_file(folder, modules, tests=48, wait_ms=250):
    """A Mocha suite whose longest file is four times the ideal share of four workers: its tests wait,
    so that a machine with fewer cores, or with other work, measures the same."""
    start(folder, modules, {"devDependencies": {"mocha": "*"}})
    write(folder, ".mocharc.json", json.dumps({"spec": ["test/*.js"], "parallel": True}) + "\n")
    wait = f"done => setTimeout(done, {wait_ms})"
    write(folder, "test/long.js", "".join(f"it('case {i}', {wait});\n" for i in range(tests)))
    for i in range(4):
        write(folder, f"test/short{i}.js", "it('is short', () => {});\n")
