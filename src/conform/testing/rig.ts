/**
 * A capture rig with the model in the place of the kernel: it performs a script's acts one after another, as the rig of the
 * real captures did, and writes the files that it would have written. The schedule is the seed's.
 */
import { Head, Run, type Program } from '../../language/program';
import { errnoName as signed } from '../../language/errno';
import { loadKernel } from '../../kernels/index';
import { load } from '../../litmus/load';
import type { Transition } from '../../machine/machine';
import { TraceWriter, type TraceTask } from '../../timeline/ftrace-export';
import type { FileInput } from '../../timeline/read';
import type { MachineEvent } from '../../timeline/watched';
import { endOf, listText } from '../readings';
import type { Armed } from '../armed';
import { kernelFor, releaseOf } from '../release';
import { undoneEnables } from '../undone';
import type { RigKernel } from './rigs';
import { textOf, type Placed } from './rig-text';
import type { Deed, Script, Stage } from './scenarios';

/** In what recordings of one scenario differ. */
export interface Variation {
  readonly seed: number;
  /** Added to every process id. */
  readonly pids?: number;
  /** Names of the processes of the admin and of the main threads of VMMs. */
  readonly comms?: { readonly admin: string; readonly vmm: string };
  /** Turns of a vCPU between two acts. */
  readonly turns?: number;
  /** Lines of other processes for each of the model's. */
  readonly noise?: number;
  readonly withoutStates?: boolean;
}

export interface RigResult {
  readonly files: FileInput[];
  /** The text that was run. */
  readonly litmus: string;
  readonly capture: Record<string, unknown>;
  readonly dmesg: readonly string[];
}

/** Most transitions that an act may take. */
const PATIENCE = 60_000;
const ONLINE_STATES = /online$/;

export function record(script: Script, kernel: RigKernel, variation: Variation): RigResult {
  return new Rig(script, kernel, variation).record();
}

interface Buffer {
  readonly name: string;
  readonly lines: string[];
  first: number;
  last: number;
}

class Rig {
  private readonly placed: readonly Placed[];
  private readonly litmus: string;
  private readonly program: Program;
  private readonly writer: TraceWriter;
  private readonly modelName: string;
  private now = 8_000_000;
  private readonly dmesg: string[] = [];
  private readonly buffers: Buffer[] = [];
  private readonly actions: Record<string, unknown>[] = [];
  private readonly observed = { virt_on: [] as unknown[], died: [] as unknown[], alive: [] as unknown[], liveness: [] as unknown[], affinity_reset: [] as unknown[] }; // prettier-ignore
  /** How many actions each actor of the text may have begun. */
  private readonly allowed: Int32Array;
  private readonly progress: Int32Array;
  private readonly results = new Map<string, number>();
  private readonly tasks = new Map<number, TraceTask>();
  private readonly vmms = new Map<
    string,
    { pid: number; main: string; alive: boolean; threads: Map<number, string> }
  >();
  private armed: { cpus: number[]; symbol: string; hits: number } | null = null;
  private readonly spinning = new Set<string>();
  private nextPid: number;
  private sinceOops = -1;
  /** Threads that die or were killed: they are over before the rig goes on. */
  private readonly ending = new Set<number>();
  private a: number;

  constructor(
    private readonly script: Script,
    private readonly kernel: RigKernel,
    private readonly how: Variation,
  ) {
    this.a = how.seed * 7919 + 1;
    this.nextPid = 150 + (how.pids ?? 0);
    const release = releaseOf(kernel.kernel, kernel.release)!;
    const loaded = loadKernel((this.modelName = kernelFor(release, MODELS)!.name));
    const hardware = new Set(loaded.ok ? [...loaded.kernel.vars.values()].flatMap((v) => (v.hardware ? [v.name] : [])) : []); // prettier-ignore
    const made = textOf(script, kernel, this.modelName, hardware);
    this.placed = made.placed;
    this.litmus = made.text;
    const text = load(made.text, 'rig.litmus', undoneEnables(this.modelName, armsOf(script.stages(kernel))).options);
    if (!text.ok) throw new Error(`${text.problems[0]!.line}: ${text.problems[0]!.message}\n${made.text}`);
    this.program = text.program;
    this.allowed = new Int32Array(this.program.actors.length);
    this.progress = new Int32Array(this.program.actors.length);
    this.writer = new TraceWriter(
      this.program,
      {
        traced: { calls: new Set(kernel.functions.filter((f) => f !== 'kvm_vcpu_kick')), rets: new Set(kernel.probes) },
        events: new Set(
          kernel.vendor === 'amd' ? ['cpuhp', 'sched', 'kvm', 'ipi', 'console'] : ['cpuhp', 'sched', 'kvm'],
        ),
        tgid: kernel.vendor === 'amd',
        migrateDisable: !kernel.name.startsWith('5.10'),
        taskOf: (x) => this.tasks.get(x),
      },
      (line) => this.traced(line),
      (e) => this.hears(e),
    );
    this.writer.on = false;
    this.nameKernelThreads();
    this.dmesg.push('[    0.000000] Linux version', '[    4.000893] Run /init as init process', '[    4.474620] 9pnet: Installing 9P2000 support'); // prettier-ignore
  }

