import { errnoName } from '../language/errno';
import { Look, type Ordinal } from './columns';

/**
 * One callback of the hotplug walk, as a pair of cpuhp_enter (or cpuhp_multi_enter) and cpuhp_exit. What the fields mean:
 * include/trace/events/cpuhp.h and cpuhp_invoke_callback() of kernel/cpu.c.
 */
export interface Step {
  readonly cpu: number;
  readonly step: number;
  readonly target: number;
  /** The callback's function, with its module: "kvm_online_cpu [kvm]". */
  readonly callback: string;
  readonly enter: Ordinal;
  /** -1 while open, or if the trace has no exit. */
  exit: Ordinal;
  /** Where the trace stops while the step is open (a hole or the end), else -1. */
  cut: Ordinal;
  /** The CPU's state after the step; only with an exit. */
  state: number;
  ret: number;
  /** Run by cpuhp/N, the CPU's own hotplug thread. */
  readonly ap: boolean;
  readonly tid: number;
}

export interface Section {
  readonly name: string;
  readonly start: Ordinal;
  readonly end: Ordinal;
  readonly look: Look;
  readonly detail: string;
}

/** A CPU going up or down, from its first step to its last. */
export interface Operation {
  readonly up: boolean;
  readonly start: Ordinal;
  readonly end: Ordinal;
  readonly sections: readonly Section[];
  /** What the CPU is afterwards; unknown if the trace stops in between. */
  readonly leaves: 'online' | 'offline' | 'unknown';
  /** Did it not get where it was to go? */
  readonly failed: boolean;
  /** "cpuhp_bringup_ap returned -EIO", or '' where nothing failed. */
  readonly why: string;
}

const bringups = /^(bringup_cpu|cpuhp_bringup_ap)$/;
const kicks = /^cpuhp_kick_ap_alive$/;
const takedowns = /^takedown_cpu$/;
/** Steps of the boot processor that enclose what the CPU itself does. */
const enclosers = /^(bringup_cpu|cpuhp_bringup_ap|cpuhp_kick_ap_alive|cpuhp_kick_ap_work|takedown_cpu)$/;

const isUp = (s: Step): boolean => s.step <= s.target;
const encloses = (outer: Step, inner: Step): boolean =>
  outer !== inner && outer.enter < inner.enter && (outer.exit < 0 || inner.enter < outer.exit);

/** A state with several instances runs its callback once for each. */
const isMulti = (before: Step | undefined, s: Step): boolean =>
  before !== undefined &&
  before.step === s.step &&
  before.callback === s.callback &&
  before.exit >= 0 &&
  before.ret === 0;

interface Draft {
  readonly up: boolean;
  readonly steps: Step[];
  /** The walk turned round. */
  back: boolean;
}

/**
 * Groups the steps of one CPU (in order of entering) into operations.
 *
 * A step that is run on a CPU that stays where it is (KVM or another module installs or removes its state) belongs to
 * none: its exit reports the state of the CPU as a whole, which is neither the step's nor the one below it.
 *
 * @param gaps ordinals at which the trace has a hole: nothing reaches across one.
 */
export function groupSteps(steps: readonly Step[], gaps: readonly Ordinal[]): Operation[] {
  const drafts: Draft[] = [];
  let now: Draft | undefined;
  for (const s of steps) {
    const before: Step | undefined = now?.steps.at(-1);
    if (now && before && gaps.some((gap) => before.enter < gap && gap <= s.enter)) now = undefined;
    const inside = now?.steps.some((outer) => !outer.ap && encloses(outer, s)) ?? false;
    if (!inside && s.exit >= 0 && !enclosers.test(s.callback) && s.state !== s.step && s.state !== s.step - 1) continue;
    if (now && !inside && isNew(now, s)) now = undefined;
    if (!now) {
      now = { up: isUp(s), steps: [], back: false };
      drafts.push(now);
    }
    if (isUp(s) !== now.up) now.back = true;
    now.steps.push(s);
  }
  return drafts.map((draft) => (draft.up ? goingUp(draft.steps) : goingDown(draft.steps)));
}

/** Does a step that nothing of the running operation encloses begin another one? */
function isNew(now: Draft, s: Step): boolean {
  if (now.up) {
    const arrived = now.steps.some((x) => !x.ap && isUp(x) && x.exit >= 0 && x.ret === 0 && x.state >= x.target);
    return isUp(s) ? arrived || now.back : arrived;
  }
  if (isUp(s)) return !s.ap;
  const lowest = Math.min(...now.steps.filter((x) => !isUp(x) && !x.ap).map((x) => x.step));
  return !s.ap && s.step >= lowest && !isMulti(now.steps.at(-1), s);
}

