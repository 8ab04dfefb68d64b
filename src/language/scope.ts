/** The function that a statement stands in, as one expansion of it in the program. */
import type * as Ast from './ast';
import type { Local } from './expressions';
import type { StoreAt } from './program';

/** Contexts whose code shares local slots. */
export type Family = 'init' | 'idle' | 'irq' | 'stopper' | 'task';

export interface Scope {
  readonly family: Family;
  readonly fn: Ast.FnDecl;
  readonly frame: number;
  readonly parents: readonly string[];
  readonly locals: Map<string, Local>;
  readonly base: number;
  /** Next free slot of this function. */
  free: number;
  readonly limit: number;
  readonly returns: { readonly at: StoreAt | null; readonly next: number };
  readonly atomic: number;
  readonly cost: number;
}

/** Where control goes after a statement: on, out of the loop, and to its next turn. */
export interface After {
  readonly next: number;
  readonly brk: number;
  readonly cont: number;
}

/** Blocks that a statement holds. */
export function blocks(s: Ast.Stmt): readonly (readonly Ast.Stmt[])[] {
  switch (s.kind) {
    case 'if':
      return [s.then, s.otherwise];
    case 'while':
    case 'loop':
    case 'for':
    case 'atomic':
      return [s.body];
    default:
      return [];
  }
}

/** Local slots that a function's own statements need: variables, loop variables, and one per invoke. */
export function countSlots(body: readonly Ast.Stmt[]): number {
  const names = new Set<string>();
  let invokes = 0;
  const visit = (stmts: readonly Ast.Stmt[]): void => {
    for (const s of stmts) {
      if (s.kind === 'var' || s.kind === 'for') names.add(s.name);
      if (s.kind === 'invoke') invokes += 1;
      blocks(s).forEach(visit);
    }
  };
  visit(body);
  return names.size + invokes;
}
