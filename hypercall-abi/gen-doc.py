#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Print HYPERCALLS.md from the table in xenabi/hypercalls.h."""

import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROW = re.compile(r'^ +X\((\d+), +(\w+), (\d)\) +/\* (.*?) \*/', re.M)


def main():
    with open(os.path.join(HERE, 'xenabi', 'hypercalls.h')) as f:
        text = f.read()
    rows = ROW.findall(text)
    if len(rows) != len(re.findall(r'^ +X\(\d', text, re.M)):
        sys.exit('gen-doc: a row of the hypercall table lacks its argument names')
    print('# Hypercalls\n\nMade by `gen-doc.py` from `xenabi/hypercalls.h`; do not edit.\n')
    print('| Number | Name | Arguments |\n|---:|---|---|')
    for number, name, nr_args, args in rows:
        args = [] if args == '-' else args.split(', ')
        if len(args) != int(nr_args):
            sys.exit('gen-doc: %s: %s arguments, %d names' % (name, nr_args, len(args)))
        print('| %s | `%s` | %s |' % (number, name, ', '.join('`%s`' % a for a in args) or 'none'))


if __name__ == '__main__':
    main()
