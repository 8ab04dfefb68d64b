/**
 * Steps: from one instruction that others can see to the next. A step is a `d_step` that goes round a loop, one option per
 * instruction, until it comes to an instruction of that kind; so no state between is ever stored.
 */
import type { Instr } from '../program';
import type { Codes } from './codes';
import { and, atom, compare, eq, FALSE, isFalse, isTrue, ne, not, num, or, type Expr } from './expr';
import { successors, type Family } from './reach';
import { Statements } from './statements';
import { leavesByItself, leavesForHost, onTop, sleeps, waits } from './waits';
import type { Env, Vars } from './vars';

/** Instructions of one d_step, beyond which it is cut: Spin takes no more than 2048 jumps in one. */
const CHUNK = 100;

/** What a line of a text says, without the spaces around it; '' where it is not known. */
export type Source = (file: string, line: number) => string;

type Choice = Extract<Instr['op'], 'choose' | 'pick' | 'guest'>;
const isChoice = (instr: Instr): instr is Extract<Instr, { op: Choice }> =>
  instr.op === 'choose' || instr.op === 'pick' || instr.op === 'guest';

/** An instruction in a step, and whether the step is still within the atomic block in which it began. */
interface Node {
  readonly pc: number;
  readonly joined: boolean;
}

export class Steps {
  readonly statements: Statements;
  /** Some step has to remember whether it has left its atomic block. */
  remembers = false;
  private readonly vars: Vars;
  private readonly code: readonly Instr[];

  constructor(
    private readonly codes: Codes,
    private readonly source: Source,
  ) {
    this.vars = codes.vars;
    this.code = this.vars.program.code;
    const dies = this.vars.program.hooks.killed !== 0;
    this.tasks = new Set(this.vars.reach.families.flatMap((f) => (dies && this.vars.isTask(f) ? f.code : [])));
    this.statements = new Statements(codes, (env, entry) => this.settle(env, entry));
  }

  /** The steps that a context of this family can take, each an option of its process. */
  options(env: Env): string[] {
    const resting = env.family.code.filter((pc) => !this.code[pc]!.glue).reverse();
    const out: string[] = [];
    let chunk: number[] = [];
    let size = 0;
    const flush = (): void => {
      if (chunk.length > 0) out.push(this.chunk(chunk, env));
      chunk = [];
      size = 0;
    };
    for (const pc of resting) {
      const instr = this.code[pc]!;
      if (isChoice(instr)) {
        flush();
        out.push(...this.choices(pc, instr, env));
        continue;
      }
      const more = this.nodes([pc], env.family).size;
      if (size > 0 && size + more > CHUNK) flush();
      chunk.push(pc);
      size += more;
    }
    flush();
    return out;
  }

  private chunk(pcs: readonly number[], env: Env): string {
    const at = this.vars.field('pc', env.x);
    const here =
      pcs.length === 1 ? eq(at, pcs[0]!) : and(compare('>=', at, num(pcs.at(-1)!)), compare('<=', at, num(pcs[0]!)));
    const waiting = pcs.flatMap((pc) => {
      const w = waits(this.codes, this.code[pc]!, env);
      return isFalse(w) ? [] : [or(ne(at, pc), not(w))];
    });
    return `d_step { ${and(onTop(this.codes, env), here, ...waiting).text} -> ${this.loop(pcs, env, FALSE)} }`;
  }

  private choices(pc: number, instr: Extract<Instr, { op: Choice }>, env: Env): string[] {
    const ways: { choice: number; when: Expr }[] = [];
    if (instr.op === 'choose') for (let v = instr.lo; v <= instr.hi; v++) ways.push({ choice: v, when: num(1) });
    else if (instr.op === 'pick')
      for (let i = 0; i < instr.count; i++) ways.push({ choice: i, when: this.vars.cell(instr.base + i) });
    else
      ways.push(
        { choice: 0, when: leavesForHost(this.codes, env) },
        { choice: 1, when: leavesByItself(this.codes, env) },
      );
    const here = eq(this.vars.field('pc', env.x), pc);
    return ways
      .filter(({ when }) => !isFalse(when))
      .map(
        ({ choice, when }) =>
          `d_step { ${and(onTop(this.codes, env), here, when).text} -> ${this.loop([pc], env, num(choice))} }`,
      );
  }

