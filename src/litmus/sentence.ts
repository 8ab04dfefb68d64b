/**
 * The outcome of a run in one sentence, in the kernel's words, and what belongs to it in short lines. It says only what
 * the run shows; where the run does not tell, it says less.
 */
import { formatProblem } from '../language/errors';
import { lostCpus, withoutVirtualization } from './classes';
import type { ActionOutcome, FailedCallback, Hung, OopsOutcome, Outcome } from './outcome';

/** oops: somebody died; fail: something was refused, hangs, or broke the question; ok; unknown: the run cannot tell. */
export type Tone = 'oops' | 'fail' | 'ok' | 'unknown';

export interface Sentence {
  readonly headline: string;
  readonly details: readonly string[];
  readonly tone: Tone;
}

/** The outcome as a person would say it. */
export function sentence(o: Outcome): Sentence {
  const said = say(o);
  // names keep their spelling; only the article of a sentence is made its beginning
  return { ...said, headline: said.headline.replace(/^the /, 'The ') };
}

function say(o: Outcome): Sentence {
  if (o.end === 'error' && o.error) {
    const place = formatProblem({ ...o.error.place, message: o.error.message, suggestion: '' });
    return {
      headline: `The kernel text does what no machine can: ${o.error.message}`,
      details: [place, ...o.oops.map((oops) => `before that, ${describeOops(oops)}`)],
      tone: 'unknown',
    };
  }
  if (o.oops.length > 0 || o.panic !== null) return death(o);
  if (o.end === 'limit')
    return {
      headline: `Not finished after ${o.steps} steps; no oops so far`,
      details: [...failures(o).map((r) => failure(o, r)), 'what would come next is not known'],
      tone: 'unknown',
    };
  const failed = failures(o);
  const hangs = o.hung.map((h) => hang(o, h));
  const ended = endedVms(o);
  if (ended.length > 0)
    return {
      headline: ended[0]!,
      details: [
        ...ended.slice(1),
        ...failed.map((r) => failure(o, r)),
        ...hangs,
        ...swallowed(o),
        ...lost(o),
        ...aside(o),
        'no oops',
      ],
      tone: 'fail',
    };
  const first = failed[0];
  if (first)
    return {
      headline: failure(o, first),
      details: [
        ...(first.fn === 'online' || first.fn === 'offline' ? [whereItEnds(o, first.args[0]!)] : []),
        ...failed.slice(1).map((r) => failure(o, r)),
        ...hangs,
        ...swallowed(o),
        ...lost(o),
        ...aside(o),
        o.tasks.some((t) => t.vcpu && t.guest_cpu !== null) ? fine(o) : 'no oops',
      ].filter((line) => line !== ''),
      tone: 'fail',
    };
  if (hangs.length > 0)
    return {
      headline: hangs[0]!,
      details: [...hangs.slice(1), ...swallowed(o), ...lost(o), ...aside(o), 'no oops'],
      tone: 'fail',
    };
  const silent = [...swallowed(o), ...lost(o)];
  if (silent.length > 0)
    return { headline: silent[0]!, details: [...silent.slice(1), ...aside(o), `no oops`], tone: 'fail' };
  const broken = o.verdict.result === 'broken';
  const headline = fine(o);
  const ends = endsOf(o).filter((line) => !headline.startsWith(line));
  return {
    headline,
    details: [...(broken ? [`${o.verdict.text}: broken`] : []), ...ends, ...aside(o)],
    tone: broken || untold(o).length > 0 ? 'fail' : 'ok',
  };
}

// ---- somebody died

