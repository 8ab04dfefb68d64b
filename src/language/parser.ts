/**
 * Kernel text to syntax tree. The grammar, line by line (see README.md of this folder for a worked text):
 *
 *   part | kernel | proposal NAME ["title"] [: BASE, BASE]
 *   global | percpu | pervm | pervcpu TYPE NAME [= expr] ["doc"]
 *   spinlock | mutex | rwsem NAME
 *   state CONSTANT [number] ["name"] [up f] [down f] [when registered]      remove state CONSTANT
 *   [replace] fn | action NAME(params) [-> type] ["source"] [cost N] { statements }
 *   [replace] let NAME(params) = expr
 *   thread NAME [per cpu|vcpu] user|percpu|kthread "label" runs f
 *   [replace] lane NAME(param) { look "label" [, args] [when expr] ... }
 *   boot f / idle f / init f / sched_in f / sched_out f / killed f / online MASK
 *   place user|percpu|kthread where expr          affinity_lost "format"
 */
import { ERRNO } from './errno';
import { didYouMean, TextError, type Place, type Problem } from './errors';
import { tokenize, type Token } from './lexer';
import type * as Ast from './ast';

const DECLARATIONS = [
  'global', 'percpu', 'pervm', 'pervcpu', 'const', 'spinlock', 'mutex', 'rwsem', 'state', 'remove', 'replace', 'fn', 'action',
  'let', 'thread', 'lane', 'boot', 'idle', 'init', 'sched_in', 'sched_out', 'killed', 'online', 'place', 'affinity_lost',
]; // prettier-ignore
const STATEMENTS = [
  'var', 'if', 'while', 'loop', 'for', 'break', 'continue', 'return', 'lock', 'unlock', 'await', 'spin', 'idle', 'irq', 'preempt',
  'notifier', 'atomic', 'choose', 'pick', 'log', 'warn', 'panic', 'trace', 'fail', 'fault', 'bug', 'on', 'start', 'poweroff', 'exit',
  'stop', 'spawn', 'allow', 'guest', 'rest', 'invoke', 'register', 'unregister', 'set', 'clear',
]; // prettier-ignore
const TYPES = ['bool', 'int', 'cpu', 'vm', 'vcpu', 'task', 'state', 'errno', 'mask'];
const RESERVED = new Set([
  ...STATEMENTS,
  ...TYPES.filter((t) => !['cpu', 'vm', 'vcpu', 'task', 'state'].includes(t)),
  'and',
  'or',
  'not',
  'in',
  'none',
  'this',
  'true',
  'false',
  'else',
]);

/** Deepest nesting of blocks and parentheses that is accepted. */
const MAX_NESTING = 64;

/** Types of parameters that carry no annotation, by the names the kernel uses. */
const TYPE_BY_NAME: Readonly<Record<string, Ast.TypeName>> = {
  cpu: { kind: 'cpu' },
  vcpu: { kind: 'vcpu' },
  vm: { kind: 'vm' },
  task: { kind: 'task' },
  st: { kind: 'state' },
  target: { kind: 'state' },
  err: { kind: 'errno' },
  ret: { kind: 'errno' },
};

export type ParsedKernel =
  { readonly ok: true; readonly text: Ast.KernelText } | { readonly ok: false; readonly problems: readonly Problem[] };

/** Parses one kernel text. Never throws on bad input: reports the first problem with line, column and suggestion. */
export function parseKernel(text: string, file: string): ParsedKernel {
  try {
    return { ok: true, text: new Parser(tokenize(text, file), file).kernelText() };
  } catch (error) {
    if (error instanceof TextError) return { ok: false, problems: [error.problem] };
    throw error;
  }
}

/** Parses one expression (a litmus question). Throws TextError. `at` moves reported places into the enclosing text. */
export function parseExpression(text: string, at: Place): Ast.Expr {
  const tokens = tokenize(text, at.file).map((t) => ({ ...t, line: at.line, column: t.column + at.column - 1 }));
  const parser = new Parser(tokens, at.file);
  const expr = parser.expr();
  parser.endOfExpression();
  return expr;
}

