#!/usr/bin/env python3
"""Line coverage of our C, per layer, from a build directory made with -Db_coverage=true.

usage: coverage.py BUILD [--files]

Reads what gcov says of every object that ran. A line counts once, however many objects hold it
(static functions of headers), and a file that was never run counts with all of its lines. Ends
with 1 when less than LIMIT per cent of all lines ran.
"""
import collections
import gzip
import json
import os
import subprocess
import sys
import tempfile

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), '../..'))
LAYERS = ['core/base', 'core/io', 'core', 'core/engine', 'runners', 'reporters', 'cmd']
AT_ONCE = 50
LIMIT = 90
WORST = 5


def layer_of(path):
    """The longest layer that holds a file of ours; None for tests and for the system's headers."""
    found = [layer for layer in LAYERS if path.startswith(layer + '/')]
    return max(found, key=len) if found else None


def notes(build):
    for folder, _, names in os.walk(build):
        for name in names:
            if name.endswith('.gcno'):
                yield os.path.join(folder, name)


def read(build):
    """path -> line -> hits"""
    files = collections.defaultdict(dict)
    objects = sorted(notes(build))
    with tempfile.TemporaryDirectory() as scratch:
        for at in range(0, len(objects), AT_ONCE):
            subprocess.run(
                [os.environ.get('GCOV', 'gcov'), '--json-format', '--preserve-paths'] + objects[at:at + AT_ONCE],
                cwd=scratch, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
        for name in os.listdir(scratch):
            with gzip.open(os.path.join(scratch, name), 'rt', encoding='utf-8') as text:
                add(files, json.load(text))
    return files


def add(files, report):
    for file in report['files']:
        path = os.path.join(report['current_working_directory'], file['file'])
        path = os.path.relpath(os.path.realpath(path), ROOT)
        if not layer_of(path):
            continue
        lines = files[path]
        for line in file['lines']:
            number = line['line_number']
            lines[number] = lines.get(number, 0) + line['count']


def percent(lines):
    """Floored, as every coverage report has it: 100 means all."""
    return (len(lines) - missed(lines)) * 10000 // len(lines) / 100 if lines else 100


def missed(lines):
    return sum(1 for hits in lines if not hits)


def row(name, lines):
    return '%-40s %7d of %6d lines %7.2f %%' % (name, len(lines) - missed(lines), len(lines), percent(lines))


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    files = read(os.path.realpath(sys.argv[1]))
    if not files:
        sys.exit('error: no coverage data in %s' % sys.argv[1])
    layers = collections.defaultdict(list)
    for path, lines in files.items():
        layers[layer_of(path)] += lines.values()
    if '--files' in sys.argv:
        for path in sorted(files):
            print(row(path, list(files[path].values())))
    print('most lines that never ran:')
    for path in sorted(files, key=lambda path: (-missed(files[path].values()), path))[:WORST]:
        print('  %-38s %7d of %6d lines' % (path, missed(files[path].values()), len(files[path])))
    every = [hits for lines in layers.values() for hits in lines]
    for layer in LAYERS:
        print(row(layer, layers[layer]))
    print(row('all', every))
    if percent(every) < LIMIT:
        sys.exit('error: less than %d %% of the lines of our C ran' % LIMIT)


main()
