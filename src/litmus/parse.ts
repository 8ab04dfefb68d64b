/**
 * The litmus text: a machine, who acts, what fails, and a question. Line by line, so that it fits in a mail:
 *
 *   litmus kevin-2021-11-30
 *   "KVM cannot enable virtualization on a hot-added CPU. What does a vCPU scheduled there see?"
 *   kernel  v5.15
 *   machine intel, cpus 4 + 1 hot-addable, packages 1
 *
 *   qemu:   modprobe kvm_intel
 *           vm0 = create vm, 2 vcpus
 *           run vm0
 *   admin:  hotadd cpu4
 *           online cpu4 after run vm0
 *           affine vm0.vcpu0 to cpu4
 *   fault   cpu4 kvm_arch_hardware_enable returns -EIO
 *
 *   never   oops
 *
 * An action is one of the kernel text's, by its name (`_` may be a blank) and what it is done to; besides:
 *
 *   vm0 = create vm | td, 2 vcpus [, spinning | halting]      the action create_vm; a VM has a name from there on
 *   modprobe kvm_intel kvm.enable_virt_at_load=0              what follows the module sets parameters
 *   ACTION after ACTION [time 2]                              waits for an action of another actor, named by some of its words:
 *                                                             the first that has them, or the second
 *   ACTION at 1.2 ms                                          does not begin before that moment of a run (us, ms, s). Up to
 *                                                             there the run is the same as without the action. Checking every
 *                                                             ordering leaves times out: there it may begin at any moment
 *   arm [cpu4] NAME [up | down] returns -EIO [once | time 2]  a fault (see below) that holds from then on
 *   disarm [cpu4] NAME [up | down]                            and no more: one that was armed, or a fault of the text
 *
 * A fault is of a function, or of a hotplug state by constant, runtime name or number, perhaps on one way only:
 *
 *   [maybe] fault [cpu4] NAME [up | down] returns -EIO [once | time 2]
 *
 * Where the machine has properties that differ from the usual:
 *
 *   hardware [cpu4] cpu_svm=0, other_property=yes
 *
 * Where the gallery shows it, and what to look for in its run (at most two lines):
 *
 *   group "Offline and online"
 *   look "CPU 4's enable fails, and its online write succeeds."
 */
import { Arming, isArming } from './arming';
import { didYouMean, Findings, TextError, type Place, type Problem } from '../language/errors';
import { parseExpression } from '../language/parser';
import { FILLERS } from '../language/actions';
import { LIMITS, type Setup, type SetupAction, type SetupVm, type Word } from '../language/setup';
import {
  count,
  cpuOf,
  faultOf,
  hardwareOf,
  machineOf,
  momentOf,
  one,
  parametersOf,
  quoted,
  type Machine,
  type Property,
  type RawFault,
} from './parse-lines';

export interface Litmus {
  readonly name: string;
  readonly about: string;
  /** Of the gallery, '' for none; and what to look for in the run. */
  readonly group: string;
  readonly look: readonly string[];
  readonly kernel: string;
  readonly kernelPlace: Place;
  readonly setup: Setup;
}

export type ParsedLitmus =
  { readonly ok: true; readonly litmus: Litmus } | { readonly ok: false; readonly problems: readonly Problem[] };

/** Longest litmus text accepted, in characters. */
export const MAX_LITMUS = 64 * 1024;

const DIRECTIVES = [
  'litmus',
  'kernel',
  'machine',
  'hardware',
  'group',
  'look',
  'fault',
  'maybe',
  'never',
  'always',
  'exists',
  'eventually',
];
/** Most lines that say what to look for. */
const MAX_LOOK = 2;
/** How the guest of a VM behaves. */
const MODES: ReadonlySet<string> = new Set(['spinning', 'halting']);

interface RawAction {
  readonly actor: number;
  readonly words: readonly Word[];
  readonly place: Place;
  readonly text: string;
  readonly at: number | null;
}

