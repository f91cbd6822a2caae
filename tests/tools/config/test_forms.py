# SPDX-License-Identifier: GPL-2.0-or-later
"""configtool's JSON and XML: against what Xen's xl printed, libvirt's schema, and back."""

import glob
import json
import os
import re
import subprocess

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
TOOL = os.path.join(os.environ["TEST_BUILD"], "configtool")
SCHEMA = "/usr/share/libvirt/schemas/domain.rng"
CASES = sorted(glob.glob(HERE + "/stock/*.cfg"))
# xl.conf of the dom0 in which stock/*.json were printed, and its processors.
STOCK_CONF = 'vif.default.bridge="xenbr0"\n'
STOCK_CPUS = "2"


def tool(language, path, *options, cpus=STOCK_CPUS):
    """(exit status, output, what was said)"""
    env = dict(os.environ, CPUS=cpus) if cpus else dict(os.environ)
    p = subprocess.run([TOOL, language, *options, str(path)], capture_output=True, env=env,
                       timeout=60)
    said = p.stderr.decode()
    assert "Sanitizer" not in said and "runtime error" not in said, said
    return p.returncode, p.stdout.decode(), said


def convert(language, path, *options, **more):
    status, out, said = tool(language, path, *options, **more)
    assert status == 0, said
    return out


def without_uuid(text):
    return re.sub(r'\n\s*"uuid": "[^"]*",', "", text)


@pytest.fixture
def conf(tmp_path):
    path = tmp_path / "xl.conf"
    path.write_text(STOCK_CONF)
    return str(path)


def names(paths):
    return [os.path.basename(p)[:-4] for p in paths]


@pytest.mark.parametrize("path", CASES, ids=names(CASES))
def test_json_is_that_of_stock(path, conf):
    """Byte for byte what Xen's xl create -n prints, but for a UUID that it made up."""
    ours = convert("json", path, "-c", conf)
    with open(path[:-4] + ".json") as f:
        stock = f.read()
    with open(path) as f:
        if "uuid" not in f.read():
            stock, ours = without_uuid(stock), without_uuid(ours)
    assert ours == stock


@pytest.mark.parametrize("path", CASES, ids=names(CASES))
def test_json_back(path, tmp_path):
    once = convert("json", path)
    again = tmp_path / "again.json"
    again.write_text(once)
    assert convert("json", again) == once


def validate(path):
    p = subprocess.run(["xmllint", "--noout", "--nonet", "--relaxng", SCHEMA, str(path)],
                       capture_output=True, timeout=60)
    assert p.returncode == 0, p.stderr.decode()


@pytest.mark.parametrize("path", CASES, ids=names(CASES))
def test_xml_is_valid(path, tmp_path):
    xml = tmp_path / "domain.xml"
    xml.write_text(convert("xml", path))
    validate(xml)


# Everything that both languages can say.
BOTH = """
name = "both"
uuid = "2ae4b2d9-3e0e-428d-b511-51a3a8e46679"
memory = 64
maxmem = 128
vcpus = 2
maxvcpus = 4
%s
cpu_weight = 512
cap = 50
kernel = "/boot/vmlinuz"
ramdisk = "/boot/initrd"
cmdline = "console=hvc0 <&> \\"q\\""
on_poweroff = "preserve"
on_reboot = "rename-restart"
on_crash = "coredump-restart"
seclabel = "system_u:system_r:domU_t"
localtime = 1
rtc_timeoffset = 3600
tsc_mode = "native"
e820_host = 1
max_grant_frames = 16
max_event_channels = 99
disk = [ "/dev/vg/a,raw,xvda,w", "/img/b,qcow2,xvdb,r", "/c.iso,,hdc,cdrom", "vdev=hdd,cdrom",
         "/dev/d,raw,xvdd,w,backend=store,backendtype=phy,no-discard", "/e,vhd,sda1,w" ]
vif = [ "mac=00:16:3e:01:02:03,bridge=xenbr0,ip=10.0.0.1 fe80::1,script=vif-x,vifname=v0,mtu=9000",
        "rate=20480KB/s,type=vif,backend=net", "model=e1000" ]
channel = [ "connection=pty,name=org.a", "connection=socket,name=b,path=/tmp/x" ]
pci = [ "0001:02:03.4,permissive=1,seize=1", "01:00.0" ]
"""


