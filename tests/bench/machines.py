"""Plan, journal and merge: figures that need no JavaScript. Inputs are generated from a fixed seed."""
import heapq
import json
import os
import random
import shutil
import time

import measure

FILES, SHARDS = 100_000, 256
BUNDLES, BUNDLE_FILES, FILE_TESTS = 256, 8, 98  # 200,704 results
START_MS = 1_790_000_000_000


def durations():
    rng = random.Random(5)
    return {f"packages/p{i % 97}/src/module{i // 97}/file{i}.test.ts": round(rng.lognormvariate(-1, 1.4), 3)
            for i in range(FILES)}


def reference_lpt(times, shards):
    heap, groups = [(0.0, i) for i in range(shards)], [[] for _ in range(shards)]
    for file in sorted(times, key=lambda name: (-times[name], name)):
        load, i = heapq.heappop(heap)
        groups[i].append(file)
        heapq.heappush(heap, (load + times[file], i))
    return max(sum(times[file] for file in group) for group in groups)


def result(target, contender, runs, **more):
    return {"target": target, "contender": contender, "runs": len(runs),
            "wall_s": measure.median([run["wall"] for run in runs]),
            "cpu_s": measure.median([run["cpu"] for run in runs]), **more}


def plan(context):
    """100,000 files on 256 shards: the whole command (limit 200 ms), beside LPT in Python on the parsed data."""
    folder = context.folder("plan")
    os.makedirs(folder, exist_ok=True)
    times = durations()
    with open(os.path.join(folder, "timings.json"), "w", encoding="utf-8") as out:
        json.dump(times, out)
    with open(os.path.join(folder, "files.txt"), "w", encoding="utf-8") as out:
        out.write("\n".join(times) + "\n")
    began, cpu = time.monotonic(), time.process_time()
    makespan = reference_lpt(times, SHARDS)
    rows = [{"target": "plan", "contender": "LPT in Python", "runs": 1, "wall_s": time.monotonic() - began,
             "cpu_s": time.process_time() - cpu}]
    if context.peers_only:
        return rows
    argv = [context.muster, "plan", "--files", "files.txt", "--timings", "timings.json", "--shards", str(SHARDS),
            "-o", "plan.json"]
    runs = [context.run("plan", argv, folder, program=context.muster) for _ in range(context.reps)]
    with open(os.path.join(folder, "plan.json"), encoding="utf-8") as made:
        ratio = json.load(made)["predicted"]["makespan_ms"] / 1000 / makespan
    rows.append(result("plan", f"muster, makespan × {ratio:.4f}", runs,
                       rss_kb=measure.median([run["own_rss_kb"] for run in runs])))
    return rows


def journal_lines(shard, shards, files):
    clock, worker = START_MS + shard * 13, 1
    yield {"type": "run_started", "ts": clock, "schema": "muster/journal/1",
           "run_id": f"20260921-{shard:06d}-aaaaaa", "version": "0.1.0", "base": "/project", "commit": "c0ffee",
           "platform": "linux-x64", "shard": shard, "shards": shards, "workers": 2, "history_runs": 1}
    yield {"type": "worker_started", "ts": clock, "suite": "unit", "worker": worker, "pid": 7}
    names = [f"packages/p{shard}/test/module{i}.test.js" for i in range(files)]
    yield {"type": "suite_discovered", "ts": clock, "suite": "unit", "runner": "jest", "root": ".", "count": files}
    for name in names:
        yield {"type": "file_planned", "ts": clock, "suite": "unit", "file": name, "estimate_ms": 500, "known": True}
    for name in names:
        where = {"suite": "unit", "file": name}
        yield {"type": "file_started", "ts": clock, **where, "attempt": 1, "worker": worker, "count": 1}
        for i in range(FILE_TESTS):
            test = {**where, "path": [f"module of {name[-15:]}", f"does what it should do in case {i}"], "occ": 1,
                    "attempt": 1, "worker": worker}
            yield {"type": "test_started", "ts": clock, **test, "line": i * 7 + 3}
            clock += 5
            yield {"type": "test_finished", "ts": clock, **test, "outcome": "passed", "ms": 4.125, "line": i * 7 + 3}
        yield {"type": "file_finished", "ts": clock, **where, "attempt": 1, "worker": worker, "outcome": "passed",
               "ms": 497.5, "rss_kb": 81234, "count": FILE_TESTS}
    yield {"type": "worker_exited", "ts": clock, "suite": "unit", "worker": worker, "cpu_us": 400000}
    yield {"type": "run_finished", "ts": clock, "ms": 5000}


def write_journal(folder, shard, shards, files):
    os.makedirs(folder, exist_ok=True)
    events = 0
    with open(os.path.join(folder, "journal.ndjson"), "w", encoding="utf-8") as out:
        for event in journal_lines(shard, shards, files):
            out.write(json.dumps(event, separators=(",", ":")) + "\n")
            events += 1
    return events


def read_plainly(path):
    """What any program has to do at least: read the lines and parse them."""
    began, cpu = time.monotonic(), time.process_time()
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            json.loads(line)
    return {"wall": time.monotonic() - began, "cpu": time.process_time() - cpu}


def journal(context):
    """Replay of one journal of 400,000 events (limit 300,000 a CPU second), beside json.loads on its lines."""
    folder = context.folder("journal")
    events = write_journal(folder, 0, 0, BUNDLES * BUNDLE_FILES)
    path = os.path.join(folder, "journal.ndjson")
    peer = [read_plainly(path) for _ in range(context.reps)]
    rate = events / measure.median([run["cpu"] for run in peer])
    rows = [result("journal", f"json.loads, {rate / 1000:.0f} k/s", peer)]
    if context.peers_only:
        return rows
    argv = [context.muster, "report", folder, "--reporter", "dot=" + os.path.join(folder, "dot.txt")]
    runs = [context.run("journal", argv, folder, program=context.muster) for _ in range(context.reps)]
    rate = events / measure.median([run["cpu"] for run in runs])
    rows.append(result("journal", f"muster, {rate / 1000:.0f} k/s", runs,
                       rss_kb=measure.median([run["own_rss_kb"] for run in runs])))
    return rows


def merge(context):
    """256 bundles with 200,000 results (limit 2 s CPU and 100 MB), history, JUnit and summary included."""
    folder = context.folder("merge")
    shutil.rmtree(folder, ignore_errors=True)
    for shard in range(1, BUNDLES + 1):
        write_journal(os.path.join(folder, "bundles", f"shard-{shard}"), shard, BUNDLES, BUNDLE_FILES)
    paths = [os.path.join(folder, "bundles", f"shard-{shard}", "journal.ndjson") for shard in range(1, BUNDLES + 1)]
    peer = [{key: sum(part[key] for part in parts) for key in ("wall", "cpu")}
            for parts in ([read_plainly(path) for path in paths] for _ in range(context.reps))]
    rows = [result("merge", "json.loads on every line", peer)]
    if context.peers_only:
        return rows
    out = os.path.join(folder, "out")
    outputs = ["--no-gates", "--out", out, "--reporter", "junit=" + os.path.join(folder, "junit.xml")]
    history = ["--history", os.path.join(out, "history.db")]
    for name, more in (("muster", history), ("muster, no history", ["--no-history"])):
        runs = []
        for _ in range(context.reps):
            shutil.rmtree(os.path.join(folder, "out"), ignore_errors=True)
            argv = [context.muster, "merge", "bundles", *outputs, *more]
            runs.append(context.run(name, argv, folder, program=context.muster))
        rows.append(result("merge", name, runs, rss_kb=measure.median([run["own_rss_kb"] for run in runs])))
    return rows
