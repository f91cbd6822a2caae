#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""seeds.py FOLDER: make the inputs that fuzzing starts from, one sub-folder per target."""
import os
import random
import shutil
import struct
import subprocess
import sys

PACKERS = [
    "gzip -9nc", "gzip -1nc", "xz --check=crc32 -c", "xz --check=crc64 -0 -c",
    "xz --check=crc32 --x86 --lzma2=preset=6 -c", "xz --block-size=700 --check=none -c",
    "zstd -q -19 -c", "zstd -q -1 --no-check -c", "zstd -q --ultra -22 -c", "lz4 -q -l -9 -c",
]


def contents():
    rng = random.Random(1)
    words = [bytes(rng.choices(b"etaoinshrdlu \n", k=rng.randint(1, 9))) for _ in range(50)]
    yield b"".join(rng.choice(words) for _ in range(700))
    yield bytes(rng.choice(b"\xe8\xe9\x00\xff\x01") for _ in range(600)) + b"\0" * 5000
    yield bytes(rng.randrange(256) for _ in range(300)) + b"ab" * 900


def unpack_seeds():
    for data in contents():
        for command in PACKERS:
            if shutil.which(command.split()[0]):
                packed = subprocess.run(command.split(), input=data, stdout=subprocess.PIPE,
                                        check=True).stdout
                yield b"\0" + packed
    setup = bytearray(2048)
    setup[0x1f1] = 1
    setup[0x1fe:0x200] = b"\x55\xaa"
    setup[0x202:0x206] = b"HdrS"
    struct.pack_into("<H", setup, 0x206, 0x20f)
    struct.pack_into("<II", setup, 0x248, 0x100, 500)
    yield b"\0" + bytes(setup)


def elf_seeds():
    def note(kind, desc):
        return struct.pack("<III4s", 4, len(desc), kind, b"Xen\0") + desc + b"\0" * (-len(desc) % 4)

    notes = (note(3, struct.pack("<Q", 0xffffffff80000000)) +
             note(1, struct.pack("<Q", 0xffffffff80100000)) +
             note(2, struct.pack("<Q", 0xffffffff80101000)) +
             note(10, b"!writable_page_tables|dom0\0") + note(13, struct.pack("<QQ", 1, 1)) +
             note(15, struct.pack("<Q", 1 << 39)) + note(6, b"linux\0") + note(14, b"\1\0\0\0"))
    for with_segment in (True, False):
        header = struct.pack("<4sBBB9xHHIQQQIHHHHHH", b"\x7fELF", 2, 1, 1, 2, 62, 1, 0x100000,
                             64, 176, 0, 64, 56, 2, 64, 1, 0)
        load = struct.pack("<IIQQQQQQ", 1, 5, 240, 0, 0x100000, 200, 0x3000, 4096)
        seg = struct.pack("<IIQQQQQQ", 4 if with_segment else 0, 4, 240, 0, 0, len(notes),
                          len(notes), 4)
        section = struct.pack("<IIQQQQIIQQ", 0, 7, 0, 0, 240, len(notes), 0, 0, 4, 0)
        yield header + load + seg + section + notes + b"\0" * 64


def mb_seeds():
    def tag(kind, data):
        return struct.pack("<II", kind, 8 + len(data)) + data + b"\0" * (-len(data) % 8)

    tags = (tag(1, b"placeholder dom0_mem=1G\0") + tag(2, b"GRUB 2.06\0") +
            tag(3, struct.pack("<II", 1 << 20, 2 << 20) + b"vmlinuz root=/dev/sda\0") +
            tag(4, struct.pack("<II", 639, 65536)) +
            tag(6, struct.pack("<IIQQII", 24, 0, 0, 0x9fc00, 1, 0)) +
            tag(8, struct.pack("<QIIIBBH", 0xb8000, 160, 80, 25, 16, 2, 0)) +
            tag(12, struct.pack("<Q", 0x7fff0000)) + tag(15, b"RSD PTR " + b"\0" * 28))
    efi = tag(17, struct.pack("<II", 48, 1) + struct.pack("<IIQQQQQ", 7, 0, 0, 0, 99, 15, 0))
    for body in (tags, efi):
        body += tag(0, b"")
        yield b"\0" * 16 + struct.pack("<II", 8 + len(body), 0) + body

    info = struct.pack("<12I", 0x124d, 639, 65536, 0, 132, 1, 160, 0, 0, 0, 0, 24)
    info += struct.pack("<IIIIII", 176, 0, 0, 0, 150, 0) + b"\0" * 16
    info += struct.pack("<QIIIBB6B", 0xfd000000, 4096, 1024, 768, 32, 1, 16, 8, 8, 8, 0, 8)
    info = info.ljust(116, b"\0") + b"xen.gz a=b\0".ljust(18, b"\0") + b"qemu\0".ljust(10, b"\0")
    info += struct.pack("<IIII", 1 << 20, 2 << 20, 132, 0)
    info += struct.pack("<IQQI", 20, 0, 0x9fc00, 1)
    yield b"\1" + b"\0" * 15 + info