@pytest.mark.parametrize("pins", ["cpus=['0-1', '1,^0', '3']", "cpus='0-3,^2'", ""])
def test_xml_back(pins, tmp_path):
    cfg, xml = tmp_path / "both.cfg", tmp_path / "both.xml"
    cfg.write_text(BOTH % pins)
    status, text, said = tool("xml", cfg, cpus=None)
    assert status == 0 and "cannot say" not in said, said
    xml.write_text(text)
    validate(xml)
    status, back, said = tool("json", xml, cpus=None)
    assert status == 0 and said == "", said
    assert json.loads(back) == json.loads(convert("json", cfg, cpus=None))
    again = tmp_path / "again.xml"
    again.write_text(convert("xml", xml))
    assert again.read_text() == text


def test_xml_names_what_it_cannot_say(tmp_path):
    cfg = tmp_path / "lost.cfg"
    cfg.write_text("""
name="lost"
kernel="vmlinuz"
memory=64
vcpus=2
cpus_soft="0"
cpus="nodes:0"
on_watchdog="restart"
on_reboot="coredump-destroy"
on_soft_reset="preserve"
pool="p"
nomigrate=1
disk=["script=block-x,vdev=xvda,target=t", "/x,raw,xvdb,w,untrusted,direct-io-safe"]
vif=["rate=1MB/s,gatewaydev=g,trusted,ip=nonsense,backendtype=xenolith"]
""")
    status, text, said = tool("xml", cfg)
    assert status == 0
    for word in ["cpus_soft=0", "cpus=nodes:0", "on_watchdog=restart", "kernel=vmlinuz",
                 "on_reboot=coredump-destroy", "on_soft_reset=preserve", "pool", "nomigrate",
                 "a disk with a script=xvda", "a disk's trust=untrusted",
                 "a disk's direct-io-safe", "a vif's gatewaydev=g", "a vif's ip=nonsense",
                 "a vif's trust=trusted", "a vif's back end=xenolith"]:
        assert "cannot say %s: left out" % word in said, (word, said)
    assert "rounded to 977 of them" in said
    xml = tmp_path / "lost.xml"
    xml.write_text(text)
    validate(xml)


DOMAIN = """<domain type='xen'>
<name>%s</name><memory unit='MiB'>64</memory>
<os><type>linux</type><kernel>/k</kernel></os>
%s</domain>"""


def read_xml(tmp_path, text, status=0):
    path = tmp_path / "in.xml"
    path.write_text(text)
    got, out, said = tool("json", path)
    assert got == status, said
    return (json.loads(out) if out else None), said


@pytest.mark.parametrize("unit,kib", [
    ("", 640000), (" unit='KiB'", 640000), (" unit='k'", 640000), (" unit='KB'", 625000),
    (" unit='b'", 625), (" unit='bytes'", 625), (" unit='M'", 655360000),
    (" unit='MB'", 625000000)])
def test_xml_units(tmp_path, unit, kib):
    config, _ = read_xml(tmp_path, "<domain type='xen'><name>x</name><memory%s>640000</memory>"
                         "<os><type>linux</type><kernel>/k</kernel></os></domain>" % unit)
    assert config["b_info"]["max_memkb"] == kib == config["b_info"]["target_memkb"]


