#!/usr/bin/env python3
"""Write a C file that holds the given files: embed.py OUT.c FILE..."""
import hashlib
import os
import sys


def literal(data):
    lines = []
    for start in range(0, len(data), 2048):
        chunk = data[start:start + 2048]
        text = ''.join(
            chr(b) if 32 <= b < 127 and b not in b'"\\?' else '\\%03o' % b for b in chunk)
        lines.append('\t\t"%s"' % text)
    return '\n'.join(lines) or '\t\t""'


def main():
    out, files = sys.argv[1], sorted(sys.argv[2:], key=os.path.basename)
    digest = hashlib.sha256()
    rows = []
    for path in files:
        with open(path, 'rb') as f:
            data = f.read()
        digest.update(os.path.basename(path).encode() + b'\0' + data)
        rows.append('\t{"%s",\n%s,\n\t\t%d},' % (os.path.basename(path), literal(data), len(data)))
    with open(out, 'w') as f:
        f.write('#include "runners/adapter_files.h"\n\n')
        f.write('const char adapter_files_digest[] = "%s";\n\n' % digest.hexdigest()[:16])
        f.write('const struct adapter_file adapter_files[] = {\n')
        f.write('\n'.join(rows) + '\n\t{NULL, NULL, 0},\n};\n')


main()
