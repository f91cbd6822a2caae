/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of commands: what xl can do, in the order that help shows it.  Usage, help,
 * completion and the manual's list of commands are all made from these rows (help.c).
 */
#include <string.h>

#include "xl.h"

#define END { 0, NULL, NULL, NULL }
#define JSON { OPT_JSON, "json", NULL, "Print JSON." }
#define CONFIG_FILE { 'f', "defconfig", "FILE", "Read the configuration from FILE." }
#define IGNORE_MASKS { OPT_IGNORE_MASKS, "ignore-global-affinity-masks", NULL, \
                       "Do not apply the CPU masks of xl.conf." }
#define POOL_OPTION(letter) { letter, "cpupool", "POOL", "Only the domains of this CPU pool." }

#define OPTIONS(name, ...) static const struct xl_option name[] = { __VA_ARGS__, END }

OPTIONS(json_only, JSON);

OPTIONS(create_options,
    { 'c', "console", NULL, "Attach to the guest's console before its first instruction." },
    { 'd', "debug", NULL, "Print the configuration as it was understood (with -n: as JSON)." },
    { 'e', NULL, NULL, "Leave no process behind that acts on the guest's end." },
    { 'F', NULL, NULL, "Stay in the foreground until the guest's end." },
    CONFIG_FILE,
    { 'n', "dryrun", NULL, "Check all that can be checked, say what would be done, do nothing." },
    { 'p', NULL, NULL, "Leave the guest paused." },
    { 'q', "quiet", NULL, "Say nothing but errors." },
    { 'V', "vncviewer", NULL, "Taken for old scripts: xl vncviewer shows a guest's screen." },
    { 'A', "vncviewer-autopass", NULL, "Likewise." },
    IGNORE_MASKS);

OPTIONS(vnc_options,
    { OPT_AUTOPASS, "autopass", NULL, "Taken for old scripts: the viewer asks for a password." },
    { OPT_AUTOPASS, "vncviewer-autopass", NULL, "Likewise." });

OPTIONS(update_options, CONFIG_FILE,
    { 'd', "debug", NULL, "Print the configuration as it was understood." });

OPTIONS(list_options,
    { 'l', "long", NULL, "Everything that is known of each domain (JSON, or what output_format says)." },
    { 'v', "verbose", NULL, "Also UUID, reason of the shutdown, security label." },
    { 'Z', "context", NULL, "Also the security label." },
    { 'c', "cpupool", NULL, "Also the CPU pool." },
    { 'n', "numa", NULL, "Also the NUMA nodes that memory comes from." },
    JSON);

OPTIONS(destroy_options,
    { 'f', "force", NULL, "Allow domain 0, where another domain holds the tools." });

OPTIONS(shutdown_options,
    { 'a', "all", NULL, "All guests." },
    { 'w', "wait", NULL, "Return when it is done; twice: when the domain is gone." },
    { 'F', NULL, NULL, "Without PV drivers in an HVM guest: press its ACPI button." });

OPTIONS(console_options,
    { 't', "type", "TYPE", "pv or serial." },
    { 'n', "num", "NUMBER", "Which of the guest's consoles (0)." },
    { 'e', "escape", "CHARACTER", "What detaches: ^] unless said otherwise; '' for nothing." });

OPTIONS(top_options,
    { 'd', "delay", "SECONDS", "Between two samples (3)." },
    { 'n', "networks", NULL, "Show the network interfaces." },
    { 'x', "vbds", NULL, "Show the block devices." },
    { 'r', "repeat-header", NULL, "Batch mode: a header before every domain." },
    { 'v', "vcpus", NULL, "Show each vCPU." },
    { 'f', "full-name", NULL, "Do not cut long names." },
    { 'b', "batch", NULL, "Print samples as plain text, without the keyboard." },
    { 'i', "iterations", "COUNT", "End after so many samples." },
    { 'z', "dom0-first", NULL, "Always show Domain-0 first." },
    JSON);

OPTIONS(pin_options,
    { 'f', "force", NULL, "Taken for old scripts: guests cannot pin their vCPUs themselves." },
    IGNORE_MASKS);

OPTIONS(vcpuset_options,
    { 'i', "ignore-host", NULL, "Allow more vCPUs than the host has CPUs." });

OPTIONS(info_options,
    { 'n', "numa", NULL, "Also the topology: CPUs, NUMA nodes and their distances." },
    JSON);

OPTIONS(uptime_options,
    { 's', "short", NULL, "One line a domain, as uptime(1) prints it." },
    JSON);

OPTIONS(dmesg_options,
    { 'c', "clear", NULL, "Empty the log after it is printed." });