def test_xml_of_libvirt(tmp_path):
    """As virsh dumpxml writes it, with what is libvirt's own."""
    config, said = read_xml(tmp_path, """<domain type='xen' id='3'>
  <name>web</name>
  <uuid>2ae4b2d93e0e428db51151a3a8e46679</uuid>
  <title>a title</title>
  <memory unit='KiB'>131072</memory>
  <currentMemory unit='KiB'>65536</currentMemory>
  <vcpu placement='static' current='1'>2</vcpu>
  <os><type arch='x86_64' machine='xenpv'>linux</type><kernel>/k</kernel>
    <cmdline>root=/dev/xvda1 </cmdline></os>
  <clock offset='utc' adjustment='reset'/>
  <on_poweroff>destroy</on_poweroff><on_reboot>restart</on_reboot><on_crash>destroy</on_crash>
  <devices>
    <disk type='block' device='disk'><driver name='phy' type='raw'/><source dev='/dev/vg/x'/>
      <target dev='xvda' bus='xen'/></disk>
    <interface type='bridge'><mac address='00:16:3e:01:02:03'/><source bridge='br0'/></interface>
    <console type='pty' tty='/dev/pts/2'><source path='/dev/pts/2'/>
      <target type='xen' port='0'/></console>
    <input type='mouse' bus='xen'/><memballoon model='xen'/>
  </devices>
</domain>""")
    assert config["c_info"]["uuid"] == "2ae4b2d9-3e0e-428d-b511-51a3a8e46679"
    assert config["b_info"]["avail_vcpus"] == [0] and config["b_info"]["max_vcpus"] == 2
    assert config["b_info"]["cmdline"] == "root=/dev/xvda1"
    assert config["b_info"]["target_memkb"] == 65536 and config["b_info"]["max_memkb"] == 131072
    assert config["disks"][0]["backend"] == "phy"
    assert re.search(r"in.xml:4:1: warning: <title> in <domain> has no meaning here", said)
    assert re.search(r"in.xml:18:1: warning: <input> in <devices> has no meaning here", said)
    assert said.count("warning") == 2


@pytest.mark.parametrize("text,message", [
    ("<domain type='kvm'/>", "of type 'kvm': expected 'xen'"),
    ("<network/>", "expected <domain type='xen'>, found <network>"),
    ("<domain type='xen'>", "1:20: error: this is not XML"),
    (DOMAIN % ("a b", ""), "2:1: error: the name 'a b' has a blank"),
    (DOMAIN % ("x", "<vcpu>0</vcpu>"), "4:1: error: <vcpu>: '0' is not a number from 1 to 4096"),
    (DOMAIN % ("x", "<vcpu cpuset='a'>1</vcpu>"), "cpuset 'a': expected a number"),
    (DOMAIN % ("x", "<on_crash>explode</on_crash>"), "<on_crash>: unknown action 'explode'"),
    (DOMAIN % ("x", "<uuid>1</uuid>"), "'1' is not a UUID"),
    (DOMAIN % ("x", "<devices><disk type='network'/></devices>"),
     "only type='file' and type='block' are served"),
    (DOMAIN % ("x", "<devices>\n<disk type='file'><target dev='vda'/></disk></devices>"),
     "5:1: error: <target>: 'vda' is not a device name"),
    (DOMAIN % ("x", "<devices><interface type='network'/></devices>"),
     "<interface>: only type='bridge'"),
    (DOMAIN % ("x", "<devices><interface type='bridge'><mac address='1'/></interface></devices>"),
     "<mac>: '1' is not a MAC address"),
    (DOMAIN % ("x", "<devices><hostdev type='usb'/></devices>"), "only type='pci' is known"),
    ("<!DOCTYPE d [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><domain type='xen'>"
     "<name>&e;</name></domain>", "a DOCTYPE has no place in a domain"),
    ("<!DOCTYPE d [<!ENTITY a 'aaaaaaaaaa'>" + "".join(
        "<!ENTITY %s '%s'>" % (chr(98 + i), ("&%s;" % chr(97 + i)) * 10) for i in range(12)) +
     "]><domain type='xen'><name>&m;</name></domain>", "error"),
    ("<a>" * 5000, "this is not XML"),
])
def test_xml_errors(tmp_path, text, message):
    _, said = read_xml(tmp_path, text, status=1)
    assert message in said, said
    assert "root:" not in said


