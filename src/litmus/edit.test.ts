import { describe, expect, it } from 'vitest';
import { addFault, armed, nextCpu, setArmed, setKernel, setVendor, withoutFaults, withRoom } from './edit';
import { galleryText } from './gallery';
import { addActs } from './hand';
import { load } from './load';
import { parseLitmus } from './parse';

const KEVIN = galleryText('kevin-2021-11-30')!;

const TEXT = `litmus t
"A description:
 not an actor"
kernel  v5.15
machine intel, cpus 2   # small

qemu:   modprobe kvm_intel     # first
        vm0 = create vm, 1 vcpu
        run vm0
# the administrator
admin:  offline cpu1 after run vm0

never   oops
`;

/** Lines that were added (+) and taken away (-), in order. */
function diff(before: string, after: string): string[] {
  const a = before.split('\n');
  const b = after.split('\n');
  return [
    ...a.filter((l) => !b.includes(l)).map((l) => `-${l}`),
    ...b.filter((l) => !a.includes(l)).map((l) => `+${l}`),
  ];
}

describe('lines', () => {
  it('knows the next CPU, and makes room for it', () => {
    expect(nextCpu(KEVIN)).toBe(5);
    expect(diff(KEVIN, withRoom(KEVIN, 5))).toEqual([
      '-machine intel, cpus 4 + 1 hot-addable, packages 1',
      '+machine intel, cpus 4 + 2 hot-addable, packages 1',
    ]);
    expect(withRoom(KEVIN, 4)).toBe(KEVIN);
    expect(diff(TEXT, withRoom(TEXT, 2))).toEqual([
      '-machine intel, cpus 2   # small',
      '+machine intel, cpus 2 + 1 hot-addable   # small',
    ]);
  });

  it('arms and disarms, and that is the same text again', () => {
    expect(armed(KEVIN, 4)).toBe(true);
    expect(armed(KEVIN, 3)).toBe(false);
    const both = setArmed(KEVIN, 3, true);
    expect(diff(KEVIN, both)).toEqual(['+fault   cpu3 kvm_arch_hardware_enable returns -EIO']);
    expect(setArmed(both, 3, false)).toBe(KEVIN);
    expect(setArmed(both, 3, true)).toBe(both);
    expect(setArmed(setArmed(TEXT, 1, true), 1, false)).toBe(TEXT);
  });

  it('takes a fault away with its continued lines', () => {
    const text = KEVIN.replace(
      'fault   cpu4 kvm_arch_hardware_enable returns -EIO',
      'fault   cpu4\n        kvm_arch_hardware_enable\n        returns -EIO',
    );
    expect(armed(text, 4)).toBe(true);
    expect(setArmed(text, 4, false)).toBe(setArmed(KEVIN, 4, false));
    expect(setArmed(text, 4, false)).not.toContain('returns');
  });

  it('changes the kernel', () => {
    expect(diff(KEVIN, setKernel(KEVIN, 'v6.1'))).toEqual(['-kernel  v5.15', '+kernel  v6.1']);
    expect(setKernel('litmus t\nmachine intel, cpus 2\n', 'v6.1')).toBe(
      'litmus t\nkernel  v6.1\nmachine intel, cpus 2\n',
    );
  });
});

describe('the same question, otherwise', () => {
  it('on a machine of the other vendor, with its module, wherever that is named', () => {
    const text = TEXT.replace('after run vm0', 'after modprobe kvm_intel');
    expect(diff(text, setVendor(text, 'amd'))).toEqual([
      '-machine intel, cpus 2   # small',
      '-qemu:   modprobe kvm_intel     # first',
      '-admin:  offline cpu1 after modprobe kvm_intel',
      '+machine amd, cpus 2   # small',
      '+qemu:   modprobe kvm_amd     # first',
      '+admin:  offline cpu1 after modprobe kvm_amd',
    ]);
    expect(setVendor(text, 'intel')).toBe(text);
    expect(setVendor(setVendor(KEVIN, 'amd'), 'intel')).toBe(KEVIN);
  });

  it('without its faults, however they are laid out, and with another', () => {
    const maybe = KEVIN.replace('never', 'maybe fault cpu1 VMXON\n        returns 1\nnever');
    expect(withoutFaults(maybe)).not.toMatch(/fault|VMXON|returns/);
    expect(diff(withoutFaults(KEVIN), addFault(withoutFaults(KEVIN), 'fault   cpu1 bringup_cpu returns -EIO'))).toEqual(
      ['+fault   cpu1 bringup_cpu returns -EIO'],
    );
    expect(load(withoutFaults(maybe), 't').ok).toBe(true);
  });

  it('keeps actions of any kernel, properties and lines of the gallery as they are', () => {
    const text = `litmus t
"about"
group "Failures"
look "the first # of two"
kernel  v6.1
machine amd, cpus 3 + 1 hot-addable
hardware cpu1 cpu_svm=0, other=yes

admin:  set_fail cpu2 workqueue:online
        offline cpu2
vmm:    td0 = create td, 2 vcpus
        kill td0 after set fail cpu2
fault   cpu1 188 up returns -EIO time 2
`;
    const kept = (changed: string): string[] => {
      const lines = changed.split('\n');
      return text.split('\n').filter((line) => !lines.includes(line));
    };
    expect(kept(setArmed(text, 1, true))).toEqual([]);
    expect(kept(addActs(text, ['offline cpu1'], 5000))).toEqual([]);
    expect(kept(setKernel(text, 'v7.3'))).toEqual(['kernel  v6.1']);
    for (const changed of [addActs(text, ['offline cpu1'], 5000), setArmed(text, 1, true)])
      expect(parseLitmus(changed, 't')).toMatchObject({ ok: true });
  });
});

it('a hot-added CPU comes after those that are there and not booted', () => {
  const text = 'litmus t\nkernel v6.1\nmachine amd, cpus 1 + 3 offline\n\na: online cpu1\n';
  expect(nextCpu(text)).toBe(4);
  expect(withRoom(text, 4)).toContain('machine amd, cpus 1 + 3 offline + 1 hot-addable');
});
