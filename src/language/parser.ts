/**
 * Kernel text to syntax tree. The declarations, line by line (README.md of this folder has the statements):
 *
 *   part NAME ["title"] [: PART, PART]
 *   kernel | proposal NAME ["title"] [over KERNEL [without PART, PART]] [: PART, PART]
 *   release 6.12.8                                 message "message-id"
 *   global | percpu | pervm | pervcpu TYPE NAME [= expr] ["doc"]
 *   param TYPE NAME = expr ["doc"]                 a module's parameter: a litmus text may set it
 *   hardware [percpu] TYPE NAME = expr ["doc"]     a property of the machine: likewise, and it holds from boot
 *   also OLD_NAME for f
 *   spinlock | mutex | rwsem NAME
 *   state CONSTANT [number | after CONSTANT] ["name"] [up f] [down f] [times N] [when registered]
 *   fn | action NAME(params) [-> type] ["source"] [cost N] { statements }
 *   let NAME(params) = expr
 *   thread NAME [per cpu|vcpu] user|percpu|kthread "label" runs f
 *   lane NAME(param) { look "label" [, args] [when expr] ... }
 *   boot f / idle f / init f / sched_in f / sched_out f / killed f / online MASK
 *   place user|percpu|kthread where expr (of cpu, task)          affinity_lost "format"          userspace when expr
 *
 * What an earlier text declares is changed by `replace` before the new declaration of that name (a state, another name and
 * the wiring just by a later line), and taken out by `remove` with the word and the name: `remove fn f`, `remove state S`.
 */
import { didYouMean, Findings, TextError, type Place, type Problem } from './errors';
import { tokenize } from './lexer';
import type { Token } from './lexer';
import { StatementParser } from './parse-statements';
import { DECLARATIONS, NAMED_AS, show, TYPES, WIRING } from './tokens';
import type * as Ast from './ast';

export type ParsedKernel =
  { readonly ok: true; readonly text: Ast.KernelText } | { readonly ok: false; readonly problems: readonly Problem[] };

/** Parses one kernel text. Never throws on bad input: reports what is wrong, each with line, column and suggestion. */
export function parseKernel(text: string, file: string): ParsedKernel {
  try {
    return { ok: true, text: new Parser(tokenize(text, file), file).kernelText() };
  } catch (error) {
    if (error instanceof TextError) return { ok: false, problems: error.problems };
    throw error;
  }
}

/** Parses one expression (a litmus question). Throws TextError. `at` moves reported places into the enclosing text. */
export function parseExpression(text: string, at: Place): Ast.Expr {
  const parser = new Parser(tokensAt(text, at), at.file);
  const expr = parser.expr();
  parser.endOfExpression();
  return expr;
}

/** Tokens of a piece of a line, and its errors, at their places in the whole text. */
function tokensAt(text: string, at: Place): Token[] {
  const moved = <P extends Place>(p: P): P => ({ ...p, line: at.line, column: p.column + at.column - 1 });
  try {
    return tokenize(text, at.file).map(moved);
  } catch (error) {
    if (!(error instanceof TextError)) throw error;
    throw new TextError(moved(error.problem), error.problem.message, error.problem.suggestion);
  }
}

/** What a text has declared so far. */
type Declarations = {
  -readonly [
    K in Exclude<
      keyof Ast.KernelText,
      'file' | 'kind' | 'name' | 'title' | 'over' | 'without' | 'bases' | 'release' | 'place'
    >
  ]: Ast.KernelText[K][number][];
} & { release: string | null };

/** Most instances that a hotplug state may have. */
const MAX_INSTANCES = 255;

export class Parser extends StatementParser {
  // ---- declarations

  kernelText(): Ast.KernelText {
    this.skipNewlines();
    const head = this.token;
    const kind = head.text;
    if (kind !== 'part' && kind !== 'kernel' && kind !== 'proposal') {
      throw new TextError(head, `a kernel text begins with "kernel", "part" or "proposal", found ${show(head)}`);
    }
    this.at += 1;
    const name = this.version();
    const title = this.maybeString() ?? '';
    const over = kind !== 'part' && this.take('over') ? this.base() : null;
    const without = over && this.take('without') ? this.baseList() : [];
    const bases = this.take(':') ? this.baseList() : [];
    this.endOfLine('the heading');
    const out: Declarations = {
      consts: [],
      vars: [],
      locks: [],
      fns: [],
      lets: [],
      states: [],
      removedStates: [],
      removed: [],
      threads: [],
      lanes: [],
      wiring: [],
      aliases: [],
      messages: [],
      release: null,
    };
    const findings = new Findings();
    for (;;) {
      this.skipNewlines();
      if (this.token.kind === 'end') {
        findings.stop();
        return { file: this.file, kind, name, title, over, without, bases, place: head, ...out };
      }
      const from = this.at;
      if (findings.attempt(() => (this.declaration(out), true)) === null) this.skipDeclaration(from);
    }
  }

  /** Goes on behind a declaration that is wrong: at the next line that begins with the word of another one. */
  private skipDeclaration(from: number): void {
    this.at = Math.max(from + 1, this.at - 1);
    const begins = (t: Token): boolean => t.column === 1 && t.kind === 'name' && DECLARATIONS.includes(t.text);
    while (this.token.kind !== 'end' && !begins(this.token)) this.at += 1;
  }

  private base(): Ast.NameAt {
    return { place: this.token, name: this.version() };
  }

  private baseList(): Ast.NameAt[] {
    const names: Ast.NameAt[] = [];
    do names.push(this.base());
    while (this.take(','));
    return names;
  }