  record(): RigResult {
    for (const stage of this.stages()) {
      if (endOf(this.machine) !== 'alive') break;
      this.perform(stage);
      this.rest();
    }
    return this.files();
  }

  private get machine(): TraceWriter['machine'] {
    return this.writer.machine;
  }

  private random(): number {
    this.a = (this.a + 0x6d2b79f5) | 0;
    let t = Math.imul(this.a ^ (this.a >>> 15), 1 | this.a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }

  private wait(from: number, to: number): number {
    return (this.now += Math.round(from + this.random() * (to - from)));
  }

  private pid(): number {
    return (this.nextPid += 1 + Math.floor(this.random() * 5));
  }

  private nameKernelThreads(): void {
    this.program.contexts.forEach((c, x) => {
      if (c.kind === 'stopper')
        this.tasks.set(x, { comm: `migration/${c.cpu}`, pid: 20 + c.cpu * 6, tgid: 20 + c.cpu * 6 });
      if (c.kind === 'percpu') this.tasks.set(x, { comm: c.name, pid: 19 + c.cpu * 6, tgid: 19 + c.cpu * 6 });
      if (c.kind === 'kthread') this.tasks.set(x, { comm: `kworker/0:${x % 3}`, pid: 100 + x, tgid: 100 + x });
    });
  }

  // ---- the script

  private stages(): Placed[][] {
    const stages: Placed[][] = [];
    for (const p of this.placed) (stages[p.stage] ??= []).push(p);
    return stages.filter((s) => s !== undefined);
  }

  private perform(stage: readonly Placed[]): void {
    const done: { p: Placed; entry: Record<string, unknown> }[] = [];
    for (const p of stage) {
      this.wait(2_000, 40_000);
      const entry = this.begin(p);
      if (entry) done.push({ p, entry });
    }
    const open = done.filter(({ p }) => p.actor >= 0);
    for (const { p } of open) this.allowed[p.actor] = p.index + p.count;
    const over = (p: Placed): boolean => this.progress[p.actor]! >= p.index + p.count;
    const early = open.find(({ p }) => p.deed.do === 'hotadd');
    if (early) early.entry['t_end'] = seconds(this.now + 4_000);
    for (let n = 0; n < PATIENCE && open.some(({ p }) => !over(p)); n++) {
      if (!this.step()) break;
      for (const { p, entry } of open) if (over(p) && entry['t_end'] === null) this.ends(p, entry);
      if (endOf(this.machine) === 'hung') break;
    }
    for (const { p, entry } of open) if (over(p)) this.ends(p, entry);
    for (const { p, entry } of open) if (!over(p)) entry['why'] = 'still running after 10 s';
  }

  /** Writes an act down. null: the rig's own, which capture.json has no action for. */
  private begin(p: Placed): Record<string, unknown> | null {
    const { deed } = p;
    const t = this.now;
    if (deed.do === 'trace') {
      this.traceOn();
      return null;
    }
    if (deed.do === 'untrace') {
      this.writer.on = false;
      return null;
    }
    if (deed.do === 'observe') {
      this.observe();
      return null;
    }
    const { actor, do: what, ...operands } = deed;
    const entry: Record<string, unknown> = { t: seconds(t), t_end: seconds(t), actor, do: what, ...operands, result: 0, traced: this.writer.on }; // prettier-ignore
    this.actions.push(entry);
    this.own(deed, entry);
    if (p.actor < 0) return null;
    entry['t_end'] = null;
    entry['result'] = null;
    const context = this.program.actors[p.actor]!.context;
    if (deed.actor === 'admin') {
      const comm = what === 'modprobe' || what === 'rmmod' ? what : (this.how.comms?.admin ?? (this.kernel.vendor === 'amd' ? 'vmm' : 'wr1')); // prettier-ignore
      const pid = this.pid();
      this.tasks.set(context, { comm, pid, tgid: pid });
    } else this.process(deed.actor, context);
    return entry;
  }

  private process(
    actor: string,
    context: number,
  ): { pid: number; main: string; alive: boolean; threads: Map<number, string> } {
    let vmm = this.vmms.get(actor);
    if (!vmm) this.vmms.set(actor, (vmm = { pid: this.pid(), main: this.how.comms?.vmm ?? (this.kernel.vendor === 'amd' ? 'vmm-main' : 'vmm'), alive: true, threads: new Map() })); // prettier-ignore
    if (context >= 0) this.tasks.set(context, { comm: vmm.main, pid: vmm.pid, tgid: vmm.pid });
    return vmm;
  }

  /** What the rig itself fills in, and what an act does beside the model's. */
  private own(deed: Deed, entry: Record<string, unknown>): void {
    const { machine } = this;
    const cpus = (probe: string): number[] => Array.from({ length: this.program.cpus }, (_, c) => c).filter((c) => machine.probe(probe, c) !== 0); // prettier-ignore
    switch (deed.do) {
      case 'start_vmm':
        entry['pid'] = this.process(String(deed['vmm']), -1).pid;
        return;
      case 'create_vm':
        // the VMM asks for the version of the API and for the size of kvm_run
        if (this.kernel.functions.includes('kvm_dev_ioctl') && this.group('kvm_loaded', 0) !== 0)
          for (let n = 0; n < 2; n++) this.raw(this.process(deed.actor, -1), 'kvm_dev_ioctl <-__x64_sys_ioctl');
        return;
      case 'run':
      case 'affine':
        this.thread(deed, entry);
        return;
      case 'arm_fault':
        this.armed = { cpus: [Number(deed['cpus'])], symbol: String(deed['symbol']), hits: 0 };
        if (typeof deed['returns'] === 'number' && deed['returns'] < 0)
          entry['returns_errno'] = errnoName(deed['returns']);
        this.say(`faultinj: probe ${String(deed['symbol'])} mode=${String(deed['mode'])} armed=1: register=0`);
        return;
      case 'disarm_fault':
        entry['hits'] = this.armed?.hits ?? 0;
        this.armed = null;
        return;
      case 'guest_spin':
        this.spinning.add(String(deed['vm']));
        return;
      case 'guest_unspin':
        this.spinning.delete(String(deed['vm']));
        return;
      case 'modprobe':
        if (deed['module'] === 'kvm_amd') this.say('kvm_amd: Nested Virtualization enabled');
        return;
      case 'read_online': {
        const [online, present] = [cpus('online'), cpus('present')];
        const all = Array.from({ length: this.script.cpus.possible }, (_, c) => c);
        entry['online'] = listText(online);
        entry['offline'] = listText(all.filter((c) => !online.includes(c)));
        if (this.kernel.vendor === 'amd') Object.assign(entry, { present: listText(present), possible: listText(all) });
        return;
      }
      case 'read_state':
        entry['cpus'] = Object.fromEntries(cpus('present').map((c) => [String(c), this.hotplugFiles(c)]));
        return;
      case 'read_fail':
        entry['state'] = this.group('cpuhp_fail', Number(deed['cpu']));
        return;
      case 'set_fail':
      case 'set_target':
        entry['state'] ??= this.program.states.find((s) => s.name === deed['name'])?.number ?? -1;
        return;
      case 'read_modules':
        entry['refs'] = { kvm_amd: machine.probe('module_refs'), kvm: 1 };
        return;
      case 'read_affinity': {
        const [x] = [...this.tasks].findLast(([, t]) => t.comm === deed['task'])!;
        const { allowed } = this.program.contexts[x]!;
        entry['cpus'] = cpus('active').filter((c) => machine.s[allowed + c] !== 0).join(','); // prettier-ignore
        return;
      }
    }
  }

  /** A vCPU's thread gets its name and its id with its first act. */
  private thread(deed: Deed, entry: Record<string, unknown>): void {
    const vmm = this.process(deed.actor, -1);
    const vcpus = this.program.contexts.flatMap((c, x) => (c.vcpu >= 0 && this.ownerOf(x) === deed.actor ? [x] : []));
    const name = (x: number): string => this.program.contexts[x]!.name.replace(/\.vcpu\d+$/, '');
    const vm = String(deed['vm'] ?? '').replace(/\W/g, '_');
    const x = vcpus.find((y) => (vm ? name(y) === vm : this.tasks.has(y))) ?? vcpus.at(-1);
    if (x === undefined) return;
    if (deed['task'] === 'vmm') {
      this.tasks.set(x, { comm: vmm.main, pid: vmm.pid, tgid: vmm.pid });
      entry['task'] = vmm.main;
      return;
    }
    if (!this.tasks.has(x)) this.tasks.set(x, { comm: String(deed['task']), pid: this.pid(), tgid: vmm.pid });
    const { pid, comm } = this.tasks.get(x)!;
    vmm.threads.set(pid, comm);
    entry['tid'] = pid;
    if (deed.do === 'run') entry['cpu'] = 0;
  }

  /** Actor of the capture that made a vCPU's VM. */
  private ownerOf(x: number): string {
    const vm = this.program.contexts[x]!.name.replace(/\.vcpu\d+$/, '');
    return this.placed.find((p) => p.deed.do === 'create_vm' && String(p.deed['vm']).replace(/\W/g, '_') === vm)?.deed.actor ?? ''; // prettier-ignore
  }

  private ends(p: Placed, entry: Record<string, unknown>): void {
    const { deed } = p;
    if (entry['result'] !== null) return;
    const result = this.results.get(`${p.actor}/${p.index + p.count - 1}`) ?? 0;
    const at = p.early ? (entry['t'] as number) : seconds(this.now);
    entry['t_end'] ??= at;
    entry['result'] = result > 0 ? 0 : result;
    if (result < 0) entry['errno'] = errnoName(result);
    if (deed.do === 'create_vm' && result === -2) entry['failed_call'] = 'open(/dev/kvm)';
    if (deed.do === 'kill') {
      const vmm = this.vmms.get(String(deed['task']))!;
      vmm.alive = false;
      for (const [x, task] of this.tasks) if (vmm.threads.has(task.pid)) this.ending.add(x);
    }
    if (deed.do === 'stop')
      for (const [tid, task] of this.process(deed.actor === 'admin' ? `vmm-${String(deed['vm'])}` : deed.actor, -1).threads)
        this.actions.push({ t: at, t_end: at, actor: deed.actor === 'admin' ? `vmm-${String(deed['vm'])}` : deed.actor, do: 'vcpu_thread_end', task, tid, result: 0, traced: this.writer.on }); // prettier-ignore
  }

  private hotplugFiles(c: number): object {
    const there = this.group('cpuhp_sysfs', c) !== 0;
    const of = (name: string): number | null => (there ? this.group(name, c) : null);
    const state = of('cpuhp_state');
    return this.kernel.vendor === 'intel' && c === 0 ? { state } : { state, target: of('cpuhp_target') };
  }

  private group(name: string, c: number): number {
    const group = this.program.groups.find((g) => g.name === name);
    return group ? this.machine.s[group.base + c]! : 1;
  }

  private observe(): void {
    const { machine, program } = this;
    const online = Array.from({ length: program.cpus }, (_, c) => c).filter((c) => machine.probe('online', c) !== 0);
    this.observed.virt_on.push({ t: seconds(this.wait(10_000, 90_000)), label: 'look', cpus: Object.fromEntries(online.map((c) => [String(c), machine.probe('virt_on', c) !== 0])) }); // prettier-ignore
    for (const [vmm, { pid, main, alive, threads }] of this.vmms) {
      if (threads.size === 0) continue;
      const living = [...threads].filter(([tid]) => this.program.contexts.some((_, x) => this.tasks.get(x)?.pid === tid && this.runs(x))); // prettier-ignore
      const list = [{ task: main, tid: pid, state: 'S', last_cpu: 0, affinity: null as string | null }];
      for (const [tid, task] of living) {
        const x = program.contexts.findIndex((_, y) => this.tasks.get(y)?.pid === tid);
        const { allowed } = program.contexts[x]!;
        const mask = Array.from({ length: program.cpus }, (_, c) => c).filter((c) => machine.s[allowed + c] !== 0);
        list.push({ task, tid, state: 'S', last_cpu: 0, affinity: listText(mask) });
      }
      this.observed.alive.push({ t: seconds(this.now), vmm, pid, alive, threads: alive ? list : [] });
    }
    for (const cpu of online)
      if (machine.probe('active', cpu) !== 0) this.observed.liveness.push({ t: seconds(this.now), cpu, ok: true });
    if (this.sinceOops >= 0 && ++this.sinceOops > 1) this.traceOn();
  }

  private runs(x: number): boolean {
    const run = this.machine.head(x, Head.run);
    return run === Run.runnable || run === Run.sleeping;
  }

  // ---- the machine goes on

  /** One transition; false: nothing can happen. */
  private step(quiet = false): boolean {
    const { program, machine } = this;
    const ways = machine.enabled().filter((t) => this.may(t));
    if (ways.length === 0) return false;
    const weights = ways.map((t) => this.weight(t, quiet));
    let at = this.random() * weights.reduce((a, b) => a + b, 0);
    const i = weights.findIndex((w) => (at -= w) < 0);
    const t = ways[i < 0 ? 0 : i]!;
    if (weights.every((w) => w === 0)) return false;
    const turn = program.contexts[t.context]!.vcpu >= 0;
    this.now += Math.round(1 + this.random() * (turn ? 120 : 25));
    if (this.random() < (this.how.noise ?? 0.02)) this.noise();
    this.writer.apply(t, this.now);
    return true;
  }

  private may(t: Transition): boolean {
    const { program, machine } = this;
    if (t.kind !== 'step') return true;
    const instr = machine.instrOf(t.context);
    if (instr.op === 'action' && instr.begin) return instr.index < this.allowed[instr.actor]!;
    if (instr.op === 'choose') {
      const fault = program.faults.find((f) => f.text === instr.why);
      if (!fault) return t.choice === instr.hi;
      const strikes = this.armed?.cpus.includes(fault.cpu) && fault.text.includes(` ${this.armed.symbol} `);
      return t.choice === (strikes ? 1 : 0);
    }
    const { vcpu } = program.contexts[t.context]!;
    if (instr.op === 'guest' && vcpu >= 0)
      return t.choice !== 1 || !this.spinning.has(program.contexts[t.context]!.name.replace(/\.vcpu\d+$/, ''));
    return true;
  }

  private weight(t: Transition, quiet: boolean): number {
    const { program, machine } = this;
    const { kind, vcpu } = program.contexts[t.context]!;
    if (t.kind === 'preempt') {
      if (!machine.mayRun(t.context, t.cpu)) return 1;
      const instr = machine.instrOf(t.context);
      // an actor that has nothing to do is not in anybody's way
      if (kind === 'actor' && instr.op === 'action') return 1;
      return 0.04;
    }
    if (vcpu >= 0 && !this.ending.has(t.context)) return quiet ? 0.5 : 0.12;
    return 1;
  }

  /** Between two acts: what is under way ends, and the guests turn round. */
  private rest(): void {
    const turns = this.how.turns ?? 40;
    for (let n = 0; n < 20_000 && this.busy(); n++) if (!this.step()) break;
    for (let n = 0; n < turns; n++) {
      this.wait(2_000, 12_000);
      if (!this.step(true)) break;
    }
    this.wait(100_000, 600_000);
    for (let n = 0; n < 20_000 && this.busy(); n++) if (!this.step()) break;
  }

  /** Somebody beside the guests has something to do, or is about to die. */
  private busy(): boolean {
    const { program, machine } = this;
    if (machine.enabled().some((t) => this.ending.has(t.context) && this.may(t))) return true;
    return machine.enabled().some((t) => this.may(t) && program.contexts[t.context]!.vcpu < 0 && t.kind !== 'preempt' && t.kind !== 'switch'); // prettier-ignore
  }

  private hears(e: MachineEvent): void {
    if (e.kind !== 'effect') return;
    const { effect, context } = e;
    const task = this.tasks.get(context);
    switch (effect.kind) {
      case 'log':
        this.say(this.inOurNames(effect.text, context));
        return;
      case 'fault':
        if (this.armed) this.armed.hits += 1;
        return;
      case 'action':
        if (effect.begin) return;
        this.progress[effect.actor] = effect.index + 1;
        this.results.set(`${effect.actor}/${effect.index}`, effect.result);
        return;
      case 'affinity':
        this.observed.affinity_reset.push({ task: this.tasks.get(effect.context)?.comm, tid: this.tasks.get(effect.context)?.pid, cpu: effect.cpu, dmesg_t: this.stamp() }); // prettier-ignore
        return;
      case 'oops':
        this.observed.died.push({
          t: seconds(this.now), dmesg_t: this.stamp(), task: task?.comm ?? '?', pid: task?.pid ?? 0, cpu: effect.cpu, function: effect.fn, caller: effect.caller,
          call_site: `${effect.caller}+0x0/0x0 [kvm]`, instruction: effect.instruction, preempt_count: this.kernel.name === '5.10-amd' ? null : e.preempt, irqs_off: e.irqsOff,
          bug_at: effect.where, oops: this.observed.died.length + 1,
        }); // prettier-ignore
        this.say(`CPU: ${effect.cpu} PID: ${task?.pid ?? 0} Comm: ${task?.comm ?? '?'} Tainted: G           OE`);
        this.say('Call Trace:', ' <TASK>', ` ${effect.caller}+0x10/0x20 [kvm]`, '---[ end trace 0000000000000000 ]---');
        this.sinceOops = 0;
        this.ending.add(context);
        return;
      default:
        return;
    }
  }

  private inOurNames(text: string, context: number): string {
    let said = text;
    const put = (x: number): void => {
      const task = this.tasks.get(x);
      const c = this.program.contexts[x];
      if (task && c) said = said.replace(`${c.name}[${c.tid}]`, `${task.comm}[${task.pid}]`).replace(`process ${c.tid} (${c.name})`, `process ${task.pid} (${task.comm})`); // prettier-ignore
    };
    if (context >= 0) put(context);
    else this.program.contexts.forEach((_, x) => put(x));
    return said;
  }

  // ---- files

  private stamp(): number {
    return seconds(this.now - (this.kernel.vendor === 'amd' ? 54_855 : 278_600));
  }

  private say(...texts: readonly string[]): void {
    for (const text of texts) this.dmesg.push(`[${this.stamp().toFixed(6).padStart(12)}] ${text}`);
  }

  private traceOn(): void {
    if (this.writer.on) return;
    this.writer.on = true;
    this.sinceOops = -1;
    const n = this.buffers.length;
    this.buffers.push({
      name: n === 0 ? 'trace.txt' : `trace-${n + 1}.txt`,
      lines: [],
      first: this.now,
      last: this.now,
    });
    this.raw({ pid: 1, main: 'init' }, 'tracing_mark_write: mark: tracing on');
  }

  private traced(text: string): void {
    const buffer = this.buffers.at(-1);
    if (!buffer) return;
    const console = text.includes(': console: ');
    let line = console ? this.inOurNames(text, -1) : text;
    // 5.10 has the stamp of printk within the line
    if (console && this.kernel.name.startsWith('5.10'))
      line = line.replace(': console: ', `: console: [${this.stamp().toFixed(6).padStart(12)}] `);
    buffer.lines.push(line);
    buffer.last = this.now;
  }

  private raw(who: { pid: number; main: string }, text: string, cpu = 0): void {
    if (!this.writer.on) return;
    const tgid = this.kernel.vendor === 'amd' ? ` (${String(who.pid).padStart(7)})` : '';
    const flags = this.kernel.name.startsWith('5.10') ? '....' : '.....';
    this.traced(`${who.main.padStart(16)}-${String(who.pid).padEnd(7)}${tgid} [${String(cpu).padStart(3, '0')}] ${flags} ${seconds(this.now).toFixed(6).padStart(12)}: ${text}`); // prettier-ignore
  }

  /** Other processes of the machine. */
  private noise(): void {
    const who = ['rcu_preempt', 'cat', 'kworker/1:0', 'ksoftirqd/0', 'sh'][Math.floor(this.random() * 5)]!;
    const pid = who === 'cat' || who === 'sh' ? this.pid() : 15;
    const what = [`sched_process_fork: comm=${who} pid=${pid} child_comm=${who} child_pid=${pid + 1}`, `sched_wakeup: comm=${who} pid=${pid} prio=120 target_cpu=000`, 'select_fallback_rq <-select_task_rq']; // prettier-ignore
    this.raw({ pid, main: who }, what[Math.floor(this.random() * 3)]!);
  }

  private files(): RigResult {
    const { kernel, script } = this;
    const end = endOf(this.machine);
    const all = Array.from({ length: this.program.cpus }, (_, c) => c);
    const capture: Record<string, unknown> = {
      format: 1, title: `made: ${script.name} on ${kernel.name}`, kernel: kernel.kernel, release: kernel.release, era: '', vendor: kernel.vendor, emulator: 'the model', scenario: script.name,
      cpus: script.cpus, machine: kernel.vendor === 'amd' ? { smp: script.cpus.booted === 1 ? '16,sockets=1,cores=16,threads=1' : '4,maxcpus=6,sockets=3,cores=2,threads=1', accel: 'tcg' } : { smp: '2' },
      cmdline: '', module: kernel.vendor === 'amd' ? 'kvm_amd' : 'kvm_intel', params: { ...(kernel.online ? { enable_virt_at_load: true } : {}), ...script.params }, complete: end === 'alive',
      trace: {
        clock: kernel.vendor === 'amd' ? 'mono' : 'local (scheduler clock)', on: seconds(this.buffers[0]?.first ?? 0), off: seconds(this.now),
        ...(kernel.lists ? { functions: kernel.functions } : {}), ...(kernel.lists && kernel.vendor === 'amd' ? { kretprobes: kernel.probes } : {}),
        ...(kernel.vendor === 'intel' ? { clock_note: 'dmesg stamps are moved by +0.2786 s (good to about 10 ms)' } : {}),
        files: this.buffers.map((b) => ({ file: b.name, first: seconds(b.first), last: seconds(b.last), lines: b.lines.length, lost: 0 })), gaps: [],
      },
      actions: this.actions.map((a, i) => ({ a, i })).sort((a, b) => (a.a['t'] as number) - (b.a['t'] as number) || a.i - b.i).map(({ a }) => a),
      observed: { online_end: listText(all.filter((c) => this.machine.probe('online', c) !== 0)), ...this.observed, host: end },
      notes: [], counts: { events: {} },
    }; // prettier-ignore
    const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
    const head = TraceWriter.head({ tgid: kernel.vendor === 'amd' }, this.program.cpus).join('\n');
    const states = this.program.states.filter((s) => kernel.vendor === 'amd' || ONLINE_STATES.test(s.name));
    return {
      litmus: this.litmus,
      capture,
      dmesg: this.dmesg,
      files: [
        { name: 'capture.json', data: bytes(JSON.stringify(capture)) },
        ...this.buffers.map((b) => ({ name: `${b.name}.gz`, data: bytes(`${head}\n${b.lines.join('\n')}\n`) })),
        { name: 'dmesg.txt', data: bytes(`${this.dmesg.join('\n')}\n`) },
        ...(this.how.withoutStates ? [] : [{ name: 'states.txt', data: bytes(states.map((s) => `${s.number}: ${s.name}\n`).join('')) }]), // prettier-ignore
      ],
    };
  }
}

/** What a script arms, as far as it says which kernel a text runs on. */
const armsOf = (stages: readonly Stage[]): Armed[] =>
  stages.flat().flatMap((d) =>
    d.do === 'arm_fault' ? [{ symbol: String(d['symbol']), cpus: [Number(d['cpus'])], mode: String(d['mode']), returns: Number(d['returns'] ?? 0), from: 0, to: Infinity, hits: -1 }] : [],
  ); // prettier-ignore
const errnoName = (result: number): string => signed(result).replace(/^-/, '');
const seconds = (us: number): number => us / 1e6;
const MODELS = ['v5.10', 'v5.10-cloud', 'v6.1.192', 'v6.1.192-cloud', 'v6.12.117', 'v6.12.117-cloud', 'v6.18.15', 'v7.3.4']; // prettier-ignore
