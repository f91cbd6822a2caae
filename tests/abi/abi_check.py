#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Hold hypercall-abi/xenabi against the upstream public headers (Debian's libxen-dev).

Names are taken from our headers, their values from a program compiled against them.  From that a
C file of static asserts is written and compiled against the upstream headers: every structure's
size, every field's offset and size, every constant.  A name that upstream lacks must stand in
allow.txt with the reason.
"""

import argparse
import fnmatch
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
CC = os.environ.get('CC', 'gcc')
CFLAGS = ['-std=gnu11', '-Wall', '-Wextra', '-Werror']

UPSTREAM = '''xen.h arch-x86/cpuid.h version.h features.h event_channel.h grant_table.h memory.h
    sched.h vcpu.h callback.h physdev.h platform.h domctl.h sysctl.h elfnote.h nmi.h errno.h pmu.h
    kexec.h xenoprof.h xsm/flask_op.h arch-x86/xen-mca.h hvm/params.h hvm/hvm_op.h
    hvm/dm_op.h hvm/ioreq.h hvm/hvm_info_table.h hvm/hvm_vcpu.h hvm/save.h
    arch-x86/hvm/start_info.h io/console.h io/xs_wire.h io/xenbus.h io/blkif.h
    io/netif.h io/kbdif.h'''.split()

# Where the names stand that upstream shows only to a hypervisor (allow.txt: xen).
INSIDE = ('errno.h',)

# Operation numbers of which we must have all that upstream has (lower-case names after a prefix
# that also names other things).
FAMILIES = re.compile(r'''(EVTCHNOP_|GNTTABOP_|SCHEDOP_|VCPUOP_|XENVER_|XENFEAT_|MMUEXT_|CALLBACKOP_
    |CALLBACKTYPE_|VMASST_TYPE_|VIRQ_|CONSOLEIO_|GNTST_|XENPMU_[a-z]|XEN_ELFNOTE_|XENNMI_
    |__HYPERVISOR_|XENMEM_[a-z]|PHYSDEVOP_[a-z]|XENPF_[a-z]|XEN_DOMCTL_[a-z]|XEN_SYSCTL_[a-z]
    |HVM_PARAM_|HVMOP_|XEN_DMOP_[a-z]|SHUTDOWN_|DOMID_|SIF_)''', re.X)

SCALARS = '''char int8_t int16_t int32_t int64_t uint8_t uint16_t uint32_t uint64_t domid_t xen_pfn_t
    xen_ulong_t xen_callback_t evtchn_port_t grant_ref_t grant_handle_t'''.split()

# Mark of a fact that has no meaning where upstream wraps the same bytes in a structure.
SOFT = ' '

# Some values at which macros with one argument are compared.
SAMPLES = (0, 1, 5, 0x2ff)


def sh(cmd, stdin=None):
    return subprocess.run(cmd, input=stdin, capture_output=True, text=True, check=False)


def must(cmd, stdin=None):
    r = sh(cmd, stdin)
    if r.returncode:
        raise SystemExit('abi_check: %s failed:\n%s' % (cmd[0], r.stderr[:4000]))
    return r.stdout


def headers(abi):
    found = []
    for folder, _, names in os.walk(os.path.join(abi, 'xenabi')):
        found += [os.path.relpath(os.path.join(folder, n), abi) for n in names if n[-2:] == '.h']
    return sorted(found)


def macros(includes, flags):
    """{name: argument list or None} of the macros that the headers add."""
    base = '#include <stddef.h>\n#include <stdint.h>\n'
    dump = []
    for text in (base, base + ''.join('#include <%s>\n' % h for h in includes)):
        out = must([CC, '-E', '-dM', '-x', 'c', '-'] + flags, text)
        dump.append(dict(re.findall(r'^#define (\w+)(\([^)]*\))?', out, re.M)))
    return {n: a for n, a in dump[1].items() if n not in dump[0]}


class Layout:
    """A reader of our own declarations, which are plain enough for one."""

    def __init__(self, text):
        self.tok = re.findall(r'"[^"]*"|\w+|[^\s\w]', text)
        self.pos = 0
        self.fields = {}                # 'struct x' -> [(path, type, '' or '[n]')]
        while self.pos < len(self.tok):
            self.top()

    def take(self):
        self.pos += 1
        return self.tok[self.pos - 1]

    def peek(self, ahead=0):
        return self.tok[self.pos + ahead]

    def skip_to_semicolon(self):
        depth = 0
        while True:
            t = self.take()
            depth += (t in '({[') - (t in ')}]')
            if t == ';' and depth == 0:
                return

    def top(self):
        if self.peek() in ('struct', 'union') and self.peek(2) == '{':
            name = self.take() + ' ' + self.take()
            self.fields[name] = self.body('')
        self.skip_to_semicolon()

    def body(self, prefix):
        out = []
        self.take()                     # {
        while self.peek() != '}':
            out += self.member(prefix)
        self.take()
        return out

    def member(self, prefix):
        inner, ctype = None, ''
        if self.peek() in ('struct', 'union'):
            self.take()
            if self.peek() == '{':
                mark = self.pos
                self.body('')           # a first look, to find the member's name behind it
                name = self.peek()
                self.pos = mark
                inner = self.body(prefix + name + '.')
            else:
                self.take()
        else:
            ctype = self.take()
        name, dim = self.take(), ''
        while self.peek() != ';':
            dim += self.take()
        self.take()
        if not re.fullmatch(r'[A-Za-z_]\w*', name) or not re.fullmatch(r'(\[\w*\])?', dim):
            raise SystemExit('abi_check: cannot read the declaration of ' + prefix + name)
        return [(prefix + name, ctype, dim)] + (inner or [])


PROGRAM = '''
#include <stdio.h>
static void str(const char *e, unsigned long long v) { printf("T\\t%s\\t%s\\n", e, (char *)v); }
static void num(const char *e, unsigned long long v) { printf("C\\t%s\\t%llu\\n", e, v); }
#define SIZE(t) printf("S\\t%s\\t%zu\\n", #t, sizeof(t));
#define OFFS(t, f) printf("O\\t%s\\t%s\\t%zu\\n", #t, #f, offsetof(t, f));
#define ELEM(t, f) printf("E\\t%s\\t%s\\t%zu\\n", #t, #f, sizeof(((t *)0)->f[0]));
#define SIGN(t, f, e) printf("N\\t%s\\t%s\\t%s\\t%d\\n", #t, #f, #e, \\
                             (__typeof__(((t *)0)->e))-1 < 0);
#define FLEN(t, f) printf("L\\t%s\\t%s\\t%zu\\n", #t, #f, sizeof(((t *)0)->f));
int main(void) {
'''


def extract(abi, work):
    """Facts about our headers: a list of (label, C condition for upstream, name)."""
    hs = headers(abi)
    flags = ['-I' + abi]
    mac = macros(hs, flags)
    mac = {n: a for n, a in mac.items() if not re.fullmatch(r'XENABI_\w+_H', n)}
    source = ''.join(open(os.path.join(abi, h)).read() for h in hs)
    table = re.findall(r'^ +X\((\d+), +(\w+), (\d)\)', source, re.M)
    if not table:
        raise SystemExit('abi_check: no rows in the hypercall table')
    incl = ''.join('#include <%s>\n' % h for h in hs)
    lay = Layout(must([CC, '-E', '-P', '-x', 'c', '-'] + flags, incl))
    types = re.findall(r'^typedef [\w ]+ (\w+)(?:\[\d+\])?;', source, re.M)

    c = [incl, PROGRAM]
    exprs = []
    for n, args in sorted(mac.items()):
        if n in ('XENABI_HYPERCALLS', 'ABI_SIZE', 'ABI_USIZE', 'ABI_OFFSET'):
            continue                    # not values; nothing of this kind is upstream
        exprs += [n] if not args else ['%s(%d)' % (n, v) for v in SAMPLES]
    exprs += ['__HYPERVISOR_' + n for _, n, _ in table]
    # The name is a literal of its own: stringising in a macro would expand it first.
    c += ['    _Generic((%s), char *: str, default: num)("%s", (unsigned long long)(%s));\n' %
          (e, e, e) for e in exprs]
    c += ['    SIZE(%s)\n' % t for t in types + list(lay.fields)]
    for t, fields in lay.fields.items():
        for path, ctype, dim in fields:
            c.append('    OFFS(%s, %s)\n' % (t, path))
            if dim != '[]':
                c.append('    FLEN(%s, %s)\n' % (t, path))
            if dim:
                c.append('    ELEM(%s, %s)\n' % (t, path))
            if ctype in SCALARS:
                c.append('    SIGN(%s, %s, %s)\n' % (t, path, path + ('[0]' if dim else '')))
    c.append('    return 0;\n}\n')
    path = os.path.join(work, 'ours.c')
    with open(path, 'w') as f:
        f.write(''.join(c))
    exe = os.path.join(work, 'ours')
    must([CC, '-std=gnu11', '-w', '-o', exe, path] + flags)

    facts = []
    for line in must([exe]).splitlines():
        k, *v = line.split('\t')
        if k == 'C':
            theirs = re.sub(r'^HVM_SAVE_CODE_(?!MAX$)(\w+)$', r'HVM_SAVE_CODE(\1)', v[0])
            facts.append((v[0], '(unsigned long long)(%s) == %sULL' % (theirs, v[1]), v[0]))
        elif k == 'T':
            facts.append((v[0], '__builtin_strcmp(%s, "%s") == 0' % tuple(v), v[0]))
        elif k == 'S':
            facts.append(('sizeof(%s)' % v[0], 'sizeof(%s) == %s' % tuple(v), v[0]))
        elif k == 'O':
            facts.append(('offsetof(%s, %s)' % (v[0], v[1]),
                          '__builtin_offsetof(%s, %s) == %s' % tuple(v), v[0]))
        elif k == 'L':
            facts.append(('sizeof(%s.%s)' % (v[0], v[1]),
                          'sizeof(((%s *)0)->%s) == %s' % tuple(v), v[0]))
        elif k == 'E':
            facts.append((SOFT + 'element of %s.%s' % (v[0], v[1]),
                          'sizeof(((%s *)0)->%s[0]) == %s' % tuple(v), v[0]))
        elif k == 'N':
            facts.append((SOFT + 'sign of %s.%s' % (v[0], v[1]),
                          '((__typeof__(((%s *)0)->%s))-1 < 0) == %s' % (v[0], v[2], v[3]), v[0]))
    return facts


def verdicts(facts, upstream, work, group):
    """{index: first error line} for the facts that do not hold upstream."""
    head = ['#include <stddef.h>', '#include <stdint.h>']
    head += ['#include <%s/%s>' % (upstream, h) for h in
             (UPSTREAM if group != 'xen' else INSIDE)]
    lines = head + ['_Static_assert(%s, "differs");' % cond for _, cond, _ in facts]
    path = os.path.join(work, 'upstream.c')
    with open(path, 'w') as f:
        f.write('\n'.join(lines) + '\n')
    r = sh([CC, '-std=gnu11', '-w', '-fsyntax-only', '-fmax-errors=0', path,
            '-D__XEN__' if group == 'xen' else '-D__XEN_TOOLS__'])
    bad = {}
    for m in re.finditer(r'^([^:\n]+):(\d+):(?:\d+:)? (?:fatal )?error: (.*)$', r.stderr, re.M):
        i = int(m[2]) - 1 - len(head)
        if m[1] != path or i < 0:
            raise SystemExit('abi_check: upstream headers do not compile: ' + m[0])
        bad.setdefault(i, m[3])
    return bad


def allow_list():
    """{name pattern: (kind, reason)}; allow.txt says what the kinds mean."""
    out = {}
    for line in open(os.path.join(HERE, 'allow.txt')):
        if line.strip() and not line.startswith('#'):
            kind, name, reason = line.split(None, 2)
            out[name] = (kind, reason.strip())
    return out


def check(abi, upstream, work):
    """Compare; return (number held, list of failures)."""
    allow = allow_list()
    kind = lambda n, *of: next((k for a, (k, _) in allow.items()
                                if k in of and fnmatch.fnmatchcase(n, a)), '')
    key = lambda n: re.sub(r'\(.*', '', n).split()[-1]     # macro, typedef or structure tag
    field = lambda label: '.'.join(re.findall(r'\w+', label)[-2:])      # of offsetof or sizeof
    facts = extract(abi, work)
    names = {key(n) for _, _, n in facts}
    fields = {field(label) for label, _, _ in facts}
    fails, held = [], 0
    for group in ('', 'xen', 'ours'):
        part = [f for f in facts if kind(key(f[2]), 'ours', 'xen') == group]
        bad = verdicts(part, upstream, work, group)
        for i, (label, cond, _) in enumerate(part):
            if group == 'ours':
                if i not in bad or 'static assertion' in bad[i]:
                    fails.append('%s: allow.txt says it is ours alone, but it is upstream' % label)
            elif i in bad and label[0] == SOFT and 'static assertion' not in bad[i]:
                continue
            elif i in bad and 'no member' in bad[i] and kind(field(label), 'bits'):
                held += 1
            elif i in bad:
                why = bad[i] if 'static assertion' not in bad[i] else 'upstream differs'
                fails.append('%s: %s (ours: %s)' % (label.strip(), why, cond))
            else:
                held += 1
    theirs = macros(['%s/%s' % (upstream, h) for h in UPSTREAM],
                    ['-D__XEN_TOOLS__'])
    for n in sorted(theirs):
        if FAMILIES.match(n) and not theirs[n] and n not in names:
            if kind(n, 'theirs'):
                held += 1
            else:
                fails.append('%s: upstream has it, we do not' % n)
    for n, (k, _) in sorted(allow.items()):
        known = theirs if k == 'theirs' else fields if k == 'bits' else names
        if not fnmatch.filter(known, n):
            fails.append('%s: stale entry in allow.txt' % n)
    return held, fails


def compile_alone(abi):
    """Each header by itself: freestanding, in user space, and in assembly where it may be."""
    held, fails = 0, []
    for h in headers(abi):
        text = open(os.path.join(abi, h)).read()
        modes = [('freestanding', 'c', ['-ffreestanding']), ('hosted', 'c', [])]
        if '__ASSEMBLER__' in text or 'struct ' not in re.sub(r'/\*.*?\*/', '', text, flags=re.S):
            modes.append(('assembler', 'assembler-with-cpp', []))
        for label, lang, extra in modes:
            r = sh([CC, '-c', '-o', '/dev/null', '-x', lang, '-I' + abi, '-'] +
                   (CFLAGS if lang == 'c' else []) + extra, '#include <%s>\n' % h)
            if r.returncode:
                fails.append('%s alone (%s): %s' % (h, label, r.stderr.splitlines()[0]))
            else:
                held += 1
        for s in re.findall(r'^(?:struct|union) (\w+) \{', text, re.M):
            if re.search(r'^ABI_U?SIZE\(%s, ' % s, text, re.M):
                held += 1
            else:
                fails.append('%s: struct %s has no ABI_SIZE' % (h, s))
    return held, fails


def compile_extra(abi, upstream):
    """Hand-written asserts that need our header and upstream's at once."""
    r = sh([CC, '-fsyntax-only', '-I' + abi, '-D__XEN_TOOLS__',
            '-DUPSTREAM_BLKIF=<%s/io/blkif.h>' % upstream,
            '-DUPSTREAM_NETIF=<%s/io/netif.h>' % upstream,
            '-include', 'stddef.h', '-include', 'stdint.h'] + CFLAGS +
           [os.path.join(HERE, 'extra.c')])
    return (1, []) if r.returncode == 0 else (0, ['extra.c: ' + r.stderr.strip()])


