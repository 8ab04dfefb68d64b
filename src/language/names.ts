/** Cells of a program by name, and their values as a reader of the kernel text knows them. */
import { errnoName } from './errno';
import type { CellGroup, Program } from './program';

/** One variable, or one element of it: what is named and shown as one thing. */
export interface Variable {
  readonly group: CellGroup;
  /** First cell and number of cells: a mask is shown whole, anything else cell by cell. */
  readonly base: number;
  readonly count: number;
  readonly name: string;
  readonly doc: string;
}

export class Names {
  private readonly groups: readonly CellGroup[];

  constructor(private readonly program: Program) {
    this.groups = [...program.groups].sort((a, b) => a.base - b.base);
  }

  groupOf(cell: number): CellGroup | null {
    const { groups } = this;
    let lo = 0;
    let hi = groups.length;
    while (lo < hi) {
      const mid = (lo + hi) >>> 1;
      if (groups[mid]!.base <= cell) lo = mid + 1;
      else hi = mid;
    }
    const group = groups[lo - 1];
    return group && cell < group.base + group.count ? group : null;
  }

  /** The variable that a cell belongs to; null where the cell is the machine's own. */
  variableAt(cell: number): Variable | null {
    const group = this.groupOf(cell);
    if (!group || (group.role !== 'var' && group.role !== 'lock')) return null;
    const { base, count, name, doc } = group;
    if (group.type === 'mask' && count === this.program.cpus) return { group, base, count, name, doc };
    if (group.scope === 'global' && count === 1) return { group, base, count, name, doc };
    const per = count / this.owners(group);
    const owner = this.ownerName(group, Math.floor((cell - base) / per));
    const within = per > 1 ? `[${(cell - base) % per}]` : '';
    return { group, base: cell, count: 1, name: `${name}[${owner}]${within}`, doc };
  }

  /** A variable or lock by the name that the texts write: all its elements, in order; none for another name. */
  variablesNamed(name: string): Variable[] {
    const found: Variable[] = [];
    for (const group of this.groups) {
      if (group.name !== name || (group.role !== 'var' && group.role !== 'lock')) continue;
      for (let cell = group.base; cell < group.base + group.count;) {
        const variable = this.variableAt(cell)!;
        found.push(variable);
        cell = variable.base + variable.count;
      }
    }
    return found;
  }

  private owners({ scope, count }: CellGroup): number {
    const { program } = this;
    if (scope === 'cpu') return program.cpus;
    if (scope === 'vm') return program.vms.length;
    if (scope === 'vcpu') return program.vcpus.length;
    return count;
  }

  private ownerName({ scope }: CellGroup, i: number): string {
    if (scope === 'vm') return this.program.vms[i] ?? String(i);
    if (scope === 'vcpu') return this.program.vcpus[i]?.name ?? String(i);
    return String(i);
  }

  /** The value as words. @param read the value of a cell */
  valueOf({ group, base, count }: Variable, read: (cell: number) => number): string {
    if (group.role === 'lock') return this.lockText(group.type, read(base));
    if (count > 1) return setText(count, (i) => read(base + i) !== 0);
    const value = read(base);
    switch (group.type) {
      case 'bool':
      case 'mask':
        return value ? 'true' : 'false';
      case 'cpu':
        return value < 0 ? 'none' : `CPU ${value}`;
      case 'vcpu':
        return this.program.vcpus[value]?.name ?? 'none';
      case 'vm':
        return this.program.vms[value] ?? 'none';
      case 'errno':
        return value < 0 ? errnoName(value) : String(value);
      case 'state': {
        const state = this.program.states[this.program.stateByNumber[value] ?? -1];
        return state ? state.name || state.constant : value < 0 ? 'none' : String(value);
      }
      default:
        return String(value);
    }
  }

  /** Owner + 1; of a rwsem the number of its readers, or -(writer + 1). */
  private lockText(type: string, value: number): string {
    if (value === 0) return 'free';
    if (type === 'rwsem' && value > 0) return value === 1 ? '1 reader' : `${value} readers`;
    return `held by ${this.program.contexts[Math.abs(value) - 1]?.name ?? '?'}`;
  }
}

const known = new WeakMap<Program, Names>();

/** The names of a program, made once. */
export function namesOf(program: Program): Names {
  let made = known.get(program);
  if (!made) known.set(program, (made = new Names(program)));
  return made;
}

/** {0,1,2,3,5} is "0-3,5", as the kernel prints a mask. */
export function setText(count: number, has: (i: number) => boolean): string {
  const parts: string[] = [];
  for (let i = 0; i < count; i++) {
    if (!has(i)) continue;
    let end = i;
    while (end + 1 < count && has(end + 1)) end++;
    parts.push(end === i ? `${i}` : `${i}-${end}`);
    i = end;
  }
  return parts.length > 0 ? parts.join(',') : 'empty';
}
