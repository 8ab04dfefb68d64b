/** A capture against the model: reads nothing from the disk, throws for nothing that a capture may hold but bad input. */
import { KERNELS, loadKernel } from '../kernels/index';
import type { Program } from '../language/program';
import { load } from '../litmus/load';
import { actsOf, nameOf } from './acts';
import { logShift } from './clock';
import { demandsOf, otherIoctls } from './demands';
import { derive, DeriveError, unaccounted, type Derived, type Planned } from './derive';
import { ConformInputError, type CaptureFiles } from './files';
import { Follower } from './follow';
import { timesAsked, viewLog } from './logs';
import type { ConformReport } from './report';
import { Roles } from './roles';
import { viewTrace, type TraceView } from './seen';
import { hitsOf, settledText, strikesOf } from './strikes';
import { IOCTLS, Tally } from './tally';
import { tellsOf } from './trouble';
import { undoneEnables } from './undone';
import { notWhole } from './whole';
import { findArrivals } from './turns';
import { farthest } from './pace';
import type { Taken } from './mover';

/** Stamps of the log and of the trace may be this far apart, microseconds. */
const STAMPS = 250_000;

export interface ConformResult {
  readonly report: ConformReport;
  readonly program: Program;
  readonly derived: Derived;
  /** The model's run: its transitions, with the trace's time for each. */
  readonly taken: readonly Taken[];
  /** Lines of the trace (rows of its table) with the steps that showed the same. */
  readonly met: Follower['lines']['met'];
}

/** Throws ConformInputError where the capture cannot be used. */
export function conform(files: CaptureFiles): ConformResult {
  const { capture, table } = files;
  const shift = logShift(capture, files.dmesg, table);
  const { derived, program, assumption } = loadedText(files, shift);
  const told = capture.trace as { functions?: string[]; kretprobes?: string[] };
  const view = viewTrace(table, { functions: told.functions ?? [], kretprobes: told.kretprobes ?? [] });
  const roles = new Roles(program, derived, view.lines);
  const arrivals = findArrivals(view, (s) => vcpuContext(roles.of(s), program), roles.turnFunctions);
  const demands = demandsOf(capture, derived, view, arrivals, roles, actsOf(capture), table, shift);
  const log = viewLog(program, files.dmesg);
  const { follower, tally } = farthest((windows) => {
    const tally = new Tally();
    const follower = new Follower({ program, derived, demands, view, arrivals, roles, log, table, tally, windows });
    tellUnknown(follower, files, derived, view);
    follower.follow();
    follower.moments.finish(capture.observed.host ?? '', capture.observed.online_end ?? '');
    tellRest(follower, derived);
    return { follower, tally, differsAt: follower.lead.differ.firstAt };
  });
  count(tally, 'leave', [...view.left, ...log.left]);
  count(tally, 'leave', [
    [IOCTLS, otherIoctls(derived, view, roles).size],
    ['turns of the run loop', arrivals.turns.size],
  ]);
  const { taken } = follower.lead.mover;
  count(tally, 'take', [
    ...view.steering,
    [
      'placement: CPUs that tasks were put on',
      taken.filter(({ transition: { kind } }) => kind === 'wake' || kind === 'push').length,
    ],
    ['order: acts that overlapped', overlapping(derived)],
    ['order: log lines printed at once', follower.lead.logs.swapped],
  ]);
  for (const b of derived.besides) tally.take(`the rig's own: acts that ask nothing of the model: ${b.why}`);
  const { lines } = follower;
  const report: ConformReport = {
    format: 'hotlanes-conform',
    version: 1,
    capture: { kernel: capture.kernel, release: capture.release, scenario: capture.scenario, title: capture.title },
    kernel: derived.kernel,
    exact: derived.exactKernel,
    agrees: tally.inAll === 0,
    categories: tally.categories,
    taken: [...tally.taken].map(([what, n]) => ({ what, count: n })),
    uncompared: [...tally.uncompared].map(([what, n]) => ({ what, count: n })),
    assumptions: [...derived.assumptions, ...(assumption ? [assumption] : [])],
    warnings: [...notWhole(capture, table, files.dmesg), ...tally.warnings],
    differences: tally.differences,
    differencesInAll: tally.inAll,
    reached: { lines: lines.count, of: demands.filter((d) => d.kind === 'line').length, t: lines.reachedT },
    litmus: settledText(derived.text, program, taken),
    steps: taken.length,
  };
  return { report, program, derived, taken, met: lines.met };
}

/** Most acts that are left out of the text because it does not load with them. */
const REFUSED = 40;

