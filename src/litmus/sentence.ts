/**
 * The outcome of a run in one sentence, in the kernel's words, and what belongs to it in short lines. It says only what
 * the run shows; where the run does not tell, it says less.
 */
import { formatProblem } from '../language/errors';
import { causes, lostCpus, withoutTdx, withoutVirtualization } from './classes';
import { endedVms } from './ended-words';
import { hang, waitsFor, withoutAfter } from './hung-words';
import type { ActionOutcome, FailedCallback, OopsOutcome, Outcome } from './outcome';

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
  const headline = said.headline.replace(/^(the|an) /, (word) => word[0]!.toUpperCase() + word.slice(1));
  return { ...said, headline, details: [...new Set(said.details)] };
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
  return trouble(o) ?? well(o);
}

/** Somebody was told, hangs, or should have been told: the worst of it first. */
function trouble(o: Outcome): Sentence | null {
  const failed = failures(o);
  const ended = endedVms(o);
  const bare = swallowed(o);
  const gone = lost(o);
  // what only follows from a CPU that is gone is no news
  const news = causes(o)[0];
  const failedFirst = failed.map((r) => failure(o, r));
  const hangs = o.hung.map((h) => hang(o, h));
  const first = failed[0];
  const where = first && (first.fn === 'online' || first.fn === 'offline') ? whereItEnds(o, first.args[0]!) : '';
  const parts =
    ended.length > 0
      ? [...ended, ...failedFirst, ...hangs, ...bare, ...gone]
      : gone.length > 0 && (!news || !['modprobe', 'create_vm'].includes(news.fn))
        ? [...bare, ...gone, ...failedFirst, ...hangs]
        : bare.length > 0
          ? [...bare, ...failedFirst, ...hangs]
          : first
            ? [failedFirst[0]!, where, ...failedFirst.slice(1), ...hangs, ...withoutLpInit(o)]
            : hangs.length > 0
              ? [...hangs, ...withoutLpInit(o)]
              : withoutLpInit(o);
  const [headline, ...details] = parts;
  if (headline === undefined) return null;
  const runs = o.tasks.some((t) => t.vcpu && isRunning(t));
  const end = first && ended.length === 0 && runs ? fine(o) : 'no oops';
  return {
    headline,
    details: [...details, ...broken(o), ...aside(o), end].filter((line) => line !== ''),
    tone: 'fail',
  };
}

function well(o: Outcome): Sentence {
  const headline = fine(o);
  const ends = endsOf(o).filter((line) => !headline.startsWith(line));
  const details = [...broken(o), ...ends, ...aside(o)];
  return { headline, details, tone: broken(o).length > 0 || untold(o).length > 0 ? 'fail' : 'ok' };
}

const broken = (o: Outcome): string[] => (o.verdict.result === 'broken' ? [`${o.verdict.text}: broken`] : []);

// ---- somebody died

function death(o: Outcome): Sentence {
  const first = o.oops[0];
  if (!first) return { headline: `The host panics: ${o.panic}`, details: aside(o), tone: 'oops' };
  const last = endOfHost(o);
  const headline = describeOops(first) + (last?.text ?? '');
  const details: string[] = [];
  const online = lastBefore(o, 'online', first.cpu, first.step);
  if (online?.result !== null && online?.result !== undefined)
    details.push(
      online.errno
        ? `the online write of cpu${first.cpu} had failed (${online.errno})`
        : `the online write of cpu${first.cpu} had succeeded (returned ${online.result})`,
    );
  details.push(...whyOff(o, first, online));
  for (const oops of o.oops.slice(1)) if (oops !== last?.by) details.push(`then ${describeOops(oops)}`);
  const dead = new Set(o.oops.filter((oops) => oops.killed && oops.vcpu).map((oops) => oops.task));
  if (dead.size > 0) {
    details.push(dead.size === 1 ? 'KVM_RUN never returns' : `KVM_RUN never returns in ${dead.size} threads`);
    const vms = new Set([...dead].map((task) => task.split('.')[0]!));
    for (const vm of o.vms)
      if (vms.has(vm.name) && vm.held)
        details.push(`${vm.name} is never destroyed, since the dead thread keeps a reference: the module stays in use`);
  }
  for (const oops of o.oops) {
    const action = o.returns.find((r) => r.actor === oops.task && r.began >= 0 && r.step < 0);
    if (action) details.push(`${action.actor}: ${withoutAfter(action.action)} never returns`);
  }
  details.push(...failures(o).map((r) => failure(o, r)));
  if (o.host === 'hung' || o.host === 'panicked')
    return { headline, details: [...details, ...spinning(o), ...aside(o)], tone: 'oops' };
  for (const cpu of o.stuck_cpus) details.push(`CPU ${cpu} does nothing any more`);
  if (o.end === 'limit') details.push(`not finished after ${o.steps} steps`);
  else if (o.hung.length === 0) details.push('the host lives');
  else details.push('the host lives, but not all of it:', ...o.hung.map((h) => hang(o, h)));
  return { headline, details: [...details, ...aside(o)], tone: 'oops' };
}

const spinning = (o: Outcome): string[] => o.hung.filter((h) => h.waits === 'runqueue').map(waitsFor);

