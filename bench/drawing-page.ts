/**
 * What runs in the browser for drawing.bench.ts: the same journey over the same slices, once by the lanes and once by the
 * plain way, a `fillRect` for every slice in view.
 *
 * 64 CPUs, each with a summary and a lane of what runs there, of which 1280 x 720 pixels show the first 27. Both sides leave
 * out what is not in view.
 */
import { LanesView } from '../src/lanes/lanes-view';
import { themes } from '../src/lanes/palette';
import { XScale } from '../src/lanes/scale';
import { Look, Mark, type Timeline, type Track } from '../src/timeline/columns';

const CPUS = 64;
const SIZE = { width: 1280, height: 720 };
const HEADER = 140;

function sample(count: number): Timeline {
  let seed = 20_211_130;
  const random = (): number => (seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff) / 0x80000000;
  const tracks: Track[] = [];
  const per = Math.floor(count / CPUS) - 1;
  const length = per * 3;
  const total = (per + 1) * CPUS;
  const column = () => new Int32Array(total);
  const slices = { track: column(), start: column(), end: column(), name: column(), detail: column() };
  const depth = new Uint8Array(total);
  const look = new Uint8Array(total);
  const looks = [Look.kern, Look.guest, Look.user, Look.kth];
  let n = 0;
  const add = (track: number, start: number, end: number, l: number, name: number): void => {
    slices.track[n] = track;
    slices.start[n] = start;
    slices.end[n] = end;
    slices.name[n] = name;
    look[n++] = l;
  };
  for (let cpu = 0; cpu < CPUS; cpu++) {
    const group = tracks.push({ kind: 'cpu', name: `CPU ${cpu}`, parent: -1, cpu, task: '', tid: -1 }) - 1;
    tracks.push({ kind: 'runs', name: 'runs', parent: group, cpu, task: '', tid: -1 });
    add(group, 0, length, cpu % 9 === 4 ? Look.fail : Look.ready, 1);
    for (let i = 0, at = 0; i < per; i++) {
      const width = 1 + Math.floor(random() * 3);
      const kind = Math.floor(random() * 4);
      add(group + 1, at, at + width, i === 777 ? Look.oops : looks[kind]!, 2 + kind);
      at += width + (random() < 0.2 ? 1 : 0);
    }
  }
  const marks = 2000;
  return {
    title: 'bench',
    source: 'run',
    length,
    timeUs: Float64Array.from({ length: length + 1 }, (_, i) => i * 1.25),
    originUs: 0,
    strings: ['', 'online, active', 'qemu-system-x86', 'CPU 0/KVM', 'kworker/u64:3', 'cpuhp/12'],
    tracks,
    slices: { length: n, depth, look, ...slices },
    instants: {
      length: marks,
      at: Int32Array.from({ length: marks }, (_, i) => Math.floor((i / marks) * length)),
      track: Int32Array.from({ length: marks }, (_, i) => (i % CPUS) * 2 + 1),
      mark: Uint8Array.from({ length: marks }, (_, i) => (i % 500 === 7 ? Mark.oops : Mark.event)),
      name: new Int32Array(marks),
      text: new Int32Array(marks),
    },
    flows: {
      length: 0,
      kind: new Uint8Array(0),
      name: new Int32Array(0),
      fromTrack: new Int32Array(0),
      start: new Int32Array(0),
      toTrack: new Int32Array(0),
      end: new Int32Array(0),
    },
    counters: { names: [], length: 0, counter: new Int32Array(0), at: new Int32Array(0), value: new Float64Array(0) },
    log: [],
  };
}

/** Domains of the journey's frames: in to a fiftieth, out again, and along a quarter of the timeline, each a third. */
function journey(timeline: Timeline, frames: number): [number, number][] {
  const stops: [number, number][] = [];
  let scale = XScale.fit(timeline, 'steps', HEADER, SIZE.width);
  const third = Math.floor(frames / 3);
  const factor = 50 ** (1 / third);
  for (let i = 0; i < frames; i++) {
    if (i < third) scale = scale.zoomBy(factor, 800);
    else if (i < 2 * third) scale = scale.zoomBy(1 / factor, 500);
    else scale = i === 2 * third ? scale.zoomBy(4, HEADER) : scale.panBy(120);
    stops.push([scale.start, scale.end]);
  }
  return stops;
}

const frame = (): Promise<number> => new Promise((resolve) => requestAnimationFrame(resolve));

/** Makes everything ready; returns the two sides of the race, each of which draws the journey once. */
function prepare(count: number, frames: number): { ours: () => Promise<void>; peer: () => Promise<void> } {
  const timeline = sample(count);
  const stops = journey(timeline, frames);
  const host = document.createElement('div');
  host.style.cssText = `position:absolute;top:0;left:0;width:${SIZE.width}px;height:${SIZE.height}px`;
  document.body.append(host);
  const view = new LanesView(host, { headerWidth: HEADER });
  view.setTimeline(timeline);

  const canvas = document.createElement('canvas');
  canvas.width = SIZE.width;
  canvas.height = SIZE.height;
  canvas.style.cssText = 'position:absolute;top:0;left:0';
  const pen = canvas.getContext('2d', { alpha: false })!;
  const { track, start, end, look, length } = timeline.slices;
  const colours = themes.light.looks.map((style) => style.fill);
  const plain = ([from, to]: [number, number]): void => {
    pen.fillStyle = themes.light.ground;
    pen.fillRect(0, 0, SIZE.width, SIZE.height);
    const k = (SIZE.width - HEADER) / (to - from);
    for (let i = 0; i < length; i++) {
      // As many lanes as the other side shows, so that both draw the same part of the timeline.
      const y = 26 + Math.floor(track[i]! / 2) * 25 + (track[i]! & 1) * 16;
      if (y > SIZE.height || end[i]! < from || start[i]! > to) continue;
      pen.fillStyle = colours[look[i]!]!;
      const x = HEADER + (start[i]! - from) * k;
      pen.fillRect(x, y, Math.max(1, (end[i]! - start[i]!) * k), track[i]! & 1 ? 4 : 13);
    }
  };

  return {
    ours: async () => {
      canvas.remove();
      for (const [from, to] of stops) {
        view.setDomain(from, to);
        await frame();
      }
    },
    peer: async () => {
      document.body.append(canvas);
      for (const stop of stops) {
        plain(stop);
        await frame();
      }
    },
  };
}

Object.assign(window, { prepareDrawing: prepare });
