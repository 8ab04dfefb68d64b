/**
 * Small random texts, for tests that hold one runner against another. A text is made from a row of numbers, each taken
 * where something is to be chosen; where the row ends everything else is the simplest there is, so rows shrink well.
 * Some texts do what they must not: runners must agree on that too.
 */
import { compileTiny, type TinySetup } from '../../language/testing/tiny';
import type { Program } from '../../language/program';

export interface RandomText {
  readonly text: string;
  readonly setup: TinySetup;
}

const DECLARATIONS = `global int 0..3 g
global int 0..2 h
percpu int 0..2 p
pervcpu bool v
global mask m
spinlock s
mutex q
rwsem r
thread worker per vcpu user "%d" runs work
thread kworker kthread "kworker" runs kwork
thread bound per cpu percpu "bound/%d" runs bwork
sched_in comes
sched_out goes
killed dies
boot boots
`;

/** Draws one of n, from 0. */
type Draw = (n: number) => number;

export function randomText(row: readonly number[]): RandomText {
  let at = 0;
  const draw: Draw = (n) => (at < row.length ? row[at++]! % n : 0);
  const cpus = 1 + draw(3);
  const vcpus = draw(3);
  const lines = [DECLARATIONS];
  const fn = (name: string, params: string, more: Partial<Where> = {}, before = ''): void => {
    const body = block(draw, { depth: 0, vcpus, cpus, ...more }, 1 + draw(3));
    lines.push(`fn ${name}(${params}) {\n  var x: int 0..3\n${before}${body}}`);
  };
  fn('handler', 'cpu', { handler: true });
  fn('halt', 'cpu', { handler: true });
  fn('work', 'vcpu', { loops: true }, draw(2) === 1 ? '  atomic { preempt off; notifier on; preempt on }\n' : '');
  fn('kwork', '', { loops: true });
  fn('bwork', 'cpu', { loops: true });
  lines.push(`fn comes(vcpu) { ${draw(2) === 1 ? 'v[vcpu] = true' : 'g = 1'} }`);
  lines.push(`fn goes(vcpu) { ${draw(3) === 1 ? 'if h == 2 { bug "b" }' : 'v[vcpu] = false'} }`);
  lines.push('fn dies() { while preempt_count(self) > 0 { preempt on }; irq on; exit }');
  lines.push('fn boots() { set this in online_mask; irq on; idle until h == 2; clear this in online_mask; poweroff }');
  const actors: Record<string, string[]> = {};
  for (const [i, name] of ['a', 'b'].entries()) {
    if (i > 0 && draw(3) === 0) break;
    const body = block(draw, { depth: 0, vcpus, cpus }, 2 + draw(4));
    lines.push(`action act${i}() {\n  var x: int 0..3\n${body}  return ${draw(2) === 1 ? 'x' : '0'}\n}`);
    actors[name] = draw(4) === 1 ? [`act${i}`, `act${i}`] : [`act${i}`];
  }
  const questions = [
    'never g == 3',
    'exists g == 2 and h == 1',
    'always p[0] < 2',
    'never oops',
    'never tasks_on(0) > 2',
  ];
  return {
    text: lines.join('\n') + '\n',
    setup: {
      cpus,
      booted: Math.max(1, cpus - draw(2)),
      vcpus,
      actors,
      question: questions[draw(questions.length)]!,
      faults: draw(3) === 1 ? [{ fn: 'handler', returns: 1, maybe: true }] : [],
    },
  };
}

/** The program of such a text; null where the text does not compile. */
export function randomProgram(row: readonly number[]): Program | null {
  const { text, setup } = randomText(row);
  const compiled = compileTiny(text, setup);
  return compiled.ok ? compiled.program : null;
}

interface Where {
  readonly depth: number;
  readonly cpus: number;
  readonly vcpus: number;
  /** Stands in what an interrupt or a stopper runs. */
  readonly handler?: boolean;
  /** Stands in a thread, which may go round for ever. */
  readonly loops?: boolean;
  readonly atomic?: boolean;
}

function block(draw: Draw, where: Where, count: number): string {
  let out = '';
  for (let i = 0; i < count; i++) out += `${'  '.repeat(where.depth + 1)}${statement(draw, where)}\n`;
  return out;
}

type Made = string | (() => string);

function statement(draw: Draw, where: Where): string {
  const inner = (more: Partial<Where> = {}): string =>
    block(draw, { ...where, ...more, depth: where.depth + 1 }, 1 + draw(2))
      .trim()
      .replace(/\n\s*/g, '; ');
  const cond = (): string => condition(draw, where);
  const cpu = String(draw(where.cpus));
  const plain: Made[] = [
    'x = g',
    'g = x',
    () => `h = ${draw(3)}`,
    () => `p[this] = ${draw(3)}`,
    () => `p[${cpu}] = ${draw(3)}`,
    'if p[this] < 3 { p[this] = p[this] + 1 }',
    'if g < 3 { g++ }',
    `set ${cpu} in m`,
    'x = count(m)',
    'log "%d", g',
    'x = h',
  ];
  const some: Made[] = [...plain];
  if (where.depth < 2) {
    some.push(
      () => `if ${cond()} { ${inner()} } else { ${inner()} }`,
      () => `atomic { ${inner({ atomic: true })} }`,
      () => `lock s; ${inner()}; unlock s`,
      () => `preempt off; ${inner()}; preempt on`,
      () => `irq off; ${inner()}; irq on`,
    );
  }
  some.push(() => `spin until ${cond()}`, 'for cpu in m { p[cpu] = 1 }', 'for cpu in cpus { x = p[cpu] }');
  if (where.atomic !== true) some.push('x = choose 0..2');
  if (!where.handler) {
    if (where.depth < 2)
      some.push(
        () => `lock q; ${inner()}; unlock q`,
        () => `lock read r; ${inner()}; unlock read r`,
        () => `lock r; ${inner()}; unlock r`,
      );
    some.push(
      () => `await ${cond()}`,
      'rest 10',
      'yield',
      `on cpu ${cpu} call handler()`,
      'on each cpu in online_mask call handler()',
      `x = stop machine online_mask on ${cpu} run halt(${cpu})`,
      'spawn kworker()',
      `spawn bound(${cpu})`,
      () => `allow self on ${draw(2) === 1 ? cpu : 'any'}`,
      'bug "here"',
    );
    if (where.cpus > 1) some.push(`start cpu ${where.cpus - 1}`);
    if (where.vcpus > 0) some.push('spawn worker(0)', `spawn worker(${where.vcpus - 1})`);
    if (where.loops && where.vcpus > 0 && where.atomic !== true) some.push('x = guest 0');
  }
  const made = some[draw(some.length)]!;
  return typeof made === 'string' ? made : made();
}

function condition(draw: Draw, where: Where): string {
  const cpu = draw(where.cpus);
  const all = [
    'g == 0',
    'g > 0',
    'h < 2',
    'x == 1',
    `${cpu} in m`,
    `p[this] == 0`,
    `need_resched(this)`,
    `running(self, ${cpu})`,
    `tasks_on(${cpu}) < 2`,
    `irq_pending(${cpu})`,
    'actors_busy() == 0',
    'alive(kworker)',
    `sleeping(bound(${cpu}))`,
    'first(m) == 0',
    'cpu_of(self) == 0',
  ];
  if (where.vcpus > 0) all.push('in_guest(worker(0))', 'settled(worker(0))', 'v[0]', 'dead(worker(0))');
  return all[draw(all.length)]!;
}
