/**
 * From what was done to a real kernel to the litmus text that does the same: the machine, who acted, in which order, what
 * was made to fail. Nothing is read here but capture.json.
 *
 * The text holds what was asked of the kernel. Readings are compared with the model's state at their moment (`readings.ts`);
 * what a guest did (spins, halts, how often it exits) is taken from the trace.
 */
import type { Capture } from '../timeline/capture';
import { actsOf, cpuList, nameOf, number, text, type Act } from './acts';
import { armedIn, type Armed } from './armed';
import { actorsOf, litmusText, type TextAction } from './litmus-text';
import { machineOf } from './machine-of';
import { kernelFor, releaseOf } from './release';

/** An action of the text, and the act of the capture that it stands for. */
export interface Planned {
  /** null: the text assumes it. */
  readonly act: Act | null;
  /** Actor of the text, and the action's index among that actor's. */
  readonly actor: number;
  readonly index: number;
  /** The words of the text. */
  readonly words: string;
  /** When it begins and ends in the run; an action that the text has to put later has other times than its act. */
  readonly t: number;
  readonly tEnd: number | null;
}

export interface VcpuOfTask {
  /** `a.vcpu0` as the text calls it. */
  readonly vcpu: string;
  readonly task: string;
  /** -1 where the capture does not say. */
  readonly tid: number;
  /** The same, or of a VMM's main thread the id that its death tells. */
  readonly pid: number;
  readonly from: number;
  /** The VMM's own main thread runs the vCPU. */
  readonly main: boolean;
}

export interface Derived {
  readonly text: string;
  readonly name: string;
  readonly kernel: string;
  readonly exactKernel: boolean;
  readonly planned: readonly Planned[];
  /** The line of each planned action in the text, from 1. */
  readonly lines: readonly number[];
  readonly actors: readonly string[];
  readonly armed: readonly Armed[];
  readonly vcpus: readonly VcpuOfTask[];
  /** Process of each VMM, by the actor's name in the capture; -1 where it is not known. */
  readonly pids: ReadonlyMap<string, number>;
  /** Acts that are readings. */
  readonly readings: readonly Act[];
  /** Acts that ask nothing of the kernel that the model has, each with the reason. */
  readonly besides: readonly { readonly act: Act; readonly why: string }[];
  /** Acts that should be in the text and are not. */
  readonly unknown: readonly { readonly act: Act; readonly why: string }[];
  /** What the capture does not say and the text assumes. */
  readonly assumptions: readonly string[];
}

/** The capture cannot be put into a text at all; the message says why. */
export class DeriveError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'DeriveError';
  }
}

export interface DeriveOptions {
  /** Kernels that there are texts of. */
  readonly kernels: readonly string[];
  /** The boot log says that the TSC is not to be trusted. */
  readonly tscUnstable?: boolean;
  /** Acts that cannot be said in a text of this kernel, by their place in capture.json, each with the reason. */
  readonly refused?: ReadonlyMap<number, string>;
  /** Functions that faults of the capture are put on, and that the kernel's text has not. */
  readonly strangers?: ReadonlySet<string>;
  /** How often the program of an act that failed asked the kernel for the same. */
  readonly timesAsked?: (act: Act) => number;
  /** Actions and hardware properties that a kernel's text has; every one where it is left out. */
  readonly knows?: (kernel: string) => {
    readonly actions: ReadonlySet<string>;
    readonly hardware: ReadonlySet<string>;
  };
}

const READINGS = new Set(['read_online', 'read_state', 'read_fail', 'read_modules', 'read_affinity']);

export function derive(capture: Capture, options: DeriveOptions): Derived {
  return new Derivation(capture, options).run();
}

class Derivation {
  private readonly acts: readonly Act[];
  private readonly actions: TextAction[] = [];
  private readonly vms = new Map<string, { vcpus: number; halts: boolean }>();
  private readonly vcpus: VcpuOfTask[] = [];
  private readonly pids = new Map<string, number>();
  private readonly readings: Act[] = [];
  private readonly besides: { act: Act; why: string }[] = [];
  private readonly unknown: { act: Act; why: string }[] = [];
  private readonly assumptions: string[] = [];
  private readonly armed: readonly Armed[];
  private readonly bare = new Set<number>();
  /** `affine` of a thread that has not run yet: put behind its `run`. */
  private readonly early: { act: Act; cpus: readonly number[] | null }[] = [];

  constructor(
    private readonly capture: Capture,
    private readonly options: DeriveOptions,
  ) {
    this.acts = actsOf(capture);
    this.armed = armedIn(this.acts);
  }

