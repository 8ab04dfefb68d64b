/**
 * The kernel log: lines of KVM and of the hotplug core, in their order, against those that the model's steps print. What a
 * line is worth comparing is told by the model's own formats and by the prefixes of those two; other lines are other parts
 * of the kernel.
 */
import type { Program } from '../language/program';
import type { Dmesg } from '../timeline/dmesg-import';
import { tellsOf } from './trouble';

export interface LogLine {
  /** 1-based line of dmesg.txt. */
  readonly line: number;
  readonly stampUs: number;
  readonly text: string;
}

export interface LogView {
  /** Lines to compare, in file order. */
  readonly lines: readonly LogLine[];
  /** Others, by why. */
  readonly left: ReadonlyMap<string, number>;
}

/** Lines of KVM and of the hotplug core, whether or not the model prints them. */
const OURS = [
  /^kvm(_amd|_intel)?: /,
  /^SVM: /,
  /^has_svm: /,
  /^(smpboot|virt\/tdx): /,
  /^(ACPI: )?CPU ?\d+( is up$| has been hot-added| (UP|DOWN) state | is now offline)/,
  /^(Disabling|Enabling) non-boot CPUs/,
  /^Error (taking|bringing) CPU/,
  /^Will online and init hotplugged CPU/,
  /^process \d+ \(.*\) no longer affine to cpu/,
  /^------------\[ cut here/,
  /^(x86: |smpboot: x86: )Booting SMP configuration/,
];
/** What a vendor module says of itself when it is loaded. */
const BANNER =
  /^(kvm_amd|kvm_intel|kvm|SVM)(: kvm)?: (Nested |PMU virtualization|TSC scaling|Virtual |LBR |AVIC |SEV|V_NMI |vgif )/i;
const POWER_OFF = /^kvm: exiting hardware virtualization$/;
/** What the capture rig says: its script's marks and its fault modules. */
const RIG = /^(mark: |faultinj: |kvmfault: |write\(\)=)/;
/** Why a line is not compared. */
const LEFT = {
  rig: "the rig's own: what its script and its fault modules print",
  others: 'log lines of other parts of the kernel (none tells of a death, a hang or a warning)',
};
const INIT = /^Run \S+ as init process/;

export function viewLog(program: Program, dmesg: Dmesg): LogView {
  const formats = formatsOf(program);
  const lines: LogLine[] = [];
  const left = new Map<string, number>();
  const count = (why: string): void => void left.set(why, (left.get(why) ?? 0) + 1);
  const begun = dmesg.lines.findIndex((l) => INIT.test(l.text));
  /** In the report of an oops: its head is compared, registers and stack are addresses. */
  const within = new Map<number, 'head' | 'body' | 'note'>();
  for (const r of dmesg.reports) {
    let head = true;
    for (let i = r.from; i <= r.to; i++) {
      const { text } = dmesg.lines[i]!;
      within.set(i, /^note: .*exited with /.test(text) ? 'note' : head ? 'head' : 'body');
      if (/^RIP: 0010:/.test(text)) head = false;
    }
    // the line that opens a warning says nothing more; that of a BUG is printed by the text
    if (r.from < r.at && r.what.startsWith('WARNING: ')) within.set(r.from, 'body');
  }
  dmesg.lines.forEach((l, i) => {
    if (i <= begun) return;
    const text = normalized(l.text);
    const printed = formats.some((p) => p.test(text));
    const tells = !RIG.test(text) && tellsOf(text) !== null;
    const ours = printed || tells || OURS.some((p) => p.test(text));
    const part = within.get(i);
    // what another CPU prints may stand in the middle of a report
    if (!tells && (part === 'body' || (part === 'head' && !ours)))
      count('addresses: registers and stacks of oops reports');
    else if (!ours) count(RIG.test(text) ? LEFT.rig : LEFT.others);
    else if (BANNER.test(text) && !printed) count('load banners');
    else if (POWER_OFF.test(text)) count('power-off');
    else lines.push({ line: l.line, stampUs: l.stampUs, text });
  });
  return { lines, left };
}

/**
 * A warning is known by its function: kernels put line, CPU and task there in different orders. Offsets into functions are
 * addresses: "kvm_spurious_fault+0xe/0x10 [kvm]" is "kvm_spurious_fault [kvm]". Whether the page tables are isolated (PTI,
 * NOPTI behind "invalid opcode") is a property of the machine.
 */
export function normalized(text: string): string {
  return text
    .replace(/\+0x[0-9a-f]+\/0x[0-9a-f]+/g, '')
    .replace(/^WARNING: .*?(\w+)(?: \[\w+\])?(?:, CPU#.*)?$/, 'WARNING: $1')
    .replace(/^((?:Oops: )?invalid opcode: .*?) (?:NO)?PTI$/, '$1')
    .trimEnd();
}

function formatsOf(program: Program): RegExp[] {
  const texts = new Set<string>([program.hooks.affinityLost]);
  for (const i of program.code) if (i.op === 'log' || i.op === 'warn') texts.add(i.format);
  const letters: Readonly<Record<string, string>> = { d: '-?\\d+', p: '\\d+', x: '[0-9a-f]+', t: '.+', v: '.+', e: '-?\\w+', S: '.+' }; // prettier-ignore
  return [...texts].map((format) => {
    const pattern = format
      .replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
      .replace(/%([a-zA-Z])/g, (_, letter: string) => letters[letter] ?? '.+');
    return new RegExp(`^${pattern}$`);
  });
}

/**
 * How many times a program asked for the same, by what the kernel printed meanwhile: a modprobe that fails may try the other
 * call (busybox does). What an attempt prints it prints once. `from`, `to`: stamps of the log.
 */
export function timesAsked(dmesg: Dmesg, from: number, to: number): number {
  const said = new Map<string, number>();
  for (const l of dmesg.lines) {
    if (!(l.stampUs >= from && l.stampUs <= to) || !/kvm|svm|vmx/i.test(l.text)) continue;
    const text = normalized(l.text);
    if (!BANNER.test(text)) said.set(text, (said.get(text) ?? 0) + 1);
  }
  return Math.max(1, ...said.values());
}

/** Lines printed at the same time by different CPUs may stand in either order. */
const TOGETHER = 500_000;
const WINDOW = 24;

/** Meets the model's lines with the log's, in order. */
export class LogMatch {
  private readonly met: boolean[];
  private head = 0;
  /** Lines met before one that stands earlier in the file. */
  swapped = 0;

  constructor(private readonly view: LogView) {
    this.met = view.lines.map(() => false);
  }

  /** The line that the model prints now; null where the log has it not. */
  meet(text: string): LogLine | null {
    const { lines } = this.view;
    const said = normalized(text);
    const first = lines[this.head];
    for (let i = this.head; i < lines.length && i < this.head + WINDOW; i++) {
      const line = lines[i]!;
      if (this.met[i] || line.text !== said) continue;
      this.met[i] = true;
      if (i > this.head) this.swapped += 1;
      // what stands well before it can no longer come: the model has not printed it
      if (Math.abs(line.stampUs - first!.stampUs) > TOGETHER) this.head = i;
      while (this.met[this.head]) this.head += 1;
      return line;
    }
    return null;
  }

  /** The next line that nobody has printed yet. */
  next(): LogLine | null {
    return this.view.lines[this.head] ?? null;
  }

  unmet(): LogLine[] {
    return this.view.lines.filter((_, i) => !this.met[i]);
  }
}
