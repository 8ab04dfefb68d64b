import { describe, expect, it } from 'vitest';
import { loadKernel } from '../../kernels/index';
import { namesOf, tellOf } from './told';

const loaded = loadKernel('v5.15');
if (!loaded.ok) throw new Error('v5.15 does not load');
const { kernel } = loaded;

describe('what a name is', () => {
  it('says how it is declared, what it is for, and where it was read', () => {
    expect(tellOf(kernel, 'kvm_starting_cpu')).toMatchObject({
      kind: 'function',
      signature: 'fn kvm_starting_cpu(cpu) -> errno',
      source: { ident: { text: 'kvm_starting_cpu' }, file: { text: 'virt/kvm/kvm_main.c' }, facts: ['4.1c'] },
      place: { file: 'kernels/parts/kvm-e1.kern' },
    });
    expect(tellOf(kernel, 'kvm_usage_count')).toMatchObject({
      signature: 'global int 0..31 kvm_usage_count',
      about: 'VMs that need virtualization on',
    });
    expect(tellOf(kernel, 'CPUHP_AP_KVM_STARTING')).toMatchObject({
      signature:
        'state CPUHP_AP_KVM_STARTING 136 "kvm/cpu:starting" up kvm_starting_cpu down kvm_dying_cpu when registered',
    });
    expect(tellOf(kernel, 'EIO')).toMatchObject({ signature: '-EIO' });
    expect(tellOf(kernel, 'await')).toMatchObject({ kind: 'word', about: 'sleeps until the condition holds' });
    expect(tellOf(kernel, 'no_such_thing')).toBeNull();
  });

  it('knows every name that it lists', () => {
    const silent = namesOf(kernel).filter(([, name]) => tellOf(kernel, name) === null);
    expect(silent).toEqual([]);
  });
});
