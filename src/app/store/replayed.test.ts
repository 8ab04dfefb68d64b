import { readdirSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { conform, type ConformResult } from '../../conform/conform';
import { readCaptureFiles } from '../../conform/files';
import { loadKernelTexts } from '../../kernels/index';
import { importFiles } from '../../timeline/import-files';
import type { Timeline } from '../../timeline/columns';
import { anchorsOf, replay, type Replayed } from './replayed';

describe("the model's run of a capture (captures 6.1/v2)", () => {
  let result: ConformResult;
  let trace: Timeline;
  let again: Replayed;
  beforeAll(async () => {
    await loadKernelTexts();
    const folder = 'public/captures/6.1/v2/';
    const files = () =>
      readdirSync(folder).map((name) => ({ name, data: new Uint8Array(readFileSync(folder + name)) }));
    result = conform(await readCaptureFiles(files()));
    trace = (await importFiles(files())).timeline;
    again = replay(result, trace.originUs);
  });

  it('is replayed step for step', () => {
    expect(again.parts.history.length).toBe(result.taken.length);
    expect(again.parts.history.length).toBe(result.report.steps);
  });

  it('comes to what the capture came to: vcpu0 dies on CPU 1 in kvm_spurious_fault (captures 6.1/v2)', () => {
    expect(again.parts.outcome.oops[0]).toMatchObject({ cpu: 1, function: 'kvm_spurious_fault' });
  });

  it('is aligned with the trace at its own moments, in order', () => {
    const anchors = anchorsOf(trace, again.moments);
    expect(anchors.length).toBeGreaterThan(100);
    anchors.forEach(({ a, b }, i) => {
      expect(trace.timeUs[a]! + trace.originUs).toBeCloseTo(result.taken[b]!.t, 0);
      if (i > 0) expect(a > anchors[i - 1]!.a && b > anchors[i - 1]!.b).toBe(true);
    });
  });
});
