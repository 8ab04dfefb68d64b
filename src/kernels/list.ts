/** Names of the kernels and designs that come with Hotlanes. A new text is one file and one line here. */

/** Kernels that a litmus text may name, oldest first: `eras/NAME.kern`. */
export const KERNELS = [
  'v5.10',
  'v5.10-cloud',
  'v5.15',
  'v6.1',
  'v6.1.192',
  'v6.1.192-cloud',
  'v6.3',
  'v6.12',
  'v6.12.117',
  'v6.12.117-cloud',
  'v6.17',
  'v6.18',
  'v6.18.15',
  'v7.1',
  'v7.2',
  'v7.3',
  'v7.3.4',
] as const;

/** Designs from the list, each a patch over one of the kernels: `proposals/NAME.kern`. */
export const PROPOSALS = [
  'move-to-online',
  'bug-the-vm',
  'pin-in-userspace',
  'check-in-callback',
  'chao-v1',
  'chao-v4',
  'lazy-enable',
  'irqsave-in-online',
  'vmxon-at-start',
  'td1-document',
  'td3-usage-count',
  'td3-usage-count-scan',
  'td4-bug-in-sched-in',
  'td5a-pin',
  'td6-compat-callback',
  'td7a-acpi-refuses',
  'td7b-no-acpi-hotplug',
  'td7c-acpi-panics',
  'td8-trust-bios',
  'td9-shipped',
] as const;
