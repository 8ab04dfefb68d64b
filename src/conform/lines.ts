/** Lines of the trace: which context of the model one is of, and whether that context shows the same next. */
import type { Program } from '../language/program';
import type { Lead } from './lead';
import { lives } from './readings';
import type { Category } from './report';
import { describeSeen, type Seen } from './seen';
import { IOCTLS } from './tally';
import { describeShown, type Shown } from '../timeline/visible';
import type { Vcpus } from './vcpus';

/** Lines of one context that are looked at to find the common path again. */
const RESYNC = 6;

export class Lines {
  /** Lines that were met, each with the step of the model's run that showed it. */
  readonly met: { readonly row: number; readonly step: number }[] = [];
  count = 0;
  reachedT = 0;
  private readonly known: ReadonlySet<string>;
  /** The line just now is of another task than the model's, so that its CPU says nothing. */
  private anywhere = false;

  constructor(
    private readonly lead: Lead,
    private readonly vcpus: Vcpus,
  ) {
    const { frames, states } = lead.input.program;
    this.known = new Set([...frames.map((f) => f.fn), ...states.flatMap((s) => [s.up, s.down])]);
  }

  meet(seen: Seen): void {
    const { roles, tally } = this.lead.input;
    const x = this.contextOf(seen);
    this.count += 1;
    this.reachedT = seen.t;
    if ((seen.what === 'call' || seen.what === 'ret') && !this.known.has(seen.fn)) {
      tally.compare(seen.what === 'call' ? 'functions' : 'returns', false);
      tally.differOnce(`fn ${seen.fn}`, this.lead.differ.difference('not modelled', `the text has no function ${seen.fn}`, { kernel: describeSeen(seen), model: '' }, seen)); // prettier-ignore
      return;
    }
    if (x < 0 && 'fn' in seen && roles.turnFunctions.has(seen.fn) && /^kvm-nx-lpage/.test(seen.comm))
      return tally.leave('turns of the run loop');
    if (x < 0 && roles.isVmm(seen) && 'fn' in seen && (roles.turnFunctions.has(seen.fn) || seen.fn === 'kvm_dev_ioctl'))
      return tally.leave(IOCTLS);
    if (x < 0) {
      tally.differOnce(`who ${seen.comm}`, this.lead.differ.difference('not modelled', `a task that the derived text has not: ${seen.comm}-${seen.tid}`, { kernel: describeSeen(seen), model: '' }, seen)); // prettier-ignore
      return;
    }
    const context = this.lead.input.program.contexts[x]!;
    if (context.kind === 'actor') {
      if ('fn' in seen && seen.what !== 'enter' && roles.turnFunctions.has(seen.fn))
        return tally.leave('turns of the run loop');
    }
    const action = context.kind === 'actor' || context.vcpu >= 0 ? roles.actionOf(seen) : null;
    if (action) this.lead.begun[action.actor] = Math.max(this.lead.begun[action.actor]!, action.index + 1);
    if (context.vcpu >= 0 && seen.what !== 'guest' && !('fn' in seen && roles.turnFunctions.has(seen.fn)))
      this.vcpus.leaveLoop(x);
    const way = this.lead.input.arrivals.kept.get(seen.row);
    if (way && context.vcpu >= 0 && !this.vcpus.arrive(x, way, seen)) return;
    this.meetLine(x, seen);
    if (seen.what === 'guest' && context.vcpu >= 0 && !this.lead.pending(x)) this.vcpus.park(x);
    if (this.lead.input.arrivals.cut.has(seen.row)) {
      this.vcpus.leaveLoop(x);
      this.vcpus.park(x);
    }
  }

  /** A CPU takes calls from others out of its idle loop too: once it is online, that is what its idle task does. */
  private contextOf(seen: Seen): number {
    const { roles, program } = this.lead.input;
    const x = roles.of(seen);
    const last = this.killed(seen);
    this.anywhere = last >= 0;
    if (last >= 0) return last;
    const flushed = seen.what === 'call' && /flush_smp_call_function/.test(seen.caller);
    const idles = x >= 0 && program.contexts[x]!.kind === 'idle' && this.lead.mover.machine.instrOf(x).op === 'idle';
    return flushed || idles ? roles.irq + seen.cpu : x;
  }

  /**
   * A line of a VMM that was killed. Which of its threads is the last one, and closes the files, is taken: in the model it is
   * that of a vCPU.
   */
  private killed(seen: Seen): number {
    const { roles, derived, tally } = this.lead.input;
    if (seen.irq || !('fn' in seen) || seen.what === 'enter' || roles.turnFunctions.has(seen.fn)) return -1;
    // the worker of a VM is a thread of its VMM too, and may be the last
    const worker = /^kvm-nx-lpage/.test(seen.comm);
    const vmm = worker ? this.lastKilled(seen.t) : roles.vmmOfTask(seen.tid);
    if (!vmm || !derived.planned.some((p) => p.act?.do === 'kill' && p.act.from['task'] === vmm && p.t <= seen.t))
      return -1;
    const own = roles.of(seen);
    const last = roles.vcpusOf(vmm).find((x) => lives(this.lead.mover.machine, x));
    if (last === undefined || last === own) return -1;
    tally.take('order: which thread of a killed VMM is the last');
    return last;
  }

  private lastKilled(t: number): string {
    const kill = this.lead.input.derived.planned.findLast((p) => p.act?.do === 'kill' && p.t <= t);
    return String(kill?.act?.from['task'] ?? '');
  }

