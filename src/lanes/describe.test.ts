import { describe, expect, it } from 'vitest';
import { Look, Mark } from '../timeline/columns';
import {
  describeFlow,
  describeInstant,
  describeItem,
  describeSlice,
  describeTimeline,
  describeTrack,
  laneTable,
} from './describe';
import { drawn, timelineOf } from './testing/text-timeline';

const timeline = drawn(
  `CPU 1 runs     | guest(vcpu0)....                               |
   CPU 4          | present..prep..fail(online)................... |
   CPU 4 virt     |          off...fail(off: enable failed -EIO).. |
   CPU 4 runs     |                    kern(vcpu0)!                |
   vm0.vcpu0      | guest(in guest, on CPU 1)..                    |
   lock kvm_lock  | kern(qemu)..                                   |
   log            |    '                                           |`,
  [['migration', 'CPU 1 runs', 16, 'CPU 4 runs', 19]],
);

describe('in words', () => {
  it('tracks are named so that they can be told apart without their place', () => {
    expect(timeline.tracks.map((_, t) => describeTrack(timeline, t))).toEqual([
      'CPU 1',
      'CPU 1, runs',
      'CPU 4',
      'CPU 4, virtualization',
      'CPU 4, runs',
      'vCPU vm0.vcpu0',
      'lock kvm_lock',
      'log',
    ]);
  });

  it('slices say where, what, what it means and when; the meaning only where the name does not', () => {
    const texts = Array.from({ length: timeline.slices.length }, (_, i) => describeSlice(timeline, i));
    expect(texts).toContain('CPU 4, virtualization: off: enable failed -EIO, from step 15 to 46');
    expect(texts).toContain('CPU 4: online (failed), from step 15 to 46');
    expect(texts).toContain('vCPU vm0.vcpu0: in guest, on CPU 1, from step 0 to 27');
  });

  it('on the time axis times and lengths have units', () => {
    const text = describeSlice(timeline, 0, 'time');
    expect(text).toBe('CPU 1, runs: vcpu0 (in guest), from 0.0 µs, 16 µs long');
  });

  it('detail follows', () => {
    const slice = {
      track: 0,
      depth: 0,
      start: 1,
      end: 3,
      look: Look.start,
      name: 'STARTING',
      detail: 'state 138, ret 0',
    };
    const one = timelineOf(timeline.tracks, 5, [slice]);
    expect(describeSlice(one, 0)).toBe('CPU 1: STARTING, from step 1 to 3. state 138, ret 0');
  });

  it('instants and arrows', () => {
    expect(describeInstant(timeline, 1)).toBe('CPU 4, runs: oops, mark 30, at step 31');
    expect(describeFlow(timeline, 0)).toBe('migration from CPU 1, runs to CPU 4, runs, step 16 to 19');
    expect(describeItem(timeline, { kind: 'track', track: 2 })).toBe('CPU 4');
  });

  it('the whole picture in one sentence', () => {
    expect(describeTimeline(timeline)).toBe('test: lanes of 2 CPUs, 1 vCPU, 46 steps, 1 oops');
    expect(describeTimeline(timeline, 40)).toContain(' 40 steps,');
  });

  it('counts an oops once, on however many rows it is marked', () => {
    const both = drawn('CPU 4 runs | kern! |\n CPU 5 runs | kern! |');
    expect(both.instants.length).toBe(2);
    expect(describeTimeline(both)).toMatch(/, 1 oops$/);
  });
});

describe('the table behind a lane', () => {
  it('has what the lane shows in a stretch, slices and marks by time', () => {
    const rows = laneTable(timeline, 4, 0, timeline.length);
    expect(rows.map((r) => [r.start, r.end, r.name, r.means])).toEqual([
      [19, 30, 'vcpu0', 'in the kernel'],
      [30, 30, 'mark 30', 'oops'],
    ]);
    expect(laneTable(timeline, 2, 0, 8).map((r) => r.name)).toEqual(['present']);
  });

  it('is cut at a number of rows', () => {
    const instants = Array.from({ length: 50 }, (_, at) => ({ at, track: 0, mark: Mark.event, name: `e${at}` }));
    const many = timelineOf(timeline.tracks, 50, [], instants);
    expect(laneTable(many, 0, 10, 49, 5).map((r) => r.start)).toEqual([10, 11, 12, 13, 14]);
  });
});
