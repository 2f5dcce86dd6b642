#!/usr/bin/env python3
"""Write a C file that holds the given files: embed.py OUT.c NAME FILE...

It defines `const struct embedded_file NAME[]`, ended by a NULL name, and NAME_digest over all of it."""
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
    out, name, files = sys.argv[1], sys.argv[2], sorted(sys.argv[3:], key=os.path.basename)
    digest = hashlib.sha256()
    rows = []
    for path in files:
        with open(path, 'rb') as f:
            data = f.read()
        digest.update(os.path.basename(path).encode() + b'\0' + data)
        rows.append('\t{"%s",\n%s,\n\t\t%d},' % (os.path.basename(path), literal(data), len(data)))
    with open(out, 'w') as f:
        f.write('#include "core/base/embedded.h"\n\n')
        f.write('extern const char %s_digest[];\n' % name)
        f.write('const char %s_digest[] = "%s";\n\n' % (name, digest.hexdigest()[:16]))
        f.write('extern const struct embedded_file %s[];\n' % name)
        f.write('const struct embedded_file %s[] = {\n' % name)
        f.write('\n'.join(rows) + '\n\t{NULL, NULL, 0},\n};\n')


main()
