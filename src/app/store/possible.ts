/** Why an act cannot be done where the playhead is, in words. What the kernel would refuse can be done: that is worth seeing. */
import { Run, Head } from '../../language/program';
import { nextCpu } from '../../litmus/edit';
import { LIMITS } from '../../language/setup';
import type { Act } from './acts';
import { nowOf, type Now } from './now';
import type { AppState } from './state';

/** '' where it can be done. */
export function whyNotAct(s: AppState, what: Act): string {
  if (s.showing !== 'run') return 'a trace is shown, and what was captured cannot be changed';
  if (what.kind === 'kernel') return '';
  const now = nowOf(s);
  if (now === null) return 'nothing has run yet';
  if (s.problems.length > 0) return 'the text has an error, which must be mended first';
  if (now.run.cursor.s[now.run.program.machine.panic] !== 0) return 'the host is dead: go back to before its panic';
  const name = missing(what, now);
  if (name !== '') return `${now.run.program.kernel} has no such thing as ${name}`;
  switch (what.kind) {
    case 'hotadd':
      return whyNotAdd(s, now, what.cpu);
    case 'hotremove':
      return present(now, what.cpu) ? '' : `CPU ${what.cpu} is not there`;
    case 'online':
      if (!present(now, what.cpu)) return `CPU ${what.cpu} is not there: hot-add it first`;
      return online(now, what.cpu) ? `CPU ${what.cpu} is online` : '';
    case 'offline':
      if (!present(now, what.cpu)) return `CPU ${what.cpu} is not there`;
      return online(now, what.cpu) ? '' : `CPU ${what.cpu} is offline`;
    case 'load':
      return now.value('kvm_loaded') === 1 ? 'KVM is loaded' : '';
    case 'unload':
      return now.value('kvm_loaded') === 0 ? 'KVM is not loaded' : '';
    case 'start-vm':
      return full(now);
    case 'start-td':
      return whyNoTd(now) || full(now);
    case 'kill':
      return now.value('vm_created', what.vm) === 0 ? `${now.run.program.vms[what.vm] ?? 'it'} is not there` : '';
    case 'pin':
      return whyNotPin(now, what.vcpu, what.cpu);
    case 'arm':
    case 'disarm':
    case 'fault':
    case 'suspend':
    case 'reboot':
      return '';
  }
}

const online = (now: Now, cpu: number): boolean => now.value('cpu_online_mask', cpu) === 1;
const present = (now: Now, cpu: number): boolean => now.value('cpu_present_mask', cpu) === 1;

/** The action that the kernel text has not, or ''. */
function missing(what: Act, { value }: Now): string {
  if ((what.kind === 'load' || what.kind === 'start-vm') && value('kvm_loaded') === undefined) return 'KVM';
  return '';
}

function whyNotAdd(s: AppState, now: Now, cpu = nextCpu(s.text)): string {
  if (cpu < 0) return 'the text describes no machine';
  if (present(now, cpu)) return `CPU ${cpu} is there`;
  return cpu >= LIMITS.cpus ? `a machine has at most ${LIMITS.cpus} CPUs` : '';
}

function whyNoTd({ run, value }: Now): string {
  if (value('tdx_bios') === undefined) return `${run.program.kernel} does not know TDX: take v6.17 or later`;
  if (value('tdx_bios') === 0) return 'the BIOS of this machine has not set up TDX: add "hardware tdx_bios=1"';
  if (value('kvm_loaded') === 1 && value('tdx') === 0) return 'KVM was loaded without tdx=1';
  return '';
}

const full = ({ run }: Now): string =>
  run.program.vms.length >= LIMITS.vms || run.program.vcpus.length >= LIMITS.vcpus
    ? `a text has at most ${LIMITS.vms} VMs and ${LIMITS.vcpus} vCPUs`
    : '';

function whyNotPin({ run }: Now, vcpu: number, cpu: number): string {
  const name = run.program.vcpus[vcpu]?.name ?? 'the vCPU';
  const context = run.program.contexts.find((c) => c.vcpu === vcpu);
  const state = context && run.cursor.s[context.base + Head.run];
  if (state === Run.dead) return `the thread of ${name} is dead`;
  if (state === Run.none) return `${name} does not run yet`;
  return cpu >= run.program.cpus ? `there is no CPU ${cpu}` : '';
}
