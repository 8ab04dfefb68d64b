/**
 * The words of an action in a litmus text, against the actions of a kernel text: `set fail cpu3 workqueue:online` is the action
 * set_fail(cpu, st). A name's `_` may be written as a blank, the longest name that fits is meant, and the type of each parameter
 * says how its word is read.
 */
import type * as Ast from './ast';
import type { Kernel } from './assemble';
import { ERRNO } from './errno';
import { didYouMean, TextError } from './errors';
import type { HotplugState } from './program';
import type { Setup, SetupAction, Word } from './setup';

/** Words that say nothing. */
export const FILLERS: ReadonlySet<string> = new Set(['to', 'on', 'at', 'from', 'in', 'the', 'and', ',']);
const YES_NO: Readonly<Record<string, number>> = { yes: 1, no: 0, true: 1, false: 0 };

export interface Surroundings {
  readonly kernel: Kernel;
  readonly setup: Setup;
  readonly states: readonly HotplugState[];
  readonly range: (type: Ast.TypeName) => [number, number];
}

/** The function that an action means, and the values that its words name. Throws TextError at the word that is wrong. */
export function resolveAction(action: SetupAction, around: Surroundings): { fn: Ast.FnDecl; args: number[] } {
  const { kernel } = around;
  const { fn, words } = named(action, kernel);
  const operands = words.filter((w) => !FILLERS.has(w.text));
  if (operands.length !== fn.params.length) {
    const takes = fn.params.map((p) => `${/^[aeiou]/.test(p.type.kind) ? 'an' : 'a'} ${p.type.kind}`).join(' and ');
    throw new TextError(action.place, `${fn.name} takes ${takes || 'nothing'}`, `write ${usage(fn)}`);
  }
  const args = fn.params.map(({ name, type }, i) => {
    const word = operands[i]!;
    const value = operand(word, type, fn, around);
    const [lo, hi] = around.range(type);
    if (value < lo || value > hi)
      throw new TextError(
        word.place,
        `${name} of ${fn.name} cannot be ${word.text}`,
        `it is ${type.kind === 'int' || type.kind === 'errno' ? lo : Math.max(0, lo)} to ${hi}`,
      );
    return value;
  });
  return { fn, args };
}

/** How an action is written: `affine VCPU CPU`. */
function usage(fn: Ast.FnDecl): string {
  return [fn.name.replaceAll('_', ' '), ...fn.params.map((p) => p.type.kind.toUpperCase())].join(' ');
}

function named({ words }: SetupAction, kernel: Kernel): { fn: Ast.FnDecl; words: readonly Word[] } {
  for (let n = words.length; n > 0; n--) {
    const name = words
      .slice(0, n)
      .map((w) => w.text)
      .join('_');
    const fn = kernel.fns.get(name);
    if (fn?.kind === 'action') return { fn, words: words.slice(n) };
  }
  const verb = words[0]!;
  const actions = [...kernel.fns.values()].filter((f) => f.kind === 'action');
  // a name of several words may be misspelt in any of them
  const near = [words.slice(0, 2).map((w) => w.text), [verb.text]].map((wanted) =>
    didYouMean(
      wanted.join('_'),
      actions.map((f) => f.name),
    ),
  );
  throw new TextError(
    verb.place,
    `the kernel ${kernel.name} has no action ${verb.text}`,
    near.find((n) => n !== '') ?? `it has: ${actions.map(usage).sort().join(', ')}`,
  );
}

/** What a word can name, whatever is wanted: CPU, VM or vCPU; null for any other word. */
function thing(word: Word, setup: Setup): { kind: 'cpu' | 'vm' | 'vcpu'; value: number } | null {
  const cpu = /^cpu(\d+)$/.exec(word.text);
  if (cpu) {
    const n = Number(cpu[1]);
    if (n >= setup.cpus)
      throw new TextError(
        word.place,
        `there is no CPU ${n}: the machine has ${setup.cpus}, counted from 0`,
        'add "+ 1 hot-addable" to the machine',
      );
    return { kind: 'cpu', value: n };
  }
  const [vmName, vcpu] = /^(\w+)\.vcpu(\d+)$/.exec(word.text)?.slice(1) ?? [word.text];
  const vm = setup.vms.findIndex((v) => v.name === vmName);
  if (vm < 0) return null;
  if (vcpu === undefined) return { kind: 'vm', value: vm };
  const { vcpus } = setup.vms[vm]!;
  if (Number(vcpu) >= vcpus) throw new TextError(word.place, `${vmName} has ${vcpus} vCPU(s), counted from 0`);
  return { kind: 'vcpu', value: setup.vms.slice(0, vm).reduce((n, v) => n + v.vcpus, 0) + Number(vcpu) };
}

function operand(word: Word, type: Ast.TypeName, fn: Ast.FnDecl, around: Surroundings): number {
  const { kernel, setup, states } = around;
  const { text } = word;
  const [lo, hi] = around.range(type);
  const found = thing(word, setup);
  if (found) {
    if (found.kind === type.kind) return found.value;
    throw new TextError(word.place, `${fn.name} takes a ${type.kind} here, not a ${found.kind}`, `write ${usage(fn)}`);
  }
  const wrong = (known: readonly string[], hint: string): TextError =>
    new TextError(word.place, `${text} is not known here`, didYouMean(text, known) || hint);
  const number = /^-?\d{1,9}$/.test(text) ? Number(text) : null;
  switch (type.kind) {
    case 'cpu':
    case 'vm':
    case 'vcpu': {
      if (text === 'any' || text === 'none') return -1;
      if (number !== null) return number;
      const vcpus = setup.vms.flatMap((v) => Array.from({ length: v.vcpus }, (_, i) => `${v.name}.vcpu${i}`));
      const known = { cpu: ['any'], vm: setup.vms.map((v) => v.name), vcpu: vcpus }[type.kind];
      throw wrong(known, `a ${type.kind} is written ${{ cpu: 'cpu1', vm: 'vm0', vcpu: 'vm0.vcpu0' }[type.kind]}`);
    }
    case 'state': {
      if (number !== null) return number;
      const named = states.filter((s) => s.constant === text || s.name === text);
      if (named.length > 1)
        throw new TextError(
          word.place,
          `${text} is the name of several states`,
          named.map((s) => `${s.constant} ${s.number}`).join(', '),
        );
      if (named[0]) return named[0].number;
      throw wrong(
        states.flatMap((s) => [s.constant, s.name]).filter((s) => s !== ''),
        'a hotplug state is written by its constant, its name or its number',
      );
    }
    case 'bool':
    case 'int':
    case 'errno': {
      if (number !== null) return number;
      if (type.kind === 'bool' && Object.hasOwn(YES_NO, text)) return YES_NO[text]!;
      const errno = /^-(E[A-Z0-9]+)$/.exec(text)?.[1];
      if (errno !== undefined && Object.hasOwn(ERRNO, errno)) return -ERRNO[errno]!;
      const constant = kernel.consts.get(text);
      if (constant) return constant.value;
      throw wrong(
        [...kernel.consts.values()].filter((c) => c.value >= lo && c.value <= hi).map((c) => c.name),
        type.kind === 'bool' ? 'write yes or no' : `write ${usage(fn)}`,
      );
    }
    case 'task':
    case 'mask':
      throw new TextError(word.place, `an action cannot be given a ${type.kind}`);
  }
}
