/** What was read of the kernel while it ran, and the same of the model's state. A reading is what userspace could see. */
import { Head, Run, type Program } from '../language/program';
import { cpusOfList, type Capture } from '../timeline/capture';
import { cpuList, number, text, type Act } from './acts';
import type { Derived } from './derive';
import type { Roles } from './roles';
import type { WatchedMachine } from '../timeline/watched';

/** One reading: each of its values is compared by itself. */
export interface Reading {
  readonly t: number;
  readonly what: string;
  readonly values: readonly Value[];
}

export interface Value {
  readonly name: string;
  readonly kernel: string;
  /** The reading is of this CPU's CR4.VMXE (Intel). */
  readonly vmxe?: number;
  /** What the model has for it; null where the text has nothing that this could be held against. */
  readonly model: (m: WatchedMachine) => string | null;
}

interface Observed {
  readonly virt_on?: readonly { t: number; label?: string; cpus: Record<string, boolean | null> }[];
  readonly alive?: readonly {
    t: number;
    vmm: string;
    pid: number;
    alive: boolean;
    threads: readonly { task: string; tid: number; state: string; affinity: string | null }[];
  }[];
  readonly liveness?: readonly { t: number; cpu: number; ok: boolean; said?: string }[];
}

export const listText = (cpus: readonly number[]): string => {
  const parts: string[] = [];
  for (let i = 0; i < cpus.length; i++) {
    let j = i;
    while (cpus[j + 1] === cpus[j]! + 1) j += 1;
    parts.push(i === j ? String(cpus[i]) : `${cpus[i]}-${cpus[j]}`);
    i = j;
  }
  return parts.join(',');
};

export function readingsOf(capture: Capture, acts: readonly Act[], derived: Derived, roles: Roles): Reading[] {
  const us = (t: number): number => Math.round(t * 1e6);
  const found: Reading[] = [];
  const readings = new Set(derived.readings.map((a) => a.at));
  for (const act of acts) if (readings.has(act.at)) found.push(ofAct(act, derived, roles));
  const observed = capture.observed as Observed;
  for (const v of observed.virt_on ?? [])
    found.push({
      t: us(v.t),
      what: `virtualization of each CPU${v.label ? ` (${v.label})` : ''}`,
      values: Object.entries(v.cpus).flatMap(
        ([cpu, on]) =>
        on === null ? [] : [{ name: `on CPU ${cpu}`, kernel: on ? 'on' : 'off', ...(capture.vendor === 'intel' ? { vmxe: Number(cpu) } : {}), model: (m) => (m.probe('virt_on', Number(cpu)) ? 'on' : 'off') }], // prettier-ignore
      ),
    });
  for (const a of observed.alive ?? [])
    found.push({ t: us(a.t), what: `threads of ${a.vmm}`, values: threads(a, derived, roles) });
  for (const l of observed.liveness ?? [])
    found.push({
      t: us(l.t),
      what: 'a process on each CPU',
      values: [
        {
          name: `runs on CPU ${l.cpu}`,
          kernel: l.ok ? 'yes' : 'no',
          model: (m) => (mayRunOn(m, l.cpu) ? 'yes' : 'no'),
        },
      ],
    });
  return found;
}

function ofAct(act: Act, derived: Derived, roles: Roles): Reading {
  const values: Value[] = [];
  const mask = (key: string, probe: string): void => {
    const want = cpuList(act, key);
    if (want === null || act.from[key] === undefined) return;
    values.push({
      name: key,
      kernel: listText(want),
      model: (m) => listText(cpusWith(m, (c) => m.probe(probe, c) !== 0)),
    });
  };
  switch (act.do) {
    case 'read_online':
      mask('online', 'online');
      mask('present', 'present');
      if (text(act, 'offline') !== '' && text(act, 'possible') !== '')
        values.push({ name: 'offline', kernel: listText(cpuList(act, 'offline') ?? []), model: (m) => listText(cpusWith(m, (c) => m.probe('online', c) === 0)) }); // prettier-ignore
      break;
    case 'read_state': {
      const cpus = act.from['cpus'] as unknown as Record<string, { state?: number | null; target?: number | null }>;
      for (const [cpu, { state, target }] of Object.entries(cpus)) {
        const of = (name: string) => (m: WatchedMachine) => hotplugFile(m, name, Number(cpu));
        if (state !== undefined) values.push({ name: `cpu${cpu}/hotplug/state`, kernel: state === null ? 'no file' : String(state), model: of('cpuhp_state') }); // prettier-ignore
        if (target !== undefined) values.push({ name: `cpu${cpu}/hotplug/target`, kernel: target === null ? 'no file' : String(target), model: of('cpuhp_target') }); // prettier-ignore
      }
      break;
    }
    case 'read_fail':
      values.push({
        name: `cpu${act.cpu}/hotplug/fail`,
        kernel: String(number(act, 'state')),
        model: (m) => variable(m, 'cpuhp_fail', act.cpu),
      });
      break;
    case 'read_modules': {
      const refs = act.from['refs'] as unknown as Record<string, number>;
      for (const [module, n] of Object.entries(refs))
        if (module !== 'kvm')
          values.push({ name: `references to ${module}`, kernel: String(n), model: (m) => moduleRefs(m) });
      break;
    }
    case 'read_affinity': {
      const tid = derived.vcpus.find((v) => v.task === text(act, 'task') && v.from <= act.t)?.tid ?? -1;
      const x = roles.vcpuContext(tid, '');
      values.push({
        name: `affinity of ${text(act, 'task')}`,
        kernel: listText(cpuList(act, 'cpus') ?? []),
        // sched_getaffinity() leaves out CPUs that are not active
        model: (m) => (x < 0 ? null : listText(cpusWith(m, (c) => allowed(m, x, c) && m.probe('active', c) !== 0))),
      });
      break;
    }
  }
  return { t: act.t, what: act.do, values };
}