@pytest.mark.parametrize("text,message", [
    ("{", "JSON: "), ("{}", 'it has no "c_info"'), ('{"c_info": 3}', 'it has no "c_info"'),
    ('{"c_info":' + '{"a":' * 40, "JSON: "), ('{"c_info": {}} x', "JSON: "),
])
def test_json_errors(tmp_path, text, message):
    path = tmp_path / "in.json"
    path.write_text(text)
    status, _, said = tool("json", path)
    assert status == 1 and message in said, said


def test_json_of_wrong_kinds(tmp_path):
    """Members of other kinds than libxl's are as if they were not there."""
    path = tmp_path / "in.json"
    path.write_text(json.dumps({
        "c_info": {"type": 3, "name": [], "uuid": "x"},
        "b_info": {"max_vcpus": -1, "avail_vcpus": {}, "max_memkb": "1", "sched_params": 7,
                   "vcpu_hard_affinity": [[99999, -1], 3], "kernel": {"a": 1}},
        "disks": [3, {"vdev": 4}], "nics": {}, "pcidevs": [{"bus": 999}],
        "channels": [{"connection.socket": 3}], "on_crash": "explode"}))
    out = json.loads(convert("json", path))
    assert out["c_info"] == {"type": "pv", "run_hotplug_scripts": "True"}
    assert out["disks"] == [{"format": "raw"}]
    assert out["pcidevs"] == [{"rdm_policy": "strict"}]


@pytest.mark.parametrize("conf_text,nic,said_part", [
    ("", {"devid": 0}, ""),
    ('vif.default.bridge="b"\nvif.default.script="s"\nvif.default.backend="1"\n'
     'vif.default.gatewaydev="g"', {"backend_domname": "1", "devid": 0, "bridge": "b",
                                    "script": "s", "gatewaydev": "g"}, ""),
    ('defaultbridge="y"', {"devid": 0, "bridge": "y"}, "defaultbridge is deprecated"),
    ('vif.default.brige="y"', {"devid": 0}, "did you mean 'vif.default.bridge'?"),
    ('output_format="foo"', None, "output_format is json or sxp: 'foo' is not"),
    ('autoballoon="maybe"', None, 'autoballoon is "on", "off" or "auto": \'maybe\' is not'),
    ("autoballoon=1", {"devid": 0}, ""),
    ("claim_mode='x'", None, "claim_mode is a boolean (0 or 1): 'x' is not one"),
])
def test_defaults(tmp_path, conf_text, nic, said_part):
    conf, cfg = tmp_path / "xl.conf", tmp_path / "d.cfg"
    conf.write_text(conf_text)
    cfg.write_text("name='d'\nkernel='/k'\nmemory=64\nvif=['']\n")
    status, out, said = tool("json", cfg, "-c", str(conf))
    assert said_part in said, said
    assert status == (0 if nic else 1)
    if nic:
        assert json.loads(out)["nics"] == [nic]


def test_defaults_of_grants_and_claims(tmp_path):
    conf, cfg = tmp_path / "xl.conf", tmp_path / "d.cfg"
    conf.write_text("claim_mode=0\nmax_grant_frames=7\nmax_maptrack_frames=8\n"
                    "max_grant_version=1\nrun_hotplug_scripts=0\nblkdev_start='xvdq'\n")
    cfg.write_text("name='d'\nkernel='/k'\nmemory=64\nmax_grant_frames=9\n")
    config = json.loads(convert("json", cfg, "-c", str(conf)))
    assert config["c_info"]["run_hotplug_scripts"] == "False"
    b = config["b_info"]
    assert (b["claim_mode"], b["max_grant_frames"], b["max_maptrack_frames"],
            b["max_grant_version"], b["blkdev_start"]) == ("False", 9, 8, 1, "xvdq")


