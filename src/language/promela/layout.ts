/** Lays Promela out: what fits stands on one line, selections and loops that do not are opened, one option to a line. */

const WIDTH = 118;

/** Statements as lines, each indented. */
export function layOut(statements: string, indent: number): string[] {
  const pad = ' '.repeat(indent);
  const text = statements.trim();
  if (text === '') return [];
  if (!text.includes('\n') && indent + text.length <= WIDTH) return [pad + text];
  const parts = split(text, ';');
  if (parts.length > 1) {
    const out: string[] = [];
    let line = '';
    const flush = (end: string): void => {
      if (line !== '') out.push(...layOut(line, indent).map((l, i, all) => (i + 1 === all.length ? l + end : l)));
      line = '';
    };
    for (const part of parts) {
      const joined = line === '' ? part : `${line}; ${part}`;
      if (!joined.includes('\n') && indent + joined.length < WIDTH) line = joined;
      else {
        flush(';');
        line = part;
        if (part.includes('\n') || indent + part.length >= WIDTH) {
          out.push(...layOut(part, indent).map((l, i, all) => (i + 1 === all.length ? `${l};` : l)));
          line = '';
        }
      }
    }
    flush('');
    const last = out.length - 1;
    out[last] = out[last]!.replace(/;$/, '');
    return out;
  }
  const block = /^(if|do)\s([\s\S]*)\s(fi|od)$/.exec(text);
  if (block) {
    const options = split(block[2]!, '::').filter((o) => o.trim() !== '');
    return [`${pad}${block[1]!}`, ...options.flatMap((o) => option(o.trim(), indent)), `${pad}${block[3]!}`];
  }
  const step = /^d_step \{\s*([\s\S]*)\}$/.exec(text);
  if (step)
    return [
      `${pad}d_step {`,
      ...option(`:: ${step[1]!}`, indent - 3).map((l, i) => (i === 0 ? unmarked(l) : l)),
      `${pad}}`,
    ];
  return condition(text, indent);
}

const unmarked = (line: string): string => line.replace(/^(\s*):: /, '$1   ');

/** `comment guard -> statements`, the comment on a line of its own. */
function option(text: string, indent: number): string[] {
  const pad = ' '.repeat(indent);
  const bare = text.replace(/^::\s*/, '');
  const comment = /^(\/\*[^\n]*\*\/)\n([\s\S]*)$/.exec(bare);
  if (comment) return [`${pad}${comment[1]!}`, ...option(comment[2]!, indent)];
  const one = `${pad}:: ${bare}`;
  if (!bare.includes('\n') && one.length <= WIDTH) return [one];
  const at = arrow(bare);
  if (at < 0) return layOut(bare, indent + 3).map((l, i) => (i === 0 ? `${pad}:: ${l.trim()}` : l));
  const guard = condition(bare.slice(0, at).trim(), indent + 3).map((l, i) => (i === 0 ? `${pad}:: ${l.trim()}` : l));
  guard[guard.length - 1] += ' ->';
  return [...guard, ...layOut(bare.slice(at + 2), indent + 5)];
}

/** Opens a long condition at its outer `&&` or `||`. */
function condition(text: string, indent: number): string[] {
  const pad = ' '.repeat(indent);
  if (indent + text.length <= WIDTH) return [pad + text];
  for (const op of ['||', '&&']) {
    const parts = split(text, op);
    if (parts.length > 1) {
      const lines: string[] = [];
      parts.forEach((part, i) => {
        const piece = i + 1 < parts.length ? `${part} ${op}` : part;
        const last = lines.length - 1;
        if (last >= 0 && lines[last]!.length + 1 + piece.length <= WIDTH) lines[last] += ` ${piece}`;
        else lines.push(`${pad}${piece}`);
      });
      return lines;
    }
  }
  return [pad + text];
}

/** Where the guard ends: the first arrow outside parentheses and blocks. */
const arrow = (text: string): number => walk(text, '->').at(0) ?? -1;

function split(text: string, at: string): string[] {
  const parts: string[] = [];
  let from = 0;
  for (const i of walk(text, at)) {
    parts.push(text.slice(from, i).trim());
    from = i + at.length;
  }
  parts.push(text.slice(from).trim());
  return parts.filter((p) => p !== '');
}

/** Where `what` stands outside parentheses, braces, strings, comments, selections and loops. */
function walk(text: string, what: string): number[] {
  const found: number[] = [];
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!;
    if (c === '"') {
      i = text.indexOf('"', i + 1);
      if (i < 0) break;
      continue;
    }
    if (c === '/' && text[i + 1] === '*') {
      i = text.indexOf('*/', i) + 1;
      continue;
    }
    if (depth === 0 && text.startsWith(what, i)) {
      found.push(i);
      i += what.length - 1;
      continue;
    }
    if (c === '(' || c === '{') depth += 1;
    else if (c === ')' || c === '}') depth -= 1;
    else if (/[a-z_]/i.test(c)) {
      const word = /^\w+/.exec(text.slice(i))![0];
      if (word === 'if' || word === 'do') depth += 1;
      else if (word === 'fi' || word === 'od') depth -= 1;
      i += word.length - 1;
    } else if (/\d/.test(c)) i += /^\w+/.exec(text.slice(i))![0].length - 1;
  }
  return found;
}
