/** Random timelines for property tests: a few CPUs with all their rows, vCPUs, marks and arrows, all within the contract. */
import fc from 'fast-check';
import { FlowKind, type Timeline, type Track, type TrackKind } from '../../timeline/columns';
import { timelineOf, type TestFlow, type TestInstant, type TestSlice } from './text-timeline';

const words = [
  'ready',
  'online, active',
  'off: enable failed -EIO, swallowed',
  'kvm_arch_hardware_enable',
  'KVM_RUN',
  'x',
];

const part = fc.record({
  gap: fc.nat(12),
  width: fc.integer({ min: 1, max: 60 }),
  look: fc.nat(18),
  name: fc.constantFrom(...words),
});

export const randomTimeline: fc.Arbitrary<Timeline> = fc
  .record({
    cpus: fc.integer({ min: 1, max: 4 }),
    vcpus: fc.nat(2),
    parts: fc.array(fc.array(part, { maxLength: 40 }), { minLength: 6, maxLength: 26 }),
    marks: fc.array(fc.record({ at: fc.nat(2000), track: fc.nat(40), mark: fc.nat(6) }), { maxLength: 40 }),
    arrows: fc.array(
      fc.record({ kind: fc.nat(2), from: fc.nat(40), start: fc.nat(2000), to: fc.nat(40), on: fc.nat(30) }),
      {
        maxLength: 12,
      },
    ),
    coarse: fc.boolean(),
  })
  .map(({ cpus, vcpus, parts, marks, arrows, coarse }) => {
    const tracks: Track[] = [];
    const add = (kind: TrackKind, name: string, parent: number, cpu: number): number =>
      tracks.push({ kind, name, parent, cpu, task: '', tid: -1 }) - 1;
    for (let c = 0; c < cpus; c++) {
      const own = add('cpu', `CPU ${c}`, -1, c);
      for (const kind of ['hotplug', 'virt', 'tdx', 'runs'] as const) add(kind, kind, own, c);
    }
    for (let v = 0; v < vcpus; v++) add('vcpu', `vm0.vcpu${v}`, -1, -1);
    add('lock', 'kvm_lock', -1, -1);
    add('log', 'log', -1, -1);
    const slices: TestSlice[] = [];
    let length = 10;
    parts.forEach((list, i) => {
      const track = i % tracks.length;
      const depth = Math.floor(i / tracks.length);
      let at = 0;
      for (const { gap, width, look, name } of list) {
        const start = at + gap;
        at = start + width;
        slices.push({ track, depth, start, end: at, look, name });
      }
      length = Math.max(length, at);
    });
    const within = (o: number): number => o % length;
    const instants: TestInstant[] = marks.map(({ at, track, mark }) => {
      return {
        at: within(at),
        track: track % tracks.length,
        mark,
        name: `mark of ${mark}`,
        text: `some text of ${mark}`,
      };
    });
    const flows: TestFlow[] = arrows.map(({ kind, from, start, to, on }) => {
      const s = within(start);
      const end = Math.min(length, s + on);
      return { kind: kind as FlowKind, name: 'f', from: from % tracks.length, start: s, to: to % tracks.length, end };
    });
    const timeUs = Float64Array.from({ length: length + 1 }, (_, i) => (coarse ? Math.floor(i / 3) * 2.5 : i * 1.25));
    return timelineOf(tracks, length, slices, instants, flows, timeUs);
  });
