/** vCPU threads: how they come to a CPU, turn round in their guests there, and leave. */
import { Head, Run } from '../language/program';
import type { Lead } from './lead';
import { lives } from './readings';
import { describeSeen, type Seen } from './seen';
import type { Way } from './turns';

export class Vcpus {
  constructor(private readonly lead: Lead) {}

  /** Where nobody looks the vCPUs are in their guests, each on the CPU where it is seen next. */
  guestsRun(): void {
    const { machine } = this.lead.mover;
    this.lead.input.program.contexts.forEach((c, x) => {
      if (c.vcpu < 0) return;
      const there = (): boolean => machine.instrOf(x).op === 'guest' && machine.isCurrent(x);
      const place = this.lead.place(x);
      if (lives(machine, x) && !this.lead.pending(x)) this.lead.advance(x, () => there() && (place < 0 || machine.head(x, Head.cpu) === place || !machine.mayRun(x, place)), place); // prettier-ignore
      if (there()) this.park(x);
    });
  }

  /** Brings a vCPU thread to where it comes to another CPU from: out of KVM_RUN, or preempted in it. */
  arrive(x: number, way: Way, seen: Seen): boolean {
    const { machine } = this.lead.mover;
    this.lead.strict.delete(x);
    // it may have been taken away again before it entered the guest
    this.lead.queues.delete(x);
    this.lead.leaving = way === 'load' ? x : -1;
    const outside = (): boolean => this.outside(x);
    const inside = (): boolean => machine.head(x, Head.notifier) !== 0 && !machine.isCurrent(x) && machine.head(x, Head.run) === Run.runnable; // prettier-ignore
    const there =
      way === 'load'
        ? this.lead.advance(x, outside)
        : this.lead.advance(x, () => machine.instrOf(x).op === 'guest' || inside());
    this.lead.leaving = -1;
    if (!machine.mayRun(x, seen.cpu)) this.lead.actsGoOn(() => machine.mayRun(x, seen.cpu));
    if (there && way === 'sched_in' && !inside()) this.switchOut(x, inside);
    this.lead.strict.add(x);
    if (way === 'load' ? outside() : inside()) {
      this.lead.input.tally.take('order: whether a vCPU was in KVM_RUN when it was moved');
      return true;
    }
    this.lead.differ.tell(
      'contexts',
      `the vCPU's thread cannot come to CPU ${seen.cpu}`,
      { kernel: describeSeen(seen), model: this.lead.why(x) },
      seen,
    );
    return false;
  }

  /** A thread that is about to be moved is, on the CPU where it still is, where it comes to the next one from. */
  beforeMove(name: string): void {
    const { machine } = this.lead.mover;
    const { roles, arrivals } = this.lead.input;
    const x = roles.contextNamed(name);
    const next = arrivals.route.get(x)?.find((r) => r.t > this.lead.now);
    if (x < 0 || !next || this.lead.strict.has(x) || !lives(machine, x)) return;
    const cpu = machine.head(x, Head.cpu);
    if (cpu === next.cpu || !machine.mayRun(x, cpu)) return;
    if (next.way === 'load') {
      this.lead.leaving = x;
      this.lead.advance(x, () => this.outside(x), cpu);
      this.lead.leaving = -1;
    } else if (this.outside(x)) this.lead.advance(x, () => machine.instrOf(x).op === 'guest', cpu);
  }

  /** The host takes the CPU from a vCPU in the guest. */
  private switchOut(x: number, out: () => boolean): void {
    const { machine } = this.lead.mover;
    const c = machine.head(x, Head.cpu);
    if (machine.instrOf(x).op === 'guest') this.lead.mover.apply({ kind: 'step', context: x, cpu: c, choice: 0 });
    for (let n = 0; n < 200 && !out(); n++) {
      if (machine.isCurrent(x) && machine.preemptible(c) && machine.head(x, Head.hook) === 0)
        this.lead.mover.apply({ kind: 'preempt', context: x, cpu: c, choice: 0 }); // prettier-ignore
      else if (!this.lead.mover.move(x) && !this.lead.help(x)) return;
    }
  }

  /** A vCPU that has come to a CPU turns round there until it leaves: in the guest, or out of KVM_RUN, as it does leave. */
  park(x: number): void {
    const { machine } = this.lead.mover;
    this.lead.strict.delete(x);
    const route = this.lead.input.arrivals.route.get(x);
    const next = route?.find((r) => r.t > this.lead.now);
    if (next?.way === 'sched_in') return;
    const vcpu = this.lead.input.program.contexts[x]!.vcpu;
    const halts = this.lead.input.program.halting[this.lead.input.program.vcpus[vcpu]!.vm]!;
    if (!next && !halts) return;
    this.lead.leaving = x;
    this.lead.advance(x, () => this.outside(x));
    if (halts) this.lead.advance(x, () => machine.head(x, Head.run) === Run.sleeping);
    this.lead.leaving = -1;
  }

  /** The thread has left its loop: what it did there last is no longer followed. */
  leaveLoop(x: number): void {
    this.lead.strict.delete(x);
    const { turnFunctions } = this.lead.input.roles;
    const left = (this.lead.queues.get(x) ?? []).filter(
      (s) => s.what !== 'guest' && !('fn' in s && turnFunctions.has(s.fn)),
    );
    this.lead.queues.set(x, left);
  }

  /** Not in KVM_RUN, as far as the scheduler can tell. */
  private outside(x: number): boolean {
    const { machine } = this.lead.mover;
    return machine.head(x, Head.notifier) === 0 && machine.head(x, Head.preempt) === 0;
  }

  /** vCPU threads of VMMs that were killed by now end, as far as nobody sees it. */
  killedEnd(): void {
    const { derived, roles } = this.lead.input;
    const killed = derived.planned.filter((p) => p.act?.do === 'kill' && p.t < this.lead.now);
    const ending = new Set(killed.flatMap((p) => roles.vcpusOf(String(p.act!.from['task']))));
    if (ending.size > 0) this.threadsEnd((x) => ending.has(x));
  }

  /** vCPU threads go on for a while, as far as nobody sees it. */
  threadsEnd(which: (x: number) => boolean = () => true): void {
    this.lead.input.program.contexts.forEach((c, x) => {
      if (c.vcpu < 0 || !lives(this.lead.mover.machine, x) || !which(x)) return;
      for (let n = 0; n < 200 && lives(this.lead.mover.machine, x); n++)
        if (!this.lead.quiet(x) && !this.lead.help(-1)) return;
    });
  }
}
