/** The lanes in words: for tooltips, for tables behind the lanes, for screen readers. */
import { FlowKind, Mark, type Ordinal, type Timeline, type TrackId } from '../timeline/columns';
import { lookWords, markWords } from './palette';
import { durationText, stepText, timeText, type Axis } from './scale';
import type { Item } from './scene';
import { lowerBound } from './search';

const kindWords = {
  differs: 'where they differ',
  cpu: '',
  hotplug: 'hotplug',
  virt: 'virtualization',
  tdx: 'TDX',
  runs: 'runs',
  vcpu: 'vCPU',
  task: 'task',
  lock: 'lock',
  value: 'variable',
  log: 'log',
} as const;

/**
 * What a track is called where its row is not seen: "CPU 4, virtualization", "vCPU vm0.vcpu0", "lock kvm_count_lock"; where two
 * timelines are on the same lanes, with the side: "CPU 4 of v6.17, virtualization".
 */
export function describeTrack(timeline: Timeline, track: TrackId): string {
  const { side } = timeline.tracks[track]!;
  const said = nameOf(timeline, track);
  if (side === undefined || !timeline.sides) return said;
  const [whole, ...more] = said.split(', ');
  return [`${whole} of ${timeline.sides[side]}`, ...more].join(', ');
}

function nameOf(timeline: Timeline, track: TrackId): string {
  const { kind, name, cpu, parent } = timeline.tracks[track]!;
  if (kind === 'differs') return kindWords.differs;
  if (kind === 'cpu') return name || `CPU ${cpu}`;
  if (kind === 'vcpu' || kind === 'lock' || kind === 'task' || kind === 'value') return `${kindWords[kind]} ${name}`;
  const owner = parent >= 0 ? timeline.tracks[parent]!.name : cpu >= 0 ? `CPU ${cpu}` : '';
  return owner === '' ? name || kindWords[kind] : `${owner}, ${kindWords[kind]}`;
}

/** Where an ordinal is: "step 120", "12.5 µs", "115.493577 s". */
export function describeAt(timeline: Timeline, ordinal: Ordinal, axis: Axis): string {
  if (axis === 'steps') return `${timeline.source === 'trace' ? 'event' : 'step'} ${stepText(ordinal)}`;
  return timeText(
    timeline,
    timeline.timeUs[Math.min(ordinal, timeline.length)] ?? 0,
    timeline.source === 'trace' ? 1 : 0.1,
  );
}

/** Where a mark is: as `describeAt`, but a step of a run by its number, from 1. */
export function describeMark(timeline: Timeline, ordinal: Ordinal, axis: Axis): string {
  return describeAt(timeline, axis === 'steps' && timeline.source === 'run' ? ordinal + 1 : ordinal, axis);
}

function span(timeline: Timeline, start: Ordinal, end: Ordinal, axis: Axis): string {
  const us = (timeline.timeUs[end] ?? 0) - (timeline.timeUs[start] ?? 0);
  const from = describeAt(timeline, start, axis);
  if (axis === 'steps') return `from ${from} to ${stepText(end)}`;
  return `from ${from}, ${durationText(us)} long`;
}

/** A slice's name, and its meaning where the name does not say it already. */
function meaning(name: string, look: number): string {
  const words = lookWords[look]!;
  if (name === '') return words;
  const said = name.toLowerCase().includes(words.split(/[ ,]/)[0]!.toLowerCase());
  return said ? name : `${name} (${words})`;
}

/** "CPU 4, virtualization: off: enable failed -EIO (failed), from step 120 to 300. state 138, ret 0" */
export function describeSlice(timeline: Timeline, slice: number, axis: Axis = 'steps'): string {
  const { track, start, end, look, name, detail } = timeline.slices;
  const what = meaning(timeline.strings[name[slice]!]!, look[slice]!);
  const more = timeline.strings[detail[slice]!]!;
  const when = span(timeline, start[slice]!, end[slice]!, axis);
  return `${describeTrack(timeline, track[slice]!)}: ${what}, ${when}${more === '' ? '' : `. ${more}`}`;
}

/**
 * "CPU 4, runs: oops, BUG in kvm_spurious_fault, at step 245". A run's steps count from 1 and are over at the ordinal of that
 * number, so that a mark lies just before the playhead that shows its step.
 */
export function describeInstant(timeline: Timeline, instant: number, axis: Axis = 'steps'): string {
  const { track, at, mark, text, name } = timeline.instants;
  const said = timeline.strings[text[instant]!]! || timeline.strings[name[instant]!]!;
  const place = describeMark(timeline, at[instant]!, axis);
  return `${describeTrack(timeline, track[instant]!)}: ${markWords[mark[instant]!]!}, ${said}, at ${place}`;
}

