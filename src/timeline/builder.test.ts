import { describe, expect, it } from 'vitest';
import { TimelineBuilder } from './builder';
import { FlowKind, Look, Mark } from './columns';

describe('TimelineBuilder', () => {
  it('puts children behind their parents, whenever they were made, and rewrites the ids', () => {
    const b = new TimelineBuilder('t', 'run');
    const log = b.track({ kind: 'log', name: 'log', rank: 9 });
    const cpu1 = b.track({ kind: 'cpu', name: 'CPU 1', cpu: 1, rank: 1 });
    const cpu0 = b.track({ kind: 'cpu', name: 'CPU 0', cpu: 0, rank: 0 });
    const runs0 = b.track({ kind: 'runs', name: 'runs', parent: cpu0, cpu: 0 });
    const runs1 = b.track({ kind: 'runs', name: 'runs', parent: cpu1, cpu: 1 });
    for (const time of [0, 1, 1, 4]) b.tick(time);
    b.slice(runs1, 0, 1, 3, Look.kern, 'vmm');
    b.slice(runs0, 0, 0, 2, Look.kth, 'kthreadd');
    b.instant(2, log, Mark.note, 'n');
    b.instant(0, cpu1, Mark.log, 'm', 'whole');
    b.flow(FlowKind.ipi, 'reschedule', runs0, 1, runs1, 2);
    const t = b.finish(5);
    expect(t.tracks.map((x) => `${x.name} ${x.parent}`)).toEqual([
      'CPU 0 -1',
      'runs 0',
      'CPU 1 -1',
      'runs 2',
      'log -1',
    ]);
    expect([...t.slices.track]).toEqual([1, 3]);
    expect([...t.slices.name].map((id) => t.strings[id])).toEqual(['kthreadd', 'vmm']);
    expect([...t.instants.track]).toEqual([2, 4]);
    expect([t.flows.fromTrack[0], t.flows.toTrack[0]]).toEqual([1, 3]);
    expect([...t.timeUs]).toEqual([0, 1, 1, 4, 5]);
    expect(t.length).toBe(4);
    expect(t.strings[0]).toBe('');
  });

  it('sorts slices, closes what is open, and drops what is empty', () => {
    const b = new TimelineBuilder('t', 'run');
    const cpu = b.track({ kind: 'cpu', name: 'CPU 0' });
    for (let i = 0; i < 6; i++) b.tick(i);
    b.slice(cpu, 0, 3, 5, Look.ready, 'later');
    b.slice(cpu, 0, 0, 3, Look.off, 'sooner');
    b.slice(cpu, 1, 2, 2, Look.irq, 'empty');
    b.open(cpu, 2, 4, Look.onl, 'open');
    b.open(cpu, 3, 1, Look.onl, 'closed', 'was');
    b.close(cpu, 3, 2, 'is');
    b.close(cpu, 3, 5); // nothing is open there
    const { slices: s, strings } = b.finish();
    const drawn = [...s.track.keys()].map((i) => [
      s.depth[i],
      s.start[i],
      s.end[i],
      strings[s.name[i]!],
      strings[s.detail[i]!],
    ]);
    expect(drawn).toEqual([
      [0, 0, 3, 'sooner', ''],
      [0, 3, 5, 'later', ''],
      [2, 4, 6, 'open', ''],
      [3, 1, 2, 'closed', 'is'],
    ]);
  });

  it('keeps counters by name and time', () => {
    const b = new TimelineBuilder('t', 'run');
    for (let i = 0; i < 3; i++) b.tick(i);
    const [x, y] = [b.counter('x'), b.counter('y')];
    expect(b.counter('x')).toBe(x);
    b.sample(y, 0, 7);
    b.sample(x, 2, 2.5);
    b.sample(x, 0, 1);
    const { counters: c } = b.finish();
    expect(c.names).toEqual(['x', 'y']);
    expect([...c.counter, ...c.at, ...c.value]).toEqual([0, 0, 1, 0, 2, 0, 1, 2.5, 7]);
  });

  it.each([
    ['time that goes back', (b: TimelineBuilder) => (b.tick(2), b.tick(1))],
    ['a time that is none', (b: TimelineBuilder) => b.tick(NaN)],
    ['two open slices', (b: TimelineBuilder) => (b.open(0, 0, 0, Look.off, 'a'), b.open(0, 0, 1, Look.off, 'b'))],
    ['an arrow back', (b: TimelineBuilder) => b.flow(FlowKind.ipi, 'x', 0, 1, 0, 0)],
    ['a parent to come', (b: TimelineBuilder) => b.track({ kind: 'runs', name: 'r', parent: 7 })],
    [
      'overlap',
      (b: TimelineBuilder) => (b.slice(0, 0, 0, 2, Look.off, 'a'), b.slice(0, 0, 1, 2, Look.off, 'b'), b.finish()),
    ],
    ['a slice beyond the end', (b: TimelineBuilder) => (b.slice(0, 0, 0, 9, Look.off, 'a'), b.finish())],
    ['an end before its start', (b: TimelineBuilder) => (b.open(0, 0, 1, Look.off, 'a'), b.close(0, 0, 0), b.finish())],
    ['an instant beyond the end', (b: TimelineBuilder) => (b.instant(2, 0, Mark.note, 'x'), b.finish())],
  ])('refuses %s', (_, wrong) => {
    const b = new TimelineBuilder('t', 'run');
    b.track({ kind: 'cpu', name: 'CPU 0' });
    b.tick(0);
    b.tick(0);
    expect(() => wrong(b)).toThrow(RangeError);
  });

  it('is a timeline when empty', () => {
    const t = new TimelineBuilder('t', 'trace', 5).finish();
    expect([t.length, [...t.timeUs], t.originUs, t.slices.length]).toEqual([0, [0], 5, 0]);
  });
});