export class Parser {
  private at = 0;
  private depth = 0;

  constructor(
    private readonly tokens: readonly Token[],
    private readonly file: string,
  ) {}

  // ---- tokens

  private get token(): Token {
    return this.tokens[this.at]!;
  }

  private is(text: string): boolean {
    const t = this.token;
    return t.text === text && (t.kind === 'op' || t.kind === 'name');
  }

  private take(text: string): boolean {
    if (!this.is(text)) return false;
    this.at += 1;
    return true;
  }

  private expect(text: string, where: string): Token {
    const t = this.token;
    if (!this.take(text)) throw new TextError(t, `expected ${JSON.stringify(text)} ${where}, found ${show(t)}`);
    return t;
  }

  private name(what: string): Token {
    const t = this.token;
    if (t.kind !== 'name') throw new TextError(t, `expected ${what}, found ${show(t)}`);
    if (RESERVED.has(t.text)) throw new TextError(t, `${t.text} is a word of the language and cannot be ${what}`);
    this.at += 1;
    return t;
  }

  private maybeString(): string | null {
    if (this.token.kind !== 'string') return null;
    return this.tokens[this.at++]!.text;
  }

  private string(what: string): string {
    const t = this.token;
    const s = this.maybeString();
    if (s === null) throw new TextError(t, `expected ${what} in quotes, found ${show(t)}`);
    return s;
  }

  private number(what: string): number {
    const t = this.token;
    const minus = this.take('-');
    const digits = this.token;
    if (digits.kind !== 'number') throw new TextError(t, `expected ${what}, found ${show(t)}`);
    this.at += 1;
    return minus ? -Number(digits.text) : Number(digits.text);
  }

  private skipNewlines(): void {
    while (this.token.kind === 'newline' || this.is(';')) this.at += 1;
  }

  private endOfLine(after: string): void {
    const t = this.token;
    if (t.kind === 'newline' || this.is(';')) {
      this.at += 1;
      return;
    }
    if (this.is('}')) return;
    throw new TextError(t, `unexpected ${show(t)} after ${after}`, 'a statement ends with its line');
  }

  endOfExpression(): void {
    this.skipNewlines();
    const t = this.token;
    if (t.kind !== 'end')
      throw new TextError(t, `unexpected ${show(t)} after the condition`, 'join conditions with "and", "or"');
  }

  private nested<T>(parse: () => T): T {
    if (++this.depth > MAX_NESTING) throw new TextError(this.token, `nested more than ${MAX_NESTING} deep`);
    try {
      return parse();
    } finally {
      this.depth -= 1;
    }
  }

  // ---- declarations

  kernelText(): Ast.KernelText {
    this.skipNewlines();
    const head = this.token;
    const kind = head.text;
    if (kind !== 'part' && kind !== 'kernel' && kind !== 'proposal') {
      throw new TextError(head, `a kernel text begins with "kernel", "part" or "proposal", found ${show(head)}`);
    }
    this.at += 1;
    const name = this.release();
    const title = this.maybeString() ?? '';
    const bases: { name: string; place: Place }[] = [];
    if (this.take(':') || this.take('over')) {
      do bases.push({ place: this.token, name: this.release() });
      while (this.take(','));
    }
    this.endOfLine('the heading');
    const out = {
      consts: [] as Ast.ConstDecl[],
      vars: [] as Ast.VarDecl[],
      locks: [] as Ast.LockDecl[],
      fns: [] as (Ast.FnDecl & { replace: boolean })[],
      lets: [] as (Ast.LetDecl & { replace: boolean })[],
      states: [] as Ast.StateDecl[],
      removedStates: [] as { name: string; place: Place }[],
      threads: [] as Ast.ThreadDecl[],
      lanes: [] as (Ast.LaneDecl & { replace: boolean })[],
      wiring: [] as Ast.Wiring[],
    };
    for (;;) {
      this.skipNewlines();
      if (this.token.kind === 'end') break;
      this.declaration(out);
    }
    return { file: this.file, kind, name, title, bases, place: head, ...out };
  }