  /** Brings a context from where it was put to where others can see it. */
  private settle(env: Env, entry: number | 'any call'): string[] {
    const irqEntries = (): number[] => [
      ...new Set(
        this.vars.reach.families.flatMap((f) =>
          f.code.flatMap((pc) => {
            const instr = this.code[pc]!;
            return instr.op === 'ipi' ? [instr.entry] : [];
          }),
        ),
      ),
    ];
    const entries = (entry === 'any call' ? irqEntries() : [entry]).filter((pc) => this.code[pc]!.glue);
    if (entries.length === 0) return [];
    const nodes = this.nodes(entries, env.family, true);
    const options = [...nodes.keys()]
      .sort((a, b) => b - a)
      .map(
        (pc) =>
          `:: ${this.comment(pc)}${eq(this.vars.field('pc', env.x), pc).text} -> ${this.one(pc, env, FALSE, null)}`,
      );
    return [`do ${options.join(' ')} :: else -> break od`, 'skip'];
  }

  private loop(roots: readonly number[], env: Env, choice: Expr): string {
    const nodes = this.nodes(roots, env.family);
    const both = [...nodes.values()].some((joined) => joined.size > 1);
    if (both) this.remembers = true;
    const options = [...nodes.keys()]
      .sort((a, b) => b - a)
      .map((pc) => {
        const here = eq(this.vars.field('pc', env.x), pc).text;
        const chosen = roots.length === 1 && roots[0] === pc ? choice : FALSE;
        return `:: ${this.comment(pc)}${here} -> ${this.one(pc, env, chosen, { nodes, both })}`;
      });
    // what stands behind the loop is needed in any case: Spin may lose the way out of one that ends a d_step
    return `do ${options.join(' ')} od; ${both ? 'joined = 0; ' : ''}question()`;
  }

  /** All instructions that steps from these come to, each with whether they are still in the block they began in. */
  private nodes(roots: readonly number[], family: Family, glueOnly = false): Map<number, Set<boolean>> {
    const seen = new Map<number, Set<boolean>>();
    const todo: Node[] = roots.map((pc) => ({ pc, joined: !glueOnly && this.code[pc]!.atomic !== 0 }));
    while (todo.length > 0) {
      const node = todo.pop()!;
      const known = seen.get(node.pc) ?? new Set<boolean>();
      if (known.has(node.joined)) continue;
      seen.set(node.pc, known.add(node.joined));
      for (const to of this.following(node.pc, family)) {
        const joined = node.joined && this.sameBlock(node.pc, to);
        if (to !== 0 && (this.code[to]!.glue || joined)) todo.push({ pc: to, joined });
      }
    }
    return seen;
  }

  private following(pc: number, family: Family): number[] {
    const { program, start, reach } = this.vars;
    const instr = this.code[pc]!;
    if (instr.op === 'hookend') return this.resumes(family);
    // a task that a BUG kills goes on with what it does then
    if (instr.op === 'bug' && this.tasks.has(pc)) return [program.hooks.killed];
    return successors(program, start, reach.changes, pc);
  }

  /** Code of tasks that something is run for when they are killed. */
  private readonly tasks: ReadonlySet<number>;

  /** Where a hook may have interrupted a task that has not come to rest. */
  private resumes(family: Family): number[] {
    const found = family.code.flatMap((pc) => {
      const instr = this.code[pc]!;
      return (instr.op === 'yield' || instr.op === 'rest') && this.code[instr.next]!.glue ? [instr.next] : [];
    });
    return [...new Set(found)];
  }

  private sameBlock(from: number, to: number): boolean {
    return this.code[from]!.atomic !== 0 && this.code[from]!.atomic === this.code[to]!.atomic;
  }

