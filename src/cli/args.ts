/** Reads a command's arguments; what it does not know it refuses with one message and, where one is near, a suggestion. */
import { parseArgs } from 'node:util';
import { didYouMean } from '../language/errors';
import { InputError } from './io';

/** text: takes a value; list: takes one each time it is given; flag: takes none. */
export type Options = Readonly<Record<string, 'text' | 'list' | 'flag'>>;

export interface Arguments {
  readonly texts: ReadonlyMap<string, string>;
  readonly lists: ReadonlyMap<string, readonly string[]>;
  readonly flags: ReadonlySet<string>;
  readonly operands: readonly string[];
}

/** `command` is for the messages. Throws InputError. */
export function readArguments(argv: readonly string[], options: Options, command: string): Arguments {
  const { tokens } = parseArgs({
    args: [...argv],
    strict: false,
    tokens: true,
    options: {
      ...Object.fromEntries(
        Object.entries(options).map(
          ([name, kind]) => [name, { type: kind === 'flag' ? 'boolean' : 'string' }] as const,
        ),
      ),
      help: { type: 'boolean', short: 'h' },
    },
  });
  const texts = new Map<string, string>();
  const lists = new Map<string, string[]>();
  const flags = new Set<string>();
  const operands: string[] = [];
  const fail = (what: string, hint = ''): never => {
    throw new InputError(`${command}: ${what}${hint ? ` (${hint})` : ''}`);
  };
  for (const token of tokens) {
    if (token.kind === 'positional') operands.push(token.value);
    if (token.kind !== 'option') continue;
    const { name, rawName, value } = token;
    if (name === 'help') {
      flags.add('help');
      continue;
    }
    const kind = options[name];
    if (!kind)
      return fail(
        `unknown option ${rawName}`,
        didYouMean(name, [...Object.keys(options), 'help']).replace(/mean (\S+)\?/, 'mean --$1?') ||
          `see hotlanes ${command} --help`.replace('hotlanes hotlanes', 'hotlanes'),
      );
    if (kind === 'flag') {
      if (value !== undefined) fail(`${rawName} takes no value`);
      flags.add(name);
    } else if (value === undefined || (!token.inlineValue && /^-./.test(value))) fail(`${rawName} needs a value`);
    else if (kind === 'list') lists.set(name, [...(lists.get(name) ?? []), value]);
    else if (texts.has(name)) fail(`${rawName} is given twice`);
    else texts.set(name, value);
  }
  return { texts, lists, flags, operands };
}

/** One of the values that an option knows; the first is the default. */
export function oneOf<T extends string>(args: Arguments, name: string, values: readonly T[], command: string): T {
  const given = args.texts.get(name);
  if (given === undefined) return values[0]!;
  const known = values.find((v) => v === given);
  if (!known)
    throw new InputError(
      `${command}: --${name} ${given} is not known (${didYouMean(given, values) || `one of ${values.join(', ')}`})`,
    );
  return known;
}

/** A whole number in a range. */
export function wholeNumber(
  args: Arguments,
  name: string,
  range: readonly [number, number],
  command: string,
): number | undefined {
  const given = args.texts.get(name);
  if (given === undefined) return undefined;
  const value = Number(given);
  if (!/^\d+$/.test(given) || value < range[0] || value > range[1])
    throw new InputError(`${command}: --${name} ${given} is no whole number from ${range[0]} to ${range[1]}`);
  return value;
}
