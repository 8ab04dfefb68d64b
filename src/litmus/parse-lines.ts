/** Lines of a litmus text that say one thing each: the machine, its properties, parameters of a module, faults. */
import { ERRNO } from '../language/errno';
import { didYouMean, TextError, type Place } from '../language/errors';
import { LIMITS, type Setup, type SetupFault, type Word } from '../language/setup';

export interface Machine {
  vendor: 'intel' | 'amd';
  booted: number;
  present: number;
  cpus: number;
  packages: number;
}

/** A property of the hardware; of all CPUs, or of the whole machine, where no CPU is named. */
export interface Property {
  readonly cpu: Word | null;
  readonly name: string;
  readonly value: number;
  readonly place: Place;
}

export interface RawFault {
  readonly maybe: boolean;
  readonly words: Word[];
  readonly place: Place;
  text: string;
}

/** The one word that follows the first of a line. */
export function one(words: readonly Word[], what: string): Word {
  const word = words[1];
  if (!word) throw new TextError(words[0]!.place, `"${words[0]!.text}" is followed by ${what}`);
  if (words[2]) throw new TextError(words[2].place, `unexpected ${words[2].text}`);
  return word;
}

/** The quoted text that follows the first word of a line. */
export function quoted(first: Word, code: string): string {
  const match = /^\s*\w+\s+"([^"]*)"\s*$/.exec(code);
  if (!match)
    throw new TextError(first.place, `"${first.text}" is followed by a text in quotes`, `${first.text} "..."`);
  return match[1]!.trim();
}

/** A number up to `max`. */
export function count(word: Word | undefined, after: Place, what: string, max: number): number {
  if (!word || !/^\d+$/.test(word.text)) throw new TextError(word?.place ?? after, `expected ${what}`);
  const n = Number(word.text);
  if (n > max) throw new TextError(word.place, `${n} is more than ${max}, the most that is supported`);
  return n;
}

/** Number of a CPU of a machine that has so many. */
export function cpuOf(word: Word, cpus: number): number {
  const match = /^cpu(\d+)$/.exec(word.text);
  if (!match) throw new TextError(word.place, `expected a CPU, found ${word.text}`, 'CPUs are cpu0, cpu1, ...');
  const n = Number(match[1]);
  if (n >= cpus)
    throw new TextError(
      word.place,
      `there is no CPU ${n}: the machine has ${cpus}, counted from 0`,
      'add "+ 1 hot-addable" to the machine',
    );
  return n;
}

/** `machine intel, cpus 4 + 1 hot-addable, packages 2`; `cpus 1 + 3 offline`: three that are there and were not booted. */
export function machineOf(words: readonly Word[]): Machine {
  const machine = { vendor: 'intel' as 'intel' | 'amd', booted: 2, present: 2, cpus: 2, packages: 1 };
  let i = 1;
  while (i < words.length) {
    const w = words[i]!;
    if (w.text === ',') i += 1;
    else if (w.text === 'intel' || w.text === 'amd') {
      machine.vendor = w.text;
      i += 1;
    } else if (w.text === 'cpus') {
      machine.booted = count(words[++i], w.place, 'the number of CPUs', LIMITS.cpus);
      if (machine.booted === 0) throw new TextError(words[i]!.place, 'a machine has at least one CPU');
      machine.present = machine.cpus = machine.booted;
      i += 1;
      if (words[i]?.text === '+' && words[i + 2]?.text === 'offline') {
        machine.present += count(words[i + 1], w.place, 'how many CPUs are not booted', LIMITS.cpus - machine.booted);
        machine.cpus = machine.present;
        i += 3;
      }
      if (words[i]?.text === '+') {
        machine.cpus += count(words[++i], w.place, 'how many CPUs can be hot-added', LIMITS.cpus - machine.present);
        i += 1;
        if (words[i]?.text === 'hot-addable') i += 1;
      }
    } else if (w.text === 'packages') {
      machine.packages = count(words[++i], w.place, 'the number of packages', 255);
      if (machine.packages === 0) throw new TextError(words[i]!.place, 'a machine has at least one package');
      i += 1;
    } else
      throw new TextError(
        w.place,
        `${w.text} says nothing of a machine`,
        didYouMean(w.text, ['intel', 'amd', 'cpus', 'packages', 'hot-addable', 'offline']) ||
          'machine intel, cpus 4 + 1 hot-addable',
      );
  }
  if (machine.packages > machine.cpus)
    throw new TextError(
      words.find((_, k) => words[k - 1]?.text === 'packages')!.place,
      `${machine.packages} packages need as many CPUs, and the machine has ${machine.cpus}`,
      `write packages ${machine.cpus}, or give it more CPUs`,
    );
  return machine;
}

/** `modprobe kvm_intel kvm.enable_virt_at_load=0`: what follows the module sets parameters. */
export function parametersOf(words: readonly Word[]): Setup['params'] {
  return words.flatMap((w, i) => {
    if (w.text !== '=') return [];
    const name = words[i - 1]!;
    return [{ name: name.text.replace(/^\w+\./, ''), value: setting(name, words[i + 1]), place: name.place }];
  });
}