  /** A release or part name: v5.15, v6.1.192, kvm-e1, move-to-online. */
  private release(): string {
    const first = this.token;
    if (first.kind !== 'name' && first.kind !== 'number')
      throw new TextError(first, `expected a name, found ${show(first)}`);
    this.at += 1;
    let text = first.text;
    let end = first.column + first.length;
    for (;;) {
      const t = this.token;
      if (
        t.line !== first.line ||
        t.column !== end ||
        (t.kind === 'op' && t.text !== '.' && t.text !== '-') ||
        t.kind === 'newline' ||
        t.kind === 'string'
      )
        break;
      text += t.text;
      end += t.length;
      this.at += 1;
    }
    return text;
  }

  private declaration(out: {
    consts: Ast.ConstDecl[];
    vars: Ast.VarDecl[];
    locks: Ast.LockDecl[];
    fns: (Ast.FnDecl & { replace: boolean })[];
    lets: (Ast.LetDecl & { replace: boolean })[];
    states: Ast.StateDecl[];
    removedStates: { name: string; place: Place }[];
    threads: Ast.ThreadDecl[];
    lanes: (Ast.LaneDecl & { replace: boolean })[];
    wiring: Ast.Wiring[];
  }): void {
    const first = this.token;
    const replace = this.take('replace');
    const word = this.token;
    if (word.kind !== 'name') throw new TextError(word, `expected a declaration, found ${show(word)}`);
    this.at += 1;
    switch (word.text) {
      case 'global':
      case 'percpu':
      case 'pervm':
      case 'pervcpu':
        out.vars.push(this.variable(word));
        break;
      case 'const': {
        const name = this.name('a name');
        this.expect('=', 'after the name');
        out.consts.push({ name: name.text, value: this.number('a number'), place: name });
        break;
      }
      case 'spinlock':
      case 'mutex':
      case 'rwsem': {
        const name = this.name('the name of the lock');
        out.locks.push({ kind: word.text, name: name.text, place: name });
        break;
      }
      case 'state':
        out.states.push(this.state());
        break;
      case 'remove': {
        this.expect('state', 'after "remove"');
        const name = this.name('a state');
        out.removedStates.push({ name: name.text, place: name });
        break;
      }
      case 'fn':
      case 'action':
        out.fns.push({ ...this.fn(word.text), replace });
        return;
      case 'let':
        out.lets.push({ ...this.let(), replace });
        break;
      case 'thread':
        out.threads.push(this.thread());
        break;
      case 'lane':
        out.lanes.push({ ...this.lane(), replace });
        return;
      case 'boot':
      case 'idle':
      case 'init':
      case 'sched_in':
      case 'sched_out':
      case 'killed':
      case 'online':
        out.wiring.push({ what: word.text, value: this.name('a name').text, cond: null, place: word });
        break;
      case 'affinity_lost':
        out.wiring.push({ what: word.text, value: this.string('the log line'), cond: null, place: word });
        break;
      case 'place': {
        const who = this.name('user, percpu or kthread');
        if (!['user', 'percpu', 'kthread'].includes(who.text))
          throw new TextError(who, `${who.text} is no kind of task`, 'user, percpu or kthread');
        this.expect('where', 'after the kind of task');
        out.wiring.push({ what: `place ${who.text}`, value: '', cond: this.expr(), place: word });
        break;
      }
      default:
        throw new TextError(word, `${word.text} begins no declaration`, didYouMean(word.text, DECLARATIONS));
    }
    if (replace && !['fn', 'action', 'let', 'lane'].includes(word.text))
      throw new TextError(first, `"replace" goes before fn, action, let or lane`);
    this.endOfLine('the declaration');
  }

