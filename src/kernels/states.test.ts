/**
 * The state tables against what kernels say of themselves: /sys/devices/system/cpu/hotplug/states, as captures have it
 * (fixtures, named by capture). Numbers and names are facts; what runs there is in captures.test.ts of litmus.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Kernel } from '../language/assemble';
import { KERNELS, loadKernel } from './index';

function kernel(name: string): Kernel {
  const loaded = loadKernel(name);
  if (!loaded.ok) throw new Error(loaded.problems[0]!.message);
  return loaded.kernel;
}

/** "138: kvm/cpu:starting", line by line. */
function fixture(name: string): string[] {
  const text = readFileSync(new URL(`./states/fixtures/${name}.txt`, import.meta.url), 'utf8');
  return text.split('\n').flatMap((line) => (line.trim() ? [line.trim()] : []));
}

/** KVM's and TDX's own states come with them; the TSC of the AMD captures was not constant (facts 4.1a2). */
const KVM = /^kvm\/|^x86\/kvm\/|tdx/;

describe.each([
  ['v5.10', '5.10-s4'],
  ['v6.1.192', '6.1-s1'],
  ['v6.12.117', '6.12-s1'],
  ['v6.18.15', '6.18-s1'],
  ['v7.3.4', '7.3-s1'],
])('%s', (name, capture) => {
  const { states } = kernel(name);

  it('numbers and names every state that the kernel listed', () => {
    const byNumber = new Map([...states.values()].map((s) => [s.number, s.name]));
    const listed = fixture(capture);
    expect(listed.map((line) => `${parseInt(line)}: ${byNumber.get(parseInt(line)) ?? ''}`)).toEqual(listed);
  });

  it('runs a callback only in a state that the kernel listed', () => {
    const listed = new Set(fixture(capture).map((line) => parseInt(line)));
    const extra = [...states.values()].filter(
      (s) => (s.up !== null || s.down !== null) && !KVM.test(s.name ?? '') && !listed.has(s.number!),
    );
    expect(extra.map((s) => `${s.number} ${s.constant}`)).toEqual([]);
  });
});

describe('numbers of the trees (facts 8)', () => {
  const columns = ['v5.15', 'v6.1', 'v6.3', 'v6.12', 'v6.17', 'v6.18', 'v7.1', 'v7.2', 'v7.3', 'v6.1.192', 'v6.12.117'];
  it.each([
    ['CPUHP_BP_KICK_AP', [null, null, null, 86, 83, 83, 82, 82, 82, null, 85]],
    ['CPUHP_BRINGUP_CPU', [90, 92, 93, 87, 84, 84, 83, 83, 83, 91, 86]],
    ['CPUHP_AP_IDLE_DEAD', [91, 93, 94, 88, 85, 85, 84, 84, 84, 92, 87]],
    ['CPUHP_AP_OFFLINE', [92, 94, 95, 89, 86, 86, 85, 85, 85, 93, 88]],
    ['CPUHP_AP_SCHED_STARTING', [93, 95, 97, 91, 88, 88, 87, 87, 87, 94, 90]],
    ['CPUHP_AP_KVM_STARTING', [136, 140, null, null, null, null, null, null, null, 138, null]],
    ['CPUHP_AP_ONLINE', [148, 152, 149, 145, 144, 144, 143, 142, 141, 152, 144]],
    ['CPUHP_TEARDOWN_CPU', [149, 153, 150, 146, 145, 145, 144, 143, 142, 153, 145]],
    ['CPUHP_AP_ONLINE_IDLE', [150, 154, 151, 147, 146, 146, 145, 144, 143, 154, 146]],
    ['CPUHP_AP_HYPERV_ONLINE', [null, null, null, 148, 147, 147, 146, 145, 144, null, 147]],
    ['CPUHP_AP_KVM_ONLINE', [null, null, 152, 149, 148, 148, 147, 146, 145, null, 148]],
    ['CPUHP_AP_SCHED_WAIT_EMPTY', [151, 155, 153, 150, 149, 149, 148, 147, 146, 155, 149]],
    ['CPUHP_AP_ONLINE_DYN', [192, 201, 199, 193, 193, 193, 192, 192, 191, 201, 192]],
    ['CPUHP_AP_ONLINE_DYN_END', [222, 231, 229, 233, 233, 233, 232, 232, 231, 231, 232]],
    ['CPUHP_AP_ACTIVE', [227, 235, 233, 236, 236, 236, 235, 235, 234, 235, 235]],
    ['CPUHP_ONLINE', [228, 236, 234, 237, 237, 237, 236, 236, 235, 236, 236]],
  ])('%s', (constant, numbers) => {
    expect(columns.map((name) => kernel(name).states.get(constant)?.number ?? null)).toEqual(numbers);
  });

  it.each(KERNELS)('%s: the sections are in their order, and no two states share a number', (name) => {
    const { states } = kernel(name);
    const number = (constant: string): number => states.get(constant)!.number!;
    const marks = ['OFFLINE', 'BRINGUP_CPU', 'AP_IDLE_DEAD', 'AP_OFFLINE', 'AP_ONLINE', 'TEARDOWN_CPU', 'AP_ONLINE_IDLE', 'AP_ACTIVE', 'ONLINE']; // prettier-ignore
    const numbers = marks.map((mark) => number(`CPUHP_${mark}`));
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
    const all = [...states.values()].map((s) => s.number);
    expect(new Set(all).size).toBe(all.length);
  });
});
