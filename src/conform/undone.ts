/**
 * An injection that lets the enable run and takes back what it did (`undo` of the captures' README: EFER.SVME and
 * VM_HSAVE_PA are cleared behind it). A fault of a litmus text skips the function instead, which comes to the same but for
 * one thing: since v7.1 the core has counted a user of virtualization on that CPU, and the injection leaves it counted. The
 * next enable there then finds that it is not the first user, and switches nothing on.
 */
import { errnoName } from '../language/errno';
import { loadKernel } from '../kernels/index';
import type { LoadOptions } from '../litmus/load';
import type { Armed } from './armed';

const SYMBOL = 'svm_enable_virtualization_cpu';

export interface Undone {
  /** How the text is to be loaded. */
  readonly options: LoadOptions;
  /** What is assumed so, in words; '' for nothing. */
  readonly assumption: string;
}

/** The kernel under which such an injection leaves the user counted; no options where nobody counts users. */
export function undoneEnables(kernel: string, armed: readonly Armed[]): Undone {
  const struck = armed.filter((a) => a.mode === 'undo' && a.symbol === SYMBOL && a.returns < 0);
  const none: Undone = { options: {}, assumption: '' };
  if (struck.length === 0) return none;
  const loaded = loadKernel(kernel);
  if (!loaded.ok || ![...loaded.kernel.vars.values()].some((v) => v.name === 'virtualization_nr_users')) return none;
  const name = `${kernel}-undone`;
  const pairs = struck.flatMap((a) => a.cpus.map((c) => `(cpu == ${c} and ret == -${errnoName(a.returns).replace(/^-/, '')})`)); // prettier-ignore
  const source = `proposal ${name} "An injection takes back what the enable did, and leaves its user counted" over ${kernel}

replace fn kvm_arch_enable_virtualization_cpu(cpu) "arch/x86/kvm/x86.c; facts 4.3b3, 4.5, 6" {
  var ret
  ret = kvm_x86_check_processor_compatibility(cpu)
  if ret != 0 { return ret }
  if vendor == intel { return vmx_enable_virtualization_cpu(cpu) }
  ret = ${SYMBOL}(cpu)
  if (${[...new Set(pairs)].join(' or ')}) and virtualization_nr_users[cpu] < 3 {
    virtualization_nr_users[cpu] = virtualization_nr_users[cpu] + 1
  }
  return ret
}
`;
  return {
    options: { kernel: name, edited: [{ file: `${name}.kern`, source }] },
    assumption: `The injection lets ${SYMBOL} run and clears EFER.SVME and VM_HSAVE_PA behind it: in the model its body does not run, and the user of virtualization that x86_virt_get_ref counts on that CPU is counted all the same. The derived text by itself does not say so.`,
  };
}
