/**
 * Changes to a litmus text as a person would make them: one line added, changed or taken away, under the right actor and in its
 * column, everything else (comments, layout, order) as it was. Works on lines, so a text with an error in it can be
 * changed too. A change that is impossible gives the text back as it was.
 */

type LineKind = 'blank' | 'about' | 'directive' | 'action' | 'fault' | 'other';

interface Line {
  readonly raw: string;
  /** Without its comment. */
  readonly code: string;
  readonly kind: LineKind;
  /** Name of the actor whose action it is. */
  readonly actor: string;
  /** Words of the directive, the action or the fault, without the actor's name. */
  readonly words: readonly string[];
  /** Column (from 0) at which those words begin. */
  readonly column: number;
}

const DEFAULT_COLUMN = 8;
export const ENABLE = 'kvm_arch_hardware_enable';

const withoutComment = (raw: string): string => {
  let quoted = false;
  for (let i = 0; i < raw.length; i++) {
    if (raw[i] === '"') quoted = !quoted;
    else if (raw[i] === '#' && !quoted) return raw.slice(0, i);
  }
  return raw;
};

const split = (code: string): string[] => [...code.matchAll(/,|=|\+|[^\s,=+]+/g)].map((m) => m[0]);

function scan(text: string): Line[] {
  let actor = '';
  let last: LineKind = 'blank';
  let quoted = false;
  return text.split('\n').map((raw): Line => {
    const code = withoutComment(raw.replace(/\r$/, ''));
    const line = (kind: LineKind, column: number, whose = ''): Line => {
      if (kind !== 'blank') last = kind;
      return { raw, code, kind, actor: whose, words: split(code.slice(column)), column };
    };
    const first = /\S/.exec(code)?.index ?? -1;
    if (quoted || code[first] === '"') {
      const quotes = code.split('"').length - 1;
      if (quotes % 2 === 1) quoted = !quoted;
      return line('about', Math.max(0, first));
    }
    if (first < 0) return line('blank', 0);
    const named = /^([A-Za-z_][\w-]*):/.exec(code);
    if (named) {
      actor = named[1]!;
      const after = code.slice(named[0].length);
      const at = /\S/.exec(after);
      return line('action', at ? named[0].length + at.index : code.length, actor);
    }
    if (first > 0 && last === 'action') return line('action', first, actor);
    if (first > 0 && last === 'fault') return line('fault', first);
    if (first > 0) return line('other', first);
    return line(/^(maybe\s+)?fault\b/.test(code) ? 'fault' : 'directive', 0);
  });
}

const join = (lines: readonly string[]): string => lines.join('\n');

function insert(lines: readonly Line[], at: number, added: readonly string[]): string {
  const raws = lines.map((l) => l.raw);
  raws.splice(at, 0, ...added);
  return join(raws);
}

const lastIndex = (lines: readonly Line[], holds: (line: Line) => boolean): number => lines.findLastIndex(holds);

/** Adds actions at the end of an actor's; the actor comes after the others when there is none of that name. */
function addActions(lines: readonly Line[], actor: string, actions: readonly string[]): string {
  const own = lines.filter((l) => l.kind === 'action' && l.actor === actor);
  const column = (own.find((l) => l.words.length > 0) ?? lines.find((l) => l.kind === 'action' && l.words.length > 0))
    ?.column;
  const indent = column ?? DEFAULT_COLUMN;
  if (own.length > 0) {
    const at = lastIndex(lines, (l) => l.kind === 'action' && l.actor === actor) + 1;
    return insert(
      lines,
      at,
      actions.map((a) => ' '.repeat(indent) + a),
    );
  }
  const block = actions.map((a, i) =>
    i === 0 ? `${`${actor}:`.padEnd(Math.max(indent, actor.length + 2))}${a}` : ' '.repeat(indent) + a,
  );
  const after = lastIndex(lines, (l) => l.kind === 'action');
  if (after >= 0) return insert(lines, after + 1, block);
  const machine = lastIndex(lines, (l) => l.words[0] === 'machine' || l.words[0] === 'kernel');
  return insert(lines, machine + 1, ['', ...block]);
}

const isAction = (line: Line, ...verbs: readonly string[]): boolean =>
  line.kind === 'action' &&
  (verbs.includes(line.words[0]!) || (line.words[1] === '=' && verbs.includes(line.words[2]!)));

/** Who does such things in this text already: by name, else by deed. */
function actorFor(lines: readonly Line[], name: string, ...verbs: readonly string[]): string {
  if (lines.some((l) => l.actor === name)) return name;
  return lines.findLast((l) => isAction(l, ...verbs))?.actor ?? name;
}

const admin = (lines: readonly Line[]): string => actorFor(lines, 'admin', 'hotadd', 'online', 'offline');

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

/** Adds `hotadd cpuN` for the next CPU, and room for it in the machine. */
export function hotAdd(text: string): string {
  const cpu = nextCpu(text);
  let lines: readonly Line[] = scan(text);
  const size = sizeOf(lines);
  if (!size) return text;
  const needed = cpu - size.present + 1;
  if (needed > size.addable) lines = withAddable(lines, size, needed);
  return addActions(lines, admin(lines), [`hotadd cpu${cpu}`]);
}

/** Adds `online cpuN` or `offline cpuN`. */
export function setOnline(text: string, cpu: number, online: boolean): string {
  const lines = scan(text);
  return addActions(lines, admin(lines), [`${online ? 'online' : 'offline'} cpu${cpu}`]);
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

/** Takes away every fault. */
export function withoutFaults(text: string): string {
  return join(
    scan(text)
      .filter((l) => l.kind !== 'fault')
      .map((l) => l.raw),
  );
}

// ---- VMs

/** Adds a VM with one vCPU and runs it; loads KVM first where nobody does. */
export function startVm(text: string): string {
  const lines = scan(text);
  const vms = new Set(lines.flatMap((l) => (l.kind === 'action' && l.words[1] === '=' ? [l.words[0]!] : [])));
  let n = 0;
  while (vms.has(`vm${n}`)) n++;
  const machine = lines.find((l) => l.kind === 'directive' && l.words[0] === 'machine');
  const module = machine?.words.includes('amd') ? 'kvm_amd' : 'kvm_intel';
  const load = lines.some((l) => isAction(l, 'modprobe')) ? [] : [`modprobe ${module}`];
  const actor = actorFor(lines, 'qemu', 'create', 'modprobe');
  return addActions(lines, actor, [...load, `vm${n} = create vm, 1 vcpu`, `run vm${n}`]);
}

/** Adds `affine vm0.vcpu0 to cpu4`; -1 lets it run anywhere again. */
export function pin(text: string, vcpu: string, cpu: number): string {
  const lines = scan(text);
  return addActions(lines, admin(lines), [`affine ${vcpu} to ${cpu < 0 ? 'any' : `cpu${cpu}`}`]);
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