  private type(): Ast.TypeName {
    const t = this.token;
    if (t.kind !== 'name' || !TYPES.includes(t.text))
      throw new TextError(t, `expected a type, found ${show(t)}`, didYouMean(t.text, TYPES) || TYPES.join(', '));
    this.at += 1;
    if (t.text !== 'int') return { kind: t.text as 'bool' };
    if (this.token.kind !== 'number' && !this.is('-')) return { kind: 'int', lo: 0, hi: 255 };
    const lo = this.number('the least value');
    this.expect('..', 'between the bounds of an int');
    const hi = this.number('the greatest value');
    if (hi < lo) throw new TextError(t, `the range ${lo}..${hi} is empty`);
    return { kind: 'int', lo, hi };
  }

  private variable(word: Token): Ast.VarDecl {
    const scope = ({ global: 'global', percpu: 'cpu', pervm: 'vm', pervcpu: 'vcpu' } as const)[word.text as 'global'];
    const type = this.type();
    const name = this.name('the name of the variable');
    const initial = this.take('=') ? this.expr() : null;
    return { scope, type, name: name.text, initial, doc: this.maybeString() ?? '', place: name };
  }

  private state(): Ast.StateDecl {
    const constant = this.name('a state');
    const number = this.token.kind === 'number' ? this.number('its number') : null;
    const name = this.maybeString();
    const up = this.take('up') ? this.name('the startup callback').text : null;
    const down = this.take('down') ? this.name('the teardown callback').text : null;
    let whenRegistered = false;
    if (this.take('when')) {
      this.expect('registered', 'after "when"');
      whenRegistered = true;
    }
    return { constant: constant.text, number, name, up, down, whenRegistered, place: constant };
  }

  private params(): Ast.Param[] {
    const params: Ast.Param[] = [];
    this.expect('(', 'before the parameters');
    while (!this.take(')')) {
      if (params.length) this.expect(',', 'between parameters');
      const name = this.name('a parameter');
      const type = this.take(':') ? this.type() : TYPE_BY_NAME[name.text];
      if (!type)
        throw new TextError(
          name,
          `the type of ${name.text} is not known`,
          `write ${name.text}: cpu, or one of ${TYPES.join(', ')}`,
        );
      if (type.kind === 'mask')
        throw new TextError(name, 'a mask cannot be a parameter', 'name the mask in the function');
      params.push({ name: name.text, type, place: name });
    }
    return params;
  }

  private fn(kind: 'fn' | 'action'): Ast.FnDecl {
    const name = this.name('the name of the function');
    const params = this.params();
    const returns: Ast.TypeName =
      this.token.text === '-' && this.tokens[this.at + 1]?.text === '>'
        ? ((this.at += 2), this.type())
        : { kind: 'errno' };
    const source = this.maybeString() ?? '';
    const cost = this.take('cost') ? this.number('nanoseconds') : 0;
    return { kind, name: name.text, params, returns, source, cost, body: this.block(), place: name };
  }

  private let(): Ast.LetDecl {
    const name = this.name('a name');
    const params = this.is('(') ? this.params() : [];
    this.expect('=', 'after the name');
    const value = this.expr();
    return { name: name.text, params, value, doc: this.maybeString() ?? '', place: name };
  }

  private thread(): Ast.ThreadDecl {
    const name = this.name('the name of the thread');
    let per: Ast.ThreadDecl['per'] = 'one'; // unless it says per cpu or per vcpu
    if (this.take('per')) per = this.take('vcpu') ? 'vcpu' : (this.expect('cpu', 'or "vcpu" after "per"'), 'cpu');
    const placement = this.token;
    if (!this.take('user') && !this.take('percpu') && !this.take('kthread'))
      throw new TextError(placement, `expected user, percpu or kthread, found ${show(placement)}`);
    const label = this.string('how the task is called');
    this.expect('runs', 'and the function');
    return {
      name: name.text,
      per,
      placement: placement.text as 'user',
      label,
      call: this.name('a function').text,
      place: name,
    };
  }