def doc_current(abi):
    out = must(['/usr/bin/python3', os.path.join(abi, 'gen-doc.py')])
    with open(os.path.join(abi, 'HYPERCALLS.md')) as f:
        if f.read() == out:
            return 1, []
    return 0, ['HYPERCALLS.md is out of date: run hypercall-abi/gen-doc.py > '
               'hypercall-abi/HYPERCALLS.md']


# Each edit must be caught by the check that is named, or the test proves nothing.
PERTURB = (
    ('a constant', 'event_channel.h', r'(EVTCHNOP_send +)4', r'\g<1>5', 'EVTCHNOP_send'),
    ('a string', 'io/xs_wire.h', r'"CREATE"', '"CREAT"', 'XS_WRITE_CREATE'),
    ('a macro with an argument', 'memory.h', r'\(\(x\) \+ 1\) << 8', '((x) + 2) << 8',
     'XENMEMF_node'),
    ('a hypercall number', 'hypercalls.h', r'X\(29, sched_op,', 'X(47, sched_op,',
     '__HYPERVISOR_sched_op'),
    ('two fields swapped', 'xen.h', r'(uint32_t wc_)sec;(.*)\n( +uint32_t wc_)nsec;',
     r'\1nsec;\2\n\3sec;', 'offsetof(struct shared_info, wc_sec)'),
    ('a nested field moved', 'event_channel.h',
     r'(domid_t +dom;)(\s+evtchn_port_t port;\s+\} inter)',
     r'uint16_t gap; \1\2', 'offsetof(struct evtchn_status, u.interdomain.dom)'),
    ('a field narrowed', 'hvm/hvm_op.h', r'uint16_t mem_type;', 'uint8_t mem_type; uint8_t xx;',
     'sizeof(struct xen_hvm_get_mem_type.mem_type)'),
    ('a sign changed', 'grant_table.h', r'int16_t( +status; +/\* OUT GNTST_)', r'uint16_t\1',
     'sign of struct gnttab_map_grant_ref.status'),
    ('a structure grown', 'sched.h', r'(uint32_t timeout;.*\n)\};\nABI_SIZE\(sched_watchdog, 8\);',
     r'\1    uint32_t more;\n};\nABI_SIZE(sched_watchdog, 12);', 'sizeof(struct sched_watchdog)'),
    ('a name of our own', 'vcpu.h', r'(#define VCPUOP_up )', '#define VCPUOP_bogus 99\n\\1',
     'VCPUOP_bogus'),
    ('a number left out', 'domctl.h', r'#define XEN_DOMCTL_max_mem .*\n', '', 'XEN_DOMCTL_max_mem'),
)


