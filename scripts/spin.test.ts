/** Spin on the exported model against the explorer: the same states and the same verdicts. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { compileModel, hasSpin, runPan, type PanReport } from './spin.mjs';
import { explore, type Exploration } from '../src/explore/bfs';
import { toPromela } from '../src/language/promela/model';
import type { Program } from '../src/language/program';
import { tiny } from '../src/language/testing/tiny';
import { galleryText } from '../src/litmus/gallery';
import { load } from '../src/litmus/load';
import { Machine, MachineError } from '../src/machine/machine';
import { SMALL } from '../src/cli/testing/small-texts';
import { compiled, randomProgram } from '../src/cli/testing/spin-programs';

const folder = mkdtempSync(join(tmpdir(), 'hotlanes-spin-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const model = (program: Program): string => toPromela(program, new Machine(program).s);

async function spin(program: Program): Promise<PanReport> {
  const pan = await compileModel(folder, model(program), ['-DSAFETY', '-DNOREDUCE'], '-O0');
  return runPan(pan, ['-c0', '-m1000000']);
}

/** What both must say alike. A step that is an error of the text has no state after it here, and one there. */
function agree(program: Program, ours: Exploration, theirs: PanReport): void {
  const decided = ours.verdict === (program.question?.how === 'exists' ? 'holds' : 'violated');
  expect({ ...theirs, output: '' }).toMatchObject({
    complete: true,
    question: decided,
    textError: ours.errors > 0,
    hung: ours.deadlocks > 0,
  });
  // and the one before the boot
  if (ours.errors === 0) expect(theirs.states).toBe(ours.states + 1);
  else expect(theirs.states).toBeGreaterThan(ours.states + 1);
}

// .ci/run has Spin, or fails
describe.skipIf(!hasSpin() && process.env['REQUIRE_SPIN'] !== '1')('Spin', { timeout: 300_000 }, () => {
  it('finds the states that the explorer finds, in programs made at random', async () => {
    await fc.assert(
      fc.asyncProperty(randomProgram, async (random) => {
        const program = compiled(random);
        fc.pre(program !== null);
        const ours = explored(program!);
        fc.pre(ours?.complete === true);
        agree(program!, ours!, await spin(program!));
      }),
      { numRuns: 20, endOnFailure: true },
    );
  });

  /** Null where a condition that is waited for cannot be evaluated, which ends the search itself. */
  function explored(program: Program): Exploration | null {
    try {
      return explore(program, { maxStates: 20_000 });
    } catch (error) {
      if (error instanceof MachineError) return null;
      throw error;
    }
  }

  it.each(SMALL)('%s: as the explorer', async (name) => {
    const loaded = load(galleryText(name)!, name);
    if (!loaded.ok) throw new Error(loaded.problems[0]!.message);
    agree(loaded.program, explore(loaded.program), await spin(loaded.program));
  });

  it.each([
    ['a hook of one task beside another that rests', 'x = 1; rest 5', 'notifier on; lock k; bug "t.c:1"'],
    ['a fault that may strike', 'err = step()', 'err = step(); x = 1'],
    ['a call that ends the step of its interrupt', 'on cpu 1 call away()', 'on each cpu in online_mask call away()'],
  ])('%s: as the explorer', async (_, one, two) => {
    const text = `global int 0..3 x\nmutex k\nfn step() { return 0 }\nfn away(cpu) { x = 2 }\nsched_in enter\nfn enter(vcpu) { x = 0 }
action one() { var err: errno; ${one}; return 0 }\naction two() { var err: errno; ${two}; return 0 }\n`;
    const faults = [{ fn: 'step', returns: -5, maybe: true }];
    const program = tiny(text, { actors: { a: ['one'], b: ['two'] }, faults, question: 'never x == 3' });
    agree(program, explore(program), await spin(program));
  });

  it('tells a task that hangs from one that has come to its end', async () => {
    const text = `mutex m\nmutex n
action ab() { lock m; lock n; unlock n; unlock m; return 0 }
action ba() { lock n; lock m; unlock m; unlock n; return 0 }\n`;
    expect(await spin(tiny(text, { actors: { a: ['ab'], b: ['ba'] } }))).toMatchObject({ hung: true });
    expect(await spin(tiny(text, { actors: { a: ['ab'], b: ['ab'] } }))).toMatchObject({ hung: false });
  });

  it('answers "eventually" under weak fairness', async () => {
    const ask = async (body: string, question: string): Promise<PanReport> => {
      const program = tiny(`global int 0..2 x\naction go() { ${body} }\naction other() { x = 1; return 0 }\n`, {
        actors: { a: ['go'], b: ['other'] },
        question,
      });
      const pan = await compileModel(folder, model(program), ['-DNOREDUCE', '-DNFAIR=4'], '-O0');
      return runPan(pan, ['-a', '-f', '-m100000']);
    };
    // without fairness `go` could be the only one that ever moves
    expect(await ask('loop { yield }', 'eventually x == 1')).toMatchObject({ cycle: false, complete: true });
    expect(await ask('return 0', 'eventually x == 2')).toMatchObject({ cycle: true });
  });
});

describe('a model', () => {
  it('names the lines that it comes from, and nothing that cannot be reached', () => {
    const text = 'spinlock l\naction crit() { lock l; unlock l; return 0 }\nfn never_called() { fail "x" }\n';
    const written = model(tiny(text, { actors: { a: ['crit'] } }));
    expect(written).toMatch(/\/\* tiny\.kern:\d+ crit \*\//);
    expect(written).not.toContain('never_called');
  });
});