  run(): Derived {
    const { capture, options } = this;
    const release = releaseOf(capture.kernel, capture.release);
    if (!release) throw new DeriveError(`capture.json: kernel "${capture.kernel}" names no release`);
    const kernel = kernelFor(release, options.kernels);
    if (!kernel)
      throw new DeriveError(
        `capture.json: there is no kernel text for ${capture.kernel} (there are ${options.kernels.join(', ')})`,
      );
    if (capture.vendor === undefined) throw new DeriveError('capture.json: vendor: it is amd or intel');
    if (kernel.assumed) this.assumptions.push(kernel.assumed);
    const machine = machineOf(capture, this.acts, options.tscUnstable ?? false);
    if (!machine) throw new DeriveError('capture.json: cpus: it says how many were booted and how many are possible');
    for (const act of this.acts) if (act.do === 'create_vcpu') this.vmOf(text(act, 'vm')).vcpus = Math.max(this.vmOf(text(act, 'vm')).vcpus, number(act, 'vcpu') + 1); // prettier-ignore
    for (const act of this.acts) this.take(act);
    const knows = options.knows?.(kernel.name);
    const kept = this.actions.filter((action) => {
      const verb = action.verb;
      if (!knows || knows.actions.has(verb)) return true;
      if (action.act) this.unknown.push({ act: action.act, why: `the text of ${kernel.name} has no action ${verb}` });
      return false;
    });
    const lanes = actorsOf(kept);
    const hardware = [...this.bare].sort((a, b) => a - b);
    if (hardware.length > 0 && knows && !knows.hardware.has('cpu_svm'))
      for (const act of this.acts)
        if (act.do === 'hotadd' && this.bare.has(act.cpu))
          this.unknown.push({ act, why: `the text of ${kernel.name} has no CPU without SVM (hardware cpu_svm)` });
    const name = `${capture.kernel.split('.').slice(0, 2).join('.')}-${capture.scenario}`.replace(/[^\w.-]+/g, '-');
    const made = litmusText({
      name,
      about: capture.title,
      kernel: kernel.name,
      vendor: capture.vendor,
      ...machine,
      hardware: [
        ...(knows && !knows.hardware.has('cpu_svm') ? [] : hardware.map((cpu) => `cpu${cpu} cpu_svm=0`)),
        ...(machine.tscDrifts && knows?.hardware.has('tsc_constant') ? ['tsc_constant=0'] : []),
      ],
      vms: this.vms,
      lanes,
      faults: this.armed.flatMap((a) => (options.strangers?.has(a.symbol) ? [] : this.faultLines(a))),
    });
    return {
      text: made.text,
      name,
      kernel: kernel.name,
      exactKernel: kernel.exact,
      planned: made.planned,
      lines: made.lines,
      actors: lanes.map((lane) => lane.name),
      armed: this.armed,
      vcpus: this.vcpus,
      pids: this.pids,
      readings: this.readings,
      besides: this.besides,
      unknown: this.unknown,
      assumptions: this.assumptions,
    };
  }

  /** The text's name for a VM: `a.2` is `a_2`. */
  private idOf(vm: string): string {
    return vm.replace(/\W/g, '_');
  }

  private vmOf(vm: string): { vcpus: number; halts: boolean } {
    let found = this.vms.get(this.idOf(vm));
    if (!found) this.vms.set(this.idOf(vm), (found = { vcpus: 0, halts: false }));
    return found;
  }

  /** `like`: the act whose time and actor it has, where it stands for none; `t`: when, where that is not the act's own time. */
  private add(act: Act | null, verb: string, words: string, like: Act | null = act, t = like!.t): void {
    const { actor } = like!;
    const tEnd = act && t === act.t ? act.tEnd : t;
    this.actions.push({ act, verb, words, actor, t, tEnd });
  }

