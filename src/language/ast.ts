/** The syntax tree of a kernel text: what was written, before any machine size is known. */
import type { Place } from './errors';

/** A type as written. Ranges of cpu, vm, vcpu, task and state are known only with a litmus text. */
export type TypeName =
  | { readonly kind: 'bool' | 'cpu' | 'vm' | 'vcpu' | 'task' | 'state' | 'errno' | 'mask' }
  | { readonly kind: 'int'; readonly lo: number; readonly hi: number };

export type BinaryOp = '==' | '!=' | '<' | '<=' | '>' | '>=' | '+' | '-' | 'and' | 'or' | 'in';

export type Expr =
  | { readonly kind: 'number'; readonly value: number; readonly place: Place }
  | { readonly kind: 'name'; readonly name: string; readonly place: Place }
  | { readonly kind: 'index'; readonly name: string; readonly index: Expr; readonly place: Place }
  /** A `let` definition, or a built-in such as next_up(st, target). */
  | { readonly kind: 'apply'; readonly name: string; readonly args: readonly Expr[]; readonly place: Place }
  | { readonly kind: 'not' | 'minus'; readonly of: Expr; readonly place: Place }
  | {
      readonly kind: 'binary';
      readonly op: BinaryOp;
      readonly left: Expr;
      readonly right: Expr;
      readonly place: Place;
    };

/** States from..to, both included, by constant. */
export interface StateRange {
  readonly from: string;
  readonly to: string;
  readonly place: Place;
}

export interface Call {
  readonly name: string;
  readonly args: readonly Expr[];
  readonly place: Place;
}

/** Where a value goes: a variable, an element, or a CPU's bit in a mask. */
export type Target = Extract<Expr, { kind: 'name' | 'index' }>;

export type StmtBody =
  | { readonly kind: 'var'; readonly name: string; readonly type: TypeName | null; readonly value: Expr | null }
  /** The value may be a call of a function: `err = f(cpu)`. */
  | { readonly kind: 'assign'; readonly target: Target; readonly value: Expr }
  | { readonly kind: 'call'; readonly call: Call }
  | { readonly kind: 'mask'; readonly set: boolean; readonly cpu: Expr; readonly mask: string }
  | { readonly kind: 'if'; readonly cond: Expr; readonly then: readonly Stmt[]; readonly otherwise: readonly Stmt[] }
  | { readonly kind: 'while'; readonly cond: Expr; readonly body: readonly Stmt[] }
  | { readonly kind: 'loop'; readonly body: readonly Stmt[] }
  | { readonly kind: 'for'; readonly name: string; readonly mask: string; readonly body: readonly Stmt[] }
  | { readonly kind: 'break' | 'continue' }
  | { readonly kind: 'return'; readonly value: Expr | null }
  | { readonly kind: 'lock' | 'unlock'; readonly lock: string; readonly reading: boolean }
  | { readonly kind: 'await' | 'spin' | 'idle'; readonly cond: Expr }
  | { readonly kind: 'irq' | 'preempt' | 'notifier'; readonly on: boolean }
  | { readonly kind: 'atomic'; readonly body: readonly Stmt[] }
  | { readonly kind: 'choose'; readonly target: Target; readonly lo: number; readonly hi: number }
  | { readonly kind: 'pick'; readonly target: Target; readonly mask: string }
  | {
      readonly kind: 'log' | 'warn' | 'panic' | 'trace' | 'fail';
      readonly format: string;
      readonly args: readonly Expr[];
    }
  | { readonly kind: 'fault'; readonly instruction: string }
  | { readonly kind: 'bug'; readonly format: string; readonly args: readonly Expr[] }
  | { readonly kind: 'oncpu'; readonly cpu: Expr; readonly call: Call }
  | { readonly kind: 'oneach'; readonly mask: string; readonly call: Call }
  | { readonly kind: 'start'; readonly cpu: Expr }
  | { readonly kind: 'poweroff' | 'exit' | 'yield' }
  | {
      readonly kind: 'stop';
      readonly mask: string;
      readonly cpu: Expr;
      readonly call: Call;
      readonly target: Target | null;
    }
  | { readonly kind: 'spawn'; readonly call: Call }
  | { readonly kind: 'allow'; readonly task: Expr; readonly cpu: Expr | null }
  | { readonly kind: 'guest'; readonly vcpu: Expr; readonly target: Target | null }
  | { readonly kind: 'rest'; readonly us: number }
  | {
      readonly kind: 'invoke';
      readonly up: boolean;
      readonly state: Expr;
      readonly cpu: Expr;
      readonly within: readonly StateRange[];
      readonly target: Target | null;
    }
  | { readonly kind: 'register'; readonly state: string; readonly on: boolean };

export type Stmt = { readonly place: Place } & StmtBody;

export interface Param {
  readonly name: string;
  readonly type: TypeName;
  readonly place: Place;
}

export interface FnDecl {
  readonly kind: 'fn' | 'action';
  readonly name: string;
  readonly params: readonly Param[];
  /** Type of what it returns; errno unless written `-> type`. */
  readonly returns: TypeName;
  /** Where the behaviour was read: source file and fact, as written in the text; '' when the author gave none. */
  readonly source: string;
  readonly body: readonly Stmt[];
  readonly place: Place;
  /** Nominal cost of one step in this function, nanoseconds; 0 means the default. */
  readonly cost: number;
}

