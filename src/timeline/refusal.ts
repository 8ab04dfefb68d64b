/** What went wrong with a CPU in a trace, apart from oopses: hotplug operations that were refused, enables that failed. */
import { Look, Mark, type Ordinal, type Timeline } from './columns';

export interface Refusal {
  /** Where the first step that failed returned. */
  readonly at: Ordinal;
  readonly cpu: number;
  /** Was the CPU coming up, going down, or did its state stay (a step that a module installs)? */
  readonly going: 'up' | 'down' | 'nowhere';
  /** "kvm_online_cpu [kvm]". */
  readonly callback: string;
  readonly step: number;
  /** "kvm/cpu:online", or '' where no listing of states was given. */
  readonly state: string;
  /** What the step returned: "-EIO". */
  readonly ret: string;
  /** What the operation as a whole returned on the CPU that ran it, or '' where the trace does not tell. */
  readonly returned: string;
  readonly rolledBack: boolean;
}

const failing = /^(.+), step (\d+)(?: (\S+))? of CPU \d+: returned -\d+ \((-\w+)\)$/;
/** Steps of the CPU that runs the operation; what they return, the operation returns. */
const whole = /^(bringup_cpu|cpuhp_bringup_ap|cpuhp_kick_ap_alive|cpuhp_kick_ap_work|takedown_cpu)$/;

interface Section {
  readonly start: Ordinal;
  readonly end: Ordinal;
  readonly name: string;
  readonly look: number;
}

const directionOf = (name: string): 'up' | 'down' => (name.startsWith('going down') ? 'down' : 'up');

/** The refused operations, each with the first of its steps that failed, in order. */
export function refusals(t: Timeline): Refusal[] {
  const { instants, slices, strings, tracks } = t;
  const sections = new Map<number, Section[]>();
  for (let i = 0; i < slices.length; i++) {
    const track = slices.track[i]!;
    if (tracks[track]!.kind !== 'hotplug' || slices.depth[i] !== 0) continue;
    const list = sections.get(track) ?? [];
    sections.set(track, list);
    list.push({
      start: slices.start[i]!,
      end: slices.end[i]!,
      name: strings[slices.name[i]!]!,
      look: slices.look[i]!,
    });
  }
  const found: Refusal[] = [];
  const last = new Map<number, { readonly index: number; readonly until: Ordinal }>(); // by track
  for (let i = 0; i < instants.length; i++) {
    const track = instants.track[i]!;
    if (instants.mark[i] !== Mark.failure || tracks[track]!.kind !== 'hotplug') continue;
    const said = failing.exec(strings[instants.text[i]!]!);
    if (!said) continue;
    const at = instants.at[i]!;
    const [, callback = '', step = '', state = '', ret = ''] = said;
    const same = last.get(track);
    if (same && at <= same.until) {
      // What one step returned goes out through those that enclose it.
      const before = found[same.index]!;
      if (before.returned === '' && whole.test(callback)) found[same.index] = { ...before, returned: ret };
      continue;
    }
    const list = sections.get(track) ?? [];
    const here = list.findLastIndex((s) => s.start <= at && at <= s.end);
    const section = list[here];
    const cpu = tracks[track]!.cpu;
    const going = section ? directionOf(section.name) : 'nowhere';
    const after = list[here + 1];
    const back = section && after?.look === Look.refused ? after : undefined;
    const next = list.find((s) => s.start > at && s !== back)?.start ?? t.length;
    const own = whole.test(callback) || section?.name === 'PREPARE';
    last.set(track, { index: found.length, until: back?.end ?? section?.end ?? at });
    found.push({
      at,
      cpu,
      going,
      callback,
      step: Number(step),
      state,
      ret,
      returned: own ? ret : '',
      rolledBack: back !== undefined || (going === 'up' && saidOffline(t, cpu, at, next)),
    });
  }
  return found;
}

function saidOffline(t: Timeline, cpu: number, from: Ordinal, to: Ordinal): boolean {
  const line = new RegExp(`\\bCPU ${cpu} is now offline`);
  return t.log.some((l) => l.source === 'kernel' && l.at > from && l.at < to && line.test(l.text));
}

/** An enable of virtualization that was seen to fail: "vmx_hardware_enable returned -5 (-EIO) on CPU 1". */
export interface FailedEnable {
  readonly at: Ordinal;
  readonly cpu: number;
  readonly text: string;
}

export function failedEnables({ instants, tracks, strings }: Timeline): FailedEnable[] {
  const found: FailedEnable[] = [];
  for (let i = 0; i < instants.length; i++) {
    const track = tracks[instants.track[i]!]!;
    if (instants.mark[i] === Mark.failure && track.kind === 'virt')
      found.push({ at: instants.at[i]!, cpu: track.cpu, text: strings[instants.text[i]!]! });
  }
  return found;
}