/** An action whose references are not numbers yet: `after` counts the lines of all actors, `makes` is a name. */
type Resolved = Omit<SetupAction, 'after' | 'makes'> & { readonly after: number | null; readonly makes?: string };

/** Parses a litmus text. Never throws on bad input. */
export function parseLitmus(text: string, file: string): ParsedLitmus {
  try {
    return { ok: true, litmus: new LitmusParser(text, file).parse() };
  } catch (error) {
    if (error instanceof TextError) return { ok: false, problems: error.problems };
    throw error;
  }
}

class LitmusParser {
  private name = '';
  private about: string[] = [];
  private kernel: Word | null = null;
  private machine: Machine | null = null;
  private readonly actors: { name: string; place: Place }[] = [];
  private readonly raw: RawAction[] = [];
  private readonly faults: RawFault[] = [];
  private readonly vms: SetupVm[] = [];
  /** When each VM is made, nanoseconds; -1: at no moment in particular. */
  private readonly made = new Map<string, number>();
  private readonly vmModes = new Map<string, { spins: boolean; halts: boolean }>();
  private readonly params: Setup['params'][number][] = [];
  private readonly hardware: Property[] = [];
  private question: Setup['question'] = null;
  private group = '';
  private readonly look: string[] = [];
  private readonly findings = new Findings();

  constructor(
    private readonly text: string,
    private readonly file: string,
  ) {}

  parse(): Litmus {
    if (this.text.length > MAX_LITMUS)
      throw new TextError(
        this.at(1, 1, 1),
        `a litmus text has at most ${MAX_LITMUS} characters, this one ${this.text.length}`,
      );
    this.text.split('\n').forEach((line, i) => this.findings.attempt(() => this.line(line.replace(/\r$/, ''), i + 1)));
    if (this.openAbout)
      this.findings.attempt(() => {
        throw new TextError(this.at(1, 1, 1), 'the description is not closed', 'a quote is missing');
      });
    this.findings.stop();
    return this.finish();
  }

  /** The actor whose lines these are, and what the last line was. */
  private actor = -1;
  private last: 'fault' | 'action' | 'about' | '' = '';
  private openAbout = false;

  private line(raw: string, number: number): void {
    // in a description that goes on, # is a character like any other
    const code = this.openAbout ? raw : stripComment(raw);
    if (code.trim() === '') return;
    const words = this.words(code, number);
    const first = words[0]!;
    const indented = /^\s/.test(code);
    if (code.trim().startsWith('"') || this.openAbout) {
      this.aboutLine(code, first);
      this.last = 'about';
      return;
    }
    const actorMatch = /^([A-Za-z_][\w-]*):/.exec(code);
    if (actorMatch) {
      this.last = 'action';
      this.beginActor(actorMatch[1]!, first.place);
      const rest = this.words(' '.repeat(actorMatch[0].length) + code.slice(actorMatch[0].length), number);
      if (rest.length) this.action(this.actor, rest, code);
    } else if (indented && this.last === 'action') this.action(this.actor, words, code);
    else if (indented && this.last === 'fault') {
      const fault = this.faults.at(-1)!;
      fault.words.push(...words);
      fault.text += ` ${code.trim()}`;
    } else {
      this.last = '';
      this.last = this.directive(first, words, code);
    }
  }

  private beginActor(name: string, place: Place): void {
    this.actor = this.actors.findIndex((a) => a.name === name);
    if (this.actor >= 0) return;
    if (this.actors.length >= LIMITS.actors) throw new TextError(place, `a text has at most ${LIMITS.actors} actors`);
    this.actor = this.actors.push({ name, place: { ...place, length: name.length } }) - 1;
  }

  private aboutLine(code: string, first: Word): void {
    let line = code.trim();
    if (!this.openAbout) line = line.slice(1);
    const close = line.indexOf('"');
    if (close >= 0 && line.slice(close + 1).trim() !== '')
      throw new TextError(first.place, 'nothing may follow the description on its line');
    this.about.push((close >= 0 ? line.slice(0, close) : line).trim());
    this.openAbout = close < 0;
  }