  private lane(): Ast.LaneDecl {
    const name = this.name('the name of the lane');
    const [param] = this.params();
    if (!param) throw new TextError(name, 'a lane is of something', 'write lane virt(cpu)');
    this.expect('{', 'before the rules');
    const rules: Ast.LaneRule[] = [];
    for (;;) {
      this.skipNewlines();
      if (this.take('}')) break;
      const look = this.token;
      if (look.kind !== 'name') throw new TextError(look, `expected a look, found ${show(look)}`);
      this.at += 1;
      const label = this.string('a label');
      const labelArgs: Ast.Expr[] = [];
      while (this.take(',')) labelArgs.push(this.expr());
      const when = this.take('when') ? this.expr() : null;
      rules.push({ look: look.text, label, labelArgs, when, place: look });
      this.endOfLine('the rule');
    }
    this.endOfLine('the lane');
    return { name: name.text, param, rules, place: name };
  }

  // ---- statements

  private block(): Ast.Stmt[] {
    return this.nested(() => {
      this.expect('{', 'before a block');
      const body: Ast.Stmt[] = [];
      for (;;) {
        this.skipNewlines();
        if (this.take('}')) return body;
        if (this.token.kind === 'end') throw new TextError(this.token, 'a block is not closed', 'a "}" is missing');
        body.push(this.statement());
        this.endOfLine('the statement');
      }
    });
  }

  private call(): Ast.Call {
    const name = this.name('a function');
    return { name: name.text, args: this.args(), place: name };
  }

  private args(): Ast.Expr[] {
    const args: Ast.Expr[] = [];
    this.expect('(', 'before the arguments');
    while (!this.take(')')) {
      if (args.length) this.expect(',', 'between arguments');
      args.push(this.expr());
    }
    return args;
  }

  private target(): Ast.Target {
    const t = this.name('a variable');
    if (!this.take('[')) return { kind: 'name', name: t.text, place: t };
    const index = this.expr();
    this.expect(']', 'after the index');
    return { kind: 'index', name: t.text, index, place: t };
  }

  private formatted(): { format: string; args: Ast.Expr[] } {
    const format = this.string('the text');
    const args: Ast.Expr[] = [];
    while (this.take(',')) args.push(this.expr());
    return { format, args };
  }

  private onOff(): boolean {
    const t = this.token;
    if (this.take('on')) return true;
    if (this.take('off')) return false;
    throw new TextError(t, `expected on or off, found ${show(t)}`);
  }

  private statement(): Ast.Stmt {
    const place = this.token;
    if (place.kind !== 'name') throw new TextError(place, `expected a statement, found ${show(place)}`);
    const word = place.text;
    const next = this.tokens[this.at + 1]!;
    const assigns = next.text === '=' || next.text === '[' || next.text === '++' || next.text === '--';
    if (RESERVED.has(word) && !(assigns && word !== 'var')) {
      this.at += 1;
      return { ...this.keyword(word, place), place };
    }
    if (next.text === '(' && next.kind === 'op') return { kind: 'call', call: this.call(), place };
    if (!assigns)
      throw new TextError(
        place,
        `${word} begins no statement`,
        didYouMean(word, STATEMENTS) || 'a call is written f(), an assignment x = value',
      );
    const target = this.target();
    for (const [op, by] of [
      ['++', '+'],
      ['--', '-'],
    ] as const) {
      if (this.take(op))
        return {
          kind: 'assign',
          target,
          value: { kind: 'binary', op: by, left: target, right: { kind: 'number', value: 1, place }, place },
          place,
        };
    }
    this.expect('=', 'after the variable');
    return this.assigned(target, place);
  }

  /** The right side of `x =`: a statement that yields a value, or an expression. */
  private assigned(target: Ast.Target, place: Token): Ast.Stmt {
    const t = this.token;
    if (this.take('invoke')) return { ...this.invoke(target), place };
    if (this.take('guest')) return { kind: 'guest', vcpu: this.expr(), target, place };
    if (this.take('stop')) return { ...this.stop(target), place };
    if (this.take('pick')) {
      this.expect('in', 'after "pick"');
      return { kind: 'pick', target, mask: this.name('a mask').text, place };
    }
    if (this.take('choose')) {
      const lo = this.number('the least value');
      this.expect('..', 'between the bounds');
      return { kind: 'choose', target, lo, hi: this.number('the greatest value'), place };
    }
    void t;
    return { kind: 'assign', target, value: this.expr(), place };
  }