  /** The name of a release, a kernel or a part: 6.12.8, v6.1.192, kvm-e1, move-to-online. */
  private version(): string {
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

  private declaration(out: Declarations): void {
    const first = this.token;
    const replace = this.take('replace');
    const word = this.token;
    if (word.kind !== 'name') throw new TextError(word, `expected a declaration, found ${show(word)}`);
    this.at += 1;
    switch (word.text) {
      case 'global':
      case 'param':
      case 'hardware':
      case 'percpu':
      case 'pervm':
      case 'pervcpu':
        out.vars.push({ ...this.variable(word), replace });
        break;
      case 'release': {
        if (out.release !== null) throw new TextError(word, 'the text names its release twice');
        out.release = this.version();
        break;
      }
      case 'message': {
        const at = this.token;
        const id = this.string('a message-id').replace(/^<|>$/g, '');
        if (!/^[^\s@<>]+@[^\s@<>]+$/.test(id))
          throw new TextError(at, `${id} is no message-id`, 'such as 8735ndd9hd.ffs@tglx');
        out.messages.push(id);
        break;
      }
      case 'also': {
        const name = this.name('the other name');
        this.expect('for', 'and the function');
        out.aliases.push({ name: name.text, fn: this.name('a function').text, place: name });
        break;
      }
      case 'const': {
        const name = this.name('a name');
        this.expect('=', 'after the name');
        out.consts.push({ name: name.text, value: this.number('a number'), place: name, replace });
        break;
      }
      case 'spinlock':
      case 'mutex':
      case 'rwsem': {
        const name = this.name('the name of the lock');
        out.locks.push({ kind: word.text, name: name.text, place: name, replace });
        break;
      }
      case 'state':
        out.states.push(this.state());
        break;
      case 'remove': {
        if (this.take('state')) {
          const name = this.name('a state');
          out.removedStates.push({ name: name.text, place: name });
        } else out.removed.push(this.removal());
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
        out.threads.push({ ...this.thread(), replace });
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
      case 'userspace':
        this.expect('when', 'and what actors wait for before their first action');
        out.wiring.push({ what: word.text, value: '', cond: this.expr(), place: word });
        break;
      default:
        throw new TextError(word, `${word.text} begins no declaration`, didYouMean(word.text, DECLARATIONS));
    }
    if (replace && !Object.hasOwn(NAMED_AS, word.text))
      throw new TextError(
        first,
        `"replace" goes before what has a name of its own: ${Object.keys(NAMED_AS).join(', ')}`,
      );
    this.endOfLine('the declaration');
  }

  /** Behind "remove": the word that declared it, and its name. */
  private removal(): Ast.Removal {
    const word = this.token;
    if (!this.take(word.text) || !(WIRING.has(word.text) || word.text === 'also' || Object.hasOwn(NAMED_AS, word.text)))
      throw new TextError(
        word,
        `expected what is removed, found ${show(word)}`,
        'such as remove fn NAME, remove state NAME',
      );
    if (WIRING.has(word.text)) {
      const who = word.text === 'place' ? ` ${this.name('user, percpu or kthread').text}` : '';
      return { what: 'wiring', name: `${word.text}${who}`, place: word };
    }
    // an action's name may be a word of the language
    const name = word.text === 'action' && this.token.kind === 'name' ? this.tokens[this.at++]! : this.name('a name');
    return { what: word.text === 'also' ? 'other name' : NAMED_AS[word.text]!, name: name.text, place: name };
  }

  private variable(word: Token): Ast.VarDecl {
    const scopes = { percpu: 'cpu', pervm: 'vm', pervcpu: 'vcpu' } as const;
    const hardware = word.text === 'hardware';
    const scoped = hardware && this.take('percpu') ? 'percpu' : word.text;
    const scope = Object.hasOwn(scopes, scoped) ? scopes[scoped as 'percpu'] : 'global';
    const type = this.type();
    const name = this.name('the name of the variable');
    const initial = this.take('=') ? this.expr() : null;
    const param = word.text === 'param';
    if ((param || hardware) && type.kind !== 'bool' && type.kind !== 'int')
      throw new TextError(name, `${name.text} is set by a litmus text: it can be a bool or an int`);
    return { scope, type, name: name.text, initial, param, hardware, doc: this.maybeString() ?? '', place: name };
  }

  private state(): Ast.StateDecl {
    const constant = this.name('a state');
    const number = this.token.kind === 'number' ? this.number('its number') : null;
    const after = number === null && this.take('after') ? this.name('the state before it').text : null;
    const name = this.maybeString();
    const up = this.take('up') ? this.name('the startup callback').text : null;
    const down = this.take('down') ? this.name('the teardown callback').text : null;
    const times = this.take('times') ? this.number('how many instances it has') : null;
    if (times !== null && (times < 0 || times > MAX_INSTANCES))
      throw new TextError(constant, `a state has 0 to ${MAX_INSTANCES} instances, not ${times}`);
    let whenRegistered = false;
    if (this.take('when')) {
      this.expect('registered', 'after "when"');
      whenRegistered = true;
    }
    return { constant: constant.text, number, after, name, up, down, times, whenRegistered, place: constant };
  }

  private params(): Ast.Param[] {
    const params: Ast.Param[] = [];
    this.expect('(', 'before the parameters');
    while (!this.take(')')) {
      if (params.length) this.expect(',', 'between parameters');
      const name = this.name('a parameter');
      const type = this.take(':') ? this.type() : this.typeByName(name.text);
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
    // no statement calls an action, so that its name may be a word of the language: stop
    const action = kind === 'action' && this.token.kind === 'name' && this.tokens[this.at + 1]?.text === '(';
    const name = action ? this.tokens[this.at++]! : this.name('the name of the function');
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
}
