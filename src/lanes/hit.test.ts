import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { curveOf, pointOn, visibleFlows } from './draw-flows';
import { hitTest } from './hit';
import type { Scene } from './scene';
import { randomTimeline } from './testing/random-timeline';
import { sceneOf } from './testing/recorder';
import { drawn } from './testing/text-timeline';

const timeline = drawn(
  `CPU 0       | ready......................... |
   CPU 0 runs  |   kern....                     |
   CPU 4       |          prep..start..fail.... |
   CPU 4 runs  |                   kern..       |
   CPU 4 runs  |                                |
   vm0.vcpu0   |     guest....  kern..oops..... |
   log         |        '           !           |`,
  [['migration', 'CPU 0 runs', 10, 'CPU 4 runs', 19]],
);
const scene = sceneOf({ timeline }, { playhead: 25 });
/** Middle of the strip that stands for a track, CSS pixels from the host's top. */
const yOf = (s: Scene, track: number): number => (s.layout.top[track]! + s.layout.bottom[track]!) / 2 + s.axisHeight;

describe('a point', () => {
  it('on a bar is its slice; beside it nothing of the track', () => {
    const hit = hitTest(scene, scene.scale.x(5), yOf(scene, 1));
    expect(hit).toMatchObject({ region: 'plot', track: 1, item: { kind: 'slice', index: 1 } });
    expect(hitTest(scene, scene.scale.x(15), yOf(scene, 1)).item).toBeNull();
    expect(hitTest(scene, scene.scale.x(15), yOf(scene, 1)).track).toBe(1);
  });

  it('on or near a disc is the oops, and a finger may be further off than a mouse', () => {
    const y = yOf(scene, 5);
    const item = { kind: 'instant', index: 1 };
    expect(hitTest(scene, scene.scale.x(19), y).item).toEqual(item);
    expect(hitTest(scene, scene.scale.x(19) + 13, y, 4).item).toBeNull();
    expect(hitTest(scene, scene.scale.x(19) + 13, y, 12).item).toEqual(item);
  });

  it('in the header is its row, in parts', () => {
    const y = yOf(scene, 0);
    expect(hitTest(scene, 8, y)).toMatchObject({ region: 'header', track: 0, part: 'fold' });
    expect(hitTest(scene, 50, y)).toMatchObject({ region: 'header', track: 0, part: 'name' });
    expect(hitTest(scene, 110, y)).toMatchObject({ region: 'header', track: 0, part: 'actions' });
    expect(hitTest(scene, 50, 590)).toMatchObject({ region: 'header', track: -1, item: null });
  });

  it('on the axis is a time; on the flag or the line it is the playhead', () => {
    expect(hitTest(scene, scene.scale.x(3), 10)).toMatchObject({ region: 'axis', ordinal: 3, onPlayhead: false });
    expect(hitTest(scene, scene.scale.x(25) + 8, 10)).toMatchObject({ region: 'axis', onPlayhead: true });
    expect(hitTest(scene, scene.scale.x(25) + 3, 400)).toMatchObject({ region: 'plot', onPlayhead: true });
    expect(hitTest(scene, 10, 10).region).toBe('corner');
  });

  it('that has not been reached yet holds nothing', () => {
    const early = { ...scene, reveal: 4 };
    expect(hitTest(early, scene.scale.x(17), yOf(scene, 2)).item).toBeNull();
    expect(hitTest(early, scene.scale.x(19), yOf(scene, 5)).item).toBeNull();
  });

  it('on the scrollbar scrolls', () => {
    const low = sceneOf({ timeline, height: 120 });
    expect(hitTest(low, 795, 60).region).toBe('scrollbar');
  });
});

describe('what is drawn is what is hit', () => {
  it('slices wide enough to be seen are met in their middle, unless a mark or an arrow lies there', () => {
    fc.assert(
      fc.property(randomTimeline, fc.boolean(), (t, unfold) => {
        const s = sceneOf({ timeline: t, unfolded: unfold ? t.tracks.map((_, i) => i) : [], height: 2000 });
        for (const row of s.layout.rows) {
          for (const strip of row.strips) {
            if (strip.lane < 0 || !strip.labels || (row.folded && strip.depth > 0)) continue;
            const from = s.index.laneSlice[strip.lane]!;
            const to = s.index.laneSlice[strip.lane + 1]!;
            for (let i = from; i < to; i++) {
              const x0 = s.scale.x(t.slices.start[i]!);
              const x1 = s.scale.x(t.slices.end[i]!);
              if (x1 - x0 < 3) continue;
              const hit = hitTest(s, (x0 + x1) / 2, strip.y + 3 + s.axisHeight);
              if (hit.item?.kind === 'instant' || hit.item?.kind === 'flow') continue;
              // In a folded group a strip of interrupts may lie over it.
              if (row.folded && hit.item && t.slices.depth[hit.item.kind === 'slice' ? hit.item.index : 0]! > 0)
                continue;
              expect(hit.item).toEqual({ kind: 'slice', index: i });
            }
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  it('an arrow is met along its way', () => {
    const [flow] = visibleFlows(scene).flows;
    const curve = curveOf(scene, flow!)!;
    let met = 0;
    for (let t = 0.1; t < 0.95; t += 0.05) {
      const [x, y] = pointOn(curve, t);
      if (hitTest(scene, x, y).item?.kind === 'flow') met++;
    }
    expect(met).toBeGreaterThan(12);
  });
});
