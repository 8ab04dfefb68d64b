/**
 * Lines of a kernel log that tell of a death, a hang or a warning, whoever prints them: none of them may go by unread. One
 * that the model does not print is a difference, but for what a watchdog says of a hang that the model has as well: the
 * model has no watchdog, so that line is named.
 */

export type Tells = 'death' | 'hang' | 'warning';

/** What a subsystem puts before its lines: "watchdog: ", "rcu: ", "NMI watchdog: ", "watchdog: CPU1: ". */
const BY = String.raw`(?:[\w/][\w/ -]{0,24}: ){0,3}`;

const told = (tells: Tells, ...what: readonly string[]): readonly [Tells, RegExp] => [
  tells,
  new RegExp(`^${BY}(?:${what.join('|')})`),
];

/** In this order: "BUG: soft lockup" is a hang, and other BUGs are a death or, where the task goes on, a warning. */
const SIGNS: readonly (readonly [Tells, RegExp])[] = [
  told(
    'hang',
    'BUG: (?:soft|workqueue) lockup',
    'Watchdog detected hard LOCKUP',
    String.raw`INFO: task .* blocked (?:for more than|on )`,
    String.raw`INFO: \S+ (?:self-detected stall|detected (?:expedited )?stalls)`,
    String.raw`\S+ kthread (?:starved|timer wakeup didn't happen)`,
    String.raw`Freezing .* failed after`,
    'Timeout: Not all CPUs entered',
  ),
  told(
    'warning',
    'WARNING: ',
    'BUG: (?:scheduling while atomic|sleeping function called|using |Bad (?:page|rss)|MAX_LOCKDEP)',
    'INFO: (?:possible|trying to register)',
    'unchecked MSR access error',
    'UBSAN: ',
    'irq \\d+: nobody cared',
    '\\[Hardware Error\\]',
  ),
  told(
    'death',
    'kernel BUG at ',
    'BUG: ',
    'Oops: ',
    'general protection fault',
    '(?:invalid opcode|divide error|double fault|stack segment|segment not present|int3|bounds): ',
    'Kernel panic - not syncing',
    'Fixing recursive fault',
    'Unable to handle kernel',
    '(?:Out of memory|Memory cgroup out of memory): ',
    String.raw`\S+\[\d+\]:? (?:segfault|general protection|trap )`,
    'note: .* exited with ',
  ),
];

/** What a line tells of; null for none of these. `text`: without its stamp. */
export function tellsOf(text: string): Tells | null {
  return SIGNS.find(([, sign]) => sign.test(text))?.[0] ?? null;
}
