/** What happens beside the lines: tasks die, lose their affinity, the state is read, and what is left at the end. */
import type { Death, Demand } from './demands';
import type { Planned } from './derive';
import type { Lead } from './lead';
import { cpusWith, endOf, listText, lives } from './readings';
import { describeShown, type Shown } from '../timeline/visible';
import type { Vcpus } from './vcpus';

export class Moments {
  constructor(
    private readonly lead: Lead,
    private readonly vcpus: Vcpus,
  ) {}

  died(death: Death): void {
    const { tally, program } = this.lead.input;
    const x = this.victim(death);
    const kernel = `${death.task} (${death.pid}) on CPU ${death.cpu}: ${death.instruction} in ${death.caller}, ${death.fn}, ${death.where}`;
    if (x < 0) {
      tally.compare('deaths', false);
      this.lead.differ.tell('deaths', `nobody of the derived text is ${death.task} (${death.pid})`, {
        kernel,
        model: '',
      });
      return;
    }
    const dies = (): boolean => (this.lead.queues.get(x) ?? []).some((s) => s.what === 'oops');
    const queue = (): Shown[] => this.lead.queues.get(x) ?? [];
    const cpu = this.lead.boundTo(x) ? -1 : death.cpu;
    for (let n = 0; n < 400 && !dies(); n++) {
      if (queue().length > 0) {
        // functions on the way to the fault that no line of the trace shows any more
        const [first] = queue();
        if (first!.what === 'enter' || first!.what === 'exit') break;
        queue().shift();
        continue;
      }
      if (!this.lead.advance(x, () => queue().length > 0, cpu)) break;
    }
    const at = queue().findIndex((s) => s.what === 'oops');
    const shown = queue()[at];
    if (shown?.what !== 'oops') {
      tally.compare('deaths', false);
      this.lead.differ.tell('deaths', `${death.task} dies, and in the model it does not`, {
        kernel,
        model: this.lead.why(x),
      });
      this.lead.lose();
      return;
    }
    queue().splice(0, at + 1);
    // what it says and does on its way out
    for (let n = 0; n < 200 && lives(this.lead.mover.machine, x) && this.lead.mover.move(x); n++);
    const { effect } = shown;
    const bad: string[] = [];
    const check = (name: string, a: unknown, b: unknown): void => {
      if (!tally.compare('deaths', a === b)) bad.push(name);
    };
    check('CPU', death.cpu, effect.cpu);
    check('function', death.fn, effect.fn);
    check('caller', death.caller, effect.caller);
    check('instruction', death.instruction, effect.instruction);
    check('place of the BUG', death.where, effect.where);
    if (death.preempt !== null) check('preempt_count', death.preempt, shown.preempt);
    if (death.irqsOff !== null) check('interrupts off', death.irqsOff, shown.irqsOff);
    if (bad.length === 0) return;
    const model = `${program.contexts[x]!.name} on CPU ${effect.cpu}: ${effect.instruction} in ${effect.caller}, ${effect.fn}, ${effect.where}; preempt_count ${shown.preempt}, interrupts ${shown.irqsOff ? 'off' : 'on'}`; // prettier-ignore
    this.lead.differ.tell('deaths', `another ${bad.join(', ')}`, { kernel: `${kernel}; preempt_count ${death.preempt ?? '?'}, interrupts ${death.irqsOff ? 'off' : 'on'}`, model }); // prettier-ignore
  }

