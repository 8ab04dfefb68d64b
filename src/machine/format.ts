/** Values as a log line, a trace or a label shows them. */
import { errnoName } from '../language/errno';
import type { Program } from '../language/program';

/** Fills in the values in order. */
export function format(program: Program, text: string, values: readonly number[]): string {
  let i = 0;
  return text.replace(/%([a-zA-Z])/g, (_, letter: string) => show(program, letter, values[i++] ?? 0));
}

/** %d number, %x hexadecimal, %X 32 bits as eight hexadecimal digits, %t task, %p its id, %v vCPU, %e errno, %S hotplug state. */
export function show(program: Program, letter: string, value: number): string {
  switch (letter) {
    case 'x':
      return value.toString(16);
    case 'X':
      return (value >>> 0).toString(16).padStart(8, '0');
    case 't':
      return program.contexts[value]?.name ?? 'none';
    case 'p':
      return String(program.contexts[value]?.tid ?? 0);
    case 'v':
      return program.vcpus[value]?.name ?? 'none';
    case 'e':
      return errnoName(value);
    case 'S': {
      const st = program.states[program.stateByNumber[value] ?? -1];
      return st ? st.name || st.constant : String(value);
    }
    default:
      return String(value);
  }
}
