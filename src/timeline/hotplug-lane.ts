import { errnoName } from '../language/errno';
import { Look, Mark, type Ordinal } from './columns';
import type { TimelineBuilder } from './builder';
import { Kind, type EventTable } from './ftrace-events';
import { groupSteps, type Operation, type Step } from './hotplug-ops';
import type { StateNames } from './states-import';
import type { TraceTracks } from './trace-tracks';

interface OpenStep {
  readonly step: Step;
  readonly depth: number;
  readonly row: number;
}

/** Steps within steps; a real kernel nests two. */
const deepest = 100;

/**
 * The hotplug rows: sections at depth 0, one slice per pair of enter and exit below them (a step within a step, like those of
 * the CPU itself inside the boot processor's bring-up, one deeper).
 *
 * A pair is made within one task: the same CPU and step, innermost first. An exit without enter, or an enter that never
 * exits, becomes a note.
 */
export class HotplugLane {
  private readonly open = new Map<number, OpenStep[]>(); // by task
  private readonly depths = new Map<number, boolean[]>(); // by CPU: which depths are taken
  private readonly steps = new Map<number, Step[]>();
  private readonly gaps: Ordinal[] = [];

  constructor(
    private readonly builder: TimelineBuilder,
    private readonly tracks: TraceTracks,
    private readonly table: EventTable,
    private readonly states: StateNames,
    private readonly offline: (cpu: number, at: Ordinal) => void,
    private readonly note: (text: string, at: Ordinal, cpu: number) => void,
  ) {}

  event(row: number, at: Ordinal, comm: string): void {
    const kind = this.table.kind.data[row]!;
    if (kind === Kind.cpuhpEnter) this.enter(row, at, comm);
    else if (kind === Kind.cpuhpExit) this.exit(row, at);
  }

  /** Ends what is open where the trace has a hole. */
  gap(at: Ordinal): void {
    this.gaps.push(at);
    for (const stack of this.open.values()) for (const step of stack.splice(0).reverse()) this.unclosed(step, at);
  }

  /** Draws the sections, and returns what each CPU went through. */
  finish(at: Ordinal): Map<number, Operation[]> {
    for (const stack of this.open.values()) for (const step of stack.splice(0).reverse()) this.unclosed(step, at);
    const operations = new Map<number, Operation[]>();
    for (const [cpu, steps] of this.steps) {
      const grouped = groupSteps(steps, this.gaps);
      operations.set(cpu, grouped);
      let free = 0;
      for (const operation of grouped)
        for (const { name, start, end, look, detail } of operation.sections) {
          this.builder.slice(this.tracks.cpu(cpu).hotplug, 0, Math.max(start, free), end, look, name, detail);
          free = Math.max(free, end);
        }
    }
    return operations;
  }

  private enter(row: number, at: Ordinal, comm: string): void {
    const t = this.table;
    const cpu = t.a.data[row]!;
    const tid = t.tid.data[row]!;
    const step: Step = {
      cpu,
      step: t.c.data[row]!,
      target: t.b.data[row]!,
      callback: t.strings.text(t.d.data[row]!),
      enter: at,
      exit: -1,
      cut: -1,
      state: -1,
      ret: 0,
      ap: comm.startsWith('cpuhp/'),
      tid,
    };
    const taken = this.depths.get(cpu) ?? [];
    this.depths.set(cpu, taken);
    let depth = 1;
    while (taken[depth] && depth < deepest) depth++;
    if (taken[depth]) {
      // Only a broken text enters so many steps without leaving one.
      this.note(`${t.place(row)}: more than ${deepest} steps of CPU ${cpu} open at once`, at, cpu);
      return;
    }
    taken[depth] = true;
    const stack = this.open.get(tid);
    if (stack) stack.push({ step, depth, row });
    else this.open.set(tid, [{ step, depth, row }]);
    const steps = this.steps.get(cpu);
    if (steps) steps.push(step);
    else this.steps.set(cpu, [step]);
  }

  private exit(row: number, at: Ordinal): void {
    const t = this.table;
    const cpu = t.a.data[row]!;
    const number = t.c.data[row]!;
    const stack = this.open.get(t.tid.data[row]!) ?? [];
    const match = stack.findLastIndex(({ step }) => step.cpu === cpu && step.step === number);
    if (match < 0) {
      this.note(`${t.place(row)}: cpuhp_exit of step ${number} of CPU ${cpu} without its enter`, at, cpu);
      return;
    }
    for (const inner of stack.splice(match + 1).reverse()) this.unclosed(inner, at);
    const { step, depth } = stack.pop()!;
    step.exit = at;
    step.state = t.b.data[row]!;
    step.ret = t.e.data[row]!;
    this.draw(step, depth, at, `ret ${step.ret === 0 ? '0' : errnoName(step.ret)}`);
    if (step.callback === 'takedown_cpu' && step.ret === 0) this.offline(cpu, at);
    if (step.ret !== 0) {
      const text = `${step.callback}, step ${this.stateName(number)} of CPU ${cpu}: returned ${step.ret} (${errnoName(step.ret)})`;
      this.builder.instant(
        at,
        this.tracks.cpu(cpu).hotplug,
        Mark.failure,
        `${step.callback} ${errnoName(step.ret)}`,
        text,
      );
    }
  }

  private unclosed({ step, depth, row }: OpenStep, at: Ordinal): void {
    this.note(
      `${this.table.place(row)}: cpuhp_enter of step ${step.step} (${step.callback}) of CPU ${step.cpu} has no exit`,
      at,
      step.cpu,
    );
    step.cut = at;
    this.draw(step, depth, at, 'no exit in the trace');
  }

  private draw(step: Step, depth: number, end: Ordinal, outcome: string): void {
    const taken = this.depths.get(step.cpu);
    if (taken) taken[depth] = false;
    const failed = step.exit >= 0 && step.ret !== 0;
    const look = failed ? Look.fail : step.exit < 0 ? Look.unknown : step.ap ? Look.onl : Look.prep;
    const detail = `step ${this.stateName(step.step)}, target ${step.target}${step.exit >= 0 ? `, state ${step.state}` : ''}, ${outcome}`;
    this.builder.slice(this.tracks.cpu(step.cpu).hotplug, depth, step.enter, end, look, step.callback, detail);
  }

  private stateName(number: number): string {
    const name = this.states.get(number);
    return name ? `${number} ${name}` : String(number);
  }
}