OPTIONS(pool_list_options,
    { 'c', "cpus", NULL, "The CPUs of each pool." },
    JSON);

OPTIONS(detach_options,
    { 'f', "force", NULL, "Do not wait for the guest to let go of it." });

OPTIONS(credit2_options,
    { 'd', "domain", "DOMAIN", "The domain to show or change." },
    { 'w', "weight", "WEIGHT", "Its share against the others', 1 to 65535 (256)." },
    { 'c', "cap", "CAP", "At most so many percent of one CPU; 0: no limit." },
    { 's', "schedparam", NULL, "The parameters of the pool, not of a domain." },
    { 'r', "ratelimit_us", "MICROSECONDS", "Least time between two context switches." },
    POOL_OPTION('p'),
    JSON);

OPTIONS(credit_options,
    { 'd', "domain", "DOMAIN", "The domain to show or change." },
    { 'w', "weight", "WEIGHT", "Its share against the others', 1 to 65535 (256)." },
    { 'c', "cap", "CAP", "At most so many percent of one CPU; 0: no limit." },
    { 's', "schedparam", NULL, "The parameters of the pool, not of a domain." },
    { 't', "tslice_ms", "MILLISECONDS", "The time slice; credit2 has none: refused." },
    { 'r', "ratelimit_us", "MICROSECONDS", "Least time between two context switches." },
    { 'm', "migration_delay_us", "MICROSECONDS", "Cache-hot time; credit2 has none: refused." },
    POOL_OPTION('p'),
    JSON);

OPTIONS(help_options,
    { OPT_LONG_HELP, "long", NULL, "The whole list (it is always shown whole)." },
    { OPT_FORMAT, "format", "FORM", "The table for programs: names, man or completion." });

#define MEM_DETAILS "Size is a number of MiB, or one with a unit behind it: b (bytes), k (KiB),\n" \
    "m (MiB), g (GiB) or t (TiB)."


#define UNSERVED(n, args, what) \
    { .name = n, .run = cmd_unserved, .operands = args, .summary = what, .max = -1, \
      .flags = XL_UNSERVED }