export interface VarDecl {
  readonly scope: 'global' | 'cpu' | 'vm' | 'vcpu';
  readonly type: TypeName;
  readonly name: string;
  readonly initial: Expr | null;
  /** A module parameter: a litmus text may set it. */
  readonly param: boolean;
  /** A property of the machine: a litmus text may set it, and it holds from boot. */
  readonly hardware: boolean;
  readonly doc: string;
  readonly place: Place;
}

export type LockKind = 'spinlock' | 'mutex' | 'rwsem';

export interface LockDecl {
  readonly kind: LockKind;
  readonly name: string;
  readonly place: Place;
}

/** A step of the hotplug walk. A callback that no function of the text has is opaque: one step, by its name. */
export interface StateDecl {
  readonly constant: string;
  /** null where this line only adds to a state that the table numbers, or puts it behind another one */
  readonly number: number | null;
  /** Stands right behind this state: those above it move up by one, as in an enum. */
  readonly after: string | null;
  readonly name: string | null;
  readonly up: string | null;
  readonly down: string | null;
  /** Instances of a state that has several, each with a callback of its own: `instances(st)`; null for one. */
  readonly times: number | null;
  /** callbacks run only while a `register` statement put them there */
  readonly whenRegistered: boolean;
  readonly place: Place;
}

export interface ThreadDecl {
  readonly name: string;
  readonly per: 'cpu' | 'vcpu' | 'one';
  readonly placement: 'user' | 'percpu' | 'kthread';
  readonly label: string;
  readonly call: string;
  readonly place: Place;
}

export interface LetDecl {
  readonly name: string;
  readonly params: readonly Param[];
  readonly value: Expr;
  readonly doc: string;
  readonly place: Place;
}

/** One rule of a lane: the first whose condition holds names the slice. */
export interface LaneRule {
  readonly look: string;
  readonly label: string;
  readonly labelArgs: readonly Expr[];
  readonly when: Expr | null;
  readonly place: Place;
}

/** How a lane is drawn from the variables: the only place that gives them a colour. */
export interface LaneDecl {
  readonly name: string;
  readonly param: Param;
  readonly rules: readonly LaneRule[];
  readonly place: Place;
}

/** What the machine must know of this kernel: which function boots a CPU, what gates placement, the hooks. */
export interface Wiring {
  readonly what: string;
  readonly value: string;
  readonly cond: Expr | null;
  readonly place: Place;
}

/** `const NAME = 5`: a name for a number. */
export interface ConstDecl {
  readonly name: string;
  readonly value: number;
  readonly place: Place;
}

/** `also OLD for NEW`: what a litmus text calls OLD is the function NEW here (a function that was renamed). */
export interface AliasDecl {
  readonly name: string;
  readonly fn: string;
  readonly place: Place;
}

/** A name as it stands in a text. */
export interface NameAt {
  readonly name: string;
  readonly place: Place;
}

/** Kinds of declarations by what they share their names with: a function and an action of one name are the same thing. */
export type DeclaredAs =
  'constant' | 'variable' | 'lock' | 'function' | 'definition' | 'thread' | 'lane' | 'other name';

/** `remove fn NAME`: what an earlier text declared is not there. Of the wiring: `remove sched_in`. */
export interface Removal extends NameAt {
  readonly what: DeclaredAs | 'wiring';
}

/** Stands for what an earlier text declares under its name. */
export interface Replaces {
  readonly replace: boolean;
}

/** One kernel text: a part, an era, or a proposal that patches one. */
export interface KernelText {
  readonly file: string;
  readonly kind: 'part' | 'kernel' | 'proposal';
  readonly name: string;
  readonly title: string;
  /** The kernel that it patches; null where it stands by itself. */
  readonly over: NameAt | null;
  /** Parts of that kernel that it does without. */
  readonly without: readonly NameAt[];
  /** Parts that it is made of, or that it adds to the kernel that it patches. */
  readonly bases: readonly NameAt[];
  /** Tree that the sources were read in, such as 6.12.8; null where the text does not say. */
  readonly release: string | null;
  /** Message-ids of where the design was proposed. */
  readonly messages: readonly string[];
  readonly consts: readonly (ConstDecl & Replaces)[];
  readonly vars: readonly (VarDecl & Replaces)[];
  readonly locks: readonly (LockDecl & Replaces)[];
  readonly fns: readonly (FnDecl & Replaces)[];
  readonly lets: readonly (LetDecl & Replaces)[];
  readonly states: readonly StateDecl[];
  /** State constants that a proposal or a release takes out. */
  readonly removedStates: readonly NameAt[];
  /** What else it takes out. */
  readonly removed: readonly Removal[];
  readonly threads: readonly (ThreadDecl & Replaces)[];
  readonly lanes: readonly (LaneDecl & Replaces)[];
  readonly wiring: readonly Wiring[];
  readonly aliases: readonly AliasDecl[];
  readonly place: Place;
}
