/** The actions of what is on the lanes: of a CPU, of a vCPU, and of a place where something could fail. */
import type { Timeline } from '../timeline/columns';
import type { Item } from '../lanes/lanes-view';
import { openMenu, trackOf } from './store/page';
import { stepsDone, timelineOf, type OpenMenu } from './store/state';
import { get } from './store/store';

/** What is pointed at. */
interface Place {
  readonly track: number;
  readonly item: Item | null;
  /** The event at the pointer, or last before it. */
  readonly ordinal: number;
}

/** Opens the menu of what is at a place; other rows than those of CPUs and vCPUs have none. */
export function menuOf(timeline: Timeline, place: Place, anchor: OpenMenu['anchor']): void {
  const s = get();
  if (s.showing !== 'run' || place.track < 0) return;
  const { kind, cpu, name } = timeline.tracks[place.track]!;
  const step = stepOf(timeline, place);
  if (kind === 'vcpu') {
    const subject = s.run?.program.vcpus.findIndex((v) => v.name === name) ?? -1;
    if (subject >= 0) openMenu({ name: 'vcpu', anchor, subject, step });
  } else if (cpu >= 0) openMenu({ name: 'cpu', anchor, subject: cpu, step });
}

/** The menu of what is selected. */
export function menuOfSelection(host: HTMLElement): void {
  const s = get();
  const timeline = timelineOf(s);
  if (!timeline || !s.selection) return;
  const { left, top } = host.getBoundingClientRect();
  const place = { track: trackOf(timeline, s.selection), item: s.selection, ordinal: stepsDone(s) - 1 };
  menuOf(timeline, place, { x: left + 90, y: top + 60 });
}

/** The step (from 0) that is meant; -1 for none. With two runs on the same lanes there is no saying. */
function stepOf(timeline: Timeline, { item, ordinal }: Place): number {
  if (get().beside?.joint || item === null || item.kind === 'track') return -1;
  if (item.kind !== 'slice') return ordinal;
  const { slices, tracks } = timeline;
  // A step of the hotplug walk begins with the step of the run that calls it.
  const callback = tracks[slices.track[item.index]!]!.kind === 'hotplug' && slices.depth[item.index]! > 0;
  return callback ? slices.start[item.index]! - 1 : ordinal;
}