@pytest.mark.parametrize("value,message", [
    ('"avx=0"', 'the first word is "host"'), ('"host,avx"', "'avx' has no value"),
    ('"host,avx=2"', "avx is one of 0, 1, x, k, s: '2' is not"),
    ('"host,avx-2=0"', "'avx-2' is no feature of a processor; did you mean 'avx2'?"),
    ('"host,family=x"', "family is a number from 0 to 270"),
    ('"host,model=256"', "model is a number from 0 to 255"),
    ('["host,avx=0"]', "expected LEAF:REGISTER=BITS"), ('["1"]', "expected LEAF:REGISTER"),
    ('["1:ecx=xxx"]', "expected 32 letters"), ('["1:ecx=%s2"]' % ("x" * 31), "expected 32 letters"),
    ('["1:ecx=%s"]' % ("x" * 33), "expected 32 letters"), ('["1:efx=0"]', "expected eax=, ebx="),
    ('["0x100000000:eax=%s"]' % ("x" * 32), "expected LEAF"),
])
def test_cpuid_errors(tmp_path, value, message):
    path = tmp_path / "c.cfg"
    path.write_text("name='c'\nkernel='/k'\nmemory=64\ncpuid=%s\n" % value)
    status, _, said = tool("json", path)
    assert status == 1 and message in said, said


@pytest.mark.parametrize("value", ['""', "[]", '"host"', '"host,"', '"host, "'])
def test_cpuid_of_nothing(tmp_path, value):
    path = tmp_path / "c.cfg"
    path.write_text("name='c'\nkernel='/k'\nmemory=64\ncpuid=%s\n" % value)
    assert "cpuid" not in convert("json", path)


@pytest.mark.parametrize("what,message", [
    ("missing", "No such file or directory"), ("directory", "this is a directory"),
    ("huge", "larger than 1048576 bytes: this is no configuration")])
def test_files(tmp_path, what, message):
    path = tmp_path / "f"
    if what == "directory":
        path.mkdir()
    elif what == "huge":
        path.write_bytes(b"#" * (2 << 20))
    status, _, said = tool("json", path)
    assert status == 1 and message in said, said


def test_json_keeps_what_it_does_not_know(tmp_path):
    """Devices of a domain that Xen's xl made are not lost when its JSON is written again."""
    unknown = {
        "c_info": {"type": "hvm", "name": "x", "xsdata": {"a": "b"}, "poolid": 3},
        "b_info": {"max_vcpus": 2, "cpuid": {"cpuid": [{"leaf": 1, "edx": "x" * 31 + "0"}],
                            "msr": [{"index": 266, "policy": "k" * 64}]},
                   "irqs": [3, 4], "future": 1.5, "nothing": None, "big": 18446744073709551615,
                   "type.hvm": {"vga": {"kind": "std"}, "ms_vm_genid": [1, 2],
                                "rdm": {"strategy": "host"}}},
        "vfbs": [{"devid": 0, "vnc": {"enable": "True"}, "sdl": {}}],
        "usbctrls": [{"devid": 0, "version": 2}], "disks": [{"vdev": "xvda"}],
    }
    path = tmp_path / "in.json"
    path.write_text(json.dumps(unknown))
    once = convert("json", path)
    out = json.loads(once)
    assert out["c_info"]["xsdata"] == {"a": "b"} and out["c_info"]["poolid"] == 3
    for name in ("cpuid", "irqs", "future", "nothing", "big"):
        assert out["b_info"][name] == unknown["b_info"][name], name
    assert out["b_info"]["type.hvm"]["ms_vm_genid"] == [1, 2]
    assert out["b_info"]["type.hvm"]["rdm"] == {"strategy": "host"}
    assert out["b_info"]["type.hvm"]["vga"] == {"kind": "std"}
    assert out["vfbs"] == unknown["vfbs"] and out["usbctrls"] == unknown["usbctrls"]
    path.write_text(once)
    assert convert("json", path) == once


def test_all_keys_are_known(tmp_path):
    with open(HERE + "/keys.txt") as f:
        keys = [line.strip() for line in f if not line.startswith("#")]
    assert len(keys) == 148
    path = tmp_path / "keys.cfg"
    unknown = []
    # A file has at most a hundred findings.
    for i in range(0, len(keys), 40):
        path.write_text("\n".join("%s = []" % key for key in keys[i:i + 40] + ["nosuchkeyatall"]))
        unknown += re.findall(r"unknown key '(\w+)'", tool("json", path)[2])
    assert unknown == ["nosuchkeyatall"] * 4
