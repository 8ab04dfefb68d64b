/** Which texts of the gallery are the rows of the outcome matrix, in this order, and on which vendors each is asked. */

export type Vendor = 'intel' | 'amd';

export interface RowChoice {
  /** Name of a text of the gallery. */
  readonly text: string;
  readonly vendors: readonly Vendor[];
}

const intel = (text: string): RowChoice => ({ text, vendors: ['intel'] });
const both = (text: string): RowChoice => ({ text, vendors: ['intel', 'amd'] });

export const ROWS: readonly RowChoice[] = [
  both('plain-vm'),
  both('offline-online'),
  both('pinned-cpu-goes'),
  both('bad-cpu-at-load'),
  both('bad-cpu-no-vm'),
  both('bad-cpu-with-vm'),
  both('kevin-2021-11-30'),
  both('bad-cpu-between-vms'),
  both('bad-cpu-after-vms'),
  intel('cpu-incompatible'),
  both('cpu-without-virt'),
  both('second-victim'),
  intel('vmx-goes-off'),
  intel('vmx-goes-off-asleep'),
  both('enable-lies'),
  both('enable-lies-offline'),
  both('suspend-resume-fails'),
  both('reboot-with-vm'),
  both('fail-file'),
  both('fail-file-starting'),
  intel('td-plain'),
  intel('td-offline-online'),
  intel('td-hotadd-no-td'),
  intel('td-hotadd-running'),
  intel('td-first-after-bad'),
  intel('td-hotadd-without-kvm'),
  intel('td-last-of-package'),
  intel('td-package-gone'),
];