  private at(line: number, column: number, length: number): Place {
    return { file: this.file, line, column, length: Math.max(1, length) };
  }

  private words(code: string, line: number): Word[] {
    return [...code.matchAll(/,|=|[^\s,=]+/g)].map((m) => ({
      text: m[0],
      place: this.at(line, m.index + 1, m[0].length),
    }));
  }

  private directive(first: Word, words: readonly Word[], code: string): 'fault' | '' {
    switch (first.text) {
      case 'litmus':
        this.name = one(words, 'the name of the test').text;
        return '';
      case 'kernel':
        this.kernel = one(words, 'a kernel, such as v5.15');
        return '';
      case 'machine':
        if (this.machine) throw new TextError(first.place, 'the machine is described twice');
        this.machine = machineOf(words);
        return '';
      case 'group':
        if (this.group) throw new TextError(first.place, 'a text is in one group');
        this.group = quoted(first, code);
        return '';
      case 'look':
        if (this.look.length >= MAX_LOOK)
          throw new TextError(first.place, `a text says in at most ${MAX_LOOK} lines what to look for`);
        this.look.push(quoted(first, code));
        return '';
      case 'hardware':
        this.hardware.push(...hardwareOf(words));
        return '';
      case 'maybe':
        if (words[1]?.text !== 'fault')
          throw new TextError(words[1]?.place ?? first.place, '"maybe" is followed by "fault"');
        this.addFault(true, words.slice(2), first.place, code);
        return 'fault';
      case 'fault':
        this.addFault(false, words.slice(1), first.place, code);
        return 'fault';
      case 'never':
      case 'always':
      case 'exists':
      case 'eventually': {
        if (this.question) throw new TextError(first.place, 'a text asks one question');
        const start = first.place.column - 1 + first.text.length;
        const condition = code.slice(start);
        if (!condition.trim())
          throw new TextError(
            first.place,
            `"${first.text}" is followed by a condition`,
            'such as oops, or loaded(vm0.vcpu0, 4)',
          );
        this.question = {
          how: first.text,
          expr: parseExpression(condition, { ...first.place, column: start + 1 }),
          text: `${first.text} ${condition.trim()}`,
        };
        return '';
      }
      default:
        throw new TextError(
          first.place,
          `${first.text} begins no line of a litmus text`,
          didYouMean(first.text, DIRECTIVES) || 'an actor is written "admin: action"',
        );
    }
  }

  private addFault(maybe: boolean, words: readonly Word[], place: Place, code: string): void {
    if (this.faults.length >= LIMITS.faults) throw new TextError(place, `a text has at most ${LIMITS.faults} faults`);
    this.faults.push({ maybe, words: [...words], place: { ...place, length: code.trim().length }, text: code.trim() });
  }