function death(o: Outcome): Sentence {
  const first = o.oops[0];
  if (!first) return { headline: `The host panics: ${o.panic}`, details: aside(o), tone: 'oops' };
  const host =
    o.panic !== null ? `; the host panics: ${o.panic}` : o.host === 'hung' ? `; ${standStill(o)}: the host hangs` : '';
  const headline = describeOops(first) + host;
  const details: string[] = [];
  const online = lastBefore(o, 'online', first.cpu, first.step);
  if (online?.result !== null && online?.result !== undefined)
    details.push(
      online.errno
        ? `the online write of cpu${first.cpu} had failed (${online.errno})`
        : `the online write of cpu${first.cpu} had succeeded (returned ${online.result})`,
    );
  details.push(...whyOff(first, online));
  for (const oops of o.oops.slice(1)) details.push(`then ${describeOops(oops)}`);
  const dead = new Set(o.oops.filter((oops) => oops.killed && oops.vcpu).map((oops) => oops.task));
  if (dead.size > 0) {
    details.push(dead.size === 1 ? 'KVM_RUN never returns' : `KVM_RUN never returns in ${dead.size} threads`);
    const vms = new Set([...dead].map((task) => task.split('.')[0]!));
    for (const vm of o.vms) if (vms.has(vm.name) && vm.held) details.push(`${vm.name} keeps its reference`);
  }
  for (const oops of o.oops) {
    const action = o.returns.find((r) => r.actor === oops.task && r.began >= 0 && r.step < 0);
    if (action) details.push(`${action.actor}: ${withoutAfter(action.action)} never returns`);
  }
  details.push(...failures(o).map((r) => failure(o, r)));
  if (o.host !== 'alive') return { headline, details: [...details, ...spinning(o), ...aside(o)], tone: 'oops' };
  for (const cpu of o.stuck_cpus) details.push(`CPU ${cpu} does nothing any more`);
  if (o.end === 'limit') details.push(`not finished after ${o.steps} steps`);
  else if (o.hung.length === 0) details.push('the host lives');
  else details.push('the host lives, but not all of it:', ...o.hung.map((h) => hang(o, h)));
  return { headline, details: [...details, ...aside(o)], tone: 'oops' };
}

/** Who died where. */
const spinning = (o: Outcome): string[] => o.hung.filter((h) => h.waits === 'runqueue').map(why);

function standStill(o: Outcome): string {
  const lock = o.hung.find((h) => h.waits === 'runqueue')?.lock;
  return lock ? `all CPUs wait for the ${lock}` : 'all CPUs stand still for it';
}

export function describeOops(oops: OopsOutcome): string {
  const who = `${oops.task} on CPU ${oops.cpu}`;
  if (oops.instruction) return `${who}: #UD at ${oops.instruction} in ${oops.caller}, BUG in ${oops.function}`;
  const called = oops.caller ? `, called by ${oops.caller}` : '';
  return `${who}: BUG in ${oops.function}${called}`;
}

/** Why virtualization was off where the instruction faulted. */
function whyOff(oops: OopsOutcome, online: ActionOutcome | undefined): string[] {
  if (!oops.instruction) return [];
  switch (oops.virtualization) {
    case 'failed':
      return [
        online?.result !== null && online !== undefined && !online.errno
          ? `the enable had failed on CPU ${oops.cpu} and nobody was told`
          : `the enable had failed on CPU ${oops.cpu}`,
      ];
    case 'lied':
      return [`the enable on CPU ${oops.cpu} had reported success, and virtualization was off`];
    case 'off':
      return [`virtualization was off on CPU ${oops.cpu}, and no enable had failed there`];
    case 'on':
    case null:
      return [];
  }
}

// ---- a VM was ended

const EXIT_REASON: Readonly<Record<number, string>> = {
  8: 'KVM_EXIT_SHUTDOWN',
  9: 'KVM_EXIT_FAIL_ENTRY',
  17: 'KVM_EXIT_INTERNAL_ERROR',
};

/** What KVM_RUN told of the VMs that it no longer runs; then which VMs KVM has ended. */
function endedVms(o: Outcome): string[] {
  const told = o.kvm_run.map(({ task, cpu, errno, exit_reason: r }) => {
    const what = r === null ? errno : `${EXIT_REASON[r] ?? 'exit reason'} (${r})`;
    return `${task} on CPU ${cpu}: KVM_RUN returns ${what}`;
  });
  const dead = o.vms.filter((vm) => vm.dead).map((vm) => `${vm.name} is dead: every ioctl on it returns -EIO`);
  return [...told, ...dead];
}

// ---- somebody was refused

function failures(o: Outcome): ActionOutcome[] {
  return o.returns.filter((r) => r.errno !== null).sort((a, b) => a.step - b.step);
}