def e820_seeds():
    rows = [(0, 0x9fc00, 1), (0x9fc00, 0x400, 2), (0x100000, 0x7ef00000, 1),
            (0x7fff0000, 0x10000, 3), (0xfee00000, 0x1000, 2), (1 << 32, 1 << 31, 1)]
    yield b"".join(struct.pack("<QQB", *r) for r in rows)
    yield struct.pack("<QQB", 0, 2**64 - 1, 1) + struct.pack("<QQB", 2**63, 2**63, 5)


def core_seeds():
    rng = random.Random(2)
    for size in (40, 400, 4000):
        yield bytes(rng.randrange(256) for _ in range(size))


def insn_seeds():
    """Opcodes of the subset, with prefixes, ModRM and SIB bytes of all kinds."""
    rng = random.Random(3)
    opcodes = [bytes([x + y]) for x in range(0, 64, 8) for y in range(4)]
    opcodes += [bytes.fromhex(x) for x in (
        "63 6c 6d 6e 6f 80 81 83 84 85 86 87 88 89 8a 8b 8f a0 a1 a2 a3 a4 a5 a6 a7 aa ab ac ad ae af "
        "c6 c7 f6 f7 fe ff 0fa3 0fab 0fb0 0fb1 0fb3 0fb6 0fb7 0fba 0fbb 0fbe 0fbf 0fc0 0fc1 0fc3 0f22").split()]
    prefixes = [b""] * 4 + [bytes([x]) for x in b"\x66\x67\x26\x2e\x36\x3e\x64\x65\xf0\xf2\xf3\x40\x44\x48\x4f"]
    modrms = [0, 4, 5, 6, 0x44, 0x45, 0x84, 0x86, 0xc0]
    for opcode in opcodes:
        yield b"".join(rng.choice(prefixes) + rng.choice(prefixes) + opcode +
                       bytes([rng.choice(modrms) | rng.randrange(8) << 3]) +
                       bytes(rng.randrange(256) for _ in range(9)) for _ in range(40))


def blkback_seeds():
    """A few flags, then posts, descriptors, events and answers of the disk: see fuzz_blkback.c."""
    rng = random.Random(5)
    post = [bytes([2, op, nr, 0, 8 * i]) + bytes([0, 0]) * nr for i, (op, nr) in
            enumerate(((0, 1), (1, 11), (2, 2), (3, 0), (1, 3)))]
    post += [bytes([1, 0, 0, 31]) + bytes([0, 0]) * 32 + bytes([2, 6, 0, 0, 0, op, 0, 32, 1]) for op in (0, 1)]
    post += [bytes([2, 5, 0, 0, 0, 0, 16])]
    rest = [bytes(x) for x in ([5], [8, 1, 1], [8, 0, 1], [9, 0, 200], [7, 5], [7, 3], [6, 3, 2])]
    for flags in range(16):
        yield bytes(flags >> i & 1 for i in range(5)) + b"".join(
            rng.choice(post if rng.random() < 0.6 else rest) for _ in range(30))


def blkfront_seeds():
    """Flags and nodes, then submissions, responses, states: see fuzz_blkfront.c."""
    rng = random.Random(6)
    for flags in range(8):
        parts = [bytes(flags >> i & 1 for i in range(3)) + bytes([3, 6, 7, 2, 8, 2])]
        for i in range(20):
            n = rng.randrange(1, 4)
            parts.append(bytes([0, i, n]) + bytes([i, 0, 1]) * n + bytes([rng.randrange(3), 8, 8, 0]))
            parts.append(rng.choice((bytes([2, i, 7]), bytes([2, i, 7]), bytes([5]), bytes([7, 2]), bytes([7, 4]))))
        yield b"".join(parts)


