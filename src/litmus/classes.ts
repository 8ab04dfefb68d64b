/**
 * What a run came to, as one of a few classes, from harmless to worst: so that many runs can be laid side by side. The
 * class says how bad it is for the machine; the facts behind it are pieces of the outcome. Words are in `class-words.ts`.
 *
 *   outcome of the run                                      class
 *   the online write returns -EIO, nobody else notices      refused
 *   the same fault, the write succeeds, a CPU has no VMX    swallowed
 *   and a vCPU gets there: BUG                              thread-dies
 */
import type { ActionOutcome, FailedCallback, Hung, OopsOutcome, Outcome } from './outcome';

/**
 * From harmless to worst. works: all was done; broken: all was done, and what the text says must never be came to be; refused: an action returned an error and nobody is harmed; cpu-lost: a CPU
 * is offline that was not taken down, and no caller was told; vm-refused: KVM_CREATE_VM or what a TD needs after it returned an error; no-kvm: the
 * module did not load; swallowed: CPUs run tasks without the virtualization that VMs count on, and no caller was told; vm-dies: a VM was
 * ended, its KVM_RUN returns an error or an exit that no VMM goes on from; thread-dies: an oops killed a vCPU's thread; oops: it killed something else;
 * hang: somebody waits for ever, or a CPU does nothing any more; host-dies: panic, or all CPUs stand still for ever.
 */
export const SCALE = [
  'works',
  'broken',
  'refused',
  'cpu-lost',
  'vm-refused',
  'no-kvm',
  'swallowed',
  'vm-dies',
  'thread-dies',
  'oops',
  'hang',
  'host-dies',
] as const;

/** na: the question makes no sense there; unknown: the run was cut, or met what the kernel text does not model. */
export type ClassId = (typeof SCALE)[number] | 'unknown' | 'na';

/** Place on the scale; -1 for the two that are not on it. */
export function severity(id: ClassId): number {
  return (SCALE as readonly string[]).indexOf(id);
}

/** What decided the class. A field is null or empty where it has no part in it. */
export interface OutcomeClass {
  readonly id: ClassId;
  /** The error that somebody was told, such as `-EIO`. */
  readonly errno: string | null;
  /** The action that returned it. */
  readonly action: ActionOutcome | null;
  /** The hotplug callback that it came from. */
  readonly callback: FailedCallback | null;
  /** CPUs that are lost, stuck, or run without virtualization. */
  readonly cpus: readonly number[];
  readonly vms: readonly string[];
  /** The death that counts: of a vCPU's thread the first, else the first of anything else. */
  readonly oops: OopsOutcome | null;
  /** Tasks that wait for ever inside the kernel. */
  readonly hung: readonly Hung[];
  readonly panic: string | null;
  /** Step of the run at which it shows; -1: no single one. */
  readonly step: number;
}

/** The class of a run: the worst of what its outcome shows. */
export function classOf(o: Outcome): OutcomeClass {
  if (o.error !== null || o.end === 'error' || o.end === 'limit') return { ...NOTHING, id: 'unknown' };
  const killed = o.oops.filter((oops) => oops.vcpu);
  const others = o.oops.filter((oops) => !oops.vcpu);
  const first = o.oops[0] ?? null;
  const at = (oops: OopsOutcome | null): Partial<OutcomeClass> => ({ oops, step: oops?.step ?? -1 });
  if (o.host === 'panicked' || o.host === 'hung') return { ...NOTHING, id: 'host-dies', panic: o.panic, ...at(first) };
  const hung = hungInKernel(o);
  if (hung.length > 0 || o.stuck_cpus.length > 0)
    return { ...NOTHING, id: 'hang', hung, cpus: o.stuck_cpus, ...at(first) };
  if (others.length > 0) return { ...NOTHING, id: 'oops', ...at(others[0]!) };
  if (killed.length > 0) return { ...NOTHING, id: 'thread-dies', vms: victims(o), ...at(killed[0]!) };
  const ended = new Set([
    ...o.vms.filter((vm) => vm.dead && vm.held).map((vm) => vm.name),
    ...o.kvm_run.map((r) => r.task.split('.')[0]!),
  ]);
  if (ended.size > 0) {
    const told = o.kvm_run[0] ?? null;
    return { ...NOTHING, id: 'vm-dies', vms: [...ended], errno: told?.errno ?? null, step: told?.step ?? -1 };
  }
  const bare = withoutVirtualization(o);
  if (bare.length > 0) return { ...NOTHING, id: 'swallowed', cpus: bare };
  const failed = causes(o);
  const of = (fn: (r: ActionOutcome) => boolean, id: ClassId): OutcomeClass | null => {
    const r = failed.find(fn);
    return r ? { ...NOTHING, id, action: r, errno: r.errno, callback: causeOf(o, r), step: r.step } : null;
  };
  const lost = lostCpus(o);
  return (
    of((r) => r.fn === 'modprobe', 'no-kvm') ??
    of((r) => r.fn === 'create_vm', 'vm-refused') ??
    (lost.length > 0 ? { ...NOTHING, id: 'cpu-lost' as const, cpus: lost } : null) ??
    of(() => true, 'refused') ??
    unasked(o)
  );
}