/** How a death took the host with it: the first one, or a later one that is then named. */
function endOfHost(o: Outcome): { readonly text: string; readonly by: OopsOutcome | null } | null {
  const first = o.oops[0]!;
  const said = (by: OopsOutcome | undefined, end: string): { text: string; by: OopsOutcome | null } =>
    !by || by === first ? { text: `; ${end}`, by: null } : { text: `; then ${describeOops(by)}; ${end}`, by };
  if (o.panic !== null)
    return said(
      o.oops.find((oops) => !oops.killed),
      `the host panics: ${o.panic}`,
    );
  if (o.host !== 'hung') return null;
  const spins = o.hung.find((h) => h.waits === 'runqueue');
  if (!spins)
    return said(
      o.oops.find((oops) => oops.task.startsWith('migration/')),
      'all CPUs stand still for it: the host hangs',
    );
  const by = o.oops.findLast((oops) => oops.task === spins.holder);
  return said(by, `all CPUs wait for the ${spins.lock}: the host hangs`);
}

/** Who died where. */
export function describeOops(oops: OopsOutcome): string {
  const who = oops.interrupt
    ? `an interrupt on CPU ${oops.cpu}, on top of ${oops.task}`
    : `${oops.task} on CPU ${oops.cpu}`;
  if (oops.instruction) return `${who}: #UD at ${oops.instruction} in ${oops.caller}, BUG in ${oops.function}`;
  const called = oops.caller ? `, called by ${oops.caller}` : '';
  return `${who}: BUG in ${oops.function}${called}`;
}

/** Why virtualization was off where the instruction faulted. */
function whyOff(o: Outcome, oops: OopsOutcome, online: ActionOutcome | undefined): string[] {
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
    case 'lost':
      return [wentOff(o, oops.cpu)];
    case 'off':
      return [`virtualization was off on CPU ${oops.cpu}, and no enable had failed there`];
    case 'on':
    case null:
      return [];
  }
}

/** "VMX went off on CPU 1 at step 240, and nobody was told". */
function wentOff(o: Outcome, cpu: number): string {
  const off = o.went_off.findLast((w) => w.cpu === cpu);
  return `${off?.what ?? 'virtualization'} went off on CPU ${cpu}${off ? ` at step ${off.step}` : ''}, and nobody was told`;
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
  if (r.fn === 'create_vm') {
    const line = whyNoVm(o, r);
    return line ? `${returns}: "${line}"` : returns;
  }
  if (r.fn !== 'online' && r.fn !== 'offline') return returns;
  const cause = o.failed_callbacks.find(
    (c) => c.cpu === r.args[0] && c.errno === r.errno && c.step >= r.began && c.step <= r.step,
  );
  if (!cause) return returns;
  return `${returns}: ${stateOf(cause)} ${cause.armed ? 'was kept from running by hotplug/fail' : 'failed'}`;
}

/** "kvm/cpu:online (state 149)". Which of the dynamic slots TDX gets no fact tells. */
function stateOf({ state }: FailedCallback): string {
  return state.dynamic ? `${state.name} (a dynamic state)` : `${state.name} (state ${state.number})`;
}

/** The line of the log that says why there is no VM: KVM's own while it was asked, or what it said of the future. */
function whyNoVm(o: Outcome, r: ActionOutcome): string | undefined {
  if (r.errno === '-ENOENT') return undefined;
  const lines = o.log.filter((l) => l.step <= r.step);
  return (
    lines.findLast((l) => l.step >= r.began && /^(kvm(_\w+)?|virt\/tdx): /.test(l.text)) ??
    lines.findLast((l) => l.text.includes('prohibit VM creation'))
  )?.text;
}

function described(r: ActionOutcome): string {
  const what = withoutAfter(r.action);
  switch (r.fn) {
    case 'online':
    case 'offline':
      return `the ${r.fn} write of cpu${r.args[0]}`;
    case 'create_vm':
      return `${r.call ?? 'KVM_CREATE_VM'} of ${what.split(/[\s=]/)[0]}`;
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

/** Failures that no caller was told of, and that nobody has met yet. */
export function swallowed(o: Outcome): string[] {
  return withoutVirtualization(o).map((cpu) => {
    const online = lastBefore(o, 'online', cpu, Infinity);
    const told = online && online.result !== null && !online.errno ? '; its online write had succeeded' : '';
    const virtualization = o.cpus[cpu]!.virtualization ?? 'off';
    const why = virtualization === 'lost' ? wentOff(o, cpu) : WHY_BARE[virtualization];
    return `CPU ${cpu} is online without virtualization: ${why}${told}`;
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
    if (lastBefore(o, 'online', cpu, Infinity)) return `CPU ${cpu} is offline, though its online write succeeded`;
    const line = o.log.findLast((l) => l.text.startsWith(`Error taking CPU${cpu} up`))?.text;
    return `CPU ${cpu} is offline, and ${line ? `only the log says so: "${line}"` : 'nobody took it down or was told'}`;
  });
}

/** CPUs on which no TD can run, while TDX is up: whoever brought them was told that all is well. */
export function withoutLpInit(o: Outcome): string[] {
  return withoutTdx(o).map((cpu) => {
    const online = lastBefore(o, 'online', cpu, Infinity);
    const told = online && online.result !== null && !online.errno ? '; its online write had succeeded' : '';
    return `CPU ${cpu} is online, and no TD can run there: LP.INIT was not done${told}`;
  });
}

// ---- all is well

/** A vCPU whose thread goes on entering the guest. */
const isRunning = (t: Outcome['tasks'][number]): boolean =>
  t.guest_cpu !== null && t.guest_cpu === t.cpu && !['dead', 'ended', 'not started'].includes(t.state);

/** The end of a run in which nothing was refused: where the vCPUs run, else what the CPUs are. */
function fine(o: Outcome): string {
  if (o.host === 'restarted') return 'The machine restarts; no oops';
  const running = o.tasks.filter((t) => t.vcpu && isRunning(t));
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
    ...untold(o).map((c) => `${stateOf(c)} failed on CPU ${c.cpu} (${c.errno}) and nobody was told`),
    ...o.notes,
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
