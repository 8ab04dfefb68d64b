/** What KVM_RUN told of a VM that cannot go on, and which VMs KVM has ended, in words. */
import type { Outcome } from './outcome';

/** What KVM_RUN told of the VMs that it no longer runs, who caused it first; then which VMs KVM has ended. */
export function endedVms(o: Outcome): string[] {
  const blamed = new Set(o.vms.flatMap((vm) => (vm.ended ? [vm.ended.task] : [])));
  const told = [...o.kvm_run].sort((a, b) => Number(blamed.has(b.task)) - Number(blamed.has(a.task))).map(kvmRun);
  const dead = o.vms
    .filter((vm) => vm.dead && vm.held)
    .map(({ name, ended }) => {
      const where = ended ? ` in ${ended.function}, for ${ended.task} on CPU ${ended.cpu}` : '';
      return `KVM has ended ${name}${where}: every later ioctl on it returns -EIO`;
    });
  const bare = new Set(o.kvm_run.filter((r) => r.status !== null && o.cpus[r.cpu]?.tdx === false).map((r) => r.cpu));
  return [...told, ...[...bare].map((cpu) => `LP.INIT was never done on CPU ${cpu}`), ...dead];
}

const FAULT: Readonly<Record<string, string>> = {
  '0x8000ff0000000006': 'takes #UD',
  '0x8000ff000000000d': 'takes #GP',
  '0x8000ff00ffff0000': 'is VMfailInvalid',
};

/** One KVM_RUN that ended: its result, and what kvm_run says where the result is 0. */
function kvmRun(run: Outcome['kvm_run'][number]): string {
  const { task, cpu, errno, exit_reason, entry_failure, status } = run;
  const who = `${task} on CPU ${cpu}`;
  if (errno !== null) return `${who}: KVM_RUN returns ${errno}`;
  const hex = (n: number): string => (n > 255 ? `0x${n.toString(16)}` : String(n));
  switch (exit_reason) {
    case 8:
      return `${who}: KVM_RUN returns 0 with KVM_EXIT_SHUTDOWN (8)`;
    case 9:
      return `${who}: KVM_RUN returns 0 with KVM_EXIT_FAIL_ENTRY (9), hardware_entry_failure_reason ${hex(entry_failure ?? 0)}`;
    case 17: {
      const entry = status === null ? '' : `TDH.VP.ENTER ${FAULT[status] ?? `completes with ${status}`}, `;
      return `${who}: ${entry}KVM_RUN returns 0 with KVM_EXIT_INTERNAL_ERROR (17)${status === null ? '' : `, suberror 4, data[0] ${status}`}`;
    }
    default:
      return `${who}: KVM_RUN returns 0 with exit reason ${exit_reason}`;
  }
}
