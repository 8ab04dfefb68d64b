/**
 * Kernel texts to one kernel: parts are added up in order, later ones may replace what earlier ones define.
 *
 * What is declared already is replaced only by `replace`, and taken out by `remove`, which a text does first.
 * A kernel over another one begins with that one's texts. `without A, B : C, D, E`: C stands where A stood, D where B
 * stood, E after all of them; then come its own declarations.
 */
import { didYouMean, Findings, TextError, type Place } from './errors';
import type * as Ast from './ast';

/** A whole kernel, still without a machine size. */
export interface Kernel {
  readonly name: string;
  readonly title: string;
  /** Texts it was made of, in order. */
  readonly files: readonly string[];
  readonly texts: readonly Pick<Ast.KernelText, 'file' | 'kind' | 'name' | 'release'>[];
  /** Tree that it was read in, such as 6.12.8; '' where no text of it says. A part has that of its kernel, unless it says another. */
  readonly release: string;
  /** Message-ids that its texts name. */
  readonly messages: readonly string[];
  readonly consts: ReadonlyMap<string, Ast.ConstDecl>;
  readonly vars: ReadonlyMap<string, Ast.VarDecl>;
  readonly locks: ReadonlyMap<string, Ast.LockDecl>;
  readonly fns: ReadonlyMap<string, Ast.FnDecl>;
  readonly lets: ReadonlyMap<string, Ast.LetDecl>;
  readonly states: ReadonlyMap<string, Ast.StateDecl>;
  readonly threads: ReadonlyMap<string, Ast.ThreadDecl>;
  readonly lanes: ReadonlyMap<string, Ast.LaneDecl>;
  readonly wiring: ReadonlyMap<string, Ast.Wiring>;
  /** Function by the name that it has elsewhere. */
  readonly aliases: ReadonlyMap<string, Ast.AliasDecl>;
}

/**
 * Assembles `name` from the texts that `find` knows: bases first, depth first, each once.
 * Throws TextError when a base is unknown, a name is defined twice without "replace", or "replace" replaces nothing.
 */
export function assemble(
  name: string,
  find: (name: string) => Ast.KernelText | undefined,
  known: Iterable<string>,
): Kernel {
  const lookUp = (base: Ast.NameAt): Ast.KernelText => {
    const found = find(base.name);
    if (!found) throw new TextError(base.place, `no kernel text is called ${base.name}`, didYouMean(base.name, known));
    return found;
  };
  const open = new Set<string>();
  /** A text with all that it is built on, each once. */
  const flat = (text: Ast.KernelText): Ast.KernelText[] => {
    open.add(text.name);
    const below = (base: Ast.NameAt): Ast.KernelText[] => {
      if (open.has(base.name)) throw new TextError(base.place, `${base.name} is built on itself`);
      return flat(lookUp(base));
    };
    const all = text.over ? swapped(below(text.over), text, below) : text.bases.flatMap(below);
    open.delete(text.name);
    return [...new Set([...all, text])];
  };
  const top = find(name);
  if (!top)
    throw new TextError(
      { file: name, line: 1, column: 1, length: 1 },
      `no kernel text is called ${name}`,
      didYouMean(name, known),
    );
  const ordered = flat(top);

  const kernel = {
    name: top.name,
    title: top.title,
    files: ordered.map((t) => t.file),
    texts: ordered.map(({ file, kind, name, release }) => ({ file, kind, name, release })),
    release: ordered.findLast((t) => t.kind !== 'part' && t.release !== null)?.release ?? '',
    messages: ordered.flatMap((t) => t.messages),
    consts: new Map<string, Ast.ConstDecl>(),
    vars: new Map<string, Ast.VarDecl>(),
    locks: new Map<string, Ast.LockDecl>(),
    fns: new Map<string, Ast.FnDecl>(),
    lets: new Map<string, Ast.LetDecl>(),
    states: new Map<string, Ast.StateDecl>(),
    threads: new Map<string, Ast.ThreadDecl>(),
    lanes: new Map<string, Ast.LaneDecl>(),
    wiring: new Map<string, Ast.Wiring>(),
    aliases: new Map<string, Ast.AliasDecl>(),
  };
  const named: Readonly<Record<Ast.Removal['what'], Map<string, unknown>>> = {
    constant: kernel.consts,
    variable: kernel.vars,
    lock: kernel.locks,
    function: kernel.fns,
    definition: kernel.lets,
    thread: kernel.threads,
    lane: kernel.lanes,
    'other name': kernel.aliases,
    wiring: kernel.wiring,
  };
  const findings = new Findings();
  /** What is wrong with one of them says nothing of the others. */
  const each = <T>(items: readonly T[], what: (item: T) => void): void => {
    for (const item of items) findings.attempt(() => (what(item), true));
  };
  for (const text of ordered) {
    each(text.removed, ({ what, name, place }) => {
      if (!named[what].delete(name))
        throw new TextError(place, `there is no ${what} ${name} to remove`, didYouMean(name, named[what].keys()));
    });
    each(text.consts, (item) => add(kernel.consts, item, 'constant'));
    each(text.vars, (item) => add(kernel.vars, item, 'variable'));
    each(text.locks, (item) => add(kernel.locks, item, 'lock'));
    each(text.threads, (item) => add(kernel.threads, item, 'thread'));
    each(text.fns, (item) => add(kernel.fns, item, 'function'));
    each(text.lets, (item) => add(kernel.lets, item, 'definition'));
    each(text.lanes, (item) => add(kernel.lanes, item, 'lane'));
    each(text.removedStates, ({ name: constant, place }) => removeState(kernel.states, constant, place));
    each(text.states, (state) => addState(kernel.states, state));
    for (const alias of text.aliases) kernel.aliases.set(alias.name, alias);
    for (const wire of text.wiring) kernel.wiring.set(wire.what, wire);
  }
  findings.stop();
  return kernel;
}

