/** A program as one WebAssembly module that searches its states, breadth first. What it exports is driven by `engine.ts`. */
import type { Program } from '../../language/program';
import { layout, type Layout } from '../program/layout';
import { conflicts } from '../program/conflicts';
import { forgettable } from '../program/forgettable';
import { reach, type Reach } from '../program/reach';
import { ModuleWriter, type Func } from '../wasm/encode';
import {
  block,
  br,
  brIf,
  call,
  copy,
  drop,
  get,
  getGlobal,
  i32,
  i64,
  label,
  loop,
  nothing,
  ret,
  set,
  setGlobal,
  when,
  type Op,
} from '../wasm/ops';
import { define, writeAt, zero, type Build } from './build';
import { chain, value } from './expressions';
import { cpusOf } from './asks';
import { preemptible } from './guards';
import { setCodes } from './others';
import { Steps } from './steps';
import { lookup, rehash, table } from './tables';
import { forgetCpus } from '../reduce/forget';
import { Reduce } from '../reduce/reduce';
import { code, inTable, Transitions } from './transitions';
import { decode, restore, rootPair, rowBytes } from './tree';

/** What `run` ends with. */
export const Status = { done: 0, paused: 1, full: 2 } as const;

export interface Compiled {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly layout: Layout;
  readonly world: Reach;
  readonly memory: {
    readonly cur: number;
    readonly par: number;
    readonly rowBytes: number;
    readonly end: number;
    /** Steps done together with the transition that was looked for. */
    readonly foundLog: number;
    /** Where transitions are written down: state and code. */
    readonly edges: number;
  };
}

const PAGE = 65_536;
/** Most transitions of one state. */
export const EDGES = 4_096;
/** Most steps that are done together with a transition, and remembered. */
const LOG_ENTRIES = 1_000;

/** What may be left out of the search without a change of its verdict. */
export interface Reductions {
  /** Steps whose moment nobody can tell are done together with the one before or after them. */
  readonly merge: boolean;
  /** Where a sleeper's turn has come and stays, only its placings are explored. */
  readonly order: boolean;
  /** The CPU that a sleeping task was on is forgotten where nobody asks for it. */
  readonly forget: boolean;
}

export const NO_REDUCTIONS: Reductions = { merge: false, order: false, forget: false };
export const ALL_REDUCTIONS: Reductions = { merge: true, order: true, forget: true };