  private action(actor: number, said: readonly Word[], code: string): void {
    const place = { ...said[0]!.place, length: code.trimEnd().length - said[0]!.place.column + 1 };
    const { words, at: moment } = momentOf(said);
    if (words.length === 0) throw new TextError(place, 'an action is missing here');
    if (this.raw.length >= LIMITS.actions) throw new TextError(place, `a text has at most ${LIMITS.actions} actions`);
    const text = code.slice(words[0]!.place.column - 1).trim();
    // a VM is named where it is made
    const equals = words.findIndex((w) => w.text === '=');
    if (words[0]!.text === 'modprobe') this.params.push(...parametersOf(words));
    else if (equals >= 0) {
      if (equals !== 1 || words[2]?.text !== 'create')
        throw new TextError(words[equals]!.place, 'only a VM gets a name', 'vm0 = create vm, 2 vcpus');
      const td = words[3]?.text === 'td';
      if (words[3] && !td && words[3].text !== 'vm')
        throw new TextError(
          words[3].place,
          `${words[3].text} cannot be created`,
          'vm0 = create vm, or td0 = create td',
        );
      const name = words[0]!.text;
      if (!/^[A-Za-z_]\w*$/.test(name)) throw new TextError(words[0]!.place, `${name} is no name for a VM`);
      if (this.vms.some((vm) => vm.name === name)) throw new TextError(words[0]!.place, `${name} is made twice`);
      if (this.vms.length >= LIMITS.vms) throw new TextError(place, `a text has at most ${LIMITS.vms} VMs`);
      const at = words.findIndex((w) => /^vcpus?$/.test(w.text));
      const vcpus = at > 0 ? count(words[at - 1], place, 'the number of vCPUs', LIMITS.vcpus) : 1;
      if (this.vms.reduce((n, vm) => n + vm.vcpus, vcpus) > LIMITS.vcpus)
        throw new TextError(place, `a text has at most ${LIMITS.vcpus} vCPUs`);
      this.vms.push({ name, vcpus, spins: false, halts: false, td, ...(moment === null ? {} : { late: true }) });
      this.made.set(name, moment ?? -1);
    }
    for (const w of words) {
      if (!MODES.has(w.text)) continue;
      const vm = words.find((v) => this.vms.some((known) => known.name === v.text));
      if (vm) this.vmModes.set(vm.text, { spins: w.text === 'spinning', halts: w.text === 'halting' });
    }
    this.raw.push({ actor, words, place, text, at: moment });
  }

  // ---- names to numbers

  private finish(): Litmus {
    const { findings, kernel, machine } = this;
    findings.attempt(() => {
      const top = this.at(1, 1, 1);
      if (!this.name) throw new TextError(top, 'a litmus text begins with "litmus NAME"');
      if (!kernel) throw new TextError(top, 'the text names no kernel', 'add a line "kernel v5.15"');
      if (!machine)
        throw new TextError(top, 'the text describes no machine', 'add a line "machine intel, cpus 4 + 1 hot-addable"');
    });
    const cpus = machine?.cpus ?? LIMITS.cpus;
    const arming = new Arming(this.faults, cpus);
    for (const raw of this.raw) findings.attempt(() => arming.arm(raw));
    const resolved = this.raw.map((raw) => findings.attempt(() => this.resolve(raw, arming))!);
    for (const fault of this.faults) findings.attempt(() => faultOf(fault, cpus));
    const hardware = this.hardware.map((h) =>
      findings.attempt(() => ({ ...h, cpu: h.cpu ? cpuOf(h.cpu, cpus) : -1 }))!,
    );
    findings.stop();
    // by their moments: one that comes later changes nothing for those before it
    const madeAt = (vm: SetupVm): number => this.made.get(vm.name)!;
    const vms = [...this.vms]
      .sort((a, b) => madeAt(a) - madeAt(b))
      .map((vm) => ({ ...vm, ...this.vmModes.get(vm.name) }));
    const actors = this.actors.map((actor, a) => ({
      ...actor,
      actions: this.raw.flatMap((raw, i) => (raw.actor === a ? [resolved[i]!] : [])),
    }));
    const indexOf = (rawIndex: number): { actor: number; index: number } => {
      const { actor } = this.raw[rawIndex]!;
      return { actor, index: this.raw.slice(0, rawIndex).filter((r) => r.actor === actor).length };
    };
    const withAfter = actors.map((actor) => ({
      ...actor,
      actions: actor.actions.map(({ after, makes, ...action }): SetupAction => ({
        ...action,
        ...(makes === undefined ? {} : { makes: vms.findIndex((vm) => vm.name === makes) }),
        after: after === null ? null : indexOf(after),
      })),
    }));
    return {
      name: this.name,
      about: this.about.join(' ').trim(),
      group: this.group,
      look: this.look,
      kernel: kernel!.text,
      kernelPlace: kernel!.place,
      setup: {
        ...machine!,
        vms,
        actors: withAfter,
        faults: arming.faults,
        params: this.params,
        hardware,
        question: this.question,
      },
    };
  }