  private invoke(target: Ast.Target | null): Extract<Ast.StmtBody, { kind: 'invoke' }> {
    const dir = this.token;
    if (!this.take('up') && !this.take('down')) throw new TextError(dir, `expected up or down, found ${show(dir)}`);
    const state = this.expr();
    this.expect('for', 'and the CPU');
    const cpu = this.expr();
    const within: Ast.StateRange[] = [];
    this.expect('within', 'and the states whose callbacks run here');
    do {
      const from = this.name('a state');
      const to = this.take('..') ? this.name('a state') : from;
      within.push({ from: from.text, to: to.text, place: from });
    } while (this.take(','));
    return { kind: 'invoke', up: dir.text === 'up', state, cpu, within, target };
  }

  private stop(target: Ast.Target | null): Extract<Ast.StmtBody, { kind: 'stop' }> {
    this.expect('machine', 'after "stop"');
    const mask = this.name('the mask of CPUs that stand still').text;
    this.expect('on', 'and the CPU that acts');
    const cpu = this.expr();
    this.expect('run', 'and the function');
    return { kind: 'stop', mask, cpu, call: this.call(), target };
  }

  private keyword(word: string, place: Token): Ast.StmtBody {
    switch (word) {
      case 'var': {
        const name = this.name('the name of the variable');
        const type = this.take(':') ? this.type() : (TYPE_BY_NAME[name.text] ?? null);
        if (!type)
          throw new TextError(
            name,
            `the type of ${name.text} is not known`,
            `write var ${name.text}: cpu, or one of ${TYPES.join(', ')}`,
          );
        const value = this.take('=') ? this.expr() : null;
        return { kind: 'var', name: name.text, type, value };
      }
      case 'if': {
        const cond = this.expr();
        const then = this.block();
        const mark = this.at;
        this.skipNewlines();
        if (!this.take('else')) {
          this.at = mark;
          return { kind: 'if', cond, then, otherwise: [] };
        }
        if (this.is('if')) return { kind: 'if', cond, then, otherwise: [this.nested(() => this.statement())] };
        return { kind: 'if', cond, then, otherwise: this.block() };
      }
      case 'while':
        return { kind: 'while', cond: this.expr(), body: this.block() };
      case 'loop':
        return { kind: 'loop', body: this.block() };
      case 'atomic':
        return { kind: 'atomic', body: this.block() };
      case 'for': {
        const name = this.name('a variable');
        this.expect('in', 'after the variable');
        const mask = this.name('a mask').text;
        return { kind: 'for', name: name.text, mask, body: this.block() };
      }
      case 'break':
      case 'continue':
      case 'poweroff':
      case 'exit':
        return { kind: word };
      case 'return':
        return {
          kind: 'return',
          value: this.token.kind === 'newline' || this.is('}') || this.is(';') ? null : this.expr(),
        };
      case 'lock':
      case 'unlock': {
        const reading = this.take('read');
        return { kind: word, lock: this.name('a lock').text, reading };
      }
      case 'await':
      case 'idle':
        this.take('until');
        return { kind: word, cond: this.expr() };
      case 'spin':
        this.expect('until', 'after "spin"');
        return { kind: 'spin', cond: this.expr() };
      case 'irq':
      case 'preempt':
      case 'notifier':
        return { kind: word, on: this.onOff() };
      case 'log':
      case 'warn':
      case 'panic':
      case 'trace':
      case 'fail':
        return { kind: word, ...this.formatted() };
      case 'fault':
        return { kind: 'fault', instruction: this.string('the instruction') };
      case 'bug':
        return { kind: 'bug', where: this.maybeString() ?? '' };
      case 'on': {
        if (this.take('each')) {
          this.expect('cpu', 'after "each"');
          this.expect('in', 'and the mask');
          const mask = this.name('a mask').text;
          this.expect('call', 'and the function');
          return { kind: 'oneach', mask, call: this.call() };
        }
        this.expect('cpu', 'after "on"');
        const cpu = this.expr();
        this.expect('call', 'and the function');
        return { kind: 'oncpu', cpu, call: this.call() };
      }
      case 'start':
        this.expect('cpu', 'after "start"');
        return { kind: 'start', cpu: this.expr() };
      case 'stop':
        return this.stop(null);
      case 'spawn':
        return { kind: 'spawn', call: this.call() };
      case 'allow': {
        const task = this.expr();
        this.expect('on', 'after the task');
        if (this.take('any')) return { kind: 'allow', task, cpu: null };
        return { kind: 'allow', task, cpu: this.expr() };
      }
      case 'guest':
        return { kind: 'guest', vcpu: this.expr(), target: null };
      case 'rest':
        return { kind: 'rest', us: this.number('microseconds') };
      case 'invoke':
        return this.invoke(null);
      case 'register':
      case 'unregister':
        return { kind: 'register', state: this.name('a state').text, on: word === 'register' };
      case 'set':
      case 'clear': {
        const cpu = this.expr(3);
        this.expect('in', 'and the mask');
        return { kind: 'mask', set: word === 'set', cpu, mask: this.name('a mask').text };
      }
      default:
        throw new TextError(place, `${word} begins no statement`, didYouMean(word, STATEMENTS));
    }
  }