  private victim(death: Death): number {
    const { roles, derived } = this.lead.input;
    if (/^(cpuhp|migration)\//.test(death.task)) return roles.contextNamed(death.task);
    const byTid = derived.vcpus.find((v) => v.tid === death.pid);
    if (byTid) return roles.contextNamed(byTid.vcpu);
    const main = derived.vcpus.findLast((v) => v.main && v.task === death.task && v.from <= death.t);
    return main ? roles.contextNamed(main.vcpu) : -1;
  }

  adrift(d: Extract<Demand, { kind: 'adrift' }>): void {
    const { tally, roles, program } = this.lead.input;
    const x = roles.vcpuContext(d.tid, '');
    const { machine } = this.lead.mover;
    const base = x < 0 ? -1 : program.contexts[x]!.allowed;
    const reset = (): boolean =>
      Array.from({ length: program.cpus }, (_, c) => machine.s[base + c]!).every((v) => v !== 0);
    // the CPU must have been taken from it by now; at the latest when it is woken the scheduler finds none
    const bound = roles.contextNamed(`cpuhp/${d.cpu}`);
    for (let n = 0; n < 200 && x >= 0 && machine.allowedCpus(x).length > 0; n++)
      if (!this.lead.help(-1) && !(bound >= 0 && this.lead.mover.move(bound))) break;
    const ok = x >= 0 && (reset() || this.lead.advance(x, reset));
    if (tally.compare('readings', ok)) return;
    this.lead.differ.tell('readings', `the affinity of ${d.task} is reset, and in the model it is not`, { kernel: `no longer affine to cpu${d.cpu}`, model: x < 0 ? '' : this.lead.why(x) }); // prettier-ignore
  }

  read(reading: Extract<Demand, { kind: 'reading' }>['reading']): void {
    const { tally } = this.lead.input;
    const { machine } = this.lead.mover;
    this.lead.settle();
    // a thread that is on its way out may have gone by now
    if (!this.lead.lost && reading.values.some((v) => v.model(machine) !== v.kernel)) this.vcpus.threadsEnd();
    for (const value of reading.values) {
      const model = value.model(machine);
      if (value.vmxe !== undefined && model !== value.kernel && this.vmxeSet(value.vmxe)) {
        tally.leave('CR4.VMXE of a CPU where the injection itself has set it');
        continue;
      }
      if (model === null) {
        tally.differOnce(`reading ${value.name.replace(/\d+/g, 'N')}`, this.lead.differ.difference('not modelled', `${reading.what}: the text has nothing for ${value.name}`, { kernel: value.kernel, model: '' })); // prettier-ignore
        continue;
      }
      if (!tally.compare('readings', model === value.kernel))
        this.lead.differ.tell('readings', `${reading.what}: ${value.name}`, { kernel: value.kernel, model });
    }
  }

  /** An injection that has the enable find CR4.VMXE set (captures' README) has struck on this CPU. */
  private vmxeSet(cpu: number): boolean {
    const { program, derived } = this.lead.input;
    return program.faults.some(
      (f, i) =>
        f.cpu === cpu && (this.lead.hits.get(i) ?? 0) > 0 && derived.armed.some((a) => a.mode === 'natural' && a.cpus.includes(cpu) && this.lead.armedOf[i]!.includes(a)), // prettier-ignore
    );
  }

  /** The trace ends here, and nobody's death cut it off: nobody of the model may have something left to show. */
  silence(): void {
    const { program, tally } = this.lead.input;
    program.contexts.forEach(({ vcpu }, x) => {
      const shown = vcpu < 0 ? this.lead.nextOf(x) : null;
      if (!shown || shown.what === 'oops' || tally.compare('functions', false)) return;
      this.lead.differ.tell('functions', 'the model goes on where the kernel does not', {
        kernel: 'the trace ends',
        model: describeShown(program, shown),
      });
    });
  }

  /** Nobody may be about to die, or have died, of whom the capture does not say so. */
  private survivors(): void {
    const { program, tally } = this.lead.input;
    program.contexts.forEach(({ name }, x) => {
      const shown = (this.lead.queues.get(x) ?? []).find((s) => s.what === 'oops') ?? this.lead.wouldShow(x);
      if (shown?.what !== 'oops') return;
      tally.compare('deaths', false);
      const model = describeShown(program, shown);
      this.lead.differ.tell('deaths', `${name} dies, and in the capture it does not`, { kernel: '', model });
    });
  }

  /** At the end: the model's host hangs, or a call in it never returns though its thread lives. */
  hangs(): boolean {
    const { derived, roles } = this.lead.input;
    const { machine } = this.lead.mover;
    const waits = ({ actor, index, tEnd, act }: Planned): boolean =>
      tEnd === null &&
      act?.do !== 'run' &&
      this.lead.progress(actor) <= index &&
      lives(machine, roles.actorContext(actor));
    return !this.lead.lost && (endOf(machine) === 'hung' || derived.planned.some(waits));
  }

  /** What is left at the end: calls that never returned, who is online, and whether the host lives. */
  finish(host: string, online: string): void {
    const { derived, roles, tally } = this.lead.input;
    const { machine } = this.lead.mover;
    if (this.lead.lost) {
      this.vcpus.threadsEnd();
      return this.survivors();
    }
    for (const planned of derived.planned) {
      if (planned.tEnd !== null) continue;
      const over = (): boolean => this.lead.progress(planned.actor) > planned.index;
      const x = roles.actorContext(planned.actor);
      this.lead.advance(x, over);
      if (tally.compare('results', !over())) continue;
      this.lead.differ.tell('results', `${planned.words}: the call never returned, and in the model it does`, {
        kernel: 'never returned',
        model: 'returns',
      });
    }
    this.lead.settle();
    this.survivors();
    const ends = endOf(machine);
    if (host && !tally.compare('end', ends === host))
      this.lead.differ.tell('end', 'the host at the end', { kernel: host, model: ends });
    if (online && ends === 'alive') {
      const now = listText(cpusWith(machine, (c) => machine.probe('online', c) !== 0));
      if (!tally.compare('end', now === online)) this.lead.differ.tell('end', 'CPUs that are online at the end', { kernel: online, model: now }); // prettier-ignore
    }
  }
}
