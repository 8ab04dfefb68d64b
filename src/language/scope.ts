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
  /** Its slots are base..limit-1: parameters, variables, and one for the result of a callback where it invokes any. */
  readonly base: number;
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

/**
 * Local slots of a function: its parameters and variables, each name once, and one more where it invokes callbacks.
 * What it calls has its slots behind these, so the slots of all that live at the same time never overlap.
 */
export function countSlots(fn: Ast.FnDecl): number {
  const names = new Set(fn.params.map((p) => p.name));
  let invokes = false;
  const visit = (stmts: readonly Ast.Stmt[]): void => {
    for (const s of stmts) {
      if (s.kind === 'var' || s.kind === 'for') names.add(s.name);
      invokes ||= s.kind === 'invoke';
      blocks(s).forEach(visit);
    }
  };
  visit(fn.body);
  return names.size + (invokes ? 1 : 0);
}
