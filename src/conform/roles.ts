/**
 * Who of the trace is who of the model: tasks of the trace by their names and ids, contexts of the program by their kinds.
 * A process that performs an action is told by what it does while the action lasts.
 */
import type { Program } from '../language/program';
import type { Derived, Planned } from './derive';
import type { Seen } from './seen';

/** An action may be stamped this much later than the first event that it causes; microseconds (captures' README: 10 ms steps). */
export const SLACK = 15_000;

/** KVM_RUN, where a vCPU's loop turns. */
const RUN = 'kvm_arch_vcpu_ioctl_run';

export class Roles {
  private readonly named = new Map<string, number>();
  /** vCPU threads by tid. */
  private readonly vcpuOf = new Map<number, number>();
  private readonly vmmOf = new Map<number, string>();
  private readonly kthreads: number[];
  private readonly functionsOf = new Map<number, Set<string>>();
  /** All functions that a vCPU thread runs, itself or in the scheduler's hooks. */
  private readonly vcpuFunctions: ReadonlySet<string>;
  /** Those that it runs again and again, in KVM_RUN. */
  readonly turnFunctions: ReadonlySet<string>;
  /** The action that a process performs. */
  private readonly writers = new Map<number, Planned[]>();
  readonly idle: number;
  readonly irq: number;
  readonly stopper: number;

  constructor(
    private readonly program: Program,
    private readonly derived: Derived,
    lines: readonly Seen[],
  ) {
    program.contexts.forEach((c, x) => this.named.set(c.name, x));
    this.idle = 1;
    this.irq = 1 + program.cpus;
    this.stopper = 1 + 2 * program.cpus;
    this.kthreads = program.contexts.flatMap((c, x) => (c.kind === 'kthread' ? [x] : []));
    for (const v of derived.vcpus) {
      const x = this.named.get(v.vcpu);
      if (x === undefined) continue;
      if (v.tid >= 0) this.vcpuOf.set(v.tid, x);
    }
    for (const [vmm, pid] of derived.pids) if (pid > 0) this.vmmOf.set(pid, vmm);
    const vcpuThreads = new Set(program.contexts.flatMap((c) => (c.vcpu >= 0 ? [c.thread] : [])));
    const rooted = this.rootFunctions();
    for (const x of [...this.kthreads, ...program.actors.map((a) => a.context)])
      this.functionsOf.set(x, rooted.get(program.contexts[x]!.entry) ?? new Set());
    const all = new Set<string>();
    for (const t of vcpuThreads) if (t >= 0) for (const fn of rooted.get(program.threads[t]!.entry) ?? []) all.add(fn);
    const turns = this.under(RUN);
    for (const entry of [program.hooks.in, program.hooks.out])
      if (entry !== 0)
        for (const fn of rooted.get(entry) ?? []) {
          turns.add(fn);
          all.add(fn);
        }
    this.turnFunctions = turns;
    this.vcpuFunctions = all;
    this.findWriters(lines);
  }

  /** A function, and all that it calls. */
  private under(name: string): Set<string> {
    const { frames } = this.program;
    const inside = frames.map(() => false);
    const found = new Set<string>();
    frames.forEach((frame, f) => {
      // a frame comes after the one that it was called from
      inside[f] = frame.fn === name || (frame.parent >= 0 && inside[frame.parent]!);
      if (inside[f]) found.add(frame.fn);
    });
    return found;
  }

  /** All functions under the frame in which a context begins, by entry. */
  private rootFunctions(): Map<number, Set<string>> {
    const { frames, code, contexts, threads, hooks } = this.program;
    const root = (f: number): number => {
      let r = f;
      while (frames[r]!.parent >= 0) r = frames[r]!.parent;
      return r;
    };
    const byRoot = new Map<number, Set<string>>();
    frames.forEach((frame, f) => {
      const r = root(f);
      let set = byRoot.get(r);
      if (!set) byRoot.set(r, (set = new Set()));
      set.add(frame.fn);
    });
    const found = new Map<number, Set<string>>();
    const entries = [...contexts.map((c) => c.entry), ...threads.map((t) => t.entry), hooks.in, hooks.out];
    for (const entry of entries) {
      const frame = code[entry]?.frame ?? -1;
      if (frame >= 0) found.set(entry, byRoot.get(root(frame))!);
    }
    return found;
  }

