/**
 * Follows a capture with the model: for each thing that the capture shows next, the context that it is of is moved until it
 * shows something, and the two are held against each other. Other contexts move only where that one waits for them. So the
 * trace takes every free choice; what the model then does is its own.
 */
import { MachineError } from '../machine/machine';
import type { Demand } from './demands';
import type { Planned } from './derive';
import { Lead, type FollowInput } from './lead';
import { Lines } from './lines';
import { Moments } from './moments';
import { SLACK } from './roles';
import { describeShown } from '../timeline/visible';
import { Vcpus } from './vcpus';

export class Follower {
  readonly lead: Lead;
  readonly lines: Lines;
  readonly moments: Moments;
  private readonly vcpus: Vcpus;
  /** Actors whose action does not end in the model. */
  private readonly stuck = new Set<number>();
  /** Demands that were met before their time. */
  private readonly done: Uint8Array;

  constructor(private readonly input: FollowInput) {
    this.lead = new Lead(input);
    this.vcpus = new Vcpus(this.lead);
    this.lines = new Lines(this.lead, this.vcpus);
    this.moments = new Moments(this.lead, this.vcpus);
    this.done = new Uint8Array(input.demands.length);
  }

  follow(): void {
    const { demands } = this.input;
    for (this.lead.position = 0; this.lead.position < demands.length; this.lead.position++) {
      if (this.done[this.lead.position]) continue;
      try {
        this.meet(demands[this.lead.position]!);
      } catch (error) {
        if (!(error instanceof MachineError)) throw error;
        this.lead.interrupted();
        const { place } = this.input.program.code[error.pc]!;
        this.lead.differ.tell('not modelled', 'the kernel text does what no kernel may do', {
          kernel: '',
          model: `${place.file}:${place.line}: ${error.message}`,
        });
        this.lead.lose();
        return;
      }
    }
  }

  private meet(demand: Demand): void {
    this.lead.now = this.lead.mover.now = demand.t;
    if (!this.lead.lost) this.lead.othersGoOn();
    switch (demand.kind) {
      case 'tracing':
        this.lead.settle();
        if (demand.on) this.vcpus.guestsRun();
        else if (this.lead.tracing) this.moments.silence();
        this.lead.tracing = demand.on && !this.lead.lost;
        if (!demand.on) this.lead.settle();
        return;
      case 'begin':
        this.vcpus.killedEnd();
        if (demand.planned.act?.do === 'modprobe') this.lead.modules = true;
        if (demand.planned.act?.do === 'affine') this.vcpus.beforeMove(demand.planned.words.split(' ')[1]!);
        this.lead.begun[demand.planned.actor] = Math.max(
          this.lead.begun[demand.planned.actor]!,
          demand.planned.index + 1,
        );
        return;
      case 'end':
        return this.ended(demand.planned);
      case 'line':
        if (!this.lead.lost) this.lines.meet(demand.seen);
        return;
      case 'death':
        return this.moments.died(demand.death);
      case 'adrift':
        return this.moments.adrift(demand);
      case 'reading':
        return this.moments.read(demand.reading);
    }
  }

  private ended(planned: Planned): void {
    const { program, roles, tally } = this.input;
    if (this.stuck.has(planned.actor)) return;
    const x = roles.actorContext(planned.actor);
    const over = (): boolean => this.lead.progress(planned.actor) > planned.index;
    if (!this.lead.advance(x, over) && !this.lead.lost && this.lead.tracing) this.early(x, over);
    const act = planned.act;
    if (!over()) {
      this.stuck.add(planned.actor);
      if (this.lead.lost) return;
      const shown = this.lead.queues.get(x)?.[0];
      this.lead.queues.delete(x);
      tally.compare('results', false);
      this.lead.differ.tell('results', `${planned.words}: the call has returned, and in the model it does not`, {
        kernel: act ? `returned ${act.result}` : 'returned',
        model: shown ? `shows first: ${describeShown(program, shown)}` : this.lead.why(x),
      });
      this.lead.lose();
      return;
    }
    if (act?.do === 'rmmod' && act.result === 0) this.lead.modules = false;
    if (!this.lead.tracing && !this.lead.lost) this.vcpus.guestsRun();
    if (!act || act.result === null) return;
    const result = this.lead.mover.machine.s[program.actors[planned.actor]!.actions[planned.index]!.resultCell]!;
    // a write returns how many bytes it took
    const got = result > 0 ? 0 : result;
    if (tally.compare('results', got === act.result)) return;
    this.lead.differ.tell('results', `${planned.words}: another result`, {
      kernel: String(act.result),
      model: String(got),
    });
  }

  /** Lines that stand a little behind the end of an action and must come before it: stamps of the two have not the same clock. */
  private early(x: number, over: () => boolean): void {
    const { demands } = this.input;
    for (let i = this.lead.position + 1; i < demands.length && demands[i]!.t < this.lead.now + SLACK; i++) {
      const d = demands[i]!;
      if (this.done[i] || d.kind !== 'line') continue;
      this.done[i] = 1;
      this.lines.meet(d.seen);
      if (this.lead.lost || this.lead.advance(x, over)) return;
    }
  }
}
