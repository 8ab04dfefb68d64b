/** What of a run can be asked "why?", and where the search for its causes begins. */
import { Head } from '../language/program';
import type { Replay } from '../machine/replay';
import { contextName } from './words';
import type { Outset } from './causes';
import type { Outcome } from './outcome';
import { cellsOf } from './reads';
import { waitChain } from './waits';

/** Something that a run came to. */
export interface Subject {
  readonly kind: 'oops' | 'panic' | 'errno' | 'hung' | 'question' | 'callback';
  /** "BUG in kvm_spurious_fault: vm0.vcpu0 on CPU 4", "admin: online cpu4 returns -EIO". */
  readonly text: string;
  /** Step (from 0) at which it is so. */
  readonly step: number;
}

/** All that can be asked, the gravest first. */
export function subjectsOf(outcome: Outcome): Subject[] {
  const found: Subject[] = [];
  for (const o of outcome.oops)
    found.push({ kind: 'oops', text: `BUG in ${o.function}: ${o.task} on CPU ${o.cpu}`, step: o.step });
  for (const r of outcome.returns)
    if (r.errno !== null)
      found.push({ kind: 'errno', text: `${r.actor}: ${r.action} returns ${r.errno}`, step: r.step });
  for (const h of outcome.hung)
    found.push({ kind: 'hung', text: `${h.task} hangs in ${h.function}`, step: outcome.steps - 1 });
  for (const f of outcome.failed_callbacks)
    found.push({
      kind: 'callback',
      text: `${f.state.name} of CPU ${f.cpu} returns ${f.errno} on the way ${f.up ? 'up' : 'down'}`,
      step: f.step,
    });
  const { how, text, step } = outcome.verdict;
  if (how !== '' && step >= 0) found.push({ kind: 'question', text: `${how} ${text.replace(/^\w+\s+/, '')}`, step });
  return found;
}

/** Steps and cells from which the causes of a subject are sought. */
export function outsetOf(replay: Replay, subject: Subject): Outset {
  const { history } = replay;
  const { program } = history;
  const here: Outset = { steps: [subject.step], cells: [], done: subject.step + 1 };
  if (subject.kind === 'question' && program.question) {
    const machine = replay.at(subject.step + 1);
    const asker = { machine, context: program.contexts.length };
    return { ...here, cells: cellsOf(asker, program.question.cond) };
  }
  if (subject.kind !== 'hung') return here;
  const machine = replay.at(history.length);
  const name = /^(.*) hangs in /.exec(subject.text)?.[1];
  const x = program.contexts.findIndex(
    (_, i) => contextName(program, i) === name || program.contexts[i]!.name === name,
  );
  if (x < 0) return here;
  const { waits } = waitChain(machine, x);
  const all = [...new Set([x, ...waits.flatMap((w) => [w.context, ...w.on])])];
  const cells = waits.flatMap((w) => w.cells);
  return {
    steps: all.map((y) => lastOf(replay, y)).filter((k) => k >= 0),
    cells: [...new Set(cells)],
    done: history.length,
  };
}

/** The last step in which a context did something, or was made to stop: -1 where there was none. */
function lastOf({ history }: Replay, x: number): number {
  const { base } = history.program.contexts[x]!;
  for (let k = history.length - 1; k >= 0; k--) {
    if (history.step(k).context !== x) continue;
    let moved = false;
    history.changes(k, (cell) => (moved ||= cell === base + Head.pc || cell === base + Head.run));
    if (moved) return k;
  }
  return -1;
}
