/**
 * Test timelines drawn as aligned text, one character per ordinal:
 *
 *     CPU 0       | ready...................... |
 *     CPU 4       | prep..start.!fail.......... |
 *     CPU 4 virt  |             fail........... |
 *     CPU 4 runs  | kth.  kern..x               |      a name in parentheses: kern(qemu)...
 *     CPU 4 runs  |    irq.                     |      a second line of one track is the next depth
 *     vm0.vcpu0   |      guest..kern..oops..... |
 *     lock kvm    |  kern..                     |
 *
 * A word is a look and begins a slice that lasts to the next word or blank; dots lengthen it. `!` is an oops, `^` a failure,
 * `?` a warning, `'` a log line, `o` alone a syscall, `,` an event: each marks the ordinal it stands at.
 */
import { FlowKind, Look, Mark, type LookName, type Timeline, type Track, type TrackKind } from '../../timeline/columns';

const marks: Readonly<Record<string, Mark>> = {
  '!': Mark.oops,
  '^': Mark.failure,
  '?': Mark.warning,
  "'": Mark.log,
  o: Mark.syscall,
  ',': Mark.event,
};

export interface TestSlice {
  readonly track: number;
  readonly depth: number;
  readonly start: number;
  readonly end: number;
  readonly look: number;
  readonly name: string;
  readonly detail?: string;
}
export interface TestInstant {
  readonly at: number;
  readonly track: number;
  readonly mark: number;
  readonly name: string;
  readonly text?: string;
}
export interface TestFlow {
  readonly kind: FlowKind;
  readonly name: string;
  readonly from: number;
  readonly start: number;
  readonly to: number;
  readonly end: number;
}

/** Columns out of plain lists, sorted as the contract asks. */
export function timelineOf(
  tracks: readonly Track[],
  length: number,
  slices: readonly TestSlice[],
  instants: readonly TestInstant[] = [],
  flows: readonly TestFlow[] = [],
  timeUs?: Float64Array,
  source: Timeline['source'] = 'run',
): Timeline {
  const strings = [''];
  const ids = new Map<string, number>([['', 0]]);
  const id = (text: string): number => {
    let found = ids.get(text);
    if (found === undefined) {
      found = strings.length;
      strings.push(text);
      ids.set(text, found);
    }
    return found;
  };
  const s = [...slices].sort((a, b) => a.track - b.track || a.depth - b.depth || a.start - b.start);
  const n = [...instants].sort((a, b) => a.at - b.at);
  const f = [...flows].sort((a, b) => a.start - b.start);
  return {
    title: 'test',
    source,
    length,
    timeUs: timeUs ?? Float64Array.from({ length: length + 1 }, (_, i) => i),
    originUs: 0,
    tracks,
    slices: {
      length: s.length,
      track: Int32Array.from(s, (x) => x.track),
      depth: Uint8Array.from(s, (x) => x.depth),
      start: Int32Array.from(s, (x) => x.start),
      end: Int32Array.from(s, (x) => x.end),
      look: Uint8Array.from(s, (x) => x.look),
      name: Int32Array.from(s, (x) => id(x.name)),
      detail: Int32Array.from(s, (x) => id(x.detail ?? '')),
    },
    instants: {
      length: n.length,
      at: Int32Array.from(n, (x) => x.at),
      track: Int32Array.from(n, (x) => x.track),
      mark: Uint8Array.from(n, (x) => x.mark),
      name: Int32Array.from(n, (x) => id(x.name)),
      text: Int32Array.from(n, (x) => id(x.text ?? x.name)),
    },
    flows: {
      length: f.length,
      kind: Uint8Array.from(f, (x) => x.kind),
      name: Int32Array.from(f, (x) => id(x.name)),
      fromTrack: Int32Array.from(f, (x) => x.from),
      start: Int32Array.from(f, (x) => x.start),
      toTrack: Int32Array.from(f, (x) => x.to),
      end: Int32Array.from(f, (x) => x.end),
    },
    counters: {
      names: [],
      length: 0,
      counter: new Int32Array(0),
      at: new Int32Array(0),
      value: new Float64Array(0),
    },
    strings,
    log: [],
  };
}

/** Columns out of the drawing above. Flows are given by track name: `['ipi', 'CPU 0', 3, 'CPU 1', 4]`. */
export function drawn(
  text: string,
  arrows: readonly (readonly [keyof typeof FlowKind, string, number, string, number])[] = [],
): Timeline {
  const tracks: Track[] = [];
  const byName = new Map<string, number>();
  const depths = new Map<number, number>();
  const slices: TestSlice[] = [];
  const instants: TestInstant[] = [];
  let length = 0;

  const trackOf = (label: string): number => {
    const known = byName.get(label);
    if (known !== undefined) return known;
    const [, cpuName, child] = /^(CPU \d+)(?: (\w+))?$/.exec(label) ?? [];
    let parent = -1;
    if (cpuName !== undefined && child !== undefined) parent = trackOf(cpuName);
    let kind: TrackKind = cpuName !== undefined ? ((child as TrackKind | undefined) ?? 'cpu') : 'vcpu';
    let name = child ?? label;
    const other = /^(lock|log|task)\b ?(.*)$/.exec(label);
    if (other) {
      kind = other[1] as TrackKind;
      name = other[2] === '' ? kind : other[2]!;
    }
    const cpu = cpuName === undefined ? -1 : Number(cpuName.slice(4));
    tracks.push({ kind, name, parent, cpu, task: kind === 'vcpu' || kind === 'task' ? name : '', tid: -1 });
    byName.set(label, tracks.length - 1);
    return tracks.length - 1;
  };

  for (const line of text.split('\n')) {
    const parts = /^\s*(\S.*?)\s*\| (.*)\|/.exec(line);
    if (!parts) continue;
    const track = trackOf(parts[1]!);
    const body = parts[2]!;
    length = Math.max(length, body.trimEnd().length);
    const depth = (depths.get(track) ?? -1) + 1;
    depths.set(track, depth);
    for (const match of body.matchAll(/([a-z]{2,})(\(([^)]*)\))?\.*|[!^?',o]/g)) {
      const at = match.index;
      const word = match[1];
      if (word === undefined) instants.push({ at, track, mark: marks[match[0]]!, name: `mark ${at}` });
      else {
        const look = Look[word as LookName];
        if (look === undefined) throw new Error(`no such look: ${word}`);
        slices.push({ track, depth, start: at, end: at + match[0].length, look, name: match[3] ?? word });
      }
    }
  }
  const flows = arrows.map(([kind, from, start, to, end]) => {
    return { kind: FlowKind[kind], name: kind, from: trackOf(from), start, to: trackOf(to), end };
  });
  return timelineOf(tracks, length, slices, instants, flows);
}
