/** Statements of a kernel text. Each is one line, or has a block in braces. */
import { didYouMean, TextError } from './errors';
import type { Token } from './lexer';
import { ExpressionParser } from './parse-expressions';
import { RESERVED, show, STATEMENTS, TYPES } from './tokens';
import type * as Ast from './ast';

/** 32 bits, such as the upper half of a completion status: read as a signed number, printed by %X. */
const WORD: Ast.TypeName = { kind: 'int', lo: -(2 ** 31), hi: 2 ** 31 - 1 };

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
  status: WORD,
};

export class StatementParser extends ExpressionParser {
  protected type(): Ast.TypeName {
    const t = this.token;
    if (this.take('word')) return WORD;
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

  /** The type that a name without annotation has, if the kernel uses it for one. */
  protected typeByName(name: string): Ast.TypeName | null {
    return Object.hasOwn(TYPE_BY_NAME, name) ? TYPE_BY_NAME[name]! : null;
  }

  protected block(): Ast.Stmt[] {
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

  protected call(): Ast.Call {
    const name = this.name('a function');
    return { name: name.text, args: this.args(), place: name };
  }

  protected target(): Ast.Target {
    const t = this.name('a variable');
    if (!this.take('[')) return { kind: 'name', name: t.text, place: t };
    const index = this.expr();
    this.expect(']', 'after the index');
    return { kind: 'index', name: t.text, index, place: t };
  }

  protected formatted(): { format: string; args: Ast.Expr[] } {
    const format = this.string('the text');
    const args: Ast.Expr[] = [];
    while (this.take(',')) args.push(this.expr());
    return { format, args };
  }

  protected onOff(): boolean {
    const t = this.token;
    if (this.take('on')) return true;
    if (this.take('off')) return false;
    throw new TextError(t, `expected on or off, found ${show(t)}`);
  }

  protected statement(): Ast.Stmt {
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
  protected assigned(target: Ast.Target, place: Token): Ast.Stmt {
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

  protected invoke(target: Ast.Target | null): Extract<Ast.StmtBody, { kind: 'invoke' }> {
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

  protected stop(target: Ast.Target | null): Extract<Ast.StmtBody, { kind: 'stop' }> {
    this.expect('machine', 'after "stop"');
    const mask = this.name('the mask of CPUs that stand still').text;
    this.expect('on', 'and the CPU that acts');
    const cpu = this.expr();
    this.expect('run', 'and the function');
    return { kind: 'stop', mask, cpu, call: this.call(), target };
  }

  protected keyword(word: string, place: Token): Ast.StmtBody {
    switch (word) {
      case 'var': {
        const name = this.name('the name of the variable');
        const type = this.take(':') ? this.type() : this.typeByName(name.text);
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
      case 'yield':
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
        return this.token.kind === 'string'
          ? { kind: 'bug', ...this.formatted() }
          : { kind: 'bug', format: '', args: [] };
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
}
