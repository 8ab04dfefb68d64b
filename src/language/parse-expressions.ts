/** Expressions of a kernel text and of a litmus question: or < and < not < comparison, in < + - < unary. */
import { ERRNO } from './errno';
import { TextError } from './errors';
import { show, TokenReader } from './tokens';
import type * as Ast from './ast';

/** Most values that one chain of operators may join: the tree that they make is as deep as the chain is long. */
const MAX_TERMS = 256;

export class ExpressionParser extends TokenReader {
  expr(level = 0): Ast.Expr {
    const parse = (): Ast.Expr => {
      if (level === 2 && this.is('not')) {
        const place = this.token;
        this.at += 1;
        return { kind: 'not', of: this.nested(() => this.expr(2)), place };
      }
      if (level === 4) return this.unary();
      let left = this.expr(level + 1);
      for (let terms = 1; ; terms++) {
        const place = this.token;
        const op = LEVELS[level]!.find((o) => this.is(o));
        if (!op) return left;
        if (terms > MAX_TERMS) throw new TextError(place, `more than ${MAX_TERMS} values joined in one expression`);
        this.at += 1;
        left = { kind: 'binary', op, left, right: this.expr(level + 1), place };
        if (level === 2) return left;
      }
    };
    return level === 0 ? this.nested(parse) : parse();
  }

  protected unary(): Ast.Expr {
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
    // "panic" begins a statement, and a question asks for it by the same word
    if (t.text === 'this' || t.text === 'panic') {
      this.at += 1;
      return { kind: 'name', name: t.text, place: t };
    }
    if (Object.hasOwn(ERRNO, t.text)) {
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

  protected args(): Ast.Expr[] {
    const args: Ast.Expr[] = [];
    this.expect('(', 'before the arguments');
    while (!this.take(')')) {
      if (args.length) this.expect(',', 'between arguments');
      args.push(this.expr());
    }
    return args;
  }

  endOfExpression(): void {
    this.skipNewlines();
    const t = this.token;
    if (t.kind !== 'end')
      throw new TextError(t, `unexpected ${show(t)} after the condition`, 'join conditions with "and", "or"');
  }
}

const LEVELS: readonly (readonly Ast.BinaryOp[])[] = [
  ['or'],
  ['and'],
  ['==', '!=', '<=', '>=', '<', '>', 'in'],
  ['+', '-'],
];
