/**
 * Where something could fail at a step of a run: the hotplug step that begins there, and the functions that the step is in; with
 * what each could return, and the step before which the fault must be armed to strike just there.
 *
 * What a function may return is what the kernel text lets it return, directly or by what it calls; where that is nothing,
 * usual errnos are offered: a model fault like any other.
 */
import { loadKernel } from '../kernels/index';
import type { Kernel } from '../language/assemble';
import type { Expr, FnDecl, Stmt } from '../language/ast';
import { ERRNO } from '../language/errno';
import type { Program } from '../language/program';
import { blocks } from '../language/scope';
import type { History } from '../machine/history';

export interface FailPlace {
  /** As a fault names it: a function, or a hotplug state by its constant. */
  readonly place: string;
  /** -1: on any CPU. */
  readonly cpu: number;
  readonly direction?: 'up' | 'down';
  /** What it is, for a reader: the function, or the state by its runtime name. */
  readonly title: string;
  /** Most likely first, such as `-EIO`. */
  readonly errnos: readonly string[];
  /** Armed before this step it strikes here. */
  readonly before: number;
}

const USUAL = ['-EIO', '-ENOMEM', '-EBUSY'];
/** What the sysfs `fail` file gives (facts 9.1). */
const FAIL_FILE = '-EAGAIN';
const NAMES: ReadonlyMap<number, string> = new Map(Object.entries(ERRNO).map(([name, n]) => [n, `-${name}`]));
const MOST_PLACES = 5;
const MOST_ERRNOS = 6;

/** The places at a step (from 0), the innermost function first, a hotplug step before them. */
export function failPlaces(program: Program, history: History, step: number): readonly FailPlace[] {
  if (step < 0 || step >= history.length) return [];
  const loaded = loadKernel(program.kernel);
  if (!loaded.ok) return [];
  const { kernel } = loaded;
  return [...callbackAt(program, history, step, kernel), ...functionsAt(program, history, step, kernel)].slice(
    0,
    MOST_PLACES,
  );
}

function callbackAt(program: Program, history: History, step: number, kernel: Kernel): FailPlace[] {
  return (history.effects.get(step) ?? []).flatMap((e): FailPlace[] => {
    if (e.kind !== 'callback' || !e.begin) return [];
    const state = program.states[program.stateByNumber[e.state]!]!;
    const fn = e.up ? state.up : state.down;
    const direction = e.up ? 'up' : 'down';
    const errnos = unique([...errnosOf(kernel, fn), FAIL_FILE, ...USUAL]);
    const title = `${state.name || state.constant} ${direction}`;
    return [{ place: state.constant, cpu: e.cpu, direction, title, errnos, before: step }];
  });
}

function functionsAt(program: Program, history: History, step: number, kernel: Kernel): FailPlace[] {
  const { context, cpu, pc } = history.step(step);
  const places: FailPlace[] = [];
  for (let frame = program.code[pc]!.frame; frame >= 0; frame = program.frames[frame]!.parent) {
    const name = program.frames[frame]!.fn;
    const fn = kernel.fns.get(name);
    if (!fn || fn.kind !== 'fn' || fn.returns.kind !== 'errno' || !returnsValue(fn.body)) continue;
    const before = entry(program, history, step, context, frame);
    // A function that begins a context has nobody whom it could tell.
    if (before < 0 || places.some((p) => p.place === name)) continue;
    const errnos = unique([...errnosOf(kernel, name), ...USUAL]);
    const about = fn.params.some((p) => p.type.kind === 'cpu') ? -1 : cpu;
    places.push({ place: name, cpu: about, title: name, errnos, before });
  }
  return places;
}

/** The step of this context at whose end it enters the frame; -1 where none is seen. */
function entry(program: Program, history: History, step: number, context: number, frame: number): number {
  const within = (pc: number): boolean => {
    for (let f = program.code[pc]!.frame; f >= 0; f = program.frames[f]!.parent) if (f === frame) return true;
    return false;
  };
  for (let i = step - 1; i >= 0; i--) {
    const s = history.step(i);
    // An interrupt on top of it, or a switch, is no step of its own.
    if (s.context === context && s.kind === 'step' && !within(s.pc)) return i;
  }
  return -1;
}

const unique = (errnos: readonly string[]): string[] => [...new Set(errnos)].slice(0, MOST_ERRNOS);

/** A function that returns nothing has nothing to fail with. */
function returnsValue(body: readonly Stmt[]): boolean {
  return body.some((s) => (s.kind === 'return' && s.value !== null) || blocks(s).some(returnsValue));
}

/** The errnos that a function may return by the kernel text, its own before those of what it calls. */
export function errnosOf(kernel: Kernel, name: string): readonly string[] {
  const found = new Set<string>();
  const seen = new Set<string>();
  let layer = [name];
  while (layer.length > 0 && found.size < MOST_ERRNOS) {
    const next: string[] = [];
    for (const fn of layer) {
      const decl = kernel.fns.get(fn);
      if (!decl || seen.has(fn)) continue;
      seen.add(fn);
      next.push(...told(decl, found));
    }
    layer = next;
  }
  return [...found];
}

/** Adds the errnos that a function returns itself; returns the functions whose result it may hand on. */
function told(fn: FnDecl, found: Set<string>): string[] {
  const calls: string[] = [];
  const look = (e: Expr | null): void => {
    if (e === null) return;
    const errno = e.kind === 'minus' && e.of.kind === 'number' ? NAMES.get(e.of.value) : undefined;
    if (errno !== undefined) found.add(errno);
    else if (e.kind === 'apply') calls.push(e.name);
  };
  const visit = (body: readonly Stmt[]): void => {
    for (const s of body) {
      if (s.kind === 'return' || s.kind === 'var' || s.kind === 'assign') look(s.value);
      blocks(s).forEach(visit);
    }
  };
  visit(fn.body);
  return calls;
}
