/** Completion in a litmus text: what can stand at a place of its line, by the names of the kernel and of the text itself. */
import type { Completion, CompletionContext, CompletionResult } from '@codemirror/autocomplete';
import { KERNELS, kernelTitle, PROPOSALS } from '../../kernels/index';
import type { Kernel } from '../../language/assemble';
import { ERRNO } from '../../language/errno';
import { parseLitmus, type Litmus } from '../../litmus/parse';
import { option } from './complete-kern';

export interface LitmusNames {
  /** The kernel that the text runs on. */
  readonly kernel: () => Kernel | null;
  /** Name of the user's own change; '' for none. */
  readonly own: () => string;
  /** The last text that was without an error. */
  readonly litmus: () => Litmus | null;
}

const DIRECTIVES: Readonly<Record<string, string>> = {
  litmus: 'the name of the text',
  kernel: 'what it runs on',
  machine: 'machine intel, cpus 4 + 1 hot-addable',
  hardware: 'hardware cpu4 cpu_svm=0',
  fault: 'fault cpu4 kvm_arch_hardware_enable returns -EIO',
  maybe: 'maybe fault ...: it may fail',
  never: 'a question: it never holds',
  always: 'a question: it always holds',
  exists: 'a question: in some run it holds',
  eventually: 'a question: in the end it holds',
  group: 'the group in the gallery',
  look: 'what to look for in the run',
};

const plain = (label: string, detail = '', type = 'keyword'): Completion => ({ label, detail, type });

/** The options for what begins behind `before` on a line, and how a word looks there. */
export function optionsAt(before: string, lines: readonly string[], names: LitmusNames): Completion[] {
  const [first = ''] = /^\S+/.exec(before) ?? [];
  if (before === '') {
    const actors = [...new Set(lines.flatMap((l) => /^([A-Za-z_][\w-]*):/.exec(l)?.[1] ?? []))];
    return [
      ...Object.entries(DIRECTIVES).map(([word, about]) => plain(word, about)),
      ...actors.map((a) => plain(`${a}:`, 'actor', 'class')),
    ];
  }
  if (first === 'kernel') return kernels(names.own());
  if (first === 'machine') return ['intel', 'amd', 'cpus', 'hot-addable', 'offline', 'packages'].map((w) => plain(w));
  const kernel = names.kernel();
  if (!kernel) return [];
  const at = { kernel, names, lines };
  if (first === 'fault' || first === 'maybe') return faults(before, at);
  if (first === 'hardware') return [...cpus(names), ...hardware(kernel)];
  if (/^(never|always|exists|eventually)$/.test(first)) return question(at);
  return actions(before, at);
}

interface At {
  readonly kernel: Kernel;
  readonly names: LitmusNames;
  readonly lines: readonly string[];
}

const kernels = (own: string): Completion[] => [
  ...(own === '' ? [] : [plain(own, 'your change', 'class')]),
  ...KERNELS.map((name) => plain(name, kernelTitle(name).replace(`${name}: `, ''), 'class')),
  ...PROPOSALS.map((name) => plain(name, kernelTitle(name), 'interface')),
];

const cpus = ({ litmus }: LitmusNames): Completion[] =>
  Array.from({ length: Math.min(64, litmus()?.setup.cpus ?? 0) }, (_, c) => plain(`cpu${c}`, 'CPU', 'variable'));

function vms(lines: readonly string[], { litmus }: LitmusNames): Completion[] {
  const named = lines.flatMap((l) => /^(?:\S+:)?\s+(\w+)\s*=\s*create\b/.exec(l)?.[1] ?? []);
  const all = litmus()?.setup.vms ?? [];
  const known = new Set([...named, ...all.map((vm) => vm.name)]);
  return [
    ...[...known].map((name) => plain(name, 'VM', 'variable')),
    ...all.flatMap((vm) =>
      Array.from({ length: vm.vcpus }, (_, i) => plain(`${vm.name}.vcpu${i}`, 'vCPU', 'variable')),
    ),
  ];
}

