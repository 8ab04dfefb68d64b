/** The classes of outcomes in words: a label for a cell, a letter for a table that is narrow, and what the class means. */
import type { ClassId, OutcomeClass } from './classes';
import type { Outcome } from './outcome';
import { hang } from './hung-words';
import { describeOops, lost, sentence, swallowed, withoutLpInit } from './sentence';

export interface ClassWords {
  /** One letter, unlike those of all other classes. */
  readonly code: string;
  readonly label: string;
  readonly meaning: string;
}

export const CLASS_WORDS: Readonly<Record<ClassId, ClassWords>> = {
  works: { code: '.', label: 'works', meaning: 'all was done, nothing is wrong' },
  broken: {
    code: 'b',
    label: 'broken',
    meaning: 'all was done, and what the text says must never be, or always, was broken; nobody was told',
  },
  refused: { code: 'r', label: 'refused', meaning: 'an action returned an error, nobody is harmed' },
  'cpu-lost': { code: 'c', label: 'CPU lost', meaning: 'a CPU is offline, and no caller was told' },
  'vm-refused': {
    code: 'v',
    label: 'VM refused',
    meaning: 'KVM_CREATE_VM, or KVM_TDX_INIT_VM after it, returned an error',
  },
  'no-kvm': { code: 'k', label: 'no KVM', meaning: 'the module did not load' },
  swallowed: {
    code: 's',
    label: 'swallowed',
    meaning: 'CPUs run tasks without the virtualization, or the LP.INIT, that VMs count on, and no caller was told',
  },
  'vm-dies': {
    code: 'V',
    label: 'VM dies',
    meaning: 'a VM cannot go on: KVM_RUN returns an error, or 0 with an exit that userspace can only give up on',
  },
  'thread-dies': { code: 'T', label: 'thread dies', meaning: "an oops killed a vCPU's thread, its VM leaks" },
  oops: { code: 'O', label: 'oops', meaning: 'an oops killed a task of the host' },
  hang: { code: 'H', label: 'hang', meaning: 'somebody waits for ever, or a CPU does nothing any more' },
  'host-dies': { code: 'P', label: 'host dies', meaning: 'panic, or all CPUs stand still for ever' },
  unknown: { code: '?', label: 'unknown', meaning: 'the run was cut, or met what the text does not model' },
  na: { code: '-', label: 'n/a', meaning: 'the question makes no sense on that kernel' },
};

/** The outcome in one line, of what decided its class: where several things went wrong, of the worst. */
export function classLine(o: Outcome, c: OutcomeClass): string {
  // what userspace waits for says more than what a kworker waits for
  const waits = c.hung.find((h) => h.action !== '') ?? c.hung[0];
  if (c.id === 'hang') return waits ? hang(o, waits) : `CPU ${c.cpus.join(', ')} does nothing any more`;
  if (o.end === 'limit') return `not finished after ${o.steps} steps; so far: ${sentence(o).headline}`;
  if (c.id === 'oops' && c.oops) return describeOops(c.oops);
  if (c.id === 'swallowed') return [...swallowed(o), ...withoutLpInit(o)][0]!;
  if (c.id === 'broken') return `${o.verdict.text}: broken, and nobody was told`;
  if (c.id === 'cpu-lost') return lost(o)[0]!;
  return sentence(o).headline;
}
