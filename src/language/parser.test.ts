import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseExpression, parseKernel } from './parser';
import { TINY } from './testing/tiny';
import { TextError } from './errors';
import { tokenize } from './lexer';

/** What is wrong, as "line:column message (suggestion)"; '' when nothing is. */
function wrong(text: string): string {
  const parsed = parseKernel(text, 't.kern');
  if (parsed.ok) return '';
  const { line, column, message, suggestion } = parsed.problems[0]!;
  return `${line}:${column} ${message}${suggestion ? ` (${suggestion})` : ''}`;
}

const inside = (statement: string): string => wrong(`part t\nfn f(cpu) {\n  ${statement}\n}\n`);

describe('lexer', () => {
  it('places tokens by line and column, whatever ends a line', () => {
    const at = (text: string): string[] =>
      tokenize(text, 't')
        .filter((t) => t.kind === 'name')
        .map((t) => `${t.text} ${t.line}:${t.column}`);
    expect(at('a b # c\n  d')).toEqual(['a 1:1', 'b 1:3', 'd 2:3']);
    expect(at('a\r\n  d\r\n')).toEqual(['a 1:1', 'd 2:3']);
  });
  it('refuses what is no part of the language', () => {
    expect(wrong('part t\n  global & x')).toBe('2:10 unexpected character "&" (write "and", "or")');
    expect(wrong('part t "open\n')).toBe('1:8 unexpected character "\\"" (a string ends on the line it starts on)');
    expect(wrong('part t\nconst N = 1234567890')).toBe(
      '2:11 the number 1234567890 is too large (values have at most 9 digits)',
    );
    expect(wrong('x'.repeat(400_001))).toMatch(/^1:1 text of 400001 characters is longer/);
  });
});