def netback_seeds():
    """Flags, then headers, chains, buffers, packets to the front end: see fuzz_netback.c."""
    rng = random.Random(7)

    def chain(flags, sizes, extra=b""):
        slots = b""
        for i, size in enumerate(sizes):
            slots += bytes([0, 0, 0, size >> 8, size & 255]) + (extra if i == 0 and flags & 8 else b"")
        return bytes([2, flags] + ([len(sizes) - 1] if flags & 0x80 else [])) + slots

    parts = [bytes([1, 0, kind, proto, 0, 100, 0x50]) for kind in (0, 1, 2, 4, 8, 0x20, 0x21, 0x41) for proto in (0, 1)]
    parts += [chain(0, [100]), chain(1, [114]), chain(2, [1500]), chain(0x80, [5000, 3000, 1000]),
              chain(9, [114], bytes([1, 1, 2, 0, 1])), chain(8, [60], bytes([2, 1, 0, 0, 0])), chain(0x80, [40] * 20)]
    parts += [bytes([8, 16]) + bytes([1]) * 16, bytes([9, 0, 0, 1, 0, 0, 0]), bytes([9, 0, 1, 0x20, 0, 1, 1, 2, 0]),
              bytes([5])]
    for flags in range(16):
        yield bytes([flags * 4 & 63, flags & 1, flags >> 1 & 1]) + b"".join(
            rng.choice(parts) + bytes([5]) for _ in range(30))


def netfront_seeds():
    """Flags and nodes, then packets both ways, answers, states: see fuzz_netfront.c."""
    rng = random.Random(8)
    parts = [bytes([0, 1, 100, 1, kind, 1, 2, 0]) for kind in range(0, 16)]
    parts += [bytes([2, 1, 1]), bytes([3, 0, 1, 1, 100, 80, 80]), bytes([3, 0x21, 1, 1, 100, 80, 86]),
              bytes([3, 0x80, 2]) + bytes([1, 1, 200, 80, 80]) * 3,
              bytes([3, 0x29, 1, 1, 100, 80, 86, 1, 1, 2, 0, 1]), bytes([5]), bytes([7, 1])]
    for flags in range(8):
        yield bytes(flags >> i & 1 for i in range(3)) + bytes([2, 2, 5, 2, 9, 9]) + b"".join(
            rng.choice(parts) + bytes([5]) for _ in range(40))


def kbdfront_seeds():
    """A flag, then events, runs, indices, states: see fuzz_kbdfront.c."""
    rng = random.Random(9)
    parts = [bytes([0, kind]) + bytes([1, 1]) * 8 for kind in range(7)]
    parts += [bytes([3]), bytes([5, 0, 4, 9]), bytes([6, 3, 1, 2]), bytes([6, 3, 1, 4]), bytes([6, 0, 1, 5]),
              bytes([7, 0])]
    for flag in range(2):
        yield bytes([flag]) + b"".join(rng.choice(parts) + bytes([3]) for _ in range(40))


def broker_seeds():
    """Requests as back ends make them, then others: see fuzz_broker.c."""
    rng = random.Random(10)

    def ask(kind, pieces, tail):
        return bytes([9, kind, 1, len(pieces)]) + bytes(pieces) + bytes([tail])

    parts = [ask(0, [b, 2], 1) for b in (0, 1)] + [ask(1, [0, n], 3) for n in range(2, 8)]
    parts += [ask(2, [0, 2], 1), ask(3, [0], 2), ask(4, [0], 2), ask(5, [], 1), ask(0x46, [], 5), ask(0x46, [], 6)]
    parts += [ask(0x41, [0, 2], 3), ask(0x40, [1, 12, 2], 1)]
    parts += [bytes(x) for x in ([1, 34], [2, 0], [2, 1], [4, 1])]
    for _ in range(12):
        yield b"".join(rng.choice(parts) for _ in range(40))


def main():
    targets = {"unpack": unpack_seeds, "elf": elf_seeds, "mb": mb_seeds, "e820": e820_seeds, "core": core_seeds,
               "insn": insn_seeds, "blkback": blkback_seeds, "blkfront": blkfront_seeds,
               "netback": netback_seeds, "netfront": netfront_seeds, "kbdfront": kbdfront_seeds,
               "broker": broker_seeds}
    for name, seeds in targets.items():
        folder = os.path.join(sys.argv[1], name)
        os.makedirs(folder, exist_ok=True)
        for i, data in enumerate(seeds()):
            with open(os.path.join(folder, f"seed-{i:03}"), "wb") as f:
                f.write(data)


main()
