/** Where the two part: what each of them shows there, and the lines around it. */
import type { EventTable } from '../timeline/ftrace-events';
import type { Demand } from './demands';
import type { Lead } from './lead';
import type { Difference } from './report';
import { describeSeen, type Seen } from './seen';
import type { Tally } from './tally';

/** Lines that are told before a difference, and behind it. */
const AROUND = 3;

export class Differ {
  /** The demand at which the first difference was found. */
  firstAt = Infinity;
  /** What the model showed last. */
  private readonly recent: string[] = [];

  constructor(
    private readonly demands: readonly Demand[],
    private readonly table: EventTable,
    private readonly tally: Tally,
    private readonly lead: Lead,
  ) {}

  showed(line: string): void {
    this.recent.push(line);
    if (this.recent.length > AROUND + 1) this.recent.shift();
  }

  tell(category: Difference['category'], what: string, sides: { kernel: string; model: string }, seen?: Seen): void {
    this.tally.differ(this.difference(category, what, sides, seen));
    if (category !== 'not modelled') this.firstAt = Math.min(this.firstAt, this.lead.position);
  }

  difference(
    category: Difference['category'],
    what: string,
    sides: { kernel: string; model: string },
    seen?: Seen,
  ): Difference {
    const { demands, table, lead } = this;
    const lines = (from: number, step: number): string[] => {
      const found: string[] = [];
      for (let i = from; i >= 0 && i < demands.length && found.length < AROUND; i += step) {
        const d = demands[i]!;
        if (d.kind === 'line') found.push(describeSeen(d.seen));
      }
      return step < 0 ? found.reverse() : found;
    };
    return {
      category,
      what,
      t: lead.now,
      cpu: seen ? ('about' in seen ? seen.about : seen.cpu) : -1,
      at: seen ? table.place(seen.row) : '',
      ...sides,
      around: { kernel: lines(lead.position - 1, -1), model: [...this.recent], after: lines(lead.position + 1, 1) },
      step: lead.mover.taken.length,
    };
  }
}
