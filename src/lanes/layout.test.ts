import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LaneIndex } from './lane-index';
import { densityFor, layOut, rowAt, rowsBetween, type Layout } from './layout';
import { randomTimeline } from './testing/random-timeline';
import { drawn, timelineOf } from './testing/text-timeline';

const text = `
  CPU 0          | ready.................. |
  CPU 0 hotplug  | ready.................. |
  CPU 0 virt     |      virt.............. |
  CPU 0 runs     |   kern..   user..       |
  CPU 0 runs     |    irq                  |
  CPU 4          | present..prep.start.onl |
  CPU 4 hotplug  |          prep.start.onl |
  CPU 4 hotplug  |          prep.start.onl. |
  CPU 4 tdx      |                         |
  vm0.vcpu0      |    guest...kern...oops  |
  lock kvm_lock  |    kern..               |
  log            |   '      !              |
`;

function laid(unfolded: readonly number[] = [], more: Partial<Parameters<typeof layOut>[1]> = {}): Layout {
  const index = new LaneIndex(drawn(text));
  return layOut(index, { unfolded: new Set(unfolded), hidden: () => false, density: 'roomy', ...more });
}

/** A layout as one writes it down: a line per row, with its strips as depth:height. */
const sketch = (layout: Layout): string[] =>
  layout.rows.map((row) => `${row.title} ${row.strips.map((s) => `${s.track}.${s.depth}:${s.height}`).join(' ')}`);

describe('rows', () => {
  it('are one per CPU when folded: summary, thin virtualization, runs with the interrupts at its edge', () => {
    expect(sketch(laid())).toEqual([
      'CPU 0 0.0:13 2.0:4 3.0:13 3.1:4',
      'CPU 4 4.0:13',
      'vm0.vcpu0 7.0:20',
      'kvm_lock 8.0:13',
      'log 9.0:13',
    ]);
  });

  it('open to one per child, with the steps of the walk under its sections, and no TDX where there is none', () => {
    expect(sketch(laid([0, 4])).slice(0, 6)).toEqual([
      'CPU 0 0.0:20',
      'hotplug 1.0:20',
      'virtualization 2.0:20',
      'runs 3.0:20 3.1:13',
      'CPU 4 4.0:20',
      'hotplug 5.0:20 5.1:13',
    ]);
  });

  it('are one line per CPU where there are many', () => {
    const layout = laid([], { density: 'compact' });
    expect(sketch(layout)[0]).toBe('CPU 0 0.0:13 3.0:4');
    expect(layout.rows[0]!.oneLine).toBe(true);
    const tracks = Array.from({ length: 64 }, (_, cpu) => {
      return { kind: 'cpu', name: `CPU ${cpu}`, parent: -1, cpu, task: '', tid: -1 } as const;
    });
    expect(densityFor(new LaneIndex(timelineOf(tracks, 1, [])))).toBe('compact');
    expect(densityFor(new LaneIndex(drawn(text)))).toBe('roomy');
  });

  it('are not there when hidden, and their tracks have no anchor', () => {
    const layout = laid([], { hidden: (t) => t === 8 });
    expect(layout.rows.map((r) => r.title)).not.toContain('kvm_lock');
    expect(layout.rowOf[8]).toBe(-1);
    expect(layout.top[8]).toBeNaN();
  });

  it('tell which of them hold an oops or a failure', () => {
    const loud = laid().loud;
    const rows = [...loud].filter((_, i) => i % 2 === 0).map((y) => laid().rows[rowAt(laid(), y)]!.title);
    expect(rows).toEqual(['vm0.vcpu0', 'log']);
  });
});

describe('any layout', () => {
  const folds = fc.array(fc.nat(30));
  it('has rows and strips in order without overlap, a place for every track, and marks of every track once', () => {
    fc.assert(
      fc.property(
        randomTimeline,
        folds,
        fc.constantFrom('roomy' as const, 'compact' as const),
        (timeline, open, density) => {
          const layout = layOut(new LaneIndex(timeline), { unfolded: new Set(open), hidden: () => false, density });
          let y = 0;
          for (const row of layout.rows) {
            expect(row.y).toBeGreaterThanOrEqual(y);
            y = row.y + row.height;
            let bottom = row.y;
            for (const s of row.strips) {
              // Only folded interrupts lie over something: their own task.
              if (!(row.folded && s.depth > 0)) expect(s.y).toBeGreaterThanOrEqual(bottom);
              bottom = Math.max(bottom, s.y + s.height);
            }
            expect(bottom).toBeLessThanOrEqual(y);
          }
          expect(layout.height).toBeGreaterThanOrEqual(y);
          const marked = layout.rows.flatMap((row) => row.strips.flatMap((s) => s.marks));
          expect(new Set(marked).size).toBe(marked.length);
          timeline.tracks.forEach((track, t) => {
            const shown = track.kind !== 'tdx' || layout.rowOf[t]! >= 0;
            if (shown) expect(layout.top[t], track.name).toBeLessThan(layout.bottom[t]!);
            if (shown) expect(marked).toContain(t);
          });
        },
      ),
    );
  });

  it('finds the rows of a stretch as a plain search does', () => {
    fc.assert(
      fc.property(
        randomTimeline,
        folds,
        fc.integer({ min: -20, max: 900 }),
        fc.nat(400),
        (timeline, open, top, height) => {
          const options = { unfolded: new Set(open), hidden: () => false, density: 'roomy' } as const;
          const layout = layOut(new LaneIndex(timeline), options);
          const [first, end] = rowsBetween(layout, top, top + height);
          const seen = layout.rows.filter((r) => r.y + r.height > top && r.y < top + height);
          expect(layout.rows.slice(first, end)).toEqual(seen);
        },
      ),
    );
  });
});

it('lays out 4,096 CPUs in a blink', () => {
  const tracks = Array.from({ length: 4096 * 4 }, (_, t) => {
    const cpu = t >> 2;
    const kind = (['cpu', 'hotplug', 'virt', 'runs'] as const)[t & 3]!;
    return { kind, name: kind, parent: t & 3 ? t & ~3 : -1, cpu, task: '', tid: -1 };
  });
  const slices = tracks.map((_, track) => ({ track, depth: 0, start: 0, end: 9, look: 4, name: 'x' }));
  const index = new LaneIndex(timelineOf(tracks, 9, slices));
  const before = process.cpuUsage();
  const layout = layOut(index, { unfolded: new Set([0, 400]), hidden: () => false, density: 'compact' });
  expect(process.cpuUsage(before).user / 1000).toBeLessThan(300);
  expect(layout.rows.length).toBe(4096 + 6);
});
