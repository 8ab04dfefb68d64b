/**
 * Faults that come and go in a run: `arm cpu4 NAME returns -EIO` and `disarm cpu4 NAME` are actions, and what they arm is a
 * fault like any other, with a place in the state that says whether it holds.
 */
import { TextError } from '../language/errors';
import { LIMITS, type SetupAction, type SetupFault, type Word } from '../language/setup';
import { cpuOf, faultOf, type RawFault } from './parse-lines';

/** An action as the text has it. */
interface Raw {
  readonly words: readonly Word[];
  readonly place: SetupFault['place'];
}

const VERBS: ReadonlySet<string> = new Set(['arm', 'disarm']);

/** Is this action about a fault, and not one of the kernel text's? */
export const isArming = (words: readonly Word[]): boolean => VERBS.has(words[0]?.text ?? '');

const sameFault = (a: SetupFault, b: SetupFault): boolean =>
  a.cpu === b.cpu &&
  a.fn === b.fn &&
  a.direction === b.direction &&
  a.nth === b.nth &&
  a.maybe === b.maybe &&
  JSON.stringify(wordOf(a)) === JSON.stringify(wordOf(b));

const wordOf = ({ returns }: SetupFault): number | string => (typeof returns === 'number' ? returns : returns.text);

/** The faults of a text, those of its actions after those of its lines. */
export class Arming {
  readonly faults: SetupFault[];

  /** @param lines faults of the text's own; one that is wrong is left out, and reported by whoever reads it for good */
  constructor(
    lines: readonly RawFault[],
    private readonly cpus: number,
  ) {
    this.faults = lines.flatMap((line) => {
      try {
        return [faultOf(line, cpus)];
      } catch (error) {
        if (error instanceof TextError) return [];
        throw error;
      }
    });
  }

  /** Takes in what an action arms; of the same fault armed twice there is one. */
  arm({ words, place }: Raw): void {
    if (words[0]!.text !== 'arm') return;
    const fault = this.armed(words, place);
    if (!this.faults.some((f) => f.armed === false && sameFault(f, fault))) this.add(fault, place);
  }

  private add(fault: SetupFault, place: SetupFault['place']): void {
    if (this.faults.length >= LIMITS.faults) throw new TextError(place, `a text has at most ${LIMITS.faults} faults`);
    this.faults.push(fault);
  }

  /** What an action arms or disarms. Disarming takes every fault that its words fit. */
  of({ words, place }: Raw): NonNullable<SetupAction['arms']> {
    if (words[0]!.text === 'arm') {
      const fault = this.armed(words, place);
      return { on: true, faults: [this.faults.findIndex((f) => f.armed === false && sameFault(f, fault))] };
    }
    const [cpu, name, direction] = this.disarmed(words);
    const faults = this.faults.flatMap((f, i) =>
      (cpu === null || f.cpu === cpu) && f.fn === name.text && (direction === null || f.direction === direction)
        ? [i]
        : [],
    );
    if (faults.length === 0)
      throw new TextError(
        name.place,
        `nothing is armed at ${name.text}`,
        'disarm names the CPU and the place of a fault',
      );
    for (const i of faults) this.faults[i] = { ...this.faults[i]!, armed: this.faults[i]!.armed ?? true };
    return { on: false, faults };
  }

  private armed(words: readonly Word[], place: SetupFault['place']): SetupFault {
    const after = words.findIndex((w) => w.text === 'after');
    const own = words.slice(1, after < 0 ? undefined : after);
    const text = `fault ${own.map((w) => w.text).join(' ')}`;
    return { ...faultOf({ maybe: false, words: [...own], place, text }, this.cpus), armed: false };
  }

  private disarmed(words: readonly Word[]): [cpu: number | null, name: Word, direction: string | null] {
    const rest = [...words.slice(1)];
    const cpu = rest[0] && /^cpu\d/.test(rest[0].text) ? cpuOf(rest.shift()!, this.cpus) : null;
    const name = rest.shift();
    if (!name)
      throw new TextError(
        words[0]!.place,
        'disarm names a function or a hotplug state',
        'disarm cpu4 kvm_arch_hardware_enable',
      );
    const way = rest[0]?.text;
    if (way === 'up' || way === 'down') rest.shift();
    if (rest[0]) throw new TextError(rest[0].place, `unexpected ${rest[0].text}`);
    return [cpu, name, way === 'up' || way === 'down' ? way : null];
  }
}
