/** The value of a variable of the kernel text where the playhead is: for whoever points at its name. */
import type { RunView } from '../store/run-view';
import { namesOf, type Variable } from '../../language/names';

export interface ValueNow {
  readonly name: string;
  readonly doc: string;
  /** Of a variable that each CPU, VM or vCPU has its own of: one entry each, with its owner; else one with owner ''. */
  readonly values: readonly { readonly owner: string; readonly value: string }[];
  /** All of it in a line: "1", "0-3", "CPU 0-3: true; CPU 4: false". */
  readonly text: string;
}

const ownerWord = { global: '', context: '', cpu: 'CPU', vm: '', vcpu: '' } as const;

/**
 * @param name as the kernel text writes it, without an index: a variable or a lock
 * @param done how many steps are done
 * @returns null for a name that is no variable and no lock of this kernel
 */
export function valueAt(run: RunView, name: string, done: number): ValueNow | null {
  const variables = namesOf(run.program).variablesNamed(name);
  const [first] = variables;
  if (!first) return null;
  run.cursor.seek(Math.max(0, done));
  const read = (cell: number): number => run.cursor.s[cell]!;
  const values = variables.map((v) => ({
    owner: ownerOf(v),
    value: namesOf(run.program).valueOf(v, read),
  }));
  const { scope, doc } = first.group;
  return { name, doc, values, text: lineOf(values, ownerWord[scope]) };
}

/** What stands in the brackets of an element's name. */
const ownerOf = ({ name }: Variable): string => /\[(.*)\]$/.exec(name)?.[1] ?? '';

/** Neighbours of one value are told together. */
function lineOf(values: ValueNow['values'], word: string): string {
  if (values.length === 1 && values[0]!.owner === '') return values[0]!.value;
  const parts: string[] = [];
  for (let i = 0; i < values.length;) {
    let end = i;
    while (end + 1 < values.length && values[end + 1]!.value === values[i]!.value) end++;
    const owner = end === i ? values[i]!.owner : `${values[i]!.owner}-${values[end]!.owner}`;
    const who = word !== '' ? `${word} ${owner}` : end === i ? owner : `${values[i]!.owner} to ${values[end]!.owner}`;
    parts.push(`${who}: ${values[i]!.value}`);
    i = end + 1;
  }
  return parts.join('; ');
}
