import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FlowKind, Look, Mark } from '../timeline/columns';
import { FramePainter } from './draw';
import { visibleFlows } from './draw-flows';
import { loudness, rgbaWord, themes } from './palette';
import type { Scene } from './scene';
import { randomTimeline } from './testing/random-timeline';
import { Recorder, sceneOf } from './testing/recorder';
import { drawn, timelineOf, type TestSlice } from './testing/text-timeline';

const { light } = themes;

function paint(scene: Scene): Recorder {
  const recorder = new Recorder();
  new FramePainter().paint(scene, recorder.surface);
  return recorder;
}

const views = fc.record({
  from: fc.double({ min: 0, max: 0.95, noNaN: true }),
  zoom: fc.constantFrom(1, 2, 7, 40),
  width: fc.constantFrom(300, 800, 1400),
  dpr: fc.constantFrom(1, 1.5, 2),
  axis: fc.constantFrom('steps' as const, 'time' as const),
  unfold: fc.boolean(),
  density: fc.constantFrom('roomy' as const, 'compact' as const),
});

/** Two pixels of tolerance: edges are rounded to device pixels. */
const SLACK = 2;

/** In or at a disc or triangle, not a label. */
const sign = /^(!|\d+\+?)$/;

describe('labels', () => {
  it('never overlap each other, never leave the plot, and never leave the slice that they name', () => {
    fc.assert(
      fc.property(randomTimeline, views, fc.nat(2000), (timeline, view, playhead) => {
        const unfolded = view.unfold ? timeline.tracks.map((_, t) => t) : [];
        const scene = sceneOf({ timeline, ...view, unfolded, height: 1200 }, { playhead: playhead % timeline.length });
        const { texts } = paint(scene);
        const names = new Set(timeline.strings);
        const inPlot = texts.filter((t) => t.y > scene.axisHeight && t.left >= scene.headerWidth - SLACK);
        for (let i = 0; i < inPlot.length; i++) {
          const a = inPlot[i]!;
          // The sign of a disc at the very edge is cut with its disc.
          if (!sign.test(a.text)) expect(a.right, a.text).toBeLessThanOrEqual(scene.width + SLACK);
          for (let j = i + 1; j < inPlot.length; j++) {
            const b = inPlot[j]!;
            if (Math.abs(a.y - b.y) >= 8 || sign.test(a.text) || sign.test(b.text)) continue;
            const apart = a.right <= b.left + SLACK || b.right <= a.left + SLACK;
            expect(apart, `"${a.text}" and "${b.text}" at ${a.y}`).toBe(true);
          }
          const isBarLabel = light.looks.some((style) => style.ink === a.colour) && names.has(a.text);
          if (!isBarLabel || a.text.startsWith('mark') || a.text.startsWith('some')) continue;
          const { slices, strings } = timeline;
          let inside = false;
          for (let s = 0; s < slices.length && !inside; s++) {
            if (strings[slices.name[s]!] !== a.text) continue;
            const x0 = scene.scale.x(slices.start[s]!);
            const x1 = scene.scale.x(slices.end[s]!);
            inside = a.left >= x0 - SLACK && a.right <= x1 + SLACK;
          }
          expect(inside, `"${a.text}" at ${a.left}..${a.right}`).toBe(true);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('stay at the left edge when their slice began before the view', () => {
    const timeline = drawn('CPU 0 | ready........................................ |');
    const scene = sceneOf({ timeline, zoom: 2, from: 0.5 });
    const label = paint(scene).texts.find((t) => t.text === 'ready')!;
    expect(label.left).toBeGreaterThanOrEqual(scene.headerWidth);
    expect(label.left).toBeLessThan(scene.headerWidth + 10);
  });

  it('stand on a plate where their bar is hatched', () => {
    const timeline = drawn('CPU 0 | fail........................ |');
    const { paths, texts } = paint(sceneOf({ timeline }));
    const style = light.looks[Look.fail]!;
    expect(texts.find((t) => t.text === 'fail')?.colour).toBe(style.ink);
    const styles = paths.map((p) => p.style);
    expect(styles).toContain(`hatch:${Look.fail}`);
    expect(styles.indexOf(style.plate!)).toBeGreaterThan(styles.indexOf(`hatch:${Look.fail}`));
  });

  it('make way for an oops that strikes in their bar', () => {
    const timeline = drawn(
      'CPU 0      | ready............................. |\nCPU 0      |   !                                |',
    );
    const { texts, paths } = paint(sceneOf({ timeline }));
    const disc = paths.flatMap((p) => (p.style === light.looks[Look.oops]!.fill ? p.arcs : []))[0]!;
    const label = texts.find((t) => t.text === 'ready')!;
    expect(label.left >= disc.x + disc.r || label.right <= disc.x - disc.r).toBe(true);
  });
});

describe('what must never be hidden', () => {
  /** 60,000 slices of guest and kernel, one failure, one oops, on one CPU's runs. */
  function haystack() {
    const slices: TestSlice[] = [];
    for (let i = 0; i < 60_000; i++) {
      const look = i === 20_011 ? Look.fail : i === 41_234 ? Look.oops : i % 2 ? Look.guest : Look.kern;
      slices.push({ track: 1, depth: 0, start: i, end: i + 1, look, name: 'n' });
    }
    const tracks = [
      { kind: 'cpu', name: 'CPU 0', parent: -1, cpu: 0, task: '', tid: -1 },
      { kind: 'runs', name: 'runs', parent: 0, cpu: 0, task: '', tid: -1 },
    ] as const;
    const instants = Array.from({ length: 5000 }, (_, i) => {
      return { at: i * 12, track: 1, mark: i === 2500 ? Mark.oops : Mark.event, name: 'event' };
    });
    return timelineOf(tracks, 60_000, slices, instants);
  }

  it('a failed and a crashed slice among 60,000 show at every zoom, at least 3 px wide', () => {
    const timeline = haystack();
    for (const dpr of [1, 2]) {
      for (let zoom = 1; zoom < 30_000; zoom *= 3) {
        for (const [ordinal, look] of [
          [20_011, Look.fail],
          [41_234, Look.oops],
        ] as const) {
          const whole = sceneOf({ timeline, dpr });
          const scene = { ...whole, scale: whole.scale.zoomBy(zoom, whole.scale.x(ordinal)) };
          const recorder = paint(scene);
          const x = scene.scale.x(ordinal);
          const fill = light.looks[look]!.fill;
          let width = 0;
          for (const r of recorder.rects) if (r.fill === fill && r.x <= x + 1 && r.x + r.width >= x) width = r.width;
          for (const p of recorder.paths) {
            const [a, b] = p.points;
            if (p.style === fill && a && b && a[0] <= x + 1 && b[0] >= x) width = Math.max(width, b[0] - a[0]);
          }
          for (const line of recorder.rasterLines) {
            const here = line[Math.floor((x - scene.headerWidth) * dpr)];
            const count = line.filter((w) => w === rgbaWord(fill)).length;
            if (here === rgbaWord(fill)) width = Math.max(width, count / dpr);
          }
          expect(width, `${zoom}x, dpr ${dpr}, look ${look}`).toBeGreaterThanOrEqual(3);
        }
      }
    }
  });

  it('an oops is a disc with "!" at every zoom, folded and unfolded, in both densities', () => {
    const timeline = haystack();
    for (const density of ['roomy', 'compact'] as const) {
      for (const unfolded of [[], [0]]) {
        for (let zoom = 1; zoom < 10_000; zoom *= 10) {
          const whole = sceneOf({ timeline, density, unfolded });
          const x = whole.scale.x(30_000);
          const { texts, paths } = paint({ ...whole, scale: whole.scale.zoomBy(zoom, x) });
          const bang = texts.find((t) => t.text === '!')!;
          expect(bang, `${density}, ${zoom}x`).toBeDefined();
          expect((bang.left + bang.right) / 2).toBeCloseTo(x, 0);
          const disc = paths.some((p) => p.style === light.looks[Look.oops]!.fill && p.arcs.some((a) => a.r >= 7));
          expect(disc).toBe(true);
        }
      }
    }
  });

  it('marks too near to each other become one with a count', () => {
    const tracks = [{ kind: 'cpu', name: 'CPU 0', parent: -1, cpu: 0, task: '', tid: -1 }] as const;
    const instants = [500, 501, 502, 503].map((at) => ({ at, track: 0, mark: Mark.failure, name: 'f' }));
    const timeline = timelineOf(tracks, 1000, [], instants);
    expect(paint(sceneOf({ timeline })).texts.map((t) => t.text)).toContain('4');
    const near = sceneOf({ timeline });
    const apart = paint({ ...near, scale: near.scale.zoomBy(40, near.scale.x(501.5)) });
    expect(apart.texts.map((t) => t.text)).not.toContain('4');
  });

  it('every failure and oops counts once, in a disc or triangle or in the count of one', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(999), { minLength: 1, maxLength: 60 }),
        fc.integer({ min: 200, max: 1500 }),
        (ats, width) => {
          const tracks = [{ kind: 'cpu', name: 'CPU 0', parent: -1, cpu: 0, task: '', tid: -1 }] as const;
          const instants = ats.map((at) => ({ at, track: 0, mark: Mark.oops, name: '' }));
          const { texts } = paint(sceneOf({ timeline: timelineOf(tracks, 1000, [], instants), width: width + 120 }));
          const discs = texts.filter((t) => t.text === '!').length;
          const counts = texts.filter((t) => t.y > 26 && /^\d+$/.test(t.text)).map((t) => Number(t.text));
          const single = discs - counts.length;
          expect(single + counts.reduce((a, b) => a + b, 0)).toBe(ats.length);
        },
      ),
    );
  });
});

describe('arrows', () => {
  it('begin and end on the strips of their tracks, at their ordinals', () => {
    fc.assert(
      fc.property(randomTimeline, views, (timeline, view) => {
        const scene = sceneOf({ timeline, ...view, height: 1500 });
        const { paths } = paint(scene);
        const { flows } = timeline;
        const dy = scene.axisHeight - scene.scrollTop;
        for (const flow of visibleFlows(scene).flows) {
          const x0 = scene.scale.x(flows.start[flow]!);
          const x1 = scene.scale.x(flows.end[flow]!);
          const on = (track: number, y: number): boolean =>
            y >= scene.layout.top[track]! + dy && y <= scene.layout.bottom[track]! + dy;
          const line = paths.some((p) => {
            const [a] = p.points;
            return p.op === 'stroke' && a && Math.abs(a[0] - x0) < 0.01 && on(flows.fromTrack[flow]!, a[1]);
          });
          const tip = paths.some((p) => {
            const [a] = p.points;
            if (p.op !== 'fill' || p.points.length !== 3 || Math.abs(a![0] - x1) > 0.01) return false;
            const to = flows.toTrack[flow]!;
            const handler = scene.layout.interrupts[to]! + dy;
            const atHandler = flows.kind[flow] === FlowKind.ipi && !Number.isNaN(handler);
            return atHandler ? Math.abs(a![1] - handler) < 0.01 : on(to, a![1]);
          });
          expect([line, tip]).toEqual([true, true]);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('of an IPI end at its handler, which lies beside the task that it interrupts', () => {
    const timeline = drawn(
      `CPU 0      | ready............. |
       CPU 0 runs |   kern....         |
       CPU 1      | ready............. |
       CPU 1 runs |  user........      |
       CPU 1 runs |        irq         |`,
      [['ipi', 'CPU 0 runs', 5, 'CPU 1 runs', 7]],
    );
    for (const unfolded of [[], [0, 2]]) {
      const scene = sceneOf({ timeline, unfolded });
      const handler = scene.layout.rows.flatMap((r) => r.strips).find((s) => s.track === 3 && s.depth === 1)!;
      const y = handler.y + handler.height / 2 + scene.axisHeight;
      const tips = paint(scene).paths.filter((p) => p.op === 'fill' && p.points.length === 3);
      expect(tips.map((p) => p.points[0])).toEqual([[scene.scale.x(7), y]]);
    }
  });

  it('of too many only those near the playhead are drawn', () => {
    const tracks = [0, 1].map(
      (cpu) => ({ kind: 'cpu', name: `CPU ${cpu}`, parent: -1, cpu, task: '', tid: -1 }) as const,
    );
    const flows = Array.from({ length: 5000 }, (_, i) => {
      return { kind: FlowKind.ipi, name: 'x', from: i % 2, start: i, to: (i + 1) % 2, end: i + 1 };
    });
    const scene = sceneOf({ timeline: timelineOf(tracks, 5001, [], [], flows) }, { playhead: 2500 });
    const shown = visibleFlows(scene).flows;
    expect(shown.length).toBeGreaterThan(0);
    expect(shown.length).toBeLessThanOrEqual(6);
    for (const flow of shown) expect(Math.abs(flow - 2500)).toBeLessThan(10);
  });
});

describe('a run that unfolds', () => {
  it('shows nothing that has not happened yet', () => {
    const timeline = drawn(
      `CPU 0 | ready........fail.............. |
       CPU 0 |                        !          |
       CPU 1 |       kern......               |`,
      [
        ['ipi', 'CPU 0', 3, 'CPU 1', 6],
        ['migration', 'CPU 1', 12, 'CPU 0', 20],
      ],
    );
    const scene = sceneOf({ timeline }, { reveal: 10, playhead: 10 });
    const { texts, paths } = paint(scene);
    expect(texts.map((t) => t.text)).not.toContain('!');
    expect(texts.map((t) => t.text)).toContain('ready');
    expect(texts.map((t) => t.text)).not.toContain('fail');
    expect(visibleFlows(scene).flows.length).toBe(1);
    const cut = scene.scale.x(10);
    for (const p of paths) {
      if (p.style !== light.looks[Look.ready]!.fill) continue;
      for (const [x] of p.points) expect(x).toBeLessThanOrEqual(cut + 1);
    }
  });
});

describe('the frame', () => {
  it('draws only the rows in view of 4,096 CPUs', () => {
    const tracks = Array.from(
      { length: 4096 },
      (_, cpu) => ({ kind: 'cpu', name: `CPU ${cpu}`, parent: -1, cpu, task: '', tid: -1 }) as const,
    );
    const slices = tracks.map((_, track) => ({ track, depth: 0, start: 0, end: 100, look: Look.ready, name: 'ready' }));
    const scene = sceneOf({ timeline: timelineOf(tracks, 100, slices), density: 'compact' }, { scrollTop: 40_000 });
    const { texts, calls } = paint(scene);
    expect(calls).toBeLessThan(500);
    const names = texts.filter((t) => t.text.startsWith('CPU '));
    expect(names.length).toBeGreaterThan(20);
    expect(names.length).toBeLessThan(40);
  });

  it('tells the state at the playhead under the name, in the colour of a warning where it failed', () => {
    const timeline = drawn('CPU 4 | ready.....fail...... |');
    const before = paint(sceneOf({ timeline }, { playhead: 3 })).texts;
    const after = paint(sceneOf({ timeline }, { playhead: 12 })).texts;
    const state = (texts: typeof before) => texts.find((t) => t.left < 100 && t.y > 50 && t.text !== 'CPU 4')!;
    expect(state(before)).toMatchObject({ text: 'ready', colour: light.dim });
    expect(state(after)).toMatchObject({ text: 'fail', colour: light.warn });
  });

  it('keeps the labels of the axis clear of the flag of the playhead', () => {
    const timeline = drawn(`CPU 0 | ready${'.'.repeat(300)} |`);
    for (let playhead = 0; playhead <= 300; playhead += 7) {
      const scene = sceneOf({ timeline }, { playhead });
      const axis = paint(scene).texts.filter((t) => t.y < scene.axisHeight && t.left > 100);
      const flag = axis.find((t) => t.colour === light.accentInk)!;
      expect(flag.text).toBe(String(playhead));
      for (const t of axis) if (t !== flag) expect(t.right <= flag.left || t.left >= flag.right).toBe(true);
    }
  });
});

it('paints an oops louder than anything', () => {
  expect(loudness[Look.oops]).toBe(Math.max(...loudness));
});