/** "the online write of cpu4 returns -EIO: kvm/cpu:online failed". */
function failure(o: Outcome, r: ActionOutcome): string {
  const returns = `${described(r)} returns ${r.errno}`;
  if (r.fn === 'create_vm' && r.errno !== '-ENOENT' && r.enable_failed.length > 0)
    return `${returns}: the enable failed on CPU ${r.enable_failed.join(', ')}`;
  if (r.fn !== 'online' && r.fn !== 'offline') return returns;
  const cause = o.failed_callbacks.find(
    (c) => c.cpu === r.args[0] && c.errno === r.errno && c.step >= r.began && c.step <= r.step,
  );
  return cause ? `${returns}: ${cause.state.name} (state ${cause.state.number}) failed` : returns;
}

function described(r: ActionOutcome): string {
  const what = withoutAfter(r.action);
  switch (r.fn) {
    case 'online':
    case 'offline':
      return `the ${r.fn} write of cpu${r.args[0]}`;
    case 'create_vm':
      return `KVM_CREATE_VM of ${what.split(/[\s=]/)[0]}`;
    default:
      return `${r.actor}: ${what}`;
  }
}

function whereItEnds(o: Outcome, cpu: number): string {
  const end = o.cpus[cpu];
  if (!end || end.online === null) return '';
  if (end.active) return `CPU ${cpu} is online and active`;
  if (end.online) return `CPU ${cpu} is left online, not active${end.cpuhp ? `, at ${end.cpuhp.name}` : ''}`;
  return end.present ? `CPU ${cpu} is offline` : `CPU ${cpu} is not present`;
}

function withoutAfter(action: string): string {
  return action.replace(/\s+after\s.*$/, '');
}

/** Failures that no caller was told of, and that nobody has met yet. */
export function swallowed(o: Outcome): string[] {
  return withoutVirtualization(o).map((cpu) => {
    const online = lastBefore(o, 'online', cpu, Infinity);
    const told = online && online.result !== null && !online.errno ? '; its online write had succeeded' : '';
    return `CPU ${cpu} is online without virtualization: ${WHY_BARE[o.cpus[cpu]!.virtualization ?? 'off']}${told}`;
  });
}

const WHY_BARE = {
  failed: 'the enable failed',
  lied: 'the enable reported success and left it off',
  off: 'no enable was tried there',
  on: '',
};

/** CPUs that are offline while userspace has reason to think that they are not. */
export function lost(o: Outcome): string[] {
  return lostCpus(o).map((cpu) => {
    const written = lastBefore(o, 'online', cpu, Infinity) !== undefined;
    return `CPU ${cpu} is offline, ${written ? 'though its online write succeeded' : 'and nobody took it down or was told'}`;
  });
}

// ---- somebody hangs

/** Who waits for whom, down to what never comes. */
export function hang(o: Outcome, h: Hung): string {
  const action = o.returns.find((r) => r.actor === h.task && r.action === h.action && r.step < 0);
  const never = action && action.began < 0 ? 'never begins' : 'never returns';
  const who = h.action ? `${h.task}: ${withoutAfter(h.action)} ${never}` : `${h.task} hangs`;
  const lines: string[] = [];
  const passed = new Set<string>();
  for (let at: Hung | undefined = h; at && !passed.has(at.task);) {
    passed.add(at.task);
    const here: Hung = at;
    lines.push(why(here));
    const next: string | null = here.holder_dead ? null : here.holder;
    at = next === null ? undefined : o.hung.find((other) => other.task === next);
    if (at && passed.has(at.task)) lines.push(here.waits === 'lock' ? 'a deadlock' : 'so none of them goes on');
  }
  return `${who}: ${lines.join('; ')}`;
}

