/**
 * Changes to a litmus text as a person would make them: one line changed, added or taken away, everything else (comments,
 * layout, order) as it was. Works on lines, so a text with an error in it can be changed too. A change that is
 * impossible gives the text back as it was. Acts at a moment of the run are in `hand.ts`.
 */
import { insert, isAction, join, lastIndex, scan, type Line } from './edit-lines';

export const ENABLE = 'kvm_arch_hardware_enable';

// ---- the machine

interface Size {
  readonly line: number;
  /** CPUs that are there at first, online or not. */
  readonly present: number;
  readonly addable: number;
}

const CPUS = /(\bcpus\s+(\d+)(?:\s*\+\s*(\d+)\s+offline)?)(\s*\+\s*(\d+)(\s+hot-addable)?)?/;

function sizeOf(lines: readonly Line[]): Size | null {
  const line = lines.findIndex((l) => l.kind === 'directive' && l.words[0] === 'machine');
  const match = line < 0 ? null : CPUS.exec(lines[line]!.code);
  return match && { line, present: Number(match[2]) + Number(match[3] ?? 0), addable: Number(match[5] ?? 0) };
}

function withAddable(lines: readonly Line[], size: Size, addable: number): Line[] {
  return lines.map((l, i) => (i === size.line ? { ...l, raw: l.raw.replace(CPUS, `$1 + ${addable} hot-addable`) } : l));
}

/** The CPU that a hot-add would add next; -1 where the text describes no machine. */
export function nextCpu(text: string): number {
  const lines = scan(text);
  const size = sizeOf(lines);
  if (!size) return -1;
  const added = new Set(lines.filter((l) => isAction(l, 'hotadd')).map((l) => l.words[1]));
  let cpu = size.present;
  while (added.has(`cpu${cpu}`)) cpu++;
  return cpu;
}

/** Makes room in the machine for a CPU that is to be hot-added. */
export function withRoom(text: string, cpu: number): string {
  const lines = scan(text);
  const size = sizeOf(lines);
  if (!size || cpu < size.present + size.addable) return text;
  return join(withAddable(lines, size, cpu - size.present + 1).map((l) => l.raw));
}

// ---- faults

/** Line ranges [first, end) of the faults that make an enable on this CPU fail; a fault may go on in indented lines. */
function armedAt(lines: readonly Line[], cpu: number): [number, number][] {
  const found: [number, number][] = [];
  for (let i = 0; i < lines.length; i++) {
    if (lines[i]!.kind !== 'fault') continue;
    let end = i + 1;
    while (lines[end]?.kind === 'fault' && /^\s/.test(lines[end]!.code)) end++;
    const words = lines.slice(i, end).flatMap((l) => l.words);
    if (words.includes(`cpu${cpu}`) && words.some((w) => /hardware_enable/.test(w))) found.push([i, end]);
    i = end - 1;
  }
  return found;
}

/** Is an enable on this CPU to fail? */
export const armed = (text: string, cpu: number): boolean => armedAt(scan(text), cpu).length > 0;

/** Adds the fault that makes the enable on a CPU return -EIO, or takes such faults away. */
export function setArmed(text: string, cpu: number, on: boolean): string {
  const lines = scan(text);
  if (!on) {
    const gone = armedAt(lines, cpu);
    return join(lines.filter((_, i) => !gone.some(([from, to]) => i >= from && i < to)).map((l) => l.raw));
  }
  return armed(text, cpu) ? text : addFault(text, `fault   cpu${cpu} ${ENABLE} returns -EIO`);
}

/** Adds a fault, as a line, after those that are there. */
export function addFault(text: string, added: string): string {
  const lines = scan(text);
  const after = lastIndex(lines, (l) => l.kind === 'fault');
  if (after >= 0) return insert(lines, after + 1, [added]);
  const action = lastIndex(lines, (l) => l.kind === 'action');
  if (action >= 0) return insert(lines, action + 1, [added]);
  const machine = lastIndex(lines, (l) => l.words[0] === 'machine' || l.words[0] === 'kernel');
  return insert(lines, machine + 1, ['', added]);
}

/** Takes away every fault, and all that arms or disarms one. */
export function withoutFaults(text: string): string {
  return join(
    scan(text)
      .filter((l) => l.kind !== 'fault' && !isAction(l, 'arm', 'disarm'))
      .map((l) => l.raw),
  );
}

// ---- the kernel

/** The same text on another kernel. */
export function setKernel(text: string, kernel: string): string {
  const lines = scan(text);
  const at = lines.findIndex((l) => l.kind === 'directive' && l.words[0] === 'kernel');
  if (at >= 0) return join(lines.map((l, i) => (i === at ? l.raw.replace(/^(kernel\s+)\S+/, `$1${kernel}`) : l.raw)));
  return insert(lines, lastIndex(lines, (l) => l.words[0] === 'litmus' || l.kind === 'about') + 1, [
    `kernel  ${kernel}`,
  ]);
}

/** The same text on a machine of the other vendor, with that vendor's module. Names of functions stay as they are. */
export function setVendor(text: string, vendor: 'intel' | 'amd'): string {
  const [from, to] = vendor === 'intel' ? ['amd', 'intel'] : ['intel', 'amd'];
  const swap = (l: Line): string => {
    if (l.kind === 'directive' && l.words[0] === 'machine') return l.raw.replace(new RegExp(`\\b${from}\\b`), to);
    return l.kind === 'action' ? l.raw.replace(new RegExp(`\\bkvm_${from}\\b`, 'g'), `kvm_${to}`) : l.raw;
  };
  return join(scan(text).map(swap));
}