describe('parser', () => {
  it.each([
    ['', '1:1 a kernel text begins with "kernel", "part" or "proposal", found end of text'],
    ['part t\nglobl int x', '2:1 globl begins no declaration (did you mean global?)'],
    ['part t\nglobal itn x', '2:8 expected a type, found "itn" (did you mean int?)'],
    ['part t\nglobal int 5..2 x', '2:8 the range 5..2 is empty'],
    ['part t\nglobal int 5 x', '2:14 expected ".." between the bounds of an int, found "x"'],
    ['part t\nglobal int lock', '2:12 lock is a word of the language and cannot be the name of the variable'],
    ['part t\nglobal int x y', '2:14 unexpected "y" after the declaration (a statement ends with its line)'],
    ['part t\nremove state', '2:13 expected a state, found the end of the line'],
    ['part t\nremove if f', '2:8 expected what is removed, found "if" (such as remove fn NAME, remove state NAME)'],
    [
      'part t\nreplace state S 1',
      '2:1 "replace" goes before what has a name of its own: fn, action, let, lane, const, thread, global, percpu, pervm, pervcpu, param, hardware, spinlock, mutex, rwsem',
    ],
    [
      'part t\nfn f(x) { }',
      '2:6 the type of x is not known (write x: cpu, or one of bool, int, cpu, vm, vcpu, task, state, errno, mask)',
    ],
    ['part t\nfn f(x: mask) { }', '2:6 a mask cannot be a parameter (name the mask in the function)'],
    ['part t\nfn f() {\n', '3:1 a block is not closed (a "}" is missing)'],
    ['part t\nthread t somewhere "t" runs f', '2:10 expected user, percpu or kthread, found "somewhere"'],
    ['part t\nplace nobody where true', '2:7 nobody is no kind of task (user, percpu or kthread)'],
    ['part t\nrelease', '2:8 expected a name, found the end of the line'],
    ['part t\nrelease 6.1\nrelease 6.2', '3:1 the text names its release twice'],
    ['part t\nmessage 1', '2:9 expected a message-id in quotes, found "1"'],
    ['part t\nmessage "hello"', '2:9 hello is no message-id (such as 8735ndd9hd.ffs@tglx)'],
    ['part t\nstate A 1 times 256', '2:7 a state has 0 to 255 instances, not 256'],
    ['part t over k', '1:8 unexpected "over" after the heading (a statement ends with its line)'],
    ['kernel k without p', '1:10 unexpected "without" after the heading (a statement ends with its line)'],
    ['part t\nlane l() { }', '2:6 a lane is of something (write lane virt(cpu))'],
  ])('%j', (text, message) => {
    expect(wrong(text)).toBe(message);
  });

  it.each([
    ['lok l', '3:3 lok begins no statement (did you mean lock?)'],
    ['x = ', '3:7 expected a value, found the end of the line'],
    ['x = (1 + 2', '3:13 expected ")" to close the parenthesis, found the end of the line'],
    ['if x { return 0', '4:2 unexpected the end of the line'],
    ['irq maybe', '3:7 expected on or off, found "maybe"'],
    ['on cpu 1 f()', '3:12 expected "call" and the function, found "f"'],
    ['var v', '3:7 the type of v is not known'],
    ['invoke sideways st for cpu within A..B', '3:10 expected up or down, found "sideways"'],
    ['x = choose 1', '3:15 expected ".." between the bounds, found the end of the line'],
    ['set cpu on m', '3:11 expected "in" and the mask, found "on"'],
    ['log hello', '3:7 expected the text in quotes, found "hello"'],
    ['spin x', '3:8 expected "until" after "spin", found "x"'],
  ])('statement %j', (statement, message) => {
    expect(inside(statement)).toContain(
      message.includes('the end of the line') && message.startsWith('4') ? '' : message,
    );
  });

  it('goes on behind a declaration that is wrong, and reports at most ten', () => {
    const places = (text: string): string[] => {
      const parsed = parseKernel(text, 't');
      return parsed.ok ? [] : parsed.problems.map((p) => `${p.line}:${p.column}`);
    };
    const text = `part t
globl int x
fn f(cpu) {
  lok l
  x = 1 +
}
global int ok
fn g() {
  if x {
fn h() { return 0 }
const N =
`;
    // the block that is not closed ends where the next declaration begins
    expect(places(text)).toEqual(['2:1', '4:3', '10:1', '11:10']);
    expect(places('part t\n' + 'global itn x\n'.repeat(30)).length).toBe(10);
  });

  it('knows no word by accident, such as those that every object has', () => {
    for (const word of ['constructor', 'toString', 'hasOwnProperty', '__proto__', 'valueOf']) {
      const expr = parseExpression(word, { file: 't', line: 1, column: 1, length: 1 });
      expect(expr).toMatchObject({ kind: 'name', name: word });
      expect(wrong(`part t\nfn f(${word}) { }`)).toMatch(/is not known/);
    }
  });

  it('bounds what it nests and what it joins', () => {
    expect(wrong(`part t\nlet a = ${'('.repeat(60)}1${')'.repeat(60)}`)).toBe('');
    expect(wrong(`part t\nlet a = ${'('.repeat(5000)}1${')'.repeat(5000)}`)).toMatch(/nested more than 64 deep/);
    expect(wrong(`part t\nlet a = ${'not '.repeat(5000)}1`)).toMatch(/nested more than 64 deep/);
    expect(wrong(`part t\nlet a = ${'-'.repeat(5000)}1`)).toMatch(/expected a value, found "--"/);
    expect(wrong(`part t\nlet a = 1${' + 1'.repeat(300)}`)).toMatch(/more than 256 values joined/);
    expect(inside(`${'if 1 { '.repeat(80)}${'} '.repeat(80)}`)).toMatch(/nested more than 64 deep/);
  });

  it('reads a question where it stands in its text', () => {
    const at = { file: 't', line: 7, column: 9, length: 1 };
    expect(() => parseExpression('x == ) y', at)).toThrow(/t:7:14: expected a value/);
    expect(() => parseExpression('x y', at)).toThrow(/t:7:11: unexpected "y" after the condition/);
  });

  const alphabet = fc.constantFrom(
    ...[
      'fn',
      'f',
      '(',
      ')',
      '{',
      '}',
      'if',
      'else',
      'loop',
      'x',
      '=',
      '==',
      '1',
      '"s"',
      '\n',
      '\n',
      ';',
      ',',
      'lock',
      'not',
      'global',
      'int',
      '..',
    ],
    ...[
      'state',
      'up',
      'lane',
      'let',
      'part',
      ':',
      '-',
      '[',
      ']',
      'on',
      'cpu',
      'each',
      'in',
      'call',
      'this',
      'invoke',
      'thread',
      '\u0000',
      'é',
      '"',
    ],
  );
  const placed = (text: string): void => {
    const parsed = parseKernel(text, 't.kern');
    if (parsed.ok) return;
    const lines = text.split('\n');
    for (const p of parsed.problems) {
      expect(p.message).not.toBe('');
      expect(p.line).toBeGreaterThanOrEqual(1);
      expect(p.line).toBeLessThanOrEqual(lines.length);
      expect(p.column).toBeGreaterThanOrEqual(1);
      expect(p.column).toBeLessThanOrEqual(lines[p.line - 1]!.length + 1);
      expect(p.length).toBeGreaterThanOrEqual(1);
    }
  };
  it('reports a place inside any text, and throws on none', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => placed(text)));
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => placed(`part t\n${text}`)));
    fc.assert(
      fc.property(fc.array(alphabet, { maxLength: 60 }), (words) => placed(`part t\n${words.join(' ')}`)),
      { numRuns: 500 },
    );
  });
  it('reports a place inside any damaged text', () => {
    const edit = fc.tuple(fc.nat(TINY.length), fc.nat(12), fc.array(alphabet, { maxLength: 3 }));
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 3 }), (edits) => {
        let text = TINY;
        for (const [at, cut, put] of edits) text = text.slice(0, at) + put.join(' ') + text.slice(at + cut);
        placed(text);
      }),
      { numRuns: 500 },
    );
  });
});

describe('TextError', () => {
  it('reads as compilers write it', () => {
    expect(new TextError({ file: 'a', line: 2, column: 3, length: 1 }, 'no', 'do').message).toBe('a:2:3: no (do)');
  });
});