def self_test(abi, upstream):
    held, fails = 0, []
    for what, header, pattern, new, expect in PERTURB:
        with tempfile.TemporaryDirectory() as work:
            copy = os.path.join(work, 'abi')
            shutil.copytree(abi, copy)
            path = os.path.join(copy, 'xenabi', header)
            text = open(path).read()
            edited, n = re.subn(pattern, new, text)
            if n != 1:
                fails.append('self-test: %s: edit of %s matched %d times' % (what, header, n))
                continue
            with open(path, 'w') as f:
                f.write(edited)
            _, found = check(copy, upstream, work)
            if any(f.startswith(expect) for f in found):
                held += 1
            else:
                fails.append('self-test: %s was not noticed (%s)' % (what, found[:2]))
    return held, fails


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument('--abi', default=os.path.join(ROOT, 'hypercall-abi'))
    ap.add_argument('--upstream', default='/usr/include/xen')
    ap.add_argument('--no-self-test', action='store_true')
    args = ap.parse_args()
    if not os.path.exists(os.path.join(args.upstream, 'xen.h')):
        raise SystemExit('abi_check: no %s/xen.h: install the package libxen-dev' % args.upstream)

    with tempfile.TemporaryDirectory() as work:
        parts = [('headers alone', compile_alone(args.abi)),
                 ('against upstream', check(args.abi, args.upstream, work)),
                 ('ring header', compile_extra(args.abi, args.upstream)),
                 ('documentation', doc_current(args.abi))]
    if not args.no_self_test:
        parts.append(('the test can fail', self_test(args.abi, args.upstream)))
    held = failed = 0
    for label, (n, fails) in parts:
        print('%-18s %d held, %d failed' % (label, n, len(fails)))
        for f in fails:
            print('  FAIL ' + f)
        held, failed = held + n, failed + len(fails)
    print('%d passed, %d failed' % (held, failed))
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
