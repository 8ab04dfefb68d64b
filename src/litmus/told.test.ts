/** What a sentence tells of a run, where more than one thing could be blamed: each case names the fact that decides. */
import { describe, expect, it } from 'vitest';
import { run } from '../machine/run';
import { classOf } from './classes';
import { galleryText } from './gallery';
import { load } from './load';
import { outcomeOf, sentence, type Outcome } from './outcome';

function play(kernel: string, ...lines: readonly string[]): Outcome {
  return outcome(['litmus t', `kernel ${kernel}`, ...lines, ''].join('\n'));
}

function outcome(text: string, kernel?: string): Outcome {
  const loaded = load(text, 't.litmus', kernel === undefined ? {} : { kernel });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems[0]));
  return outcomeOf(run(loaded.program), loaded.litmus);
}

const said = (o: Outcome): string => [sentence(o).headline, ...sentence(o).details].join('\n');
const TDX = ['machine intel, cpus 3', 'hardware tdx_bios=1', 'q: modprobe kvm_intel tdx=1', '  td0 = create td, 1 vcpu', '  run td0']; // prettier-ignore

describe('virtualization that goes off by itself (message 5)', () => {
  it.each(['vmx-goes-off', 'vmx-goes-off-asleep'])('%s: the enable is not blamed', (name) => {
    const text = said(outcome(galleryText(name)!));
    expect(text).toMatch(/VMX went off on CPU 1 at step \d+, and nobody was told/);
    expect(text).not.toContain('enable');
  });
});

it('a panic says so in the log, and an interrupt has a task underneath (facts 5.3 F4b)', () => {
  const o = outcome(galleryText('vmx-goes-off-asleep')!);
  expect(o.log.at(-1)?.text).toBe('Kernel panic - not syncing: Fatal exception in interrupt');
  expect(o.oops[0]).toMatchObject({ task: 'swapper/1', interrupt: true });
});

it('a BUG of the hotplug core has the lines of any other (facts 3.6, 7 L-BUG)', () => {
  const o = play('v6.12', 'machine intel, cpus 2', 'a: modprobe kvm_intel', '  set_fail cpu1 kvm/cpu:online', '  rmmod kvm_intel'); // prettier-ignore
  expect(o.log.map((l) => l.text).slice(0, 3)).toEqual([
    '------------[ cut here ]------------',
    expect.stringMatching(/^kernel BUG at kernel\/cpu\.c/),
    expect.stringMatching(/^Oops: invalid opcode/),
  ]);
});

it('the fail file: the step that was armed fails, not the one that reports it (facts 3.2, 9.1)', () => {
  expect(said(outcome(galleryText('fail-file')!))).toContain('kvm/cpu:online (state 149) was kept from running');
});

it('KVM_CREATE_VM makes a TD; KVM_TDX_INIT_VM is what says -EIO (tdx 6.2 steps 1, 2)', () => {
  expect(said(outcome(galleryText('td-package-gone')!))).toContain('KVM_TDX_INIT_VM of td0 returns -EIO');
  const off = play('v6.17', 'machine intel, cpus 2', 'hardware tdx_bios=1', 'q: modprobe kvm_intel', '  td0 = create td, 1 vcpu'); // prettier-ignore
  expect(said(off)).toContain('KVM_CREATE_VM of td0 returns -EINVAL');
});

it('KVM_RUN returns 0 where kvm_run has an exit reason, with what stands beside it (facts 5.4 G5, tdx 2.1)', () => {
  const entry = said(outcome(galleryText('cpu-incompatible')!));
  expect(entry).toContain('KVM_RUN returns 0 with KVM_EXIT_FAIL_ENTRY (9), hardware_entry_failure_reason 7');
  const td = said(outcome(galleryText('message-7-first-td')!));
  expect(td).toContain('TDH.VP.ENTER takes #GP');
  expect(td).toContain('KVM_EXIT_INTERNAL_ERROR (17), suberror 4, data[0] 0x8000ff000000000d');
  expect(td).toContain('LP.INIT was never done on CPU 2');
});

it('who ended the VM comes first, not who heard of it first (facts 11 A2-A4)', () => {
  const o = outcome(galleryText('kevin-2021-11-30')!, 'bug-the-vm');
  expect(sentence(o).headline).toMatch(/^vm0\.vcpu0 on CPU 4: /);
  expect(said(o)).toContain('KVM has ended vm0 in kvm_arch_vcpu_load, for vm0.vcpu0 on CPU 4');
});

it('a TD that was stopped does not run (tdx 6.2)', () => {
  const o = play('v6.17', ...TDX, '  stop td0', '  destroy td0', '  offline cpu2');
  expect(said(o)).not.toContain('runs on');
});

it('what took the host is named, where it is not the first death (facts 4.1d; captures 6.1/v2c)', () => {
  const o = outcome(galleryText('enable-lies-offline')!, 'v5.15');
  expect(sentence(o).headline).toMatch(/^A\.vcpu0 .*; then migration\/1 on CPU 1: #UD at VMXOFF .*; all CPUs stand still for it: the host hangs$/); // prettier-ignore
});

it('a CPU that the resume lost is the news, and the log said it (facts 3.7)', () => {
  const { headline } = sentence(outcome(galleryText('suspend-resume-fails')!, 'v6.12'));
  expect(headline).toBe('CPU 2 is offline, and only the log says so: "Error taking CPU2 up: -5"');
});

it('the values that Linux puts in the place of a status (tdx 1.2)', () => {
  const o = play('v7.3', ...TDX, '  offline cpu2', '  tdx_update', '  affine td0.vcpu0 to cpu1', '  affine td0.vcpu0 to cpu0'); // prettier-ignore
  expect(o.log.map((l) => l.text)).not.toContainEqual(expect.stringContaining('0x8000ffff'));
  expect(said(o)).toMatch(/td0\.vcpu0 on CPU \d: /);
});

it('an update with a counted CPU offline loses the TDs that run (tdx 3.5)', () => {
  const o = play('v7.3', ...TDX, '  offline cpu2', '  tdx_update');
  expect(o.vms[0]).toMatchObject({ dead: true });
});

it('no fact gives the slot that TDX gets (facts 8)', () => {
  expect(said(outcome(galleryText('td-last-of-package')!))).toContain('kvm/cpu/tdx:online (a dynamic state) failed');
});

it('a file of a CPU that is not there, or may not go: -ENOENT (facts 3.5 D1, 9.4 A5)', () => {
  const o = play('v6.12', 'machine intel, cpus 2 + 1 hot-addable', 'a: offline cpu0', '  online cpu2');
  expect(o.returns.map((r) => r.errno)).toEqual(['-ENOENT', '-ENOENT']);
});

it('a restart ends (facts 4.1e)', () => {
  const o = outcome(galleryText('reboot-with-vm')!);
  expect([o.end, o.host, classOf(o).id]).toEqual(['quiet', 'restarted', 'works']);
});
