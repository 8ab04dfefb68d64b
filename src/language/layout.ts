/** Everything that has an address before code is written: what expressions and statements are compiled against. */
import type * as Ast from './ast';
import type { Kernel } from './assemble';
import type { CellGroup, CompiledAction, HotplugState } from './program';
import type { Setup } from './setup';

/** Everything that has an address before code is written. */
export interface Layout {
  readonly kernel: Kernel;
  readonly setup: Setup;
  readonly variables: ReadonlyMap<
    string,
    { readonly group: CellGroup; readonly scope: Ast.VarDecl['scope']; readonly type: Ast.TypeName }
  >;
  readonly locks: ReadonlyMap<string, { readonly mode: 'spin' | 'mutex' | 'rwsem'; readonly cell: number }>;
  readonly states: readonly HotplugState[];
  readonly registered: ReadonlyMap<string, number>;
  readonly threads: ReadonlyMap<
    string,
    { readonly first: number; readonly count: number; readonly decl: Ast.ThreadDecl }
  >;
  readonly threadIndex: ReadonlyMap<string, number>;
  readonly vcpus: readonly { readonly name: string; readonly vm: number; readonly index: number }[];
  readonly actors: readonly {
    readonly name: string;
    readonly progress: number;
    readonly actions: readonly CompiledAction[];
  }[];
  readonly machine: { readonly oops: number; readonly panic: number };
  /** Cells that say how many VMs and vCPUs a loop over all of them meets, where some are made at a moment; null: all, always. */
  readonly there: { readonly vm: number; readonly vcpu: number } | null;
  readonly range: (type: Ast.TypeName) => [number, number];
  readonly contexts: number;
}
