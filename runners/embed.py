"""embed.py OUT FILE...: a C file with the content of each FILE and a digest over all."""
import hashlib
import os
import sys

out, files = sys.argv[1], sorted(sys.argv[2:], key=os.path.basename)
digest = hashlib.sha256()
parts = ['#include "runners/adapter_files.h"\n']
rows = []
for i, path in enumerate(files):
    with open(path, 'rb') as f:
        data = f.read()
    name = os.path.basename(path)
    digest.update(f'{name}\0{len(data)}\0'.encode() + data)
    # a '\0' behind the content keeps an empty file legal C
    text = ','.join(str(b) for b in data + b'\0')
    parts.append(f'static const unsigned char data_{i}[] = {{{text}}};\n')
    rows.append(f'\t{{"{name}", data_{i}, {len(data)}}},\n')
parts.append('const struct adapter_file adapter_files[] = {\n' + ''.join(rows) + '\t{0},\n};\n')
parts.append(f'const char adapter_files_digest[] = "{digest.hexdigest()[:16]}";\n')
with open(out, 'w', encoding='utf-8') as f:
    f.write('\n'.join(parts))