const errnos = (): Completion[] => Object.keys(ERRNO).map((name) => plain(`-${name}`, `${ERRNO[name]}`, 'constant'));

const states = (kernel: Kernel): Completion[] =>
  [...kernel.states.values()].flatMap((s) => [
    { ...option(kernel, s.constant, 'state', () => null), detail: String(s.number ?? '') },
    ...(s.name ? [plain(s.name, s.constant, 'enum')] : []),
  ]);

const hardware = (kernel: Kernel): Completion[] =>
  [...kernel.vars.values()].filter((v) => v.hardware).map((v) => plain(`${v.name}=`, v.doc, 'property'));

const parameters = (kernel: Kernel): Completion[] =>
  [...kernel.vars.values()].filter((v) => v.param).map((v) => plain(`${v.name}=`, v.doc, 'property'));

function faults(before: string, { kernel, names }: At): Completion[] {
  if (/\breturns\s+$/.test(before)) return errnos();
  if (/\breturns\s+\S+\s+$/.test(before)) return [plain('once'), plain('time')];
  const words = before
    .trim()
    .split(/\s+/)
    .filter((w) => !/^(maybe|fault|cpu\d+)$/.test(w));
  if (words.length > 0) return [plain('returns'), plain('up'), plain('down')];
  const functions = [...kernel.fns.values()]
    .filter((f) => f.kind === 'fn')
    .map((f) => option(kernel, f.name, 'function', () => null));
  const others = [...kernel.aliases.keys()].map((name) => plain(name, 'function', 'function'));
  return [...(/\bcpu\d+\s/.test(before) ? [] : cpus(names)), ...functions, ...others, ...states(kernel)];
}

function actions(before: string, { kernel, names, lines }: At): Completion[] {
  const verbs = [...kernel.fns.values()]
    .filter((f) => f.kind === 'action')
    .map((f): Completion => ({
      ...option(kernel, f.name, 'action', () => null),
      label: f.name.replaceAll('_', ' '),
      detail: f.params.map((p) => p.type.kind.toUpperCase()).join(' '),
    }));
  const begins = /^(\S+:)?\s+$/.test(before) || /=\s*$/.test(before) || /\bafter\s+$/.test(before);
  if (begins) return [...verbs, plain('modprobe', 'loads a module'), plain('create vm', '1 vcpu')];
  if (/\bmodprobe\s+$/.test(before)) return [plain('kvm_intel'), plain('kvm_amd')];
  if (/\bmodprobe\b/.test(before)) return parameters(kernel);
  return [
    ...cpus(names),
    ...vms(lines, names),
    plain('any'),
    plain('after', 'ACTION of another actor'),
    plain('at', '1.2 ms'),
    ...states(kernel),
  ];
}

function question({ kernel, names, lines }: At): Completion[] {
  const lets = [...kernel.lets.keys()].map((name) => option(kernel, name, 'definition', () => null));
  const variables = [...kernel.vars.keys()].map((name) => option(kernel, name, 'variable', () => null));
  const words = ['oops', 'panic', 'and', 'or', 'not', 'in', 'returned'].map((w) => plain(w));
  return [...words, ...lets, ...variables, ...cpus(names), ...vms(lines, names)];
}

export const completeLitmus =
  (names: LitmusNames) =>
  (context: CompletionContext): CompletionResult | null => {
    const word = context.matchBefore(/[\w./:-]+/);
    if (!word && !context.explicit) return null;
    const line = context.state.doc.lineAt(context.pos);
    const from = word ? word.from : context.pos;
    const before = line.text.slice(0, from - line.from);
    if (/#/.test(before) || (before.split('"').length - 1) % 2 === 1) return null;
    const options = optionsAt(before, context.state.doc.toString().split('\n'), names);
    return options.length === 0 ? null : { from, options, validFor: /^[\w./:-]*$/ };
  };

/** The same for whoever has only a text: what its last version without an error says. */
export const litmusOf = (text: string): Litmus | null => {
  const parsed = parseLitmus(text, 'litmus');
  return parsed.ok ? parsed.litmus : null;
};