  // ---- expressions: or < and < not < comparison, in < + - < unary

  expr(level = 0): Ast.Expr {
    return this.nested(() => {
      if (level === 2 && this.is('not')) {
        const place = this.token;
        this.at += 1;
        return { kind: 'not', of: this.expr(2), place };
      }
      if (level === 4) return this.unary();
      let left = this.expr(level + 1);
      for (;;) {
        const place = this.token;
        const op = LEVELS[level]!.find((o) => this.is(o));
        if (!op) return left;
        this.at += 1;
        left = { kind: 'binary', op, left, right: this.expr(level + 1), place };
        if (level === 2) return left;
      }
    });
  }

  private unary(): Ast.Expr {
    const t = this.token;
    if (this.take('-')) return { kind: 'minus', of: this.nested(() => this.unary()), place: t };
    if (this.take('!')) return { kind: 'not', of: this.nested(() => this.unary()), place: t };
    if (this.take('(')) {
      const inner = this.expr();
      this.expect(')', 'to close the parenthesis');
      return inner;
    }
    if (t.kind === 'number') {
      this.at += 1;
      return { kind: 'number', value: Number(t.text), place: t };
    }
    if (t.kind !== 'name') throw new TextError(t, `expected a value, found ${show(t)}`);
    if (t.text === 'true' || t.text === 'false' || t.text === 'none') {
      this.at += 1;
      return { kind: 'number', value: t.text === 'true' ? 1 : t.text === 'none' ? -1 : 0, place: t };
    }
    if (t.text === 'this') {
      this.at += 1;
      return { kind: 'name', name: 'this', place: t };
    }
    if (t.text in ERRNO) {
      this.at += 1;
      return { kind: 'number', value: ERRNO[t.text]!, place: t };
    }
    this.name('a value');
    if (this.is('.')) {
      // a thing of a thing: vm0.vcpu0
      this.at += 1;
      const part = this.name('a vCPU');
      return { kind: 'name', name: `${t.text}.${part.text}`, place: { ...t, length: t.length + 1 + part.length } };
    }
    if (this.is('(')) return { kind: 'apply', name: t.text, args: this.args(), place: t };
    if (!this.take('[')) return { kind: 'name', name: t.text, place: t };
    const index = this.expr();
    this.expect(']', 'after the index');
    return { kind: 'index', name: t.text, index, place: t };
  }
}

const LEVELS: readonly (readonly Ast.BinaryOp[])[] = [
  ['or'],
  ['and'],
  ['==', '!=', '<=', '>=', '<', '>', 'in'],
  ['+', '-'],
];

function show(t: Token): string {
  if (t.kind === 'newline') return 'the end of the line';
  if (t.kind === 'end') return t.text;
  if (t.kind === 'string') return `"${t.text}"`;
  return JSON.stringify(t.text);
}