  /** The words of an action as the kernel's actions are written; what waits and what is named is taken out. */
  private resolve(raw: RawAction, arming: Arming): Resolved {
    let words = raw.words;
    let after: number | null = null;
    const afterAt = words.findIndex((w) => w.text === 'after');
    if (afterAt >= 0) {
      after = this.findAction(words.slice(afterAt + 1), words[afterAt]!.place, raw);
      words = words.slice(0, afterAt);
    }
    const { place, at } = raw;
    const text = shown(raw.text);
    if (isArming(words)) return { words, text, place, after, at, arms: arming.of({ words, place }) };
    if (words[0]?.text === 'modprobe') words = words.slice(0, 2);
    const own = words[1]?.text === '=' ? words[0]! : null;
    if (own) words = [{ ...words[2]!, text: 'create_vm' }, own];
    else if (words[0]?.text === 'create')
      throw new TextError(words[0].place, 'the VM needs a name', 'vm0 = create vm, 2 vcpus');
    words = words.filter((w) => w.text !== ',' && !MODES.has(w.text));
    if (words.length === 0) throw new TextError(raw.place, 'an action is missing here');
    return { words, text, place, after, at, arms: null, ...(own ? { makes: own.text } : {}) };
  }

  private nth(word: Word): number {
    const n = count(word, word.place, 'which of them', LIMITS.actions);
    if (n === 0) throw new TextError(word.place, 'times count from 1');
    return n;
  }

  /** The action that `after` names: by its words, as far as they are given; the first of them, or the nth. */
  private findAction(words: readonly Word[], place: Place, from: RawAction): number {
    if (words.length === 0)
      throw new TextError(place, '"after" is followed by an action of another actor', 'online cpu4 after run vm0');
    const nth = words.at(-2)?.text === 'time' && words.length > 2 ? this.nth(words.at(-1)!) : 1;
    if (words.at(-2)?.text === 'time' && words.length > 2) words = words.slice(0, -2);
    // set_fail and set fail are the same
    const parts = (of: readonly Word[]): string[] =>
      of.flatMap((w) => (FILLERS.has(w.text) ? [] : w.text.split('_').filter((part) => part !== '')));
    const wanted = parts(words);
    const matches = this.raw.flatMap((raw, i) => {
      if (raw === from) return [];
      const end = raw.words.findIndex((w) => w.text === 'after');
      const have = parts(raw.words.slice(0, end < 0 ? undefined : end));
      return wanted.every((w) => have.includes(w)) ? [i] : [];
    });
    const first = matches[nth - 1];
    if (first === undefined && matches.length > 0)
      throw new TextError(words[0]!.place, `this is done ${matches.length} time(s) in this text, not ${nth}`);
    if (first !== undefined && this.raw[first]!.actor === from.actor && first > this.raw.indexOf(from))
      throw new TextError(
        words[0]!.place,
        'this action comes later in the same actor, which does its actions in order',
      );
    if (first === undefined)
      throw new TextError(
        { ...words[0]!.place, length: words.map((w) => w.text).join(' ').length },
        `no action "${words.map((w) => w.text).join(' ')}" in this text`,
        didYouMean(
          words.map((w) => w.text).join(' '),
          this.raw.map((r) => r.text),
        ),
      );
    return first;
  }
}

/** An action as it is shown: what it waits for is not part of it. */
function shown(text: string): string {
  return text.replace(/\s+at\s+[\d.]+\s*[num]?s\b/, '').replace(/\s+after\s.*$/, '');
}

function stripComment(line: string): string {
  let quoted = false;
  for (let i = 0; i < line.length; i++) {
    if (line[i] === '"') quoted = !quoted;
    else if (line[i] === '#' && !quoted) return line.slice(0, i);
  }
  return line;
}