const struct xl_command xl_commands[] = {
    { "create", cmd_create, "<ConfigFile> [options] [key=value ...]",
      "Create a domain from a configuration file",
      "The file is xl.cfg(5), libvirt's domain XML, or JSON as xl list -l prints it.\n"
      "key=value operands are read as further lines of it and win.",
      create_options, 0, -1, XL_FILE, XL_CHANGES | XL_DRY_RUN, XL_LIFE },
    { "config-update", cmd_config_update, "<Domain> <ConfigFile> [options] [key=value ...]",
      "Replace the configuration that a running domain restarts with", NULL,
      update_options, 1, -1, XL_DOMAIN_FILE, XL_CHANGES | XL_DRY_RUN, XL_LIFE },
    { "list", cmd_list, "[options] [<Domain>]", "List domains", NULL,
      list_options, 0, -1, XL_DOMAIN, 0, XL_QUERY },
    { "destroy", cmd_destroy, "[options] <Domain>", "End a domain at once, as if by its plug",
      NULL, destroy_options, 1, 1, XL_DOMAIN, XL_CHANGES | XL_DRY_RUN, XL_LIFE },
    { "shutdown", cmd_shutdown, "[options] <-a|Domain>", "Ask a domain to shut down", NULL,
      shutdown_options, 0, 1, XL_DOMAIN, XL_CHANGES | XL_DRY_RUN, XL_LIFE },
    { "reboot", cmd_reboot, "[options] <-a|Domain>", "Ask a domain to reboot", NULL,
      shutdown_options, 0, 1, XL_DOMAIN, XL_CHANGES | XL_DRY_RUN, XL_LIFE },
    { "pause", cmd_pause, "<Domain>", "Stop a domain's vCPUs", NULL,
      NULL, 1, 1, XL_DOMAIN, XL_CHANGES | XL_DRY_RUN, XL_LIFE },
    { "unpause", cmd_unpause, "<Domain>", "Let a paused domain run on", NULL,
      NULL, 1, 1, XL_DOMAIN, XL_CHANGES | XL_DRY_RUN, XL_LIFE },
    { "rename", cmd_rename, "<Domain> <NewName>", "Give a domain another name", NULL,
      NULL, 2, 2, XL_DOMAIN, XL_CHANGES | XL_DRY_RUN, XL_LIFE },
    { "trigger", cmd_trigger, "<Domain> <nmi|reset|init|power|sleep|s3resume> [<VCPU>]",
      "Send a trigger to a domain", NULL,
      NULL, 2, 3, XL_DOMAIN, XL_CHANGES | XL_DRY_RUN, XL_LIFE },
    { "button-press", cmd_button_press, "<Domain> <power|sleep>",
      "Press an ACPI button of an HVM guest (trigger does the same)", NULL,
      NULL, 2, 2, XL_DOMAIN, XL_CHANGES | XL_DRY_RUN, XL_LIFE },
    { "sysrq", cmd_sysrq, "<Domain> <letter>", "Send a magic SysRq key to a Linux guest", NULL,
      NULL, 2, 2, XL_DOMAIN, XL_CHANGES | XL_DRY_RUN, XL_LIFE },
    { "dump-core", cmd_dump_core, "<Domain> <File>", "Write a domain's memory to a file", NULL,
      NULL, 2, 2, XL_DOMAIN_FILE, XL_CHANGES | XL_DRY_RUN, XL_LIFE },

    { "console", cmd_console, "[options] <Domain>", "Attach to a domain's console",
      "CTRL-] detaches.", console_options, 1, 1, XL_DOMAIN, 0, XL_QUERY },
    { "vm-list", cmd_vm_list, "[options]", "List domains with their UUIDs", NULL,
      json_only, 0, 0, XL_NOTHING, 0, XL_QUERY },
    { "domid", cmd_domid, "[options] <DomainName>", "Print the id of a name", NULL,
      json_only, 1, 1, XL_DOMAIN, 0, XL_QUERY },
    { "domname", cmd_domname, "[options] <DomainId>", "Print the name of an id", NULL,
      json_only, 1, 1, XL_DOMAIN, 0, XL_QUERY },
    { "uptime", cmd_uptime, "[options] [<Domain> ...]", "Print how long domains have been running",
      NULL, uptime_options, 0, -1, XL_DOMAINS, 0, XL_QUERY },
    { "claims", cmd_claims, "[options]", "List memory that is claimed but not yet given", NULL,
      json_only, 0, 0, XL_NOTHING, 0, XL_QUERY },
    { "sharing", cmd_sharing, "[options] [<Domain>]", "List how many pages domains share", NULL,
      json_only, 0, 1, XL_DOMAIN, 0, XL_QUERY },
    { "info", cmd_info, "[options]", "Describe the host", NULL,
      info_options, 0, 0, XL_NOTHING, 0, XL_QUERY },
    { "top", cmd_top, "[options]", "Watch what the domains are using", NULL,
      top_options, 0, 0, XL_NOTHING, 0, XL_QUERY },
    { "dmesg", cmd_dmesg, "[options]", "Print the hypervisor's log", NULL,
      dmesg_options, 0, 0, XL_NOTHING, 0, XL_QUERY },
    { "debug-keys", cmd_debug_keys, "<Keys>", "Send debug keys to the hypervisor",
      "xl debug-keys h, then xl dmesg, tells what each key does.",
      NULL, 1, 1, XL_NOTHING, XL_CHANGES | XL_DRY_RUN, XL_QUERY },
    { "set-parameters", cmd_set_parameters, "<Parameters>",
      "Change parameters of the hypervisor while it runs", NULL,
      NULL, 1, 1, XL_NOTHING, XL_CHANGES | XL_DRY_RUN, XL_QUERY },

    { "mem-set", cmd_mem_set, "<Domain> <Size>", "Set the memory a guest should balloon to",
      MEM_DETAILS, NULL, 2, 2, XL_DOMAIN, XL_CHANGES | XL_DRY_RUN, XL_TUNE },
    { "mem-max", cmd_mem_max, "<Domain> <Size>", "Set the most memory a domain may have",
      MEM_DETAILS, NULL, 2, 2, XL_DOMAIN, XL_CHANGES | XL_DRY_RUN, XL_TUNE },
    { "vcpu-list", cmd_vcpu_list, "[options] [<Domain> ...]", "List vCPUs: state and affinity",
      NULL, json_only, 0, -1, XL_DOMAINS, 0, XL_TUNE },
    { "vcpu-pin", cmd_vcpu_pin,
      "[options] <Domain> <VCPU|all> <Hard affinity|-|all> [<Soft affinity|-|all>]",
      "Set on which CPUs a vCPU must or should run", NULL,
      pin_options, 3, 4, XL_DOMAIN, XL_CHANGES | XL_DRY_RUN, XL_TUNE },
    { "vcpu-set", cmd_vcpu_set, "[options] <Domain> <Count>", "Set how many vCPUs a guest uses",
      NULL, vcpuset_options, 2, 2, XL_DOMAIN, XL_CHANGES | XL_DRY_RUN, XL_TUNE },
    { "sched-credit2", cmd_sched_credit2, "[options]", "Show or set credit2's parameters", NULL,
      credit2_options, 0, 0, XL_NOTHING, XL_CHANGES | XL_DRY_RUN, XL_TUNE },
    { "sched-credit", cmd_sched_credit, "[options]",
      "The same for scripts made for credit: weight and cap go to credit2", NULL,
      credit_options, 0, 0, XL_NOTHING, XL_CHANGES | XL_DRY_RUN, XL_TUNE },
    { "cpupool-list", cmd_cpupool_list, "[options] [<Pool>]", "List CPU pools", NULL,
      pool_list_options, 0, 1, XL_POOL, 0, XL_TUNE },

    { "block-attach", cmd_block_attach, "<Domain> <disk specification> ...",
      "Give a running domain another block device", "See xl.cfg(5) for the specification.",
      NULL, 2, -1, XL_DOMAIN_FILE, XL_CHANGES | XL_DRY_RUN, XL_DEVICE },
    { "block-list", cmd_block_list, "[options] <Domain> ...", "List domains' block devices", NULL,
      json_only, 1, -1, XL_DOMAINS, 0, XL_DEVICE },
    { "block-detach", cmd_block_detach, "[options] <Domain> <Device>",
      "Take a block device away; by number or name (xvdb)", NULL,
      detach_options, 2, 2, XL_DOMAIN, XL_CHANGES | XL_DRY_RUN, XL_DEVICE },
    { "network-attach", cmd_network_attach, "<Domain> [key=value ...]",
      "Give a running domain another network interface",
      "Keys are those of vif= in xl.cfg(5): mac, bridge, ip, script, vifname, rate, mtu ...",
      NULL, 1, -1, XL_DOMAIN, XL_CHANGES | XL_DRY_RUN, XL_DEVICE },
    { "network-list", cmd_network_list, "[options] <Domain> ...",
      "List domains' network interfaces", NULL,
      json_only, 1, -1, XL_DOMAINS, 0, XL_DEVICE },
    { "network-detach", cmd_network_detach, "<Domain> <Number|MAC>",
      "Take a network interface away", NULL,
      NULL, 2, 2, XL_DOMAIN, XL_CHANGES | XL_DRY_RUN, XL_DEVICE },
    { "cd-insert", cmd_cd_insert, "<Domain> <Drive> <Path>", "Put a disc into a guest's drive",
      "The drive is one of the configuration (devtype=cdrom), by its name, as hdc.",
      NULL, 3, 3, XL_DOMAIN, XL_CHANGES | XL_DRY_RUN, XL_DEVICE },
    { "cd-eject", cmd_cd_eject, "<Domain> <Drive>", "Take the disc out of a guest's drive", NULL,
      NULL, 2, 2, XL_DOMAIN, XL_CHANGES | XL_DRY_RUN, XL_DEVICE },
    { "vncviewer", cmd_vncviewer, "[options] <Domain>", "Show a domain's screen",
      "Runs vncviewer where there is a display, and says how to connect where not.",
      vnc_options, 1, 1, XL_DOMAIN, 0, XL_DEVICE },
    { "channel-list", cmd_channel_list, "[options] <Domain> ...", "List domains' channels", NULL,
      json_only, 1, -1, XL_DOMAINS, 0, XL_DEVICE },

    { "domain-to-xml", cmd_domain_to_xml, "<ConfigFile|Domain> [key=value ...]",
      "Print a configuration as libvirt's domain XML", NULL,
      NULL, 1, -1, XL_FILE, XL_NO_PREFIX, XL_OTHER },
    { "help", cmd_help, "[<Command>]", "Explain xl or one command", NULL,
      help_options, 0, 1, XL_COMMAND, 0, XL_OTHER },
    { "init-dom0", cmd_init_dom0, "", "Write domain 0's nodes into a new store", NULL,
      NULL, 0, 0, XL_NOTHING, XL_HIDDEN | XL_NO_PREFIX, XL_OTHER },

    /* Not served: their names are kept, so that prefixes mean what they always meant. */
    UNSERVED("save", "<Domain> <File>", "Save a domain's state to a file"),
    UNSERVED("restore", "<File>", "Bring a saved domain back"),
    UNSERVED("migrate", "<Domain> <Host>", "Move a running domain to another host"),
    UNSERVED("migrate-receive", "", "The receiving end of migrate"),
    UNSERVED("remus", "<Domain> <Host>", "Replicate a running domain to another host"),
    UNSERVED("pci-attach", "<Domain> <BDF>", "Give a PCI device to a domain"),
    UNSERVED("pci-detach", "<Domain> <BDF>", "Take a PCI device away"),
    UNSERVED("pci-list", "<Domain>", "List a domain's PCI devices"),
    UNSERVED("pci-assignable-add", "<BDF>", "Make a PCI device assignable"),
    UNSERVED("pci-assignable-remove", "<BDF>", "Make a PCI device dom0's again"),
    UNSERVED("pci-assignable-list", "", "List assignable PCI devices"),
    UNSERVED("sched-rtds", "", "Parameters of the rtds scheduler"),
    UNSERVED("vtpm-attach", "<Domain>", "Give a virtual TPM to a domain"),
    UNSERVED("vtpm-list", "<Domain>", "List virtual TPMs"),
    UNSERVED("vtpm-detach", "<Domain> <Device>", "Take a virtual TPM away"),
    UNSERVED("vkb-attach", "<Domain>", "Give a virtual keyboard to a domain"),
    UNSERVED("vkb-list", "<Domain>", "List virtual keyboards"),
    UNSERVED("vkb-detach", "<Domain> <Device>", "Take a virtual keyboard away"),
    UNSERVED("vdispl-attach", "<Domain>", "Give a virtual display to a domain"),
    UNSERVED("vdispl-list", "<Domain>", "List virtual displays"),
    UNSERVED("vdispl-detach", "<Domain> <Device>", "Take a virtual display away"),
    UNSERVED("vsnd-attach", "<Domain>", "Give a virtual sound card to a domain"),
    UNSERVED("vsnd-list", "<Domain>", "List virtual sound cards"),
    UNSERVED("vsnd-detach", "<Domain> <Device>", "Take a virtual sound card away"),
    UNSERVED("cpupool-create", "", "Make a CPU pool"),
    UNSERVED("cpupool-destroy", "<Pool>", "Remove a CPU pool"),
    UNSERVED("cpupool-rename", "<Pool> <Name>", "Rename a CPU pool"),
    UNSERVED("cpupool-cpu-add", "<Pool> <CPUs>", "Move CPUs into a pool"),
    UNSERVED("cpupool-cpu-remove", "<Pool> <CPUs>", "Take CPUs out of a pool"),
    UNSERVED("cpupool-migrate", "<Domain> <Pool>", "Move a domain into a pool"),
    UNSERVED("cpupool-numa-split", "", "Make one pool for each NUMA node"),
    UNSERVED("getenforce", "", "Whether Flask enforces its policy"),
    UNSERVED("setenforce", "<0|1>", "Make Flask enforce its policy or not"),
    UNSERVED("loadpolicy", "<File>", "Load a Flask policy"),
    UNSERVED("devd", "", "Serve devices from a driver domain"),
    UNSERVED("psr-hwinfo", "", "Shared-resource hardware"),
    UNSERVED("psr-cmt-attach", "<Domain>", "Monitor a domain's cache"),
    UNSERVED("psr-cmt-detach", "<Domain>", "Stop monitoring a domain's cache"),
    UNSERVED("psr-cmt-show", "<Type> [<Domain>]", "Show what cache monitoring found"),
    UNSERVED("psr-cat-set", "<Domain> <CBM>", "Set a domain's cache mask"),
    UNSERVED("psr-cat-show", "[<Domain>]", "Show cache masks"),
    UNSERVED("psr-mba-set", "<Domain> <Throttle>", "Throttle a domain's memory bandwidth"),
    UNSERVED("psr-mba-show", "[<Domain>]", "Show memory bandwidth throttles"),
    UNSERVED("usbctrl-attach", "<Domain>", "Give a USB controller to a domain"),
    UNSERVED("usbctrl-detach", "<Domain> <Device>", "Take a USB controller away"),
    UNSERVED("usbdev-attach", "<Domain>", "Give a USB device to a domain"),
    UNSERVED("usbdev-detach", "<Domain>", "Take a USB device away"),
    UNSERVED("usb-list", "<Domain>", "List USB controllers and devices"),
    UNSERVED("qemu-monitor-command", "<Domain> <Command>", "Talk to a domain's device model"),
};

const unsigned int xl_nr_commands = sizeof(xl_commands) / sizeof(xl_commands[0]);

const struct xl_command *xl_lookup(const char *name, bool *several)
{
    const struct xl_command *found = NULL;
    size_t len = strlen(name);

    *several = false;
    for ( unsigned int i = 0; i < xl_nr_commands; i++ ) {
        const struct xl_command *c = &xl_commands[i];

        if ( !strcmp(c->name, name) )
            return c;
        if ( !len || (c->flags & XL_NO_PREFIX) || strncmp(c->name, name, len) )
            continue;
        *several = *several || found;
        found = found ? found : c;
    }
    return *several ? NULL : found;
}
