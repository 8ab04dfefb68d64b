/** A place in the tokens of a text, and the small steps that every rule of the grammar is made of. */
import { TextError } from './errors';
import type { DeclaredAs } from './ast';
import type { Token } from './lexer';

/** Words that begin a declaration. */
export const DECLARATIONS = [
  'global', 'percpu', 'pervm', 'pervcpu', 'const', 'spinlock', 'mutex', 'rwsem', 'state', 'remove', 'replace', 'fn', 'action',
  'let', 'thread', 'lane', 'boot', 'idle', 'init', 'sched_in', 'sched_out', 'killed', 'online', 'place', 'affinity_lost', 'param', 'also', 'release', 'message', 'hardware', 'userspace',
]; // prettier-ignore
/** What these words declare has a name of its own, in one of these namespaces: `replace` and `remove` speak of it. */
export const NAMED_AS: Readonly<Record<string, DeclaredAs>> = {
  ...{ fn: 'function', action: 'function', let: 'definition', lane: 'lane', const: 'constant', thread: 'thread' },
  ...{ global: 'variable', percpu: 'variable', pervm: 'variable', pervcpu: 'variable' },
  ...{ param: 'variable', hardware: 'variable', spinlock: 'lock', mutex: 'lock', rwsem: 'lock' },
};
/** What the machine must know of a kernel: each is said once, and the last word counts. */
export const WIRING: ReadonlySet<string> = new Set([
  ...['boot', 'idle', 'init', 'sched_in', 'sched_out', 'killed', 'online', 'place', 'affinity_lost', 'userspace'],
]);
/** Words that begin a statement. */
export const STATEMENTS = [
  'var', 'if', 'while', 'loop', 'for', 'break', 'continue', 'return', 'lock', 'unlock', 'await', 'spin', 'idle', 'irq', 'preempt',
  'notifier', 'atomic', 'yield', 'choose', 'pick', 'log', 'warn', 'panic', 'trace', 'fail', 'fault', 'bug', 'on', 'start', 'poweroff', 'exit',
  'stop', 'spawn', 'allow', 'guest', 'rest', 'invoke', 'register', 'unregister', 'set', 'clear',
]; // prettier-ignore
export const TYPES = ['bool', 'int', 'cpu', 'vm', 'vcpu', 'task', 'state', 'errno', 'mask'];
/** Words that cannot be names. */
export const RESERVED = new Set([
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

export class TokenReader {
  protected at = 0;
  private depth = 0;

  constructor(
    protected readonly tokens: readonly Token[],
    protected readonly file: string,
  ) {}

  protected get token(): Token {
    return this.tokens[this.at]!;
  }

  protected is(text: string): boolean {
    const t = this.token;
    return t.text === text && (t.kind === 'op' || t.kind === 'name');
  }

  protected take(text: string): boolean {
    if (!this.is(text)) return false;
    this.at += 1;
    return true;
  }

  protected expect(text: string, where: string): Token {
    const t = this.token;
    if (!this.take(text)) throw new TextError(t, `expected ${JSON.stringify(text)} ${where}, found ${show(t)}`);
    return t;
  }

  protected name(what: string): Token {
    const t = this.token;
    if (t.kind !== 'name') throw new TextError(t, `expected ${what}, found ${show(t)}`);
    if (RESERVED.has(t.text)) throw new TextError(t, `${t.text} is a word of the language and cannot be ${what}`);
    this.at += 1;
    return t;
  }

  protected maybeString(): string | null {
    if (this.token.kind !== 'string') return null;
    return this.tokens[this.at++]!.text;
  }

  protected string(what: string): string {
    const t = this.token;
    const s = this.maybeString();
    if (s === null) throw new TextError(t, `expected ${what} in quotes, found ${show(t)}`);
    return s;
  }

  protected number(what: string): number {
    const t = this.token;
    const minus = this.take('-');
    const digits = this.token;
    if (digits.kind !== 'number') throw new TextError(t, `expected ${what}, found ${show(t)}`);
    this.at += 1;
    return minus ? -Number(digits.text) : Number(digits.text);
  }

  protected skipNewlines(): void {
    while (this.token.kind === 'newline' || this.is(';')) this.at += 1;
  }

  protected endOfLine(after: string): void {
    const t = this.token;
    if (t.kind === 'newline' || this.is(';')) {
      this.at += 1;
      return;
    }
    if (this.is('}')) return;
    throw new TextError(t, `unexpected ${show(t)} after ${after}`, 'a statement ends with its line');
  }

  protected nested<T>(parse: () => T): T {
    if (++this.depth > MAX_NESTING) throw new TextError(this.token, `nested more than ${MAX_NESTING} deep`);
    try {
      return parse();
    } finally {
      this.depth -= 1;
    }
  }
}

/** A token as messages name it. */
export function show(t: Token): string {
  if (t.kind === 'newline') return 'the end of the line';
  if (t.kind === 'end') return t.text;
  if (t.kind === 'string') return `"${t.text}"`;
  return JSON.stringify(t.text);
}
