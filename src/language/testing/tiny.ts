/** A kernel of a dozen lines for tests: CPUs that idle, tasks that may run wherever a CPU is online, nothing else. */
import { assemble } from '../assemble';
import { compile, type Compiled } from '../compile';
import { TextError } from '../errors';
import { parseExpression, parseKernel } from '../parser';
import type { Program } from '../program';
import type { Setup, SetupFault } from '../setup';

export const TINY = `kernel tiny "for tests"
global mask online_mask
online online_mask
place user    where cpu in online_mask
place percpu  where cpu in online_mask
place kthread where cpu in online_mask
idle idle_loop
init bring_up
fn idle_loop() { idle until not this in online_mask; poweroff }
fn bring_up() { for cpu in cpus { if cpu < nr_booted { set cpu in online_mask } } }
`;

const NOWHERE = { file: 't.litmus', line: 1, column: 1, length: 1 };

export interface TinySetup {
  readonly cpus?: number;
  readonly booted?: number;
  readonly packages?: number;
  readonly vcpus?: number;
  /** Actions by actor: the function and its values, as in ["take 1", "give"]. */
  readonly actors?: Readonly<Record<string, readonly string[]>>;
  readonly faults?: readonly Partial<SetupFault>[];
  /** By CPU (-1: all, or of no CPU), name and value. */
  readonly hardware?: readonly (readonly [cpu: number, name: string, value: number])[];
  /** As in "never x == 2". */
  readonly question?: string;
}

export function tinySetup({
  cpus = 2,
  booted = cpus,
  packages = 1,
  vcpus = 0,
  actors = {},
  faults = [],
  hardware = [],
  question,
}: TinySetup): Setup {
  const [, how, condition] = /^(\w+) (.*)$/.exec(question ?? '') ?? [];
  return {
    cpus,
    booted,
    present: booted,
    packages,
    params: [],
    hardware: hardware.map(([cpu, name, value]) => ({ cpu, name, value, place: NOWHERE })),
    vendor: 'intel',
    vms: vcpus > 0 ? [{ name: 'vm0', vcpus, spins: false, halts: false, td: false }] : [],
    actors: Object.entries(actors).map(([name, actions]) => ({
      name,
      place: NOWHERE,
      actions: actions.map((text) => {
        const words = text.split(' ').map((word) => ({ text: word, place: NOWHERE }));
        return { words, text, place: NOWHERE, after: null, at: null, arms: null };
      }),
    })),
    faults: faults.map((f) => ({
      cpu: -1,
      fn: '',
      direction: null,
      returns: -5,
      maybe: false,
      nth: 0,
      armed: null,
      text: 'fault',
      fnPlace: NOWHERE,
      place: NOWHERE,
      ...f,
    })),
    question: condition ? { how: how as 'never', expr: parseExpression(condition, NOWHERE), text: question! } : null,
  };
}

/** Compiles TINY with more text after it. Throws where the text does not parse. */
export function compileTiny(more: string, setup: TinySetup = {}): Compiled {
  const parsed = parseKernel(TINY + more, 'tiny.kern');
  if (!parsed.ok) throw new TextError(parsed.problems[0]!, parsed.problems[0]!.message, parsed.problems[0]!.suggestion);
  return compile(
    assemble('tiny', (name) => (name === 'tiny' ? parsed.text : undefined), ['tiny']),
    tinySetup(setup),
  );
}

/** The program of a text that is right. */
export function tiny(more: string, setup: TinySetup = {}): Program {
  const compiled = compileTiny(more, setup);
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems[0]));
  return compiled.program;
}

/** What is wrong with a text that parses, in one line: "3:5 message (suggestion)"; '' when nothing is. */
export function wrong(more: string, setup: TinySetup = {}): string {
  const compiled = compileTiny(more, setup);
  if (compiled.ok) return '';
  const { line, column, message, suggestion } = compiled.problems[0]!;
  const first = TINY.split('\n').length - 1;
  return `${line - first}:${column} ${message}${suggestion ? ` (${suggestion})` : ''}`;
}