/** Compiles a program whose boot left the given cells. `maxPages`: most memory that the module may ever have. */
export function compileSearch(program: Program, start: Int32Array, maxPages: number, reductions: Reductions): Compiled {
  const world = reach(program, start);
  const { question } = program;
  const place = layout(world, [
    program.place.user,
    program.place.kthread,
    program.place.percpu,
    ...(question ? [question.cond] : []),
  ]);
  const module = new ModuleWriter();
  const bytes = rowBytes(place.words);
  const cur = 1024;
  const par = cur + align(bytes, 64);
  let top = par + align(bytes, 64);
  const constants = new Map<string, number>();
  const shared = new Map<string, Func>();
  const global = (name: string, type: 'i32' | 'i64' = 'i32', init = 0n): number => {
    const index = module.global(type, init);
    module.exportGlobal(name, index);
    return index;
  };
  const b: Build = {
    program,
    world,
    layout: place,
    module,
    globals: { err: global('err'), dirty: global('dirty', 'i64'), choice: global('choice') },
    memory: {
      cur,
      par,
      constants: (name, values) => {
        let at = constants.get(name);
        if (at === undefined) {
          const list = values();
          at = top;
          top = align(top + list.length * 4, 8);
          constants.set(name, at);
          module.bytesAt(at, new Uint8Array(Int32Array.from(list).buffer));
        }
        return at;
      },
    },
    shared: (name, make) => {
      let func = shared.get(name);
      if (!func) shared.set(name, (func = make()));
      return func;
    },
  };
  const steps = program.contexts.map((_, x) => new Steps(b, x));
  setCodes(
    b,
    steps.map((s) => ({ steps: s })),
  );

  const nodes = table(module, 'nodes');
  const roots = table(module, 'roots');
  const g = {
    full: global('full'),
    head: global('head'),
    seen: global('seen'),
    transitions: global('transitions', 'i64'),
    errors: global('errors'),
    firstError: global('firstError', 'i32', -1n),
    firstErrorAt: global('firstErrorAt'),
    deadlocks: global('deadlocks'),
    firstDeadlock: global('firstDeadlock', 'i32', -1n),
    witness: global('witness', 'i32', -1n),
    depth: global('depth'),
    levelEnd: global('levelEnd', 'i32', 1n),
    most: global('most', 'i32', -1n),
    left: global('left'),
    parents: global('parents'),
    wanted: global('wanted', 'i32', -1n),
    found: global('found', 'i32', -1n),
    foundChoice: global('foundChoice'),
    /** Transitions of the state that is expanded, while they are wanted; EDGES where they are not. */
    edges: global('edges', 'i32', BigInt(EDGES)),
  };

  // ---- the question, asked of each state once
  const asked = module.declare([], []);
  define(b, asked, 0, (scope) => {
    if (!question || question.how === 'eventually') return nothing;
    const known = { program, cell: world.cell, local: () => 0, self: -1 };
    const holds = value({ b, scope, known, env: null }, question.cond);
    const cond = question.how === 'always' ? i32.eqz(holds) : i32.eq(holds, i32.const(1));
    return when(i32.lt(getGlobal(g.witness), zero), [
      when(cond, setGlobal(g.witness, i32.sub(getGlobal(roots.count), i32.const(1)))),
      setGlobal(b.globals.err, zero),
    ]);
  });

  // what must hold in the end has come: how it goes on does not matter
  const ends = module.declare([], ['i32']);
  define(b, ends, 0, (scope) => {
    if (question?.how !== 'eventually') return zero;
    const known = { program, cell: world.cell, local: () => 0, self: -1 };
    return i32.eq(value({ b, scope, known, env: null }, question.cond), i32.const(1));
  });
  module.exportFunc('ends', ends);

  const node = lookup(module, nodes, g.full, nothing, null);
  const parent: Op = i32.store(
    i32.add(getGlobal(g.parents), i32.shl(i32.sub(getGlobal(roots.count), i32.const(1)), i32.const(2))),
    getGlobal(g.head),
  );
  const root = lookup(module, roots, g.full, [parent, call(asked.index)], { most: g.most, left: g.left });
  const pair = rootPair(b, node);
  const back = restore(b);
  const put = decode(b, nodes);

  // ---- reductions
  const merges = reductions.merge || reductions.order ? { normalize: module.declare([], []) } : null;
  const forgets = reductions.forget ? forgetCpus(b, forgettable(world)) : null;
  const snapshot = merges ? b.memory.constants('snapshot', () => Array.from({ length: place.words }, () => 0)) : 0;
  const logCount = global('logged');
  const foundCount = global('foundLogged');
  const foundLog = merges ? b.memory.constants('found log', () => Array.from({ length: LOG_ENTRIES }, () => 0)) : 0;
  const log = merges ? b.memory.constants('log', () => Array.from({ length: LOG_ENTRIES }, () => 0)) : 0;
  const words = i32.const(place.words * 4);
  /** Runs on from the state that was reached; where that would be an error, not from there. */
  const settle: Op =
    merges && reductions.merge
      ? [
          copy(i32.const(snapshot), i32.const(cur), words),
          set(2, getGlobal(logCount)),
          call(merges.normalize.index),
          when(getGlobal(b.globals.err), [
            setGlobal(b.globals.err, zero),
            setGlobal(logCount, get(2)),
            copy(i32.const(cur), i32.const(snapshot), words),
          ]),
        ]
      : nothing;
  const noteFound: Op = [
    setGlobal(g.found, get(0)),
    setGlobal(g.foundChoice, getGlobal(b.globals.choice)),
    setGlobal(foundCount, getGlobal(logCount)),
    merges ? copy(i32.const(foundLog), i32.const(log), i32.shl(getGlobal(logCount), i32.const(2))) : nothing,
  ];
  const prefix = { cpu: global('prefixCpu', 'i32', -1n), task: global('prefixTask'), apply: module.declare([], []) };
  define(b, prefix.apply, 0, (scope) => [
    when(
      i32.ge(getGlobal(prefix.cpu), zero),
      writeAt(b, scope, program.machine.cur, getGlobal(prefix.cpu), getGlobal(prefix.task)),
    ),
  ]);
  /** After a transition: as before it. */
  const resume = reductions.merge ? when(i32.ge(getGlobal(prefix.cpu), zero), call(prefix.apply.index)) : nothing;
  const forgetLog = [setGlobal(logCount, zero), resume];

  const edges = b.memory.constants('edges', () => Array.from({ length: EDGES * 2 }, () => 0));

  // ---- taking a state
  const add = (counter: number): Op => setGlobal(counter, i32.add(getGlobal(counter), i32.const(1)));
  const commit = module.func(['i32'], [], ['i64', 'i32'], () => [
    when(getGlobal(g.full), [call(back.index), forgetLog, ret()]),
    add(g.seen),
    when(getGlobal(b.globals.err), [
      setGlobal(b.globals.err, zero),
      add(g.errors),
      when(i32.lt(getGlobal(g.firstError), zero), [setGlobal(g.firstError, getGlobal(g.head)), noteFound]),
      call(back.index),
      forgetLog,
      ret(),
    ]),
    setGlobal(g.transitions, i64.add(getGlobal(g.transitions), i64.const(1n))),
    settle,
    forgets ? call(forgets.index) : nothing,
    set(1, call(pair.index)),
    when(i32.eqz(getGlobal(g.full)), [
      set(2, call(root.index, get(1))),
      when(i32.ltU(getGlobal(g.edges), i32.const(EDGES)), [
        i32.store(i32.shl(getGlobal(g.edges), i32.const(3)), get(2), edges),
        i32.store(i32.shl(getGlobal(g.edges), i32.const(3)), get(0), edges + 4),
        add(g.edges),
      ]),
      when(i32.eq(get(2), getGlobal(g.wanted)), [when(i32.lt(getGlobal(g.found), zero), noteFound)]),
    ]),
    call(back.index),
    forgetLog,
  ]);
  const guardError = module.func([], [], [], () => [
    setGlobal(b.globals.err, zero),
    when(i32.eqz(getGlobal(g.full)), [
      add(g.seen),
      add(g.errors),
      when(i32.lt(getGlobal(g.firstError), zero), [
        setGlobal(g.firstError, getGlobal(g.head)),
        setGlobal(g.found, i32.const(-2)),
      ]),
    ]),
  ]);

  const transitions = new Transitions(b, steps, { commit, guardError, restore: back });
  if (merges) {
    const reduce = new Reduce(b, steps, conflicts(world), {
      readyOf: (x) => transitions.readyOf(x),
      code,
      inTable: (funcs) => inTable(b, funcs),
      log: { address: log, count: logCount, capacity: LOG_ENTRIES },
    });
    transitions.reduce = {
      late: reductions.merge ? reduce : null,
      due: reductions.order ? reduce.due() : null,
      prefix: reductions.merge ? prefix : null,
    };
    reduce.normalize(merges.normalize);
  }
  const expand = transitions.expand();
  const stuck = transitions.stuck();
  while (steps.map((s) => s.finish()).some(Boolean));

  // ---- the search
  const at = (n: Op): Op => i64.load(i32.add(getGlobal(roots.pairs), i32.shl(n, i32.const(3))));
  const [budget, errors, errorAt] = [0, 2, 3];
  const again = label('loop');
  const end = label('block');
  const run = module.func(['i32'], ['i32'], ['i64', 'i32', 'i32'], () => [
    block(
      end,
      loop(
        again,
        brIf(end, i32.eq(getGlobal(g.head), getGlobal(roots.count))),
        when(i32.eqz(get(budget)), ret(i32.const(Status.paused))),
        set(budget, i32.sub(get(budget), i32.const(1))),
        when(i32.eq(getGlobal(g.head), getGlobal(g.levelEnd)), [
          add(g.depth),
          setGlobal(g.levelEnd, getGlobal(roots.count)),
        ]),
        call(put.index, at(getGlobal(g.head))),
        set(1, getGlobal(g.transitions)),
        set(errors, getGlobal(g.errors)),
        set(errorAt, getGlobal(g.firstError)),
        setGlobal(g.seen, zero),
        when(call(ends.index), [add(g.head), br(again)]),
        call(expand.index),
        when(getGlobal(g.full), [
          // it is expanded again when there is room
          setGlobal(g.full, zero),
          setGlobal(g.transitions, get(1)),
          setGlobal(g.errors, get(errors)),
          setGlobal(g.firstError, get(errorAt)),
          ret(i32.const(Status.full)),
        ]),
        when(
          i32.eqz(getGlobal(g.seen)),
          when(call(stuck.index), [
            add(g.deadlocks),
            when(i32.lt(getGlobal(g.firstDeadlock), zero), setGlobal(g.firstDeadlock, getGlobal(g.head))),
          ]),
        ),
        add(g.head),
        br(again),
      ),
    ),
    i32.const(Status.done),
  ]);
  module.exportFunc('run', run);
  module.exportFunc(
    'begin',
    module.func([], [], [], () => [
      forgets ? call(forgets.index) : nothing,
      setGlobal(b.globals.dirty, i64.const(-1n)),
      setGlobal(g.head, i32.const(-1)),
      drop(call(root.index, call(pair.index))),
      setGlobal(g.head, zero),
      setGlobal(b.globals.dirty, i64.const(0n)),
    ]),
  );
  module.exportFunc(
    'decode',
    module.func(['i32'], [], [], () => call(put.index, at(get(0)))),
  );
  const preempt = module.declare(['i32'], ['i32']);
  define(b, preempt, 1, (scope) =>
    chain(
      scope,
      get(0),
      cpusOf(b).map((c) => [c, call(preemptible(b, c).index)] as const),
      zero,
    ),
  );
  module.exportFunc('preemptible', preempt);
  module.exportFunc('expand', expand);
  module.exportFunc('rehashNodes', rehash(module, nodes));
  module.exportFunc('rehashRoots', rehash(module, roots));
  const pages = Math.ceil(top / PAGE);
  return {
    bytes: module.finish(pages, Math.max(pages, maxPages)),
    layout: place,
    world,
    memory: { cur, par, rowBytes: bytes, end: align(top, 4096), foundLog, edges },
  };
}

function align(n: number, to: number): number {
  return Math.ceil(n / to) * to;
}