  private take(act: Act): void {
    const beside = (why: string): void => void this.besides.push({ act, why });
    const refused = this.options.refused?.get(act.at);
    if (refused !== undefined) return void this.unknown.push({ act, why: refused });
    const cpu = `cpu${act.cpu}`;
    if (READINGS.has(act.do)) {
      this.readings.push(act);
      return;
    }
    switch (act.do) {
      case 'modprobe':
      case 'rmmod': {
        const module = text(act, 'module');
        if (module !== 'kvm_amd' && module !== 'kvm_intel') return beside(`${module} comes with the vendor's module`);
        const param = this.capture['params'] as Record<string, unknown> | undefined;
        const asked = this.acts.findLast((a) => a.do === 'modprobe' && a.at <= act.at && text(a, 'args') !== '');
        const told = asked ? /enable_virt_at_load=([01NYny])/.exec(text(asked, 'args')) : null;
        const off =
          act.do === 'modprobe' && (param?.['enable_virt_at_load'] === false || /[0Nn]/.test(told?.[1] ?? ''));
        const times = act.result !== null && act.result < 0 ? (this.options.timesAsked?.(act) ?? 1) : 1;
        if (times > 1)
          this.assumptions.push(
            `${act.do} ${module} at ${(act.t / 1e6).toFixed(6)} s asked the kernel ${times} times: dmesg.txt has what it printed ${times} times`,
          );
        for (let n = 0; n < times; n++)
          this.add(act, act.do, `${act.do} ${module}${off ? ' kvm.enable_virt_at_load=0' : ''}`);
        return;
      }
      case 'start_vmm':
        this.pids.set(text(act, 'vmm'), number(act, 'pid'));
        return beside('a process starts');
      case 'create_vm': {
        const vm = text(act, 'vm');
        this.vmOf(vm);
        return this.add(act, 'create_vm', `${this.idOf(vm)} = create vm`);
      }
      case 'create_vcpu': {
        const vcpu = `${this.idOf(text(act, 'vm'))}.vcpu${number(act, 'vcpu')}`;
        return this.add(act, 'create_vcpu', `create_vcpu ${vcpu}`);
      }
      case 'run':
        return this.takeRun(act);
      case 'affine':
        return this.takeAffine(act);
      case 'set_pause':
        for (const vm of this.vmsOf(act.actor)) this.vmOf(vm).halts = true;
        return beside('how the guest behaves');
      case 'guest_spin':
      case 'guest_unspin':
        return beside('how the guest behaves');
      case 'vcpu_thread_end':
        return beside('a consequence of another action');
      case 'stop':
      case 'destroy_vm': {
        const vm = text(act, 'vm');
        if (!vm || !this.vms.has(this.idOf(vm))) return beside('there was no VM');
        const verb = act.do === 'stop' ? 'stop' : 'destroy';
        this.add(act, verb, `${verb} ${this.idOf(vm)}`);
        // told by somebody else, the VMM stops as a whole, and its VM goes with it
        if (verb === 'stop' && !this.vmsOf(act.actor).includes(vm)) {
          this.add(null, 'destroy', `destroy ${this.idOf(vm)}`, act, act.tEnd ?? act.t);
        }
        return;
      }
      case 'kill': {
        const vms = this.vmsOf(text(act, 'task'));
        if (vms.length === 0) return void this.unknown.push({ act, why: 'no VM of that process' });
        for (const vm of vms) this.add(act, 'kill', `kill ${this.idOf(vm)}`);
        return;
      }
      case 'hotadd':
        if (act.from['appeared'] === false && act.cpu >= this.possible())
          return beside('the kernel has no such CPU: none appeared');
        if (text(act, 'svm') === 'off' && act.cpu >= 0 && act.cpu < this.possible()) this.bare.add(act.cpu);
        this.add(act, 'hotadd', `hotadd ${cpu}`);
        // the emulator has answered by then; the kernel has the CPU when the rig, which waits for it, does its next act
        this.actions.push({ ...this.actions.pop()!, tEnd: this.nextOf(act) });
        return;
      case 'online':
      case 'offline':
        if (act.cpu >= this.possible() && act.result !== null && act.result < 0) return beside('there is no such CPU');
        return this.add(act, act.do, `${act.do} ${cpu}`);
      case 'set_fail':
      case 'set_target':
        return this.add(act, act.do, `${act.do} ${cpu} ${text(act, 'name') || number(act, 'state')}`);
      case 'suspend':
        return this.add(act, 'suspend', 'suspend');
      case 'write':
        return this.takeWrite(act);
      case 'read_power':
        return beside('how deep the machine sleeps');
      case 'arm_fault':
        if (this.options.strangers?.has(text(act, 'symbol')))
          this.unknown.push({ act, why: `the kernel's text has no function ${text(act, 'symbol')}` });
        return;
      case 'disarm_fault':
        return;
      default:
        this.unknown.push({ act, why: 'an action that is not known here' });
    }
  }

  private possible(): number {
    const { possible } = (this.capture['cpus'] ?? {}) as { possible?: number };
    return possible ?? Infinity;
  }

  private takeWrite(act: Act): void {
    const file = text(act, 'file');
    const level = ['none', 'processors'].indexOf(text(act, 'value'));
    if (file === '/sys/power/pm_test' && level >= 0) this.add(act, 'pm_test', `pm_test ${level}`);
    else if (file === '/sys/power/mem_sleep') this.besides.push({ act, why: 'how deep the machine sleeps' });
    else this.unknown.push({ act, why: 'a write to a file that the model has not' });
  }

  /** When the same actor does the next thing. */
  private nextOf(act: Act): number | null {
    const next = this.acts.find((a) => a.at > act.at && a.actor === act.actor && a.t >= (act.tEnd ?? act.t));
    return next ? next.t : act.tEnd;
  }

  private vmsOf(actor: string): string[] {
    return [...new Set(this.acts.flatMap((a) => (a.actor === actor && a.do === 'create_vm' ? [text(a, 'vm')] : [])))];
  }