  private meetLine(x: number, seen: Seen): void {
    const { tally, program } = this.lead.input;
    const cpu = this.lead.boundTo(x) || this.anywhere ? -1 : seen.cpu;
    for (let tries = 0; tries <= RESYNC; tries++) {
      if (!this.lead.advance(x, () => this.lead.pending(x), cpu)) {
        tally.compare(categoryOf(seen), false);
        this.lead.differ.tell(categoryOf(seen), 'the kernel goes on where the model does not', { kernel: describeSeen(seen), model: this.lead.why(x) }, seen); // prettier-ignore
        this.lead.lose();
        return;
      }
      const shown = this.lead.queues.get(x)!.shift()!;
      if (sameKind(seen, shown)) {
        this.compare(seen, shown);
        return;
      }
      if (this.undone(seen)) {
        // the injection lets the body run and takes back what it did; the model has it not run at all
        this.lead.queues.get(x)!.unshift(shown);
        tally.take("the rig's own: lines of a function whose work the injection takes back");
        return;
      }
      if (shown.what === 'ret' && shown.optional) continue;
      tally.compare(categoryOf(seen), false);
      this.lead.differ.tell(
        categoryOf(seen),
        'the two show something else',
        { kernel: describeSeen(seen), model: describeShown(program, shown) },
        seen,
      );
      // one of the two may have the line a little later
      if (this.comesLater(x, shown)) {
        this.lead.queues.get(x)!.unshift(shown);
        return;
      }
    }
    this.lead.lose();
  }

  /** A line from within a function that the injection undoes just then, on that CPU. */
  private undone(seen: Seen): boolean {
    if (seen.what !== 'call' && seen.what !== 'ret') return false;
    const { derived, program } = this.lead.input;
    return derived.armed.some(
      (a) =>
        a.mode === 'undo' &&
        a.cpus.includes(seen.cpu) &&
        seen.t >= a.from &&
        seen.t <= a.to &&
        program.frames.some((f) => f.fn === seen.fn && under(program, f.parent, a.symbol)),
    );
  }

  /** Whether the trace has that line of the model's among the next ones of this task. */
  private comesLater(x: number, shown: Shown): boolean {
    const { demands, roles } = this.lead.input;
    for (let i = this.lead.position + 1, seen = 0; i < demands.length && seen < RESYNC; i++) {
      const d = demands[i]!;
      if (d.kind !== 'line' || roles.of(d.seen) !== x) continue;
      seen += 1;
      if (sameKind(d.seen, shown)) return true;
    }
    return false;
  }

  private compare(seen: Seen, shown: Shown): void {
    const { differ, input, mover } = this.lead;
    const { tally } = input;
    this.met.push({ row: seen.row, step: mover.taken.length - 1 });
    const bad: { readonly category: Category; readonly name: string }[] = [];
    const check = (category: Category, name: string, same: boolean): void => {
      if (!tally.compare(category, same)) bad.push({ category, name });
    };
    if (seen.what === 'enter' && shown.what === 'enter') {
      // a callback of a module that had gone when the trace was read
      const nameless = seen.fn.startsWith('0x');
      if (nameless) tally.leave('nameless addresses');
      const fn = nameless || seen.fn === shown.fn;
      const target = seen.target === shown.target;
      check('callbacks', !fn ? 'callback' : !target ? 'target' : 'CPU', fn && target && seen.about === shown.about);
      if (!this.anywhere) check('contexts', 'CPU that runs it', seen.cpu === shown.cpu);
    } else if (seen.what === 'exit' && shown.what === 'exit') {
      const [ret, state] = [seen.ret === shown.ret, seen.state === shown.state];
      check('callbacks', !ret ? 'ret' : !state ? 'state' : 'CPU', ret && state && seen.about === shown.about);
    } else if (seen.what === 'ret' && shown.what === 'ret') {
      if (seen.result === null || shown.result === null) tally.leave('return values that one of the two does not tell');
      // which of the two probes on an injected function is first decides what the other one reads
      else if (shown.optional && seen.result !== shown.result)
        tally.take(
          'told twice: return values of an injected function (two probes on it, the inner one reads another value)',
        );
      else check('returns', 'return value', seen.result === shown.result);
    } else {
      check('functions', 'function', true);
      if (!this.anywhere) check('contexts', 'CPU', seen.cpu === shown.cpu);
    }
    const model = describeShown(input.program, shown);
    differ.showed(model);
    const [first] = bad;
    if (!first) return;
    const what = `another ${bad.map((b) => b.name).join(', ')}`;
    differ.tell(first.category, what, { kernel: describeSeen(seen), model }, seen);
  }
}

/** Whether a frame stands in a function, at any depth. */
function under(program: Program, frame: number, fn: string): boolean {
  for (let f = frame; f >= 0; f = program.frames[f]!.parent) if (program.frames[f]!.fn === fn) return true;
  return false;
}

function categoryOf(seen: Seen): Category {
  switch (seen.what) {
    case 'enter':
    case 'exit':
      return 'callbacks';
    case 'ret':
      return 'returns';
    default:
      return 'functions';
  }
}

/** The same thing happens; its values may differ. */
function sameKind(seen: Seen, shown: Shown): boolean {
  if (seen.what !== shown.what) return false;
  if (seen.what === 'enter' || seen.what === 'exit') return (shown as { step: number }).step === seen.step;
  if (seen.what === 'call' || seen.what === 'ret') return (shown as { fn: string }).fn === seen.fn;
  return true;
}
