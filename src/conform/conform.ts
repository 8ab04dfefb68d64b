/** A capture against the model: reads nothing from the disk, throws for nothing that a capture may hold but bad input. */
import { KERNELS, loadKernel } from '../kernels/index';
import type { Program } from '../language/program';
import { load } from '../litmus/load';
import { actsOf, nameOf } from './acts';
import { demandsOf, otherIoctls } from './demands';
import { derive, DeriveError, unaccounted, type Derived } from './derive';
import { ConformInputError, type CaptureFiles } from './files';
import { Follower } from './follow';
import { viewLog } from './logs';
import type { ConformReport } from './report';
import { Roles } from './roles';
import { viewTrace } from './seen';
import { hitsOf, settledText, strikesOf } from './strikes';
import { Tally } from './tally';
import { findArrivals } from './turns';
import type { Taken } from './mover';

export interface ConformResult {
  readonly report: ConformReport;
  readonly program: Program;
  readonly derived: Derived;
  /** The model's run: its transitions, with the trace's time for each. */
  readonly taken: readonly Taken[];
  /** Lines of the trace (rows of its table) with the steps that showed the same. */
  readonly met: Follower['met'];
}

/** Throws ConformInputError where the capture cannot be used. */
export function conform(files: CaptureFiles): ConformResult {
  const { capture, table } = files;
  let derived: Derived;
  try {
    derived = derive(capture, {
      kernels: [...KERNELS],
      knows: knownTo,
      tscUnstable: files.dmesg.lines.some((l) => /^tsc: Marking TSC unstable/.test(l.text)),
    });
  } catch (error) {
    if (error instanceof DeriveError) throw new ConformInputError(error.message);
    throw error;
  }
  const loaded = load(derived.text, 'derived.litmus');
  if (!loaded.ok) {
    const [p] = loaded.problems;
    throw new ConformInputError(
      `the text derived from the capture does not load: ${p!.file}:${p!.line}:${p!.column}: ${p!.message}\n${derived.text}`,
    );
  }
  const { program } = loaded;
  const tally = new Tally();
  const told = capture.trace as { functions?: string[]; kretprobes?: string[] };
  const view = viewTrace(table, { functions: told.functions ?? [], kretprobes: told.kretprobes ?? [] });
  const roles = new Roles(program, derived, view.lines);
  const arrivals = findArrivals(view, (s) => vcpuContext(roles.of(s), program), roles.turnFunctions);
  const acts = actsOf(capture);
  const demands = demandsOf(capture, derived, view, arrivals, roles, acts, table);
  const log = viewLog(program, files.dmesg);
  const follower = new Follower({ program, derived, demands, view, arrivals, roles, log, table, tally });

  for (const u of derived.unknown)
    follower.differ('not modelled', `${nameOf(u.act)}: ${u.why}`, { kernel: `result ${u.act.result}`, model: '' });
  for (const name of unaccounted(capture, derived))
    follower.differ('not modelled', `${name}: not accounted for`, { kernel: name, model: '' });
  for (const [name, n] of view.strange) follower.differ('not modelled', `events that are not known: ${name}`, { kernel: `${n} of them`, model: '' }); // prettier-ignore
  if (files.badLines > 0) follower.differ('not modelled', `${files.badLines} lines of the trace cannot be read`, { kernel: files.firstBad, model: '' }); // prettier-ignore
  follower.follow();
  follower.finish(capture.observed.host ?? '', capture.observed.online_end ?? '');
  const { taken } = follower.mover;
  const strikes = strikesOf(program, taken);
  for (const armed of derived.armed) {
    const hits = hitsOf(program, strikes, armed);
    if (armed.hits < 0 || follower.lost || tally.compare('functions', hits === armed.hits)) continue;
    follower.differ('functions', `how often the fault of ${armed.symbol} on CPU ${armed.cpus.join(',')} struck`, {
      kernel: String(armed.hits),
      model: String(hits),
    });
  }
  for (const line of follower.logs.unmet()) {
    tally.compare('log', false);
    follower.differ('log', 'the kernel prints a line that the model does not print', {
      kernel: `dmesg.txt:${line.line}: ${line.text}`,
      model: '',
    });
  }
  for (const [what, n] of view.steering) tally.take(what, n);
  for (const [what, n] of view.left) tally.leave(what, n);
  for (const [what, n] of log.left) tally.leave(what, n);
  const beside = otherIoctls(derived, view, roles).size;
  if (beside > 0) tally.leave('ioctls of the VMM beside KVM_RUN', beside);
  if (arrivals.turns.size > 0) tally.leave('turns of the run loop', arrivals.turns.size);
  if (follower.logs.swapped > 0) tally.take('order of lines printed at once', follower.logs.swapped);
  for (const b of derived.besides) tally.take(`acts of the capture that ask nothing of the model: ${b.why}`);
  const lines = demands.filter((d) => d.kind === 'line').length;
  return {
    report: {
      format: 'hotlanes-conform',
      version: 1,
      capture: { kernel: capture.kernel, release: capture.release, scenario: capture.scenario, title: capture.title },
      kernel: derived.kernel,
      exact: derived.exactKernel,
      agrees: tally.inAll === 0,
      categories: tally.categories,
      taken: [...tally.taken].map(([what, count]) => ({ what, count })),
      uncompared: [...tally.uncompared].map(([what, count]) => ({ what, count })),
      assumptions: derived.assumptions,
      differences: tally.differences,
      differencesInAll: tally.inAll,
      reached: { lines: follower.linesMet, of: lines, t: follower.reachedT },
      litmus: settledText(derived.text, program, taken),
      steps: taken.length,
    },
    program,
    derived,
    taken,
    met: follower.met,
  };
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
