/** What a name in a kernel text is: for completion, for whoever points at it, and for going to where it is declared. Plain data. */
import type { Kernel } from '../../language/assemble';
import type * as Ast from '../../language/ast';
import { ERRNO } from '../../language/errno';
import type { Place } from '../../language/errors';
import { originOf } from '../../language/provenance';
import { ASKING, DECLARING, DOING, TYPED, type WordHelp } from '../../language/words';
import { sourceView, type SourceView } from './sources';

export type NameKind =
  | 'function'
  | 'action'
  | 'variable'
  | 'constant'
  | 'lock'
  | 'definition'
  | 'state'
  | 'thread'
  | 'lane'
  | 'errno'
  | 'word'
  | 'local';

export interface Told {
  readonly name: string;
  readonly kind: NameKind;
  /** As it is declared, or written: "fn kvm_online_cpu(cpu) -> errno". */
  readonly signature: string;
  readonly about: string;
  /** Where it was read; null for what is no function. */
  readonly source: SourceView | null;
  /** Where it is declared; null for a word of the language. */
  readonly place: Place | null;
}

export function typeText(type: Ast.TypeName): string {
  return type.kind === 'int' ? `int ${type.lo}..${type.hi}` : type.kind;
}

const params = (list: readonly Ast.Param[]): string =>
  list.map(({ name, type }) => (name === type.kind ? name : `${name}: ${typeText(type)}`)).join(', ');

const SCOPES = { global: 'global', cpu: 'percpu', vm: 'pervm', vcpu: 'pervcpu' } as const;

function variable({ scope, type, name, param, hardware }: Ast.VarDecl): string {
  const word = param ? 'param' : hardware ? `hardware${scope === 'cpu' ? ' percpu' : ''}` : SCOPES[scope];
  return `${word} ${typeText(type)} ${name}`;
}

function state(s: Ast.StateDecl): string {
  return [
    `state ${s.constant}`,
    ...(s.number === null ? [] : [String(s.number)]),
    ...(s.name === null ? [] : [`"${s.name}"`]),
    ...(s.up === null ? [] : [`up ${s.up}`]),
    ...(s.down === null ? [] : [`down ${s.down}`]),
    ...(s.whenRegistered ? ['when registered'] : []),
  ].join(' ');
}

/** Null for a name that the kernel does not have. */
export function tellOf(kernel: Kernel, name: string): Told | null {
  const told = (
    kind: NameKind,
    signature: string,
    about: string,
    place: Place | null,
    source: SourceView | null = null,
  ): Told => ({
    name,
    kind,
    signature,
    about,
    place,
    source,
  });
  const fn = kernel.fns.get(name);
  if (fn) {
    const origin = originOf(kernel, name);
    const signature = `${fn.kind} ${name}(${params(fn.params)}) -> ${typeText(fn.returns)}`;
    return told(fn.kind === 'fn' ? 'function' : 'action', signature, '', fn.place, origin && sourceView(origin));
  }
  const v = kernel.vars.get(name);
  if (v) return told('variable', variable(v), v.doc, v.place);
  const definition = kernel.lets.get(name);
  if (definition) {
    const list = definition.params.length > 0 ? `(${params(definition.params)})` : '';
    return told('definition', `let ${name}${list}`, definition.doc, definition.place);
  }
  const s = kernel.states.get(name);
  if (s) return told('state', state(s), 'a step of the hotplug walk', s.place);
  const constant = kernel.consts.get(name);
  if (constant) return told('constant', `const ${name} = ${constant.value}`, '', constant.place);
  const lock = kernel.locks.get(name);
  if (lock) return told('lock', `${lock.kind} ${name}`, '', lock.place);
  const thread = kernel.threads.get(name);
  if (thread) {
    const per = thread.per === 'one' ? '' : ` per ${thread.per}`;
    return told(
      'thread',
      `thread ${name}${per} ${thread.placement} "${thread.label}" runs ${thread.call}`,
      '',
      thread.place,
    );
  }
  const alias = kernel.aliases.get(name);
  if (alias)
    return told('function', `also ${name} for ${alias.fn}`, `what ${alias.fn} is called elsewhere`, alias.place);
  const lane = kernel.lanes.get(name);
  if (lane) return told('lane', `lane ${name}(${lane.param.name})`, 'how the lanes show it', lane.place);
  if (Object.hasOwn(ERRNO, name)) return told('errno', `-${name}`, `errno ${ERRNO[name]}`, null);
  const word = wordHelp(name);
  return word ? told('word', word.usage, word.about, null) : null;
}

function wordHelp(name: string): WordHelp | null {
  for (const words of [DOING, ASKING, DECLARING, TYPED]) if (Object.hasOwn(words, name)) return words[name]!;
  return null;
}

/** All names of a kernel, by what they are. */
export function namesOf(kernel: Kernel): readonly (readonly [NameKind, string])[] {
  const of = (kind: NameKind, names: Iterable<string>): (readonly [NameKind, string])[] =>
    [...names].map((name) => [kind, name] as const);
  return [
    ...[...kernel.fns.values()].map(({ kind, name }) => [kind === 'fn' ? 'function' : 'action', name] as const),
    ...of('variable', kernel.vars.keys()),
    ...of('definition', kernel.lets.keys()),
    ...of('state', kernel.states.keys()),
    ...of('constant', kernel.consts.keys()),
    ...of('lock', kernel.locks.keys()),
    ...of('thread', kernel.threads.keys()),
  ];
}