function why(h: Hung): string {
  switch (h.waits) {
    case 'lock': {
      const by = h.holder ? `held by ${h.holder}${h.holder_dead ? ', which is dead' : ''}` : '';
      const readers = h.readers > 0 ? `held by ${h.readers} reader${h.readers > 1 ? 's' : ''}` : '';
      return [`${h.task} waits in ${h.function} for ${h.lock}`, by || readers].filter(Boolean).join(', ');
    }
    case 'runqueue':
      return `${h.task} spins on CPU ${h.cpu} for the ${h.lock}, held by ${h.holder}, which is dead`;
    case 'action': {
      const dead = h.holder_dead ? `, and ${h.holder} is dead` : '';
      return (h.on.length > 0 ? `${h.task} waits for "${h.on[0]}"` : `${h.task} waits for another actor`) + dead;
    }
    case 'condition':
      return h.on.length > 0
        ? `${h.task} waits in ${h.function} for ${h.on.join(', ')}`
        : `${h.task} waits in ${h.function}`;
    case 'call':
      return `${h.task} waits in ${h.function} for another CPU to take its call`;
    case 'stop':
      return `${h.task} waits in ${h.function} for all CPUs to stand still`;
    case 'stopper':
      return `${h.task} waits in ${h.function} for ${h.holder}${h.holder_dead ? ', which is dead' : ''}`;
    case 'cpu':
      return `${h.task} could go on, but CPU ${h.cpu} does not run it`;
  }
}

// ---- all is well

/** The end of a run in which nothing was refused: where the vCPUs run, else what the CPUs are. */
function fine(o: Outcome): string {
  const running = o.tasks.filter((t) => t.vcpu && t.guest_cpu !== null && t.guest_cpu === t.cpu && t.state !== 'dead');
  const moved = o.returns.filter((r) => r.fn === 'affine' && r.result === 0 && r.args[1]! >= 0).at(-1);
  const vcpus = o.tasks.filter((t) => t.vcpu);
  const subject = moved ? vcpus[moved.args[0]!] : undefined;
  if (subject && running.includes(subject)) return `${subject.name} runs on CPU ${subject.cpu}; no oops`;
  if (running.length === 1) return `${running[0]!.name} runs on CPU ${running[0]!.cpu}; no oops`;
  if (running.length > 1 && running.length <= 3)
    return `${running.map((t) => `${t.name} runs on CPU ${t.cpu}`).join(', ')}; no oops`;
  if (running.length > 3) return `${running.length} vCPUs run; no oops`;
  const last = o.returns.filter((r) => r.result !== null && (r.fn === 'online' || r.fn === 'offline')).at(-1);
  const end = last && whereItEnds(o, last.args[0]!);
  if (end) return `${end}; no oops`;
  return o.returns.length > 0 ? 'All actions succeed; no oops' : 'Nothing happens: the text has no actions';
}

/** Where the CPUs that the text takes up and down have come to. */
function endsOf(o: Outcome): string[] {
  const cpus = new Set(o.returns.filter((r) => r.fn === 'online' || r.fn === 'offline').map((r) => r.args[0]!));
  return cpus.size > 4 ? [] : [...cpus].map((cpu) => whereItEnds(o, cpu)).filter(Boolean);
}

/** Callbacks that failed while the write that caused them succeeded. */
function untold(o: Outcome): FailedCallback[] {
  return o.failed_callbacks.filter((c) => {
    const r = o.returns.find(
      (r) => r.fn === (c.up ? 'online' : 'offline') && r.args[0] === c.cpu && r.began <= c.step && r.step >= c.step,
    );
    return r?.result !== null && r?.result !== undefined && !r.errno;
  });
}

/** What is worth a line whatever else happened. */
function aside(o: Outcome): string[] {
  return [
    ...untold(o).map(
      (c) => `${c.state.name} (state ${c.state.number}) failed on CPU ${c.cpu} (${c.errno}) and nobody was told`,
    ),
    ...o.affinity_lost.map((a) => `${a.task} lost its affinity when it had to leave CPU ${a.cpu}`),
    ...o.faults.filter((f) => f.fired === 0).map((f) => `"${f.text.replace(/\s+/g, ' ')}" never fired`),
  ];
}

function lastBefore(o: Outcome, fn: string, cpu: number, step: number): ActionOutcome | undefined {
  return o.returns
    .filter((r) => r.fn === fn && r.args[0] === cpu && r.step >= 0 && r.step <= step)
    .sort((a, b) => a.step - b.step)
    .at(-1);
}
