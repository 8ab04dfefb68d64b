/** Completion in a kernel text: names of the kernel, of the function at the cursor, and the language's words, where they can stand. */
import type { Completion, CompletionContext, CompletionResult } from '@codemirror/autocomplete';
import { ERRNO } from '../../language/errno';
import { ASKING, DECLARING, DOING, TYPED } from '../../language/words';
import type { Kernel } from '../../language/assemble';
import { namesOf, tellOf, type NameKind } from '../inspect/told';
import { card } from './pointed';

/** CodeMirror's word for the icon of each kind. */
const ICON: Readonly<Record<NameKind, string>> = {
  function: 'function',
  action: 'method',
  variable: 'variable',
  constant: 'constant',
  lock: 'class',
  definition: 'property',
  state: 'enum',
  thread: 'interface',
  lane: 'interface',
  errno: 'constant',
  word: 'keyword',
  local: 'variable',
};

export function option(
  kernel: Kernel,
  name: string,
  kind: NameKind,
  value: (name: string) => string | null,
): Completion {
  return {
    label: name,
    type: ICON[kind],
    detail: kind === 'word' ? '' : kind,
    info: () => {
      const told = tellOf(kernel, name);
      return told && card(told, value(name));
    },
  };
}

/** What can stand behind these words. */
const AFTER: readonly (readonly [RegExp, readonly NameKind[]])[] = [
  [/\b(un)?lock\s+(read\s+)?$/, ['lock']],
  [/\b(un)?register\s+$/, ['state']],
  [/\b(within|\.\.|after|remove state|state)\s*$/, ['state']],
  [/\bspawn\s+$/, ['thread']],
  [/\b(up|down|runs|call|run|boot|idle|init|sched_in|sched_out|killed)\s+$/, ['function', 'action']],
  [/\bin\s+$/, ['variable', 'definition']],
];

export interface KernNames {
  readonly kernel: () => Kernel | null;
  readonly valueNow: (name: string) => string | null;
}

export function completeKern({ kernel: current, valueNow }: KernNames) {
  return (context: CompletionContext): CompletionResult | null => {
    const word = context.matchBefore(/-?[A-Za-z_]\w*/);
    if (!word && !context.explicit) return null;
    const line = context.state.doc.lineAt(context.pos);
    const from = word ? word.from : context.pos;
    const before = line.text.slice(0, from - line.from);
    if (/#/.test(before.replace(/"[^"]*"/g, '')) || (before.split('"').length - 1) % 2 === 1) return null;
    const kernel = current();
    if (!kernel) return null;
    if (word?.text.startsWith('-'))
      return {
        from,
        options: Object.keys(ERRNO).map((name) => ({ ...option(kernel, name, 'errno', valueNow), label: `-${name}` })),
      };
    const words = (list: object): Completion[] =>
      Object.keys(list).map((name) => option(kernel, name, 'word', valueNow));
    if (before === '') return { from, options: words(DECLARING), validFor: /^\w*$/ };
    const wanted = AFTER.find(([test]) => test.test(before))?.[1];
    const names = namesOf(kernel)
      .filter(([kind]) => !wanted || wanted.includes(kind))
      .map(([kind, name]) => option(kernel, name, kind, valueNow));
    if (wanted) return { from, options: names, validFor: /^\w*$/ };
    const starts = /^\s+$|[{;]\s*$/.test(before);
    const locals = localsAt(context.state.doc.sliceString(0, line.from)).map((name): Completion => ({
      label: name,
      type: 'variable',
      detail: 'here',
      boost: 20,
    }));
    const own = starts ? words(DOING) : [...words(ASKING), ...words(TYPED)];
    const taken = new Set(locals.map((l) => l.label));
    const others = [...names, ...own].filter((o) => !taken.has(o.label));
    return { from, options: [...locals, ...others], validFor: /^\w*$/ };
  };
}

/** Parameters and variables of the function that is open at the end of this text. */
export function localsAt(text: string): string[] {
  const at = Math.max(text.lastIndexOf('\nfn '), text.lastIndexOf('\naction '), text.lastIndexOf('\nreplace fn '));
  const body = text.slice(at + 1);
  const parameters = /\(([^)]*)\)/.exec(body)?.[1] ?? '';
  const declared = [...body.matchAll(/\b(?:var|for)\s+(\w+)/g)].map((m) => m[1]!);
  const named = parameters.split(',').flatMap((p) => /^\s*(\w+)/.exec(p)?.[1] ?? []);
  return [...new Set([...named, ...declared])];
}
