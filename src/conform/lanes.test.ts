/** Both runs on one picture: its anchors, its time, and the place of a difference. */
import { beforeAll, describe, expect, it } from 'vitest';
import { loadKernelTexts } from '../kernels/index';
import { conform } from './conform';
import { conformLanes, type ConformLanes } from './lanes';
import { capturesIn, firstLine, PUBLIC, readCapture, type Changes } from './testing/captures';

beforeAll(() => loadKernelTexts());

async function lanes(name: string, changes: Changes = {}): Promise<ConformLanes> {
  const files = await readCapture(name, changes);
  return conformLanes(files, conform(files));
}

describe('a capture and its model run', () => {
  it.each(capturesIn(PUBLIC))('%s: both, and both side by side', async (name) => {
    const { capture, run, joint, result, originUs } = await lanes(name);
    expect(capture.length).toBeGreaterThan(0);
    expect(run.length).toBeGreaterThanOrEqual(result.history.length);
    expect(originUs).toBeGreaterThan(0);
    // the axis holds both, and its time never runs backwards
    expect(joint.timeline.length).toBeGreaterThanOrEqual(Math.max(capture.length, run.length));
    const times = joint.timeline.timeUs.subarray(0, joint.timeline.length);
    expect(times.findIndex((t, i) => i > 0 && t < times[i - 1]!)).toBe(-1);
    expect([joint.differences, joint.parting]).toEqual([[], null]);
  });

  it('puts the two where they show the same: a step of the run stands with its line', async () => {
    const files = await readCapture('6.1/v2c');
    const result = conform(files);
    const { capture, joint } = conformLanes(files, result);
    const { table } = files;
    // of many lines at one moment one is an anchor; what it stands with must be of the same time
    const near = result.met.filter(({ row, step }) => {
      const line = table.time.data[row]! - capture.originUs;
      const at = joint.timeline.timeUs[joint.at[1][step]!]!;
      return Math.abs(at - line) < 50_000;
    });
    expect(result.met.length).toBeGreaterThan(100);
    expect(near.length / result.met.length).toBeGreaterThan(0.95);
  });

  it('marks a difference on both sides, at its CPU', async () => {
    const trace = firstLine(/cpuhp\/1-.*cpuhp_exit.*step: 197 ret: 0/, (l) => l.replace('ret: 0', 'ret: -11'));
    const { joint } = await lanes('6.1/v2c', { trace });
    const { parting } = joint;
    expect(parting).toMatchObject({ cpu: 1, text: expect.stringContaining('another ret: ') });
    expect(parting!.a).toBeGreaterThan(0);
    expect(parting!.b).toBeGreaterThan(0);
    expect(Math.abs(joint.at[0][parting!.a!]! - joint.at[1][parting!.b!]!)).toBeLessThan(10);
  });
});