  private takeRun(act: Act): void {
    const vm = text(act, 'vm');
    if (!vm) return void this.besides.push({ act, why: 'the VMM has no vCPU' });
    const id = this.idOf(vm);
    const task = text(act, 'task');
    const tid = number(act, 'tid');
    if (!this.acts.some((a) => a.do === 'create_vm' && text(a, 'vm') === vm)) {
      // its making is not recorded: assumed to be made as the VM before it was, just before it runs
      this.vmOf(vm).vcpus = 1;
      this.assumptions.push(
        `VM ${vm}: its creation is not recorded; it is taken to be made with one vCPU just before it runs on CPU ${act.cpu}`,
      );
      this.add(null, 'create_vm', `${id} = create vm`, act);
      this.add(null, 'create_vcpu', `create_vcpu ${id}.vcpu0`, act);
    }
    const main = Number.isNaN(tid);
    const vcpu = `${id}.vcpu${Number.isNaN(number(act, 'vcpu')) ? 0 : number(act, 'vcpu')}`;
    const dies = this.capture.observed.died.find((d) => d.task === task && d.t * 1e6 >= act.t);
    this.vcpus.push({ vcpu, task, tid: main ? -1 : tid, pid: main ? (dies?.pid ?? -1) : tid, from: act.t, main });
    if (main) {
      const times = number(act, 'returns');
      this.add(act, 'run_main', `run_main ${id} ${this.pinned(act)} ${Number.isNaN(times) ? 0 : times}`);
      // it is over when the process has ended, for which the admin waits
      if (act.tEnd !== null) {
        const next = this.acts.find((a) => a.at > act.at && a.actor === 'admin' && a.t >= act.tEnd!);
        this.actions.push({ ...this.actions.pop()!, tEnd: next?.t ?? act.tEnd });
      }
      return;
    }
    this.add(act, 'run', `run ${id}`);
    for (const late of this.early.splice(0)) {
      if (late.act.actor !== act.actor) this.early.push(late);
      else this.affine(late.act, vcpu, late.cpus, act.tEnd ?? act.t);
    }
  }

  /** Where a VMM of one thread has pinned itself before it runs its vCPU. */
  private pinned(run: Act): string {
    const pin = this.acts.findLast((a) => a.do === 'affine' && a.actor === run.actor && a.t <= run.t);
    const cpus = pin ? cpuList(pin, 'cpus') : run.cpu >= 0 ? [run.cpu] : null;
    return cpus?.length === 1 ? `cpu${cpus[0]}` : 'any';
  }

  private takeAffine(act: Act): void {
    const cpus = cpuList(act, 'cpus');
    const tid = number(act, 'tid');
    const task = text(act, 'task');
    const known = this.vcpus.findLast((v) => v.from <= act.t && (Number.isNaN(tid) ? v.task === task && v.main && this.isOf(v, act) : v.tid === tid)); // prettier-ignore
    if (known) return this.affine(act, known.vcpu, cpus);
    const later = this.acts.some(
      (a) => a.do === 'run' && a.actor === act.actor && a.t >= act.t && (Number.isNaN(tid) || number(a, 'tid') === tid),
    );
    if (later && Number.isNaN(tid)) this.besides.push({ act, why: 'part of run_main' });
    else if (later) this.early.push({ act, cpus });
    else this.besides.push({ act, why: 'a thread that runs no vCPU is placed' });
  }

  private isOf(v: VcpuOfTask, act: Act): boolean {
    return this.vmsOf(act.actor).some((vm) => v.vcpu.startsWith(`${this.idOf(vm)}.`));
  }

  private affine(act: Act, vcpu: string, cpus: readonly number[] | null, t = act.t): void {
    if (cpus !== null && cpus.length !== 1)
      return void this.unknown.push({ act, why: 'a mask of several CPUs; a text knows one CPU or any' });
    this.add(act, 'affine', `affine ${vcpu} to ${cpus === null ? 'any' : `cpu${cpus[0]}`}`, act, t);
  }

  /** While the text is guided a fault is a choice: it strikes where the capture had it armed. */
  private faultLines(armed: Armed): { cpu: number; symbol: string; returns: number }[] {
    return armed.cpus.map((cpu) => ({ cpu, symbol: armed.symbol, returns: armed.returns }));
  }
}

/** Every act that nothing accounts for: none, or the derivation is wrong. */
export function unaccounted(capture: Capture, derived: Derived): string[] {
  const seen = new Set<number>([
    ...derived.planned.flatMap((p) => (p.act ? [p.act.at] : [])),
    ...derived.readings.map((a) => a.at),
    ...derived.besides.map((b) => b.act.at),
    ...derived.unknown.map((u) => u.act.at),
  ]);
  return actsOf(capture)
    .filter((a) => !seen.has(a.at) && a.do !== 'arm_fault' && a.do !== 'disarm_fault')
    .map(nameOf);
}