/** Nobody was told of anything. A text whose own question is broken does not work all the same. */
function unasked(o: Outcome): OutcomeClass {
  const bare = withoutTdx(o);
  if (bare.length > 0) return { ...NOTHING, id: 'swallowed', cpus: bare };
  if (o.verdict.result === 'broken') return { ...NOTHING, id: 'broken', step: o.verdict.step };
  return { ...NOTHING, id: 'works' };
}

const NOTHING: Omit<OutcomeClass, 'id'> = {
  errno: null,
  action: null,
  callback: null,
  cpus: [],
  vms: [],
  oops: null,
  hung: [],
  panic: null,
  step: -1,
};

/** VMs whose vCPU threads were killed. */
function victims(o: Outcome): string[] {
  return [...new Set(o.oops.filter((oops) => oops.vcpu).map((oops) => oops.task.split('.')[0]!))];
}

/**
 * Tasks that wait for ever, without those that only wait in userspace: for another actor, or for a thing that was never
 * made (a vCPU of a VM that was refused). The boot path of a CPU that nobody waits for is no task.
 */
function hungInKernel(o: Outcome): Hung[] {
  return o.hung.filter((h) => {
    if (h.waits === 'action' || !o.tasks.some((t) => t.name === h.task)) return false;
    const action = o.returns.find((r) => r.actor === h.task && r.began >= 0 && r.step < 0);
    return h.waits !== 'condition' || h.function !== action?.fn;
  });
}

/** Active CPUs that have no virtualization while another has it: a vCPU may be placed there. */
export function withoutVirtualization(o: Outcome): number[] {
  const active = o.cpus.filter((c) => c.active && c.virtualization !== null);
  if (!active.some((c) => c.virtualization === 'on')) return [];
  return active.filter((c) => c.virtualization !== 'on').map((c) => c.cpu);
}

/** Active CPUs without LP.INIT while TDX is up: the vCPU of a TD may be placed there. */
export function withoutTdx(o: Outcome): number[] {
  return o.cpus.filter((c) => c.active && c.tdx === false).map((c) => c.cpu);
}

/** CPUs that are down, though nobody took them down and no caller was told that they are. */
export function lostCpus(o: Outcome): number[] {
  return o.cpus
    .filter((c) => {
      if (c.online !== false) return false;
      const last = o.returns
        .filter((r) => isHotplug(r) && r.args[0] === c.cpu && r.step >= 0)
        .sort((a, b) => a.step - b.step)
        .at(-1);
      if (!last) return c.booted;
      return last.fn === 'online' ? last.errno === null : last.errno !== null;
    })
    .map((c) => c.cpu);
}

/** Errors that userspace got, earliest first, without those that only follow from an earlier one. */
export function causes(o: Outcome): ActionOutcome[] {
  const failed = o.returns.filter((r) => r.errno !== null).sort((a, b) => a.step - b.step);
  const gone = new Set(lostCpus(o));
  return failed.filter((r, i) => {
    const before = failed.slice(0, i);
    if (r.errno === '-ENOENT' && (r.fn === 'online' || r.fn === 'offline'))
      return !before.some((b) => b.fn === 'hotadd' && b.args[0] === r.args[0]);
    if (r.errno === '-ENOENT' || r.errno === '-ESRCH')
      return !before.some((b) => b.fn === 'modprobe' || b.fn === 'create_vm' || b.fn === 'run');
    if (r.fn === 'affine' && r.errno === '-EINVAL')
      return !gone.has(r.args[1]!) && !before.some((b) => b.fn === 'online' && b.args[0] === r.args[1]);
    return true;
  });
}

const isHotplug = (r: ActionOutcome): boolean => r.fn === 'online' || r.fn === 'offline';

/** The callback behind an action's error. */
export function causeOf(o: Outcome, r: ActionOutcome): FailedCallback | null {
  return (
    o.failed_callbacks.find(
      (c) => c.errno === r.errno && c.step >= r.began && c.step <= r.step && (!isHotplug(r) || c.cpu === r.args[0]),
    ) ?? null
  );
}