/** `hardware cpu4 cpu_svm=0, other=yes`: without a CPU it is said of all of them, or of the whole machine. */
export function hardwareOf(words: readonly Word[]): Property[] {
  const found: Property[] = [];
  const cpu = words[1] && /^cpu\d+$/.test(words[1].text) && words[2]?.text !== '=' ? words[1] : null;
  const rest = words.slice(cpu ? 2 : 1);
  if (rest.length === 0)
    throw new TextError(words[0]!.place, 'a property and its value are missing', 'hardware cpu4 cpu_svm=0');
  for (let i = 0; i < rest.length; i += 4) {
    const [name, equals, value, comma] = rest.slice(i, i + 4) as [Word, ...(Word | undefined)[]];
    if (equals?.text !== '=') throw new TextError(name.place, `${name.text} needs a value`, `${name.text}=0`);
    found.push({ cpu, name: name.text, value: setting(name, value), place: name.place });
    if (comma && comma.text !== ',')
      throw new TextError(comma.place, `unexpected ${comma.text}`, 'a comma stands between two properties');
    if (comma && !rest[i + 4]) throw new TextError(comma.place, 'a property is missing after the comma');
  }
  return found;
}

/** `[cpu4] NAME [up | down] returns -EIO [once | time 2]`. */
export function faultOf(f: RawFault, cpus: number): SetupFault {
  const words = [...f.words];
  let cpu = -1;
  if (words[0] && /^cpu\d/.test(words[0].text)) cpu = cpuOf(words.shift()!, cpus);
  const fn = words.shift();
  if (!fn)
    throw new TextError(
      f.place,
      'a fault names a function or a hotplug state',
      'fault cpu4 kvm_arch_hardware_enable returns -EIO',
    );
  const way = words[0]?.text;
  const direction = way === 'up' || way === 'down' ? way : null;
  if (direction) words.shift();
  const returns = words.shift();
  const value = words.shift();
  if (returns?.text !== 'returns' || !value)
    throw new TextError(returns?.place ?? fn.place, 'a fault says what is returned', `fault ${fn.text} returns -EIO`);
  const returned = errnoOf(value);
  let nth = 0;
  if (words[0]?.text === 'once') {
    nth = 1;
    words.shift();
  } else if (words[0]?.text === 'time') {
    nth = count(words[1], words[0].place, 'which time', 100);
    if (nth === 0) throw new TextError(words[1]!.place, 'times count from 1');
    words.splice(0, 2);
  }
  if (words[0])
    throw new TextError(
      words[0].place,
      `unexpected ${words[0].text}`,
      'a fault ends with its value, "once", or "time 2"',
    );
  return {
    cpu,
    fn: fn.text,
    fnPlace: fn.place,
    direction,
    returns: returned,
    maybe: f.maybe,
    nth,
    armed: null,
    text: f.text,
    place: f.place,
  };
}

const UNIT: Readonly<Record<string, number>> = { ns: 1, us: 1e3, ms: 1e6, s: 1e9 };

/**
 * Takes `at 1.2 ms` out of the words of an action: the moment in nanoseconds, null where none is named. A number without a
 * unit is what the action is done to.
 */
export function momentOf(words: readonly Word[]): { words: readonly Word[]; at: number | null } {
  const i = words.findIndex((w, n) => w.text === 'at' && /^\d+(\.\d+)?(ns|us|ms|s)?$/.test(words[n + 1]?.text ?? ''));
  if (i < 0) return { words, at: null };
  const [, number, joined] = /^([\d.]+)([a-z]*)$/.exec(words[i + 1]!.text)!;
  const unit = joined || words[i + 2]?.text || '';
  const { place } = words[i + 1]!;
  if (!Object.hasOwn(UNIT, unit)) {
    if (!number!.includes('.')) return { words, at: null };
    throw new TextError(place, `${number} of what?`, 'a moment has a unit: at 1.2 ms, at 800 us, at 1 s');
  }
  const at = Math.round(Number(number) * UNIT[unit]!);
  if (at > LIMITS.time)
    throw new TextError(place, `a run has no ${number} ${unit}`, `the latest moment is ${LIMITS.time / 1e9} s`);
  return { words: [...words.slice(0, i), ...words.slice(i + (joined ? 2 : 3))], at };
}

/** What a fault returns: an errno, a number (hexadecimal too), or a name that the kernel text may know. */
function errnoOf(value: Word): number | Word {
  const [, minus, name] = /^(-?)(\w+)$/.exec(value.text) ?? [];
  const sign = minus ? -1 : 1;
  if (name && Object.hasOwn(ERRNO, name)) return sign * ERRNO[name]!;
  if (name && /^\d{1,9}$/.test(name)) return sign * Number(name);
  // as in a kernel text: 32 bits, with a sign
  if (!minus && name && /^0x[0-9A-Fa-f]{1,8}$/.test(name)) return Number(name) | 0;
  if (!minus && name && /^[A-Za-z_]/.test(name)) return value;
  throw new TextError(
    value.place,
    `${value.text} is no errno`,
    didYouMean(value.text.replace('-', ''), Object.keys(ERRNO)) || 'such as -EIO',
  );
}

/** What a parameter or a property is set to: a number, yes or no. */
function setting(name: Word, value: Word | undefined): number {
  const word = value?.text.toLowerCase() ?? '';
  if (/^-?\d{1,9}$/.test(word)) return Number(word);
  if (['y', 'yes', 'true'].includes(word)) return 1;
  if (['n', 'no', 'false'].includes(word)) return 0;
  throw new TextError(value?.place ?? name.place, `${name.text} needs a value`, 'such as 0, 1, yes or no');
}