  /** One instruction and where control goes after it. `within`: null where a context is only brought to rest. */
  private one(
    pc: number,
    env: Env,
    choice: Expr,
    within: { readonly nodes: Map<number, Set<boolean>>; readonly both: boolean } | null,
  ): string {
    const instr = this.code[pc]!;
    const { lines, ends } = this.statements.do(pc, env, choice);
    const at = this.vars.field('pc', env.x);
    const go = (to: number): string => this.go(pc, to, env, within);
    const all = (...parts: readonly string[]): string => parts.filter((p) => p !== '').join('; ');
    if (instr.op === 'fail') return all(...lines);
    if (instr.op === 'hookend') {
      const resumes = this.resumes(env.family).filter(() => within !== null);
      if (resumes.length === 0) return all(...lines, within ? 'break' : '');
      return all(...lines, `if :: ${this.codes.isAt(env.x, resumes).text} -> skip :: else -> break fi`);
    }
    if (ends) return all(...lines, within ? 'break' : '');
    if (instr.op === 'bug') return all(...lines, go(this.vars.program.hooks.killed));
    const targets = this.following(pc, env.family);
    if (instr.op === 'branch' || instr.op === 'switch') {
      const by = this.codes.asker(env);
      const clear = this.statements.clear(instr, env);
      const to = (target: number): string => all(...clear, go(target));
      if (targets.length === 1) return all(...lines, to(targets[0]!));
      if (instr.op === 'branch') {
        const cond = this.codes.expr(instr.cond, by);
        if (cond.lo === cond.hi) return all(...lines, to(isTrue(cond) ? instr.next : instr.otherwise));
        return all(...lines, `if :: ${cond.text} -> ${to(instr.next)} :: else -> ${to(instr.otherwise)} fi`);
      }
      const on = this.codes.expr(instr.on, by);
      const cases = [...instr.cases].flatMap(([value, target]) => {
        const is = eq(on, value);
        return isFalse(is) ? [] : [`:: ${is.text} -> ${to(target)}`];
      });
      return all(...lines, `if ${cases.join(' ')} :: else -> ${to(instr.otherwise)} fi`);
    }
    if (instr.op === 'yield' || instr.op === 'rest') {
      const moved = [`${at.text} = ${instr.next}`];
      const asleep = instr.op === 'rest' ? this.statements.set('run', env.x, 'SLEEPING') : [];
      const still = eq(at, instr.next);
      const goes = within && this.code[instr.next]!.glue ? `if :: ${still.text} -> skip :: else -> break fi` : 'break';
      return all(...lines, ...moved, ...asleep, ...this.statements.leave(env), within ? goes : '');
    }
    return all(...lines, go(instr.next));
  }

  private go(
    from: number,
    to: number,
    env: Env,
    within: { readonly nodes: Map<number, Set<boolean>>; readonly both: boolean } | null,
  ): string {
    const move = `${this.vars.field('pc', env.x).text} = ${to}`;
    if (!within) return move;
    const { nodes, both } = within;
    const target = this.code[to]!;
    const same = this.sameBlock(from, to);
    // an instruction that others can see is executed in the middle of a step only within the block the step began in
    const known = !this.code[from]!.glue ? this.code[from]!.atomic !== 0 : both ? null : nodes.get(from)!.has(true);
    if (target.glue) {
      if (!both) return move;
      if (!same) return `${move}; joined = 0`;
      return known === null ? move : `${move}; joined = ${Number(known)}`;
    }
    if (!same || known === false) return `${move}; break`;
    const rests = or(
      known === null ? not(atom('joined', 0, 1)) : FALSE,
      this.vars.panic,
      waits(this.codes, target, env),
    );
    return isFalse(rests) ? move : `${move}; if :: ${rests.text} -> break :: else -> skip fi`;
  }

  /** Where in the texts an instruction comes from. */
  private comment(pc: number): string {
    const { place, frame } = this.code[pc]!;
    const fn = this.vars.program.frames[frame]?.fn ?? '';
    const text = this.source(place.file, place.line).replace(/\*\//g, '* /').replace(/\/\*/g, '/ *');
    const file = place.file.replace(/^.*kernels\//, '');
    return `/* ${file}:${place.line}${fn ? ` ${fn}` : ''}${text ? `: ${text}` : ''} */\n`;
  }

  /** Conditions under which a sleeping task stays asleep, and under which a running one goes to sleep. */
  asleep(env: Env, which: 'any' | 'sleeps'): Expr {
    const at = this.vars.field('pc', env.x);
    return or(
      ...env.family.code.flatMap((pc) => {
        const instr = this.code[pc]!;
        if (instr.glue || (which === 'sleeps' && !sleeps(instr))) return [];
        const w = waits(this.codes, instr, env);
        return isFalse(w) ? [] : [and(eq(at, pc), w)];
      }),
    );
  }
}