/** The texts of the kernel that `text` patches, with the parts that it drops and adds. */
function swapped(
  texts: readonly Ast.KernelText[],
  text: Ast.KernelText,
  below: (base: Ast.NameAt) => Ast.KernelText[],
): Ast.KernelText[] {
  const parts = texts.filter((t) => t.kind === 'part').map((t) => t.name);
  const inPlace = new Map<string, Ast.KernelText[]>();
  text.without.forEach(({ name, place }, i) => {
    if (!parts.includes(name))
      throw new TextError(
        place,
        `${text.over!.name} has no part ${name}`,
        didYouMean(name, parts) || `it has ${parts.join(', ')}`,
      );
    inPlace.set(name, text.bases.slice(i, i + 1).flatMap(below));
  });
  return [...texts.flatMap((t) => inPlace.get(t.name) ?? [t]), ...text.bases.slice(text.without.length).flatMap(below)];
}

function add<T extends { readonly name: string; readonly place: Place }>(
  into: Map<string, T>,
  { replace, ...item }: T & Ast.Replaces,
  what: Ast.DeclaredAs,
): void {
  const { name, place } = item;
  const before = into.get(name);
  if (before?.place.file === place.file) throw new TextError(place, `the ${what} ${name} is defined twice`);
  if (before && !replace)
    throw new TextError(place, `the ${what} ${name} is defined already`, 'write "replace" before it to change it');
  if (!before && replace)
    throw new TextError(place, `there is no ${what} ${name} to replace`, didYouMean(name, into.keys()));
  into.set(name, item as unknown as T);
}

/** Takes a state out; as in an enum, those above it move down. */
function removeState(states: Map<string, Ast.StateDecl>, constant: string, place: Place): void {
  const gone = states.get(constant);
  if (!gone) throw new TextError(place, `there is no state ${constant} to remove`, didYouMean(constant, states.keys()));
  states.delete(constant);
  if (gone.number !== null) shift(states, gone.number, -1);
}

function addState(states: Map<string, Ast.StateDecl>, state: Ast.StateDecl): void {
  if (state.after === null) {
    states.set(state.constant, mergeState(states.get(state.constant), state));
    return;
  }
  if (states.has(state.constant))
    throw new TextError(
      state.place,
      `the state ${state.constant} is there already`,
      `write "remove state ${state.constant}" before`,
    );
  const before = states.get(state.after);
  if (!before || before.number === null)
    throw new TextError(
      state.place,
      `there is no state ${state.after} with a number`,
      didYouMean(state.after, states.keys()),
    );
  shift(states, before.number, 1);
  states.set(state.constant, { ...state, number: before.number + 1 });
}

/** Moves the numbers above `from`. */
function shift(states: Map<string, Ast.StateDecl>, from: number, by: number): void {
  for (const [constant, state] of states)
    if (state.number !== null && state.number > from) states.set(constant, { ...state, number: state.number + by });
}

/** A later line on a state adds to or changes what the table says of it. */
function mergeState(old: Ast.StateDecl | undefined, add: Ast.StateDecl): Ast.StateDecl {
  if (!old) return add;
  return {
    constant: add.constant,
    number: add.number ?? old.number,
    after: null,
    name: add.name ?? old.name,
    up: add.up ?? old.up,
    down: add.down ?? old.down,
    times: add.times ?? old.times,
    whenRegistered: add.whenRegistered || old.whenRegistered,
    place: add.place,
  };
}
