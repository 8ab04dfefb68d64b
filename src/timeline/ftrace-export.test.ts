/** A run written as ftrace text, and read again: where a trace can tell it, the two say the same. */
import { beforeAll, describe, expect, it } from 'vitest';
import { loadKernelTexts } from '../kernels/index';
import { setKernel } from '../litmus/edit';
import { galleryText, loadGallery } from '../litmus/gallery';
import { load } from '../litmus/load';
import { run, type RunResult } from '../machine/run';
import { ftraceText } from './ftrace-export';
import { Kind, type EventTable } from './ftrace-events';
import { FtraceReader } from './ftrace-import';

beforeAll(async () => {
  await Promise.all([loadKernelTexts(), loadGallery()]);
});

function ran(name: string, kernel: string, seed = 0): RunResult {
  const loaded = load(setKernel(galleryText(name)!, kernel), `${name}.litmus`);
  if (!loaded.ok) throw new Error(loaded.problems[0]!.message);
  return run(loaded.program, { seed });
}

function read(text: string): { table: EventTable; bad: number } {
  const reader = new FtraceReader();
  reader.begin('trace.txt');
  reader.feed(new TextEncoder().encode(text));
  reader.end();
  return { table: reader.table, bad: reader.badLines };
}

const rows = (t: EventTable, kind: Kind): number[] =>
  Array.from({ length: t.length }, (_, i) => i).filter((i) => t.kind.data[i] === kind);

const KERNELS = ['v5.15', 'v6.1.192', 'v6.12', 'v7.3.4'];

describe('ftrace text of a run', () => {
  it.each(KERNELS)('%s: every line is one that the importer knows', (kernel) => {
    for (const tgid of [false, true])
      for (const migrateDisable of [false, true]) {
        const text = ftraceText(ran('kevin-2021-11-30', kernel), { tgid, migrateDisable });
        const { table, bad } = read(text);
        expect(bad).toBe(0);
        expect(table.length).toBe(text.split('\n').filter((l) => l !== '' && !l.startsWith('#')).length);
      }
  });

  it.each(KERNELS)('%s: callbacks come back with their CPU, step and result, as far as a trace sees them', (kernel) => {
    const result = ran('kevin-2021-11-30', kernel, 2);
    const { table } = read(ftraceText(result));
    const seen = rows(table, Kind.cpuhpExit).map((i) => `${table.a.data[i]} ${table.c.data[i]} ${table.e.data[i]}`);
    // an oracle of its own: the effects of the run. Of the STARTING and DYING steps nothing may be seen (facts 9.2), and an
    // oops ends the trace
    const { history, program, initial } = result;
    const s = initial.slice();
    const want: string[] = [];
    let on = true;
    for (let k = 0; k < history.length && on; k++) {
      for (const e of history.effects.get(k) ?? []) {
        if (e.kind === 'oops') on = false;
        if (on && e.kind === 'callback' && !e.begin && s[program.online + e.on] !== 0)
          want.push(`${e.cpu} ${e.state} ${e.result}`);
      }
      history.changes(k, (cell, _, after) => (s[cell] = after));
    }
    expect(want.length).toBeGreaterThan(15);
    // the writer's own pair around its kick of the CPU's thread is no callback (facts 9.2 rule 3)
    const counted = (list: readonly string[]): Map<string, number> => list.reduce((m, k) => m.set(k, (m.get(k) ?? 0) + 1), new Map<string, number>()); // prettier-ignore
    const inTrace = counted(seen);
    for (const [what, n] of counted(want)) expect([what, inTrace.get(what) ?? 0]).toEqual([what, n]);
  });

  it('shows nothing behind an oops, and no console line of it before', () => {
    const text = ftraceText(ran('kevin-2021-11-30', 'v6.1.192'));
    expect(text).toContain('console: kernel BUG at arch/x86/kvm/x86.c:511!');
    expect(text.trimEnd().split('\n').at(-1)).toContain('console: ');
  });

  it('a CPU in its STARTING steps prints to the log and not to the trace (captures 6.1/s2)', () => {
    const result = ran('kevin-2021-11-30', 'v6.1.192');
    const said = [...result.history.effects.values()].flat().flatMap((e) => (e.kind === 'log' ? [e.text] : []));
    expect(said).toContain('kvm: enabling virtualization on CPU4 failed');
    const text = ftraceText(result);
    expect(text).not.toContain('enabling virtualization on CPU4 failed');
    expect(text).toMatch(/<idle>-0 +\[004\] d\S+ +\d+\.\d{6}: kvm_starting_cpu <-/);
  });

  it('only what is switched on is written', () => {
    const result = ran('kevin-2021-11-30', 'v6.12');
    const traced = { calls: new Set(['kvm_online_cpu']), rets: new Set(['kvm_online_cpu']) };
    const { table } = read(ftraceText(result, { traced, events: new Set() }));
    expect(table.length).toBeGreaterThan(0);
    expect(rows(table, Kind.func).length + rows(table, Kind.probeRet).length).toBe(table.length);
    const names = rows(table, Kind.func).map((i) => table.strings.text(table.d.data[i]!));
    expect(new Set(names)).toEqual(new Set(['kvm_online_cpu']));
  });
});
