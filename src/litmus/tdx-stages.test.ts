/** The TDX host series before the merge, by version, against tables 3.2 and 4.3 of the TDX facts. */
import { describe, expect, it } from 'vitest';
import { load } from './load';
import { run } from '../machine/run';
import { E, playTdx } from './testing/tdx';

const TD = ['q: modprobe kvm_intel tdx=1', '   td0 = create td, 1 vcpu'];
const RUN = '   run td0';
const UNKNOWN = 'what KVM made of a TDH.VP.ENTER that fails was out of tree: not known';

/** How the run ends where a vCPU of the TD is moved to the CPU that came later. */
function fate(kernel: string): { error: string; admin: number[]; dead: boolean } {
  const text = ['litmus t', `kernel ${kernel}`, 'machine intel, cpus 3 + 1 hot-addable', 'hardware tdx_bios=1', ...TD, RUN, 'admin: hotadd cpu3 after run td0', '       online cpu3', '       affine td0.vcpu0 to cpu3', '']; // prettier-ignore
  const loaded = load(text.join('\n'), 't.litmus');
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems[0]));
  const r = run(loaded.program);
  const admin: number[] = [];
  for (const effects of r.history.effects.values())
    for (const e of effects) if (e.kind === 'action' && !e.begin && r.program.actors[e.actor]!.name === 'admin') admin.push(e.result); // prettier-ignore
  return { error: r.error?.message ?? '', admin, dead: r.machine.probe('vm_is_dead', 0) === 1 };
}

describe.each(['tdx-2021', 'tdx-v1', 'tdx-v4', 'tdx-v6', 'tdx-v9'])('%s', (kernel) => {
  it('the first TD brings the module up on every CPU (tdx 6.1 E3/E2, E5)', () => {
    const t = playTdx(kernel, [...TD, RUN, '   affine td0.vcpu0 to cpu1']);
    expect(t.results('q')).toEqual([0, 0, 0, 0]);
    for (const cpu of [0, 1, 2]) expect(t.probe('lp_init', cpu)).toBe(1);
    expect([t.probe('tdx_ready'), t.probe('associated', 0, 1)]).toEqual([1, 1]);
  });
  it('a CPU that goes offline gives up its TD vCPUs (tdx 2)', () => {
    const t = playTdx(kernel, [...TD, RUN, '   affine td0.vcpu0 to cpu1', '   offline cpu1']);
    expect([t.results('q').at(-1), t.probe('associated', 0, 1), t.probe('td_runs', 0)]).toEqual([1, 0, 1]);
  });
});

describe('a CPU is hot-added while a TD runs (tdx 4.3)', () => {
  it.each(['tdx-2021', 'tdx-v1', 'tdx-v6'])('rows E0, E1, E3: %s lets it in; the vCPU meets #GP there, and what then nobody has told', (kernel) => {
    const f = fate(kernel);
    expect(f.error).toBe(UNKNOWN);
    expect(f.admin.slice(0, 2)).toEqual([0, 1]);
  }); // prettier-ignore

  it('row E2: tdx-v4 refuses the addition, -EINVAL with the BIOS-bug line; a removal is a BUG', () => {
    const t = playTdx('tdx-v4', [...TD, RUN, 'admin: hotadd cpu3 after run td0']);
    expect([t.results('admin'), t.probe('present', 3)]).toEqual([[E.INVAL], 0]);
    expect(t.log).toContain("[BIOS bug]: Platform doesn't support ACPI CPU hotplug.  New CPU ignored.");
    const gone = playTdx('tdx-v4', [...TD, 'admin: hotremove cpu2 after create td0']);
    expect(gone.log).toContain("Platform doesn't support ACPI CPU hotplug. BUG().");
  });

  it("row E5: tdx-v9 refuses it in KVM's online callback; the TD is untouched", () => {
    const t = playTdx('tdx-v9', [...TD, RUN, 'admin: hotadd cpu3 after run td0', '       online cpu3']);
    expect(t.results('admin')).toEqual([0, E.OPNOTSUPP]);
    expect([t.probe('virt_on', 3), t.probe('td_runs', 0)]).toEqual([0, 1]);
  });

  it('row E6: tdx-v10 lets it in, and there are no TDs', () => {
    const t = playTdx('tdx-v10', ['q: modprobe kvm_intel', '   td0 = create td', '   hotadd cpu3', '   online cpu3']);
    expect(t.results('q')).toEqual([0, E.INVAL, 0, 1]);
  });
});

describe('what each version checks before it begins (tdx 3.2)', () => {
  it('v1: a CPU whose SEAMRR differs takes TDX away from everybody who has not begun', () => {
    const t = playTdx('tdx-v1', [
      'q: modprobe kvm_intel tdx=1',
      '   hotadd cpu3',
      '   online cpu3',
      '   td0 = create td',
    ]);
    expect(t.results('q')).toEqual([0, 0, 1, E.NODEV]);
    expect(t.log).toContain('Inconsistent SEAMRR configuration by BIOS');
  });
  it('v1: a CPU that is present and never came up is enough', () => {
    const t = playTdx('tdx-v1', ['q: modprobe kvm_intel tdx=1', '   hotadd cpu3', '   td0 = create td']);
    expect(t.results('q')).toEqual([0, 0, E.NODEV]);
  });
  it.each(['tdx-v4', 'tdx-v6'])('%s: all CPUs must be online, -EINVAL; the next try may succeed', (kernel) => {
    const t = playTdx(kernel, ['q: offline cpu2', '   modprobe kvm_intel tdx=1', '   td0 = create td', '   online cpu2', '   td1 = create td']);
    expect(t.results('q')).toEqual([1, 0, E.INVAL, 1, 0]);
    expect(t.log).toContain("Unable to initialize the TDX module when there's offline CPU(s).");
  }); // prettier-ignore
  it('2021: nobody checks, and SYS.CONFIG says so', () => {
    const t = playTdx('tdx-2021', ['q: offline cpu2', '   modprobe kvm_intel tdx=1', '   td0 = create td']);
    expect(t.results('q')).toEqual([1, 0, E.FAULT]);
    expect(t.log.at(-2)).toBe('virt/tdx: SEAMCALL (0x000000000000002d) failed: 0xc000050c00000000');
    expect(t.log.at(-1)).toBe('Failed to initialize TDX module.  Shut it down.');
  });
  it('v8: a module that wants SYS.INIT after all', () => {
    const t = playTdx('tdx-v8', TD);
    expect(t.results('q')).toEqual([0, E.FAULT]);
  });
  it('v9: LP.INIT that fails on one CPU fails the first TD', () => {
    expect(playTdx('tdx-v9', [...TD, 'hardware cpu1 tdx_odd_msr=59']).results('q')).toEqual([0, E.FAULT]);
  });
});
