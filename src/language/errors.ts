/** What is wrong with a text, where, and what to do about it. Every checker and parser reports through this. */

/** A place in a text. Lines and columns count from 1; `length` is in characters and at least 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly length: number;
}

export interface Problem extends Place {
  readonly message: string;
  /** What the author most likely meant or can do; '' when there is nothing useful to say. */
  readonly suggestion: string;
}

/** Thrown inside the language and caught at its doors (`parseKernel`, `compile`, `parseLitmus`), never beyond them. */
export class TextError extends Error {
  readonly problem: Problem;
  /** All that was found wrong; the first is `problem`. */
  readonly problems: readonly Problem[];
  constructor(place: Place, message: string, suggestion = '', others: readonly Problem[] = []) {
    super(formatProblem({ ...place, message, suggestion }));
    this.name = 'TextError';
    this.problem = { ...place, message, suggestion };
    this.problems = [this.problem, ...others];
  }
}

/** Most problems of a text that are reported at once. */
const MAX_PROBLEMS = 10;

/** What is wrong with a text so far, while the rest of it is still looked at. */
export class Findings {
  private readonly found: Problem[] = [];

  /** Does it; what is wrong there is noted, and the answer is null. */
  attempt<T>(part: () => T): T | null {
    try {
      return part();
    } catch (error) {
      if (!(error instanceof TextError)) throw error;
      this.found.push(...error.problems);
      if (this.found.length >= MAX_PROBLEMS) this.stop();
      return null;
    }
  }

  /** Goes no further where something was wrong. */
  stop(): void {
    const [first, ...others] = this.found.slice(0, MAX_PROBLEMS);
    if (first) throw new TextError(first, first.message, first.suggestion, others);
  }
}

/** `file:line:column: message (suggestion)`, the form compilers and editors share. */
export function formatProblem(problem: Problem): string {
  const hint = problem.suggestion ? ` (${problem.suggestion})` : '';
  return `${problem.file}:${problem.line}:${problem.column}: ${problem.message}${hint}`;
}

/** Edit distance with transpositions, cut off beyond `limit`. */
function distance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let best = Math.min(previous[j]! + 1, row[j - 1]! + 1, previous[j - 1]! + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) best = Math.min(best, before[j - 2]! + 1);
      row.push(best);
    }
    before = previous;
    previous = row;
  }
  return previous[b.length]!;
}

/** "did you mean X?" for a misspelt name, or '' when nothing is near. */
export function didYouMean(name: string, known: Iterable<string>): string {
  const limit = Math.max(1, Math.floor(name.length / 3));
  let best = '';
  let bestDistance = limit + 1;
  for (const candidate of known) {
    const d = distance(name.toLowerCase(), candidate.toLowerCase(), limit);
    if (d < bestDistance) {
      bestDistance = d;
      best = candidate;
    }
  }
  return best ? `did you mean ${best}?` : '';
}
