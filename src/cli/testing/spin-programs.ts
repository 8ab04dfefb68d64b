/** Small programs for the tiny kernel, made at random: what Spin and the stepper must see alike. */
import fc from 'fast-check';
import { tiny, type TinySetup } from '../../language/testing/tiny';
import type { Program } from '../../language/program';

export interface RandomProgram {
  readonly text: string;
  readonly setup: TinySetup;
}

const HEAD = `global int 0..3 x
global int 0..3 y
percpu int 0..3 p
global mask m
spinlock l
mutex k
rwsem s
fn bump(cpu) { p[cpu] = 1 }
fn away(cpu) { y = 2 }
fn stopped(cpu) { p[cpu] = 3; return 0 }
fn step() { return 0 }
thread helper user "helper" runs help
fn help() { x = 3; yield; y = 1 }
`;

/** Statements that keep their locks and switches in pairs, so that most programs come to an end. */
const LEAF = [
  'x = 1',
  'if x < 3 { x++ }',
  'y = x',
  'p[this] = 2',
  'set 1 in m',
  'clear 1 in m',
  'x = choose 0..2',
  'if x == 2 { y = 3 } else { y = 0 }',
  'await x > 0',
  'on cpu 1 call bump()',
  'on each cpu in online_mask call away()',
  'err = step()',
  'atomic { x = 2; y = 2 }',
  'atomic { y = 1; await x == 0 }',
  'for cpu in online_mask { p[cpu] = 1 }',
  'while y > 0 { y-- }',
  'yield',
  'rest 5',
  'spawn helper()',
  'allow self on 1',
  'allow self on any',
  'err = stop machine online_mask on 1 run stopped(1)',
  'bug "t.c:1"',
  'p[y] = 1',
] as const;

const statements: fc.Arbitrary<string> = fc.letrec<{ block: string; one: string }>((tie) => ({
  block: fc.array(tie('one'), { minLength: 1, maxLength: 3 }).map((lines) => lines.join('; ')),
  one: fc.oneof(
    { depthSize: 'small', maxDepth: 2 },
    { arbitrary: fc.constantFrom(...LEAF), weight: 6 },
    tie('block').map((b) => `lock l; ${b}; unlock l`),
    tie('block').map((b) => `lock k; ${b}; unlock k`),
    tie('block').map((b) => `lock read s; ${b}; unlock read s`),
    tie('block').map((b) => `lock s; ${b}; unlock s`),
    tie('block').map((b) => `irq off; ${b}; irq on`),
    tie('block').map((b) => `preempt off; ${b}; preempt on`),
    tie('block').map((b) => `notifier on; ${b}; notifier off`),
  ),
})).block;

const QUESTIONS = ['never x == 2 and y == 2', 'always x < 3', 'exists p[1] == 1', 'never oops'] as const;
const HOOKS = [
  '',
  'sched_in enter\nfn enter(vcpu) { x = 0 }\n',
  'sched_out leave\nfn leave(vcpu) { y = 0; x = 1 }\n',
] as const;
const KILLED = ['', 'killed dies\nfn dies() { y = 3; exit }\n'] as const;

export const randomProgram: fc.Arbitrary<RandomProgram> = fc
  .record({
    a: statements,
    b: statements,
    hooks: fc.constantFrom(...HOOKS),
    killed: fc.constantFrom(...KILLED),
    cpus: fc.constantFrom(1, 2, 2, 3),
    maybe: fc.boolean(),
    question: fc.constantFrom(...QUESTIONS),
  })
  .map(({ a, b, hooks, killed, cpus, maybe, question }) => ({
    text: `${HEAD}${hooks}${killed}action one() { var err: errno; ${a}; return 0 }\naction two() { var err: errno; ${b}; return 0 }\n`,
    setup: {
      cpus,
      actors: { a: ['one'], b: ['two'] },
      faults: maybe ? [{ fn: 'step', returns: -5, maybe: true }] : [],
      question,
    },
  }));

/** Null where the text does not compile: not every mixture of statements makes sense. */
export function compiled({ text, setup }: RandomProgram): Program | null {
  try {
    return tiny(text, setup);
  } catch {
    return null;
  }
}