function threads(a: NonNullable<Observed['alive']>[number], derived: Derived, roles: Roles): Value[] {
  const values: Value[] = [];
  const mine = derived.vcpus.filter((v) => !v.main && v.from <= a.t * 1e6 && ofVmm(v.vcpu, a.vmm, derived));
  for (const v of mine) {
    const x = roles.vcpuContext(v.tid, v.vcpu);
    const there = a.threads.find((t) => t.tid === v.tid);
    if (x < 0) continue;
    values.push({ name: `thread ${v.task} (${v.tid})`, kernel: there ? 'there' : 'gone', model: (m) => (lives(m, x) ? 'there' : 'gone') }); // prettier-ignore
    if (there && there.affinity !== null)
      values.push({
        name: `Cpus_allowed_list of ${v.task}`,
        kernel: listText(cpusOfList(there.affinity!)),
        model: (m) => listText(cpusWith(m, (c) => allowed(m, x, c))),
      });
  }
  return values;
}

function ofVmm(vcpu: string, vmm: string, derived: Derived): boolean {
  const vm = vcpu.replace(/\.vcpu\d+$/, '');
  return derived.planned.some((p) => p.act?.actor === vmm && p.words.startsWith(`${vm} = create`));
}

/**
 * The host: `panic`; `hung` where a task died with its CPU's run queue lock, or while all stand still, so that one CPU after
 * the other waits for ever; else `alive`.
 */
export function endOf(m: WatchedMachine): string {
  const { machine, cpus, contexts } = m.program;
  if (m.s[machine.panic] !== 0) return 'panic';
  const dead = (x: number): boolean => x >= 0 && m.head(x, Head.run) === Run.dead;
  if (dead(m.s[machine.stopped]! - 1)) return 'hung';
  for (let c = 0; c < cpus; c++) {
    const current = m.s[machine.cur + c]! - 1;
    if (current >= 0 && contexts[current]!.kind !== 'idle' && dead(current)) return 'hung';
  }
  return 'alive';
}

export function lives(m: WatchedMachine, x: number): boolean {
  const run = m.head(x, Head.run);
  return run === Run.runnable || run === Run.sleeping;
}

function allowed(m: WatchedMachine, x: number, c: number): boolean {
  const { allowed: base } = m.program.contexts[x]!;
  return base >= 0 && m.s[base + c] !== 0;
}

export function cpusWith(m: WatchedMachine, is: (c: number) => boolean): number[] {
  return Array.from({ length: m.program.cpus }, (_, c) => c).filter(is);
}

/** A shell that is pinned on a CPU: it runs if user tasks may be there and the CPU still switches tasks. */
function mayRunOn(m: WatchedMachine, c: number): boolean {
  if (m.probe('active', c) === 0 || !m.isOn(c)) return false;
  const current = m.currentTask(c);
  return current < 0 || lives(m, current);
}

const groupOf = (program: Program, name: string): { base: number; count: number } | null =>
  program.groups.find((g) => g.name === name) ?? null;

/** A variable of the text for a CPU; null where the text has none of that name. */
function variable(m: WatchedMachine, name: string, cpu: number): string | null {
  const group = groupOf(m.program, name);
  return group ? String(m.s[group.base + cpu]) : null;
}

/** cpuN/hotplug/state and its like: there only for CPUs that were there when the directories were made (facts 9.1). */
function hotplugFile(m: WatchedMachine, name: string, cpu: number): string | null {
  const sysfs = groupOf(m.program, 'cpuhp_sysfs');
  if (sysfs && m.s[sysfs.base + cpu] === 0) return 'no file';
  return variable(m, name, cpu);
}

function moduleRefs(m: WatchedMachine): string | null {
  if (m.program.probes.has('module_refs')) return String(m.probe('module_refs'));
  return variable(m, 'module_refs', 0);
}