const flowWords = { [FlowKind.ipi]: 'IPI', [FlowKind.migration]: 'migration', [FlowKind.wakeup]: 'wakeup' } as const;

/** "migration vcpu0 from CPU 1, runs to CPU 4, runs, step 197 to 216" */
export function describeFlow(timeline: Timeline, flow: number, axis: Axis = 'steps'): string {
  const { kind, name, fromTrack, toTrack, start, end } = timeline.flows;
  const word = flowWords[kind[flow] as FlowKind];
  const called = timeline.strings[name[flow]!]!;
  const from = describeTrack(timeline, fromTrack[flow]!);
  const to = describeTrack(timeline, toTrack[flow]!);
  const us = (timeline.timeUs[end[flow]!] ?? 0) - (timeline.timeUs[start[flow]!] ?? 0);
  const when =
    axis === 'steps'
      ? `${describeAt(timeline, start[flow]!, axis)} to ${stepText(end[flow]!)}`
      : `${describeAt(timeline, start[flow]!, axis)}, ${durationText(us)} on the way`;
  return `${word}${called === '' || called === word ? '' : ` ${called}`} from ${from} to ${to}, ${when}`;
}

/** Whatever it is, in words. */
export function describeItem(timeline: Timeline, item: Item, axis: Axis = 'steps'): string {
  if (item.kind === 'slice') return describeSlice(timeline, item.index, axis);
  if (item.kind === 'instant') return describeInstant(timeline, item.index, axis);
  return item.kind === 'flow' ? describeFlow(timeline, item.index, axis) : describeTrack(timeline, item.track);
}

/** A line of the table behind a lane. */
export interface LaneTableRow {
  readonly kind: 'slice' | 'instant';
  /** Index into the timeline's slices or instants. */
  readonly index: number;
  readonly start: Ordinal;
  /** Equal to `start` for an instant. */
  readonly end: Ordinal;
  readonly name: string;
  readonly detail: string;
  /** The meaning of its colour or mark. */
  readonly means: string;
}

/**
 * What the lane of a track shows in [from, to] (ordinals), by start.
 * @param most rows at most; a table of a million rows helps nobody
 */
export function laneTable(timeline: Timeline, track: TrackId, from: Ordinal, to: Ordinal, most = 1000): LaneTableRow[] {
  const { slices, instants, strings } = timeline;
  const rows: LaneTableRow[] = [];
  const first = lowerBound(slices.track, 0, slices.length, track);
  const last = lowerBound(slices.track, first, slices.length, track + 1);
  for (let i = first; i < last && rows.length < most; i++) {
    if (slices.end[i]! <= from || slices.start[i]! > to) continue;
    rows.push({
      kind: 'slice',
      index: i,
      start: slices.start[i]!,
      end: slices.end[i]!,
      name: strings[slices.name[i]!]!,
      detail: strings[slices.detail[i]!]!,
      means: lookWords[slices.look[i]!]!,
    });
  }
  const begin = lowerBound(instants.at, 0, instants.length, from);
  for (let i = begin, n = 0; i < instants.length && instants.at[i]! <= to && n < most; i++) {
    if (instants.track[i] !== track) continue;
    n++;
    rows.push({
      kind: 'instant',
      index: i,
      start: instants.at[i]!,
      end: instants.at[i]!,
      name: strings[instants.name[i]!]!,
      detail: strings[instants.text[i]!]!,
      means: markWords[instants.mark[i]!]!,
    });
  }
  rows.sort((a, b) => a.start - b.start || b.end - a.end);
  return rows.slice(0, most);
}

/**
 * One sentence for the whole picture, read out when it gets the focus.
 * @param steps how many steps or events it tells of; a run's timeline goes on a little after its last step
 */
export function describeTimeline(timeline: Timeline, steps = timeline.length): string {
  const count = (kind: string) => timeline.tracks.filter((t) => t.kind === kind && t.side !== 1).length;
  const cpus = count('cpu');
  const vcpus = count('vcpu');
  // One oops may be marked on several rows: on the CPU's and on the vCPU's.
  const struck = new Set<string>();
  const { instants, tracks } = timeline;
  for (let i = 0; i < instants.length; i++)
    if (instants.mark[i] === Mark.oops) struck.add(`${instants.at[i]} ${tracks[instants.track[i]!]!.side ?? ''}`);
  const oopses = struck.size;
  const parts = [`${cpus} CPU${cpus === 1 ? '' : 's'}`];
  if (vcpus > 0) parts.push(`${vcpus} vCPU${vcpus === 1 ? '' : 's'}`);
  parts.push(`${stepText(steps)} ${timeline.source === 'run' ? 'steps' : 'events'}`);
  parts.push(oopses === 0 ? 'no oops' : `${oopses} oops${oopses === 1 ? '' : 'es'}`);
  return `${timeline.title}: lanes of ${parts.join(', ')}`;
}
