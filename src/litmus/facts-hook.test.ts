/** The errno of the vendor's enable hook, which KVM turns into another: facts 6.1 rows 7, 8 and 11, 6.2 rows 1 to 3, 4.5. */
import { expect, it } from 'vitest';
import { run } from '../machine/run';
import { load } from './load';
import { ERR } from './testing/play';

/** Names of the hooks on Intel and on AMD. */
const HOOKS: Readonly<Record<string, readonly [intel: string, amd: string]>> = {
  'v5.10': ['hardware_enable', 'svm_hardware_enable'],
  'v5.15': ['vmx_hardware_enable', 'svm_hardware_enable'],
  'v6.3': ['vmx_hardware_enable', 'svm_hardware_enable'],
  'v6.12': ['vmx_enable_virtualization_cpu', 'svm_enable_virtualization_cpu'],
  'v7.1': ['vmx_enable_virtualization_cpu', 'svm_enable_virtualization_cpu'],
  'v7.3': ['vmx_enable_virtualization_cpu', 'svm_enable_virtualization_cpu'],
};
const KERNELS = Object.keys(HOOKS);
const FAULT = -14;

/** What the hook says on CPU 2, which was hot-added when the module was there and gone again. */
function hook(kernel: string, vendor: 'intel' | 'amd', ...lines: readonly string[]): number {
  const own = `kernel own over ${kernel}
global errno told
fn ask(cpu) "model" { told = ${HOOKS[kernel]![vendor === 'intel' ? 0 : 1]}(cpu) }
action ask_hook(cpu) "model" { on cpu cpu call ask(); return told }
`;
  const text = `litmus t
kernel own
machine ${vendor}, cpus 2 + 1 hot-addable
${lines.join('\n')}
q: modprobe kvm_${vendor}
  rmmod kvm_${vendor}
  hotadd cpu2
  online cpu2
  ask_hook cpu2
`;
  const loaded = load(text, 't.litmus', { edited: [{ file: 'own.kern', source: own }] });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems[0]));
  const r = run(loaded.program);
  expect(r.error).toBeNull();
  const ends = [...r.history.effects.values()].flat().filter((e) => e.kind === 'action' && !e.begin);
  expect(ends).toHaveLength(5);
  return (ends.at(-1) as { result: number }).result;
}

it.each(KERNELS)('%s, Intel: CR4.VMXE is set already: -EBUSY; VMXON faults: -EFAULT (rows 7, 11)', (kernel) => {
  expect(hook(kernel, 'intel')).toBe(0);
  expect(hook(kernel, 'intel', 'hardware cpu2 foreign_vmx=1')).toBe(ERR.BUSY);
  expect(hook(kernel, 'intel', 'fault cpu2 VMXON returns 1')).toBe(FAULT);
});

it.each(KERNELS)(
  '%s, Intel: no VP-assist page: -EFAULT, from v7.1 on before CR4.VMXE is looked at (row 8)',
  (kernel) => {
    const evmcs = 'hardware enlightened_vmcs=1';
    expect(hook(kernel, 'intel', evmcs)).toBe(0);
    expect(hook(kernel, 'intel', evmcs, 'hardware cpu2 vp_assist_page=0')).toBe(FAULT);
    const both = hook(kernel, 'intel', evmcs, 'hardware cpu2 vp_assist_page=0, foreign_vmx=1');
    expect(both).toBe(kernel.startsWith('v7') ? FAULT : ERR.BUSY);
  },
);

it.each(KERNELS)('%s, AMD: EFER.SVME is set already: -EBUSY (6.2 row 1)', (kernel) => {
  expect(hook(kernel, 'amd')).toBe(0);
  expect(hook(kernel, 'amd', 'hardware cpu2 foreign_svm=1')).toBe(ERR.BUSY);
});

it.each(['v5.10', 'v5.15'])('%s, AMD: no SVM, or no svm_data: -EINVAL (6.2 rows 2, 3)', (kernel) => {
  expect(hook(kernel, 'amd', 'hardware cpu2 cpu_svm=0')).toBe(ERR.INVAL);
  expect(hook(kernel, 'amd', 'fault cpu2 svm_data returns -ENOMEM')).toBe(ERR.INVAL);
});

it.each(['v7.1', 'v7.3'])('%s: the wrong feature is asked of the core: -EOPNOTSUPP (4.5)', (kernel) => {
  // KVM does not load there at all; what the core says is asked without it
  const own = `kernel own over ${kernel}\naction get_ref(cpu) "model" { return x86_virt_get_ref(cpu) }\n`;
  const text = 'litmus t\nkernel own\nmachine intel, cpus 1\nhardware x86_virt_ops=0\nq: get_ref cpu0\n';
  const loaded = load(text, 't.litmus', { edited: [{ file: 'own.kern', source: own }] });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems[0]));
  const ends = [...run(loaded.program).history.effects.values()].flat().filter((e) => e.kind === 'action' && !e.begin);
  expect(ends).toMatchObject([{ result: ERR.OPNOTSUPP }]);
});