const endOf = (s: Step): Ordinal => Math.max(s.exit, s.cut);
const lastExit = (steps: readonly Step[]): Ordinal => Math.max(...steps.map(endOf));

const countOf = (steps: readonly Step[]): string =>
  steps.length === 1
    ? `1 step, ${steps[0]!.step}`
    : `${steps.length} steps, ${steps[0]!.step} to ${steps.at(-1)!.step}`;

function failure(steps: readonly Step[]): string {
  const bad = steps.find((s) => s.exit >= 0 && s.ret < 0);
  return bad ? `${bad.callback} (step ${bad.step}) returned ${errnoName(bad.ret)}` : '';
}

function goingUp(steps: readonly Step[]): Operation {
  const start = steps[0]!.enter;
  const stop = lastExit(steps);
  const own = steps.filter((s) => !s.ap && isUp(s));
  const apUp = steps.filter((s) => s.ap && isUp(s));
  const down = steps.filter((s) => !isUp(s));
  const firstDown = down[0]?.enter ?? stop;
  const bring = own.find((s) => bringups.test(s.callback)) ?? own.findLast((s) => apUp.some((x) => encloses(s, x)));
  const kick = own.find((s) => kicks.test(s.callback));
  const prepare = own.filter((s) => s !== bring && s !== kick);
  const sections: Section[] = [];
  const add = (name: string, from: Ordinal, to: Ordinal, look: Look, detail: string): void => {
    if (to > from) sections.push({ name, start: from, end: to, look, detail });
  };
  const rises = bring?.enter ?? apUp[0]?.enter ?? firstDown;
  if (prepare.length > 0)
    add('PREPARE', start, Math.min(rises, firstDown), Look.prep, `${countOf(prepare)}; on the boot processor`);
  const online = apUp[0]?.enter ?? Math.min(bring && bring.exit >= 0 ? bring.exit : stop, firstDown);
  if (bring)
    add(
      'STARTING',
      bring.enter,
      Math.min(online, firstDown),
      Look.start,
      'inferred: from the enter of the bring-up step to the first step of the ONLINE section. cpuhp events are silent here, as the CPU does not count as online yet',
    );
  if (apUp.length > 0)
    add('ONLINE', online, down.length > 0 ? firstDown : stop, Look.onl, `${countOf(apUp)}; on the CPU itself`);
  const why = failure(steps.filter(isUp));
  if (down.length > 0)
    add('rolling back', firstDown, stop, Look.refused, why || 'a step failed; its return value is not in the trace');
  const arrived = bring !== undefined && bring.exit >= 0 && bring.ret === 0;
  const open = steps.some((s) => s.exit < 0);
  return {
    up: true,
    start,
    end: stop,
    sections,
    leaves: open ? 'unknown' : down.length > 0 ? 'offline' : arrived ? 'online' : 'unknown',
    failed: down.length > 0 || (bring !== undefined && bring.exit >= 0 && bring.ret < 0),
    why: down.length > 0 ? why || 'rolled back; the return value is not in the trace' : why,
  };
}

function goingDown(steps: readonly Step[]): Operation {
  const start = steps[0]!.enter;
  const stop = lastExit(steps);
  const take = steps.find((s) => takedowns.test(s.callback));
  const up = steps.filter(isUp);
  const apDown = steps.filter((s) => s.ap && !isUp(s));
  const sections: Section[] = [];
  const add = (name: string, from: Ordinal, to: Ordinal, look: Look, detail: string): void => {
    if (to > from) sections.push({ name, start: from, end: to, look, detail });
  };
  const turned = up[0]?.enter ?? stop;
  const takeEnd = take ? endOf(take) : stop;
  const online = take?.enter ?? turned;
  add('going down: ONLINE', start, online, Look.onl, apDown.length > 0 ? `${countOf(apDown)}; on the CPU itself` : '');
  if (take) {
    add(
      'going down: DYING',
      take.enter,
      takeEnd,
      Look.start,
      'inferred: the span of takedown_cpu. cpuhp events are silent in it, as the CPU does not count as online any more',
    );
    const dead = steps.filter((s) => !s.ap && s.enter > take.enter);
    add('going down: DEAD', takeEnd, stop, Look.prep, dead.length > 0 ? `${countOf(dead)}; on the boot processor` : '');
  }
  const why = failure(steps);
  if (up.length > 0)
    add('rolling back', Math.max(turned, take ? stop : online), stop, Look.refused, why || 'a step failed');
  const open = steps.some((s) => s.exit < 0);
  const failed = up.length > 0 || (why !== '' && !take);
  return {
    up: false,
    start,
    end: stop,
    sections,
    leaves: open ? 'unknown' : failed ? 'online' : take ? 'offline' : 'unknown',
    failed,
    why,
  };
}