  /**
   * Processes that are none of the model's threads, each with the actions that it may be performing: one act of the admin, or
   * several of one VMM whose process the capture does not name.
   */
  private findWriters(lines: readonly Seen[]): void {
    const { planned } = this.derived;
    const fits = new Map<number, Planned[][]>();
    for (const s of lines) {
      if (s.irq || s.tid <= 0 || this.fixed(s) !== undefined || /^(kworker|cpuhp|migration)\//.test(s.comm)) continue;
      const about = s.what === 'enter' || s.what === 'exit' ? s.about : -1;
      const mine = planned.filter(
        (p) =>
          p.act !== null &&
          p.t - SLACK <= s.t &&
          (p.tEnd === null || s.t <= p.tEnd + SLACK) &&
          (about < 0 || p.act.cpu < 0 || p.act.cpu === about) &&
          this.mayPerform(p, s),
      );
      let all = fits.get(s.tid);
      if (!all) fits.set(s.tid, (all = []));
      all.push(mine);
    }
    for (const [tid, all] of fits) {
      const one = all[0]!.filter((p) => all.every((mine) => mine.includes(p)));
      const actors = new Set(all.flat().map((p) => p.act!.actor));
      const whole = [...actors].filter((a) => all.filter((mine) => mine.some((p) => p.act!.actor === a)).length * 2 > all.length); // prettier-ignore
      const actor = one[0]?.act?.actor.startsWith('vmm') ? one[0].act.actor : one.length > 0 ? '' : whole[0];
      this.writers.set(tid, actor ? planned.filter((p) => p.act?.actor === actor) : one);
    }
    // a process that may be performing one action only leaves the others to the rest
    for (let changed = true; changed;) {
      changed = false;
      for (const [tid, mine] of this.writers) {
        if (mine.length !== 1 || mine[0]!.act!.actor.startsWith('vmm')) continue;
        for (const [other, theirs] of this.writers) {
          if (other === tid || theirs.length < 2 || !theirs.includes(mine[0]!)) continue;
          this.writers.set(
            other,
            theirs.filter((p) => p !== mine[0]),
          );
          changed = true;
        }
      }
    }
  }

  private mayPerform(p: Planned, s: Seen): boolean {
    const verb = p.act!.do;
    if (verb === 'modprobe' || verb === 'rmmod') return /^(modprobe|rmmod|insmod)/.test(s.comm);
    const ofVmm = p.act!.actor.startsWith('vmm');
    const hotplug = verb === 'online' || verb === 'offline' || verb === 'set_target' || verb === 'suspend';
    if (s.what === 'enter' || s.what === 'exit') return hotplug || (ofVmm && verb !== 'affine');
    if (/^(modprobe|rmmod|insmod)/.test(s.comm)) return false;
    return ofVmm || (hotplug && !('fn' in s && this.onlyOfVmms(s.fn, p.actor)));
  }

  /** A function that a VMM's process runs, and this actor's never does. */
  private onlyOfVmms(fn: string, actor: number): boolean {
    const runs = (a: number): boolean => this.functionsOf.get(this.actorContext(a))?.has(fn) ?? false;
    return !runs(actor) && this.derived.planned.some((p) => p.act?.actor.startsWith('vmm') === true && runs(p.actor));
  }

  /** The context of a line that its name and its id alone tell; undefined where they do not. */
  private fixed(s: Seen): number | undefined {
    if (s.irq) return this.irq + s.cpu;
    if (s.tid === 0) return this.idle + s.cpu;
    const migration = /^migration\/(\d+)$/.exec(s.comm);
    if (migration) return this.stopper + Number(migration[1]);
    if (s.comm.startsWith('cpuhp/')) return this.named.get(s.comm);
    const vcpu = this.vcpuOf.get(s.tid);
    if (vcpu !== undefined) return vcpu;
    return this.vmmOf.has(s.tid) ? -1 : undefined;
  }

  /** The context that a line is of; -1 where nobody of the text can be meant. */
  of(s: Seen): number {
    const fixed = this.fixed(s);
    if (fixed !== undefined && fixed >= 0) return fixed;
    if (s.comm.startsWith('kworker/')) return this.kworker(s);
    const vmm = this.vmmOf.get(s.tid);
    const candidates =
      vmm === undefined ? (this.writers.get(s.tid) ?? []) : this.derived.planned.filter((p) => p.act?.actor === vmm);
    const now = candidates.filter((p) => p.t - SLACK <= s.t && (p.tEnd === null || s.t <= p.tEnd + SLACK));
    const best = now.find((p) => p.t <= s.t && (p.tEnd === null || s.t <= p.tEnd)) ?? now[0];
    if (!best) return -1;
    const vm = this.mainRuns(best, s);
    return vm >= 0 ? vm : this.actorContext(best.actor);
  }

  /** The action that the process of a line performs, for lines of an actor. */
  actionOf(s: Seen): Planned | null {
    const vmm = this.vmmOf.get(s.tid);
    const candidates =
      vmm === undefined ? (this.writers.get(s.tid) ?? []) : this.derived.planned.filter((p) => p.act?.actor === vmm);
    return candidates.find((p) => p.t - SLACK <= s.t && (p.tEnd === null || s.t <= p.tEnd + SLACK)) ?? null;
  }

  /** A VMM whose main thread runs the vCPU: while it does, its lines are those of the model's vCPU thread. */
  private mainRuns(p: Planned, s: Seen): number {
    if (p.act?.do !== 'run' || !(s.what === 'guest' || ('fn' in s && this.vcpuFunctions.has(s.fn)))) return -1;
    const v = this.derived.vcpus.find((c) => c.main && c.from === p.act!.t);
    return v ? (this.named.get(v.vcpu) ?? -1) : -1;
  }

  /** A line of a VMM's main thread. */
  isVmm(s: Seen): boolean {
    return this.vmmOf.has(s.tid) || (this.writers.get(s.tid)?.some((p) => p.act?.actor.startsWith('vmm')) ?? false);
  }

  /** The VMM that a thread belongs to, by the capture's name; '' where it is none. */
  vmmOfTask(tid: number): string {
    const main = this.vmmOf.get(tid);
    if (main !== undefined) return main;
    const v = this.derived.vcpus.find((c) => c.tid === tid);
    return v ? this.vmmOfVcpu(v.vcpu) : '';
  }

  private vmmOfVcpu(vcpu: string): string {
    const vm = vcpu.replace(/\.vcpu\d+$/, '');
    return (
      this.derived.planned.find((p) => p.act?.do === 'create_vm' && p.words.startsWith(`${vm} = `))?.act?.actor ?? ''
    );
  }

  /** Contexts of a VMM's vCPU threads. */
  vcpusOf(vmm: string): number[] {
    return this.derived.vcpus.flatMap((v) => {
      const x = this.named.get(v.vcpu);
      return x !== undefined && this.vmmOfVcpu(v.vcpu) === vmm ? [x] : [];
    });
  }

  actorContext(actor: number): number {
    return this.program.actors[actor]!.context;
  }

  /** A kworker is the kthread of the text that does such a thing. */
  private kworker(s: Seen): number {
    const fn = s.what === 'call' || s.what === 'ret' ? s.fn : '';
    if (fn) return this.kthreads.find((x) => this.functionsOf.get(x)!.has(fn)) ?? -1;
    return (
      this.kthreads.find((x) => this.functionsOf.get(x)!.has('_cpu_down')) ??
      this.kthreads.find((x) => this.functionsOf.get(x)!.has('takedown_cpu')) ??
      -1
    );
  }

  vcpuContext(tid: number, name: string): number {
    return this.vcpuOf.get(tid) ?? this.named.get(name) ?? -1;
  }

  contextNamed(name: string): number {
    return this.named.get(name) ?? -1;
  }

  /** The task and its id that the capture has for a context; null for those that it does not tell. */
  taskOf(x: number): { readonly task: string; readonly tid: number } | null {
    const name = this.program.contexts[x]?.name;
    const v = this.derived.vcpus.find((c) => c.vcpu === name);
    return v ? { task: v.task, tid: v.pid } : null;
  }
}
