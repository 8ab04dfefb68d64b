/** An enable that an injection takes back, where the core counts who wants virtualization on a CPU (facts 4.5). */
import { beforeAll, describe, expect, it } from 'vitest';
import { loadKernelTexts } from '../kernels/index';
import type { FileInput } from '../timeline/read';
import type { Armed } from './armed';
import { conform } from './conform';
import { readCaptureFiles } from './files';
import { traced } from './testing/change';
import { record, type RigResult } from './testing/rig';
import { RIG_KERNELS } from './testing/rigs';
import { SCRIPTS } from './testing/scenarios';
import { undoneEnables } from './undone';

beforeAll(() => loadKernelTexts());

const made = (kernel: string): RigResult =>
  record(
    SCRIPTS.find((s) => s.name === 's2u')!,
    RIG_KERNELS.find((k) => k.name === kernel)!,
    { seed: 1 },
  );
const differencesOf = async (files: readonly FileInput[]): Promise<string[]> =>
  conform(await readCaptureFiles(files)).report.differences.map((d) => `${d.what} | ${d.kernel} | ${d.model}`);
type Observed = { died: { cpu: number; instruction: string }[]; virt_on: { cpus: Record<string, boolean> }[] };

describe('the injection runs the body and takes it back', () => {
  // facts 4.5: users++ > 1 returns 0 without the vendor's enable; the one left counted makes the next enable the second
  it('7.3: the next online of that CPU succeeds with SVME off, and a vCPU dies there at VMSAVE', async () => {
    const { capture, files } = made('7.3-amd');
    const { died, virt_on: on } = capture['observed'] as Observed;
    expect(died).toMatchObject([{ cpu: 4, instruction: 'VMSAVE' }]);
    expect(on.at(-1)!.cpus['4']).toBe(false);
    expect(await differencesOf(files)).toEqual([]);
  });

  it('6.12: nobody counts, so the next online switches it on', async () => {
    const { capture, files } = made('6.12-amd');
    const { died, virt_on: on } = capture['observed'] as Observed;
    expect(died).toEqual([]);
    expect(on.some(({ cpus }) => cpus['4'] === true)).toBe(true);
    expect(await differencesOf(files)).toEqual([]);
  });

  it('lines of the body that ran are taken, whatever the probes on it read', async () => {
    let armed = 0;
    const files = traced(made('7.3-amd').files, (l) => {
      if (!/\[004\].*: svm_enable_virtualization_cpu <-/.test(l) || armed++ > 0) return l;
      const as = (text: string): string => l.replace(/svm_enable_virtualization_cpu <-.*/, text);
      return [
        l,
        as('x86_virt_get_ref <-svm_enable_virtualization_cpu'),
        as('x86_svm_enable_virtualization_cpu <-x86_virt_get_ref'),
        as('x86_svm_enable_virtualization_cpu_ret: (x86_virt_get_ref+0x5d/0xa0 <- x86_svm_enable_virtualization_cpu) ret=0'),
        as('x86_virt_get_ref_ret: (svm_enable_virtualization_cpu+0x19/0x120 [kvm_amd] <- x86_virt_get_ref) ret=0'),
      ];
    }); // prettier-ignore
    expect(armed).toBe(2);
    expect(await differencesOf(files)).toEqual([]);
  });

  it('is of no meaning for another mode, or an enable that gives no error', () => {
    const armed: Armed = { symbol: 'svm_enable_virtualization_cpu', cpus: [4], mode: 'undo', returns: -5, from: 0, to: 1, hits: -1 }; // prettier-ignore
    expect(undoneEnables('v7.3.4', [armed]).options.kernel).toBe('v7.3.4-undone');
    expect(undoneEnables('v7.3.4', [{ ...armed, mode: 'skip' }]).options).toEqual({});
    expect(undoneEnables('v7.3.4', [{ ...armed, returns: 0 }]).options).toEqual({});
    expect(undoneEnables('v6.12.117', [armed]).options).toEqual({});
  });
});