/** The derived text, loaded. What cannot be said in a text of this kernel is left out of it, and told as not modelled. */
function loadedText(files: CaptureFiles, shift: number): { derived: Derived; program: Program; assumption: string } {
  const refused = new Map<number, string>();
  const strangers = new Set<string>();
  for (;;) {
    const derived = derivedFrom(files, shift, refused, strangers);
    const { options, assumption } = undoneEnables(derived.kernel, derived.armed);
    const loaded = load(derived.text, 'derived.litmus', options);
    if (loaded.ok) return { derived, program: loaded.program, assumption };
    const [p] = loaded.problems;
    const act = derived.planned[derived.lines.indexOf(p!.line)]?.act;
    const symbol = /^maybe fault cpu\d+ (\S+) returns/.exec(derived.text.split('\n')[p!.line - 1] ?? '')?.[1];
    if (act && !refused.has(act.at) && refused.size < REFUSED) refused.set(act.at, p!.message);
    else if (symbol !== undefined && !strangers.has(symbol)) strangers.add(symbol);
    else
      throw new ConformInputError(
        `the text derived from the capture does not load: ${p!.file}:${p!.line}:${p!.column}: ${p!.message}\n${derived.text}`,
      );
  }
}

function derivedFrom(
  { capture, dmesg }: CaptureFiles,
  shift: number,
  refused: ReadonlyMap<number, string>,
  strangers: ReadonlySet<string>,
): Derived {
  try {
    return derive(capture, {
      kernels: [...KERNELS],
      refused,
      strangers,
      knows: knownTo,
      tscUnstable: dmesg.lines.some((l) => /^tsc: Marking TSC unstable/.test(l.text)),
      timesAsked: ({ t, tEnd }) => timesAsked(dmesg, t - shift - STAMPS, (tEnd ?? t) - shift + STAMPS),
    });
  } catch (error) {
    if (error instanceof DeriveError) throw new ConformInputError(error.message);
    throw error;
  }
}

/** What of the capture is not known here: each is a difference. */
function tellUnknown({ lead: { differ } }: Follower, files: CaptureFiles, derived: Derived, view: TraceView): void {
  const tell = (what: string, kernel: string): void => differ.tell('not modelled', what, { kernel, model: '' });
  for (const u of derived.unknown) tell(`${nameOf(u.act)}: ${u.why}`, `result ${u.act.result}`);
  for (const name of unaccounted(files.capture, derived)) tell(`${name}: not accounted for`, name);
  for (const [name, n] of view.strange) tell(`events that are not known: ${name}`, `${n} of them`);
  if (files.badLines > 0) tell(`${files.badLines} lines of the trace cannot be read`, files.firstBad);
}

/** What is known at the end only: how often faults struck, and lines that the model never printed. */
function tellRest({ lead, moments }: Follower, derived: Derived): void {
  const { program, tally } = lead.input;
  const strikes = strikesOf(program, lead.mover.taken);
  for (const armed of derived.armed) {
    const hits = hitsOf(program, strikes, armed);
    if (armed.hits < 0 || lead.lost || tally.compare('functions', hits === armed.hits)) continue;
    lead.differ.tell('functions', `how often the fault of ${armed.symbol} on CPU ${armed.cpus.join(',')} struck`, {
      kernel: String(armed.hits),
      model: String(hits),
    });
  }
  for (const { line, text } of lead.logs.unmet()) {
    const tells = tellsOf(text);
    if (tells === 'hang' && moments.hangs()) {
      tally.warnings.push(`dmesg.txt:${line}: ${text}: a watchdog's word on a hang; the model hangs too, and has no watchdog`); // prettier-ignore
      continue;
    }
    tally.compare('log', false);
    lead.differ.tell('log', `the kernel prints a line${tells ? ` that tells of a ${tells}` : ''}, and the model does not print it`, {
      kernel: `dmesg.txt:${line}: ${text}`,
      model: '',
    }); // prettier-ignore
  }
}

/** Acts that went on while another one did, so that the trace says in which order their parts came. */
function overlapping({ planned }: Derived): number {
  const during = (a: Planned, b: Planned): boolean =>
    a.actor !== b.actor && a.t < (b.tEnd ?? Infinity) && b.t < (a.tEnd ?? Infinity);
  return planned.filter((p) => planned.some((q) => during(p, q))).length;
}

function count(tally: Tally, how: 'take' | 'leave', entries: readonly (readonly [string, number])[]): void {
  for (const [what, n] of entries) if (n > 0) tally[how](what, n);
}

function vcpuContext(x: number, program: Program): number {
  return x >= 0 && program.contexts[x]!.vcpu >= 0 ? x : -1;
}

/** Actions and hardware properties that a kernel's text has. */
function knownTo(kernel: string): { actions: ReadonlySet<string>; hardware: ReadonlySet<string> } {
  const loaded = loadKernel(kernel);
  if (!loaded.ok) return { actions: new Set(), hardware: new Set() };
  const { fns, vars } = loaded.kernel;
  return {
    actions: new Set([...fns.values()].flatMap((f) => (f.kind === 'action' ? [f.name] : []))),
    hardware: new Set([...vars.values()].flatMap((v) => (v.hardware ? [v.name] : []))),
  };
}
