"""Target `collect`: what collecting coverage costs, against the runners' own ways to do it."""
import os

import suites

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
MODULES = os.path.join(ROOT, "tests", "fixtures", "collect", "node_modules")
BIN = os.path.join("node_modules", ".bin")
JEST = [os.path.join(BIN, "jest"), "--silent"]
MOCHA = [os.path.join(BIN, "mocha"), "--reporter", "dot"]
# runner with its tool: (kind of suite, script, variables, the runner alone, with coverage)
TOOLS = {
    "jest, babel": ("jest", "jest", {"PROVIDER": "babel"}, JEST, [*JEST, "--coverage", "--coverageReporters=json"]),
    "jest, v8": ("jest", "jest", {"PROVIDER": "v8"}, JEST, [*JEST, "--coverage", "--coverageReporters=json"]),
    "mocha, nyc": ("mocha", "nyc mocha", {}, MOCHA, [os.path.join(BIN, "nyc"), "-r", "json", *MOCHA]),
    "mocha, c8": ("mocha", "c8 mocha", {}, MOCHA, [os.path.join(BIN, "c8"), "-r", "json", *MOCHA]),
}


def measure_tool(context, tool):
    kind, script, env, alone, covering = TOOLS[tool]
    folder = context.folder("collect-" + tool.replace(", ", "-"))
    suites.covered_files(folder, MODULES, kind, script)
    workers = [f"--maxWorkers={context.workers}"] if kind == "jest" else []
    jobs = [context.muster, "run", "-j", context.workers if kind == "jest" else "1"]
    contenders = {"alone": [*alone, *workers], "alone, coverage": [*covering, *workers]}
    if not context.peers_only:
        contenders |= {"muster": jobs, "muster, coverage": [*jobs, "--coverage", "--no-gates"]}
    results = {contender: [] for contender in contenders}
    for repetition in range(context.reps + 1):
        for contender, argv in contenders.items():
            result = context.run(f"{tool}, {contender}", argv, folder, env={"CI": "true", **env})
            if repetition > 0:  # the first round fills the runners' own caches
                results[contender].append(result)
    return [context.row("collect", f"{tool}: {contender}", runs, results["alone, coverage"])
            for contender, runs in results.items()]


def collect(context):
    """60 test files over 40 sources with and without coverage: Jest (babel, v8), Mocha (nyc, c8)."""
    return [row for tool in TOOLS for row in measure_tool(context, tool)]
